"""Types and hostile values of each, as SQL literals that both engines read alike."""

INTEGERS = {
    "TINYINT": (-(2**7), 2**7 - 1),
    "SMALLINT": (-(2**15), 2**15 - 1),
    "INTEGER": (-(2**31), 2**31 - 1),
    "BIGINT": (-(2**63), 2**63 - 1),
    "HUGEINT": (-(2**127), 2**127 - 1),
    "UTINYINT": (0, 2**8 - 1),
    "USMALLINT": (0, 2**16 - 1),
    "UINTEGER": (0, 2**32 - 1),
    "UBIGINT": (0, 2**64 - 1),
}
DECIMALS = ["DECIMAL(4,1)", "DECIMAL(9,3)", "DECIMAL(18,6)", "DECIMAL(38,10)", "DECIMAL(5,0)", "DECIMAL(4,3)"]
FLOATS = ["FLOAT", "DOUBLE"]
TIMES = ["DATE", "TIMESTAMP"]
OTHERS = ["BOOLEAN", "VARCHAR", "BLOB"]
TYPES = [*INTEGERS, *DECIMALS, *FLOATS, *TIMES, *OTHERS]

POOL = {
    "BOOLEAN": ["true", "false"],
    "FLOAT": [
        "0",
        "1",
        "-1.5",
        "0.1",
        "-0.0",
        "nan",
        "inf",
        "-inf",
        "3.4e38",
        "1e-45",
        "16777217",
        "2.5",
        "3.5",
        "-7",
        "127.5",
        "1e10",
    ],
    "DOUBLE": ["0", "1", "-1.5", "0.1", "-0.0", "nan", "inf", "-inf", "1.7976931348623157e308", "5e-324", "9007199254740993"]
    + ["2.5", "3.5", "-2.5", "1e15", "1e16", "123456.789", "0.5", "1e20", "-128.5", "255.5", "2147483647.5", "1e38"],
    "DATE": [
        "2020-01-01",
        "1970-01-01",
        "1969-12-31",
        "2024-02-29",
        "0001-01-01",
        "9999-12-31",
        "infinity",
        "-infinity",
        "1582-10-15",
    ],
    "TIMESTAMP": ["2020-01-01 00:00:00", "1970-01-01 00:00:00", "1969-12-31 23:59:59.999999", "2024-02-29 12:34:56.5"]
    + ["9999-12-31 23:59:59.999999", "infinity", "-infinity", "2021-06-15 10:20:30.123456"],
    "VARCHAR": [
        "",
        "a",
        "A",
        "abc",
        "ABC",
        "ab",
        "b",
        "äöü",
        "ÄÖÜ",
        "日本語",
        "😀x",
        " a ",
        "12",
        "-5",
        "1.5",
        "true",
        "2020-01-01",
    ]
    + ["a%b", "a_b", "%", "_", "a\\b", "longer than twelve bytes for sure", "x\ty", "'quoted'", "0", "nan", "1e3"],
    "BLOB": ["", "a", "abc", "\\x00", "\\xFF\\x00", "\\xC3\\xA4", "longer than twelve bytes"],
}
for name, (low, high) in INTEGERS.items():
    POOL[name] = [
        str(value) for value in sorted({low, low + 1, -1, 0, 1, 2, 3, 7, 10, 100, high - 1, high}) if low <= value <= high
    ]
for name in DECIMALS:
    width, scale = map(int, name[8:-1].split(","))
    digits = [
        0,
        1,
        -1,
        5,
        -5,
        15,
        25,
        10**scale,
        -(10**scale),
        5 * 10**scale // 2,
        10**width - 1,
        -(10**width) + 1,
        10 ** (width // 2),
    ]
    POOL[name] = []
    for value in dict.fromkeys(digits):
        if abs(value) < 10**width:
            text = str(abs(value)).rjust(scale + 1, "0")
            text = text[: len(text) - scale] + ("." + text[len(text) - scale :] if scale else "")
            POOL[name].append(("-" if value < 0 else "") + text)

# Texts for CAST('…' AS T): every way of writing that came to mind, right and wrong.
TEXTS = [
    "", " ", "1", " 1 ", "+1", "-1", "--1", "1.", ".5", "1.5", "-.5", "+.5", ".", "1e3", "1E3", "1e", "1e400", "-1e400", "1e-400", "1.5e2",
    "1_000", "1__0", "_1", "1_", "0x1F", "0X1f", "0b11", "0o17", "1,5", "1 000", "127", "128", "-128", "-129", "255", "256", "32767", "32768",
    "65536", "2147483647", "2147483648", "4294967296", "9223372036854775807", "9223372036854775808", "-9223372036854775809",
    "18446744073709551615", "18446744073709551616", "170141183460469231731687303715884105727", "170141183460469231731687303715884105728",
    "99999999999999999999999999999999999999", "0.1", "0.05", "0.15", "0.25", "1.005", "0.5", "1.5", "2.5", "-0.5", "-0", "00012", "1.999999999",
    "nan", "NaN", "-nan", "inf", "Infinity", "-inf", "+inf", "infinity", "true", "TRUE", "t", "f", "yes", "no", "on", "off", "y", "n", "False",
    "null", "NULL", "abc", "1a", "a1", "1 2", "é", "２", "1\t", "\n1", "1\0" if False else "1;", "'", "2020-01-01", "2020-1-1", "2020/01/01",
    "2020-02-30", "2020-13-01", "0000-01-01", "0001-01-01", "10000-01-01", "-0001-01-01", "2020-01-01 ", " 2020-01-01", "2020-01-01x", "20200101",
    "2020-01-01 10:00:00", "2020-01-01T10:00:00", "2020-01-01 10:00", "2020-01-01 10", "2020-01-01 25:00:00", "2020-01-01 23:59:60",
    "2020-01-01 10:00:00.1", "2020-01-01 10:00:00.1234567", "2020-01-01 10:00:00Z", "2020-01-01 10:00:00+02", "2020-01-01 10:00:00+02:30",
    "2020-01-01 10:00:00 UTC", "2020-01-01 24:00:00", "2020-01-01 10:00:00.", "1:2:3", "epoch", "2020-01-01 (BC)", "44-03-15 (BC)", "today",
    "290309-12-22 (BC)", "294247-01-10 04:00:54.775806", "5881580-07-10", "\\x41", "\\xZZ", "\\x4", "a\\x41b", "ä",
]  # fmt: skip


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def literal(kind, value):
    return f"CAST({quoted(value)} AS {kind})" if value is not None else f"CAST(NULL AS {kind})"
