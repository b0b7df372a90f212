"""Types, casts, operators and functions, value by value, against DuckDB."""

import random
import re

import pytest
from conftest import ROUNDS, SEED
from engines import ROOT
from values import DECIMALS, FLOATS, INTEGERS, OTHERS, POOL, TEXTS, TIMES, TYPES, literal, quoted

MIXED = {
    "equal": "{a} = {b}",
    "less": "{a} < {b}",
    "distinct": "{a} IS DISTINCT FROM {b}",
    "between": "{a} BETWEEN {b} AND {b}",
    "in": "{a} IN ({b})",
    "case": "CASE WHEN {a} IS NULL THEN {a} ELSE {b} END",
    "coalesce": "coalesce({a}, {b})",
    "greatest": "greatest({a}, {b})",
    "least": "least({a}, {b})",
    "nullif": "nullif({a}, {b})",
    "concat": "{a} || {b}",
    "add": "{a} + {b}",
    "subtract": "{a} - {b}",
    "multiply": "{a} * {b}",
    "divide": "{a} / {b}",
    "whole": "{a} // {b}",
    "rest": "{a} % {b}",
    "and": "{a} & {b}",
    "shift": "{a} << {b}",
    "power": "{a} ** {b}",
}


def skipped(name, a, b):
    """Where both refuse, but DuckDB only when it meets a row; and what docs/DIFFERENCES.md lists."""
    if name in ("add", "subtract") and (a in TIMES or b in TIMES):
        return True
    if name == "rest" and {"HUGEINT"} & {a, b} and any(kind.startswith("DECIMAL") for kind in (a, b)):
        return True
    never_alike = {"DATE", "TIMESTAMP", "BLOB"}
    return a != b and (a in never_alike or b in never_alike) and name in ("equal", "distinct", "in", "nullif")


@pytest.mark.parametrize("name", MIXED)
def test_operators_over_all_pairs_of_types(pair, name):
    chosen = random.Random(SEED)
    columns = ", ".join(f"c{i} {kind}" for i, kind in enumerate(TYPES))
    pair.setup(f"CREATE TABLE m({columns})")
    for _ in range(3 * ROUNDS):
        cells = [literal(kind, chosen.choice([*POOL[kind], None])) for kind in TYPES]
        pair.setup(f"CREATE OR REPLACE TABLE m({columns})", f"INSERT INTO m VALUES ({', '.join(cells)})")
        for i, a in enumerate(TYPES):
            for j, b in enumerate(TYPES):
                if skipped(name, a, b) or chosen.random() > 0.35:
                    continue
                expression = MIXED[name].format(a=f"c{i}", b=f"c{j}")
                pair.check(f"SELECT {expression} FROM m", names=False, tolerance=1e-15)


def test_operators_with_literals(pair):
    chosen = random.Random(SEED)
    literals = [
        "1",
        "0",
        "-1",
        "1.5",
        "0.1",
        "1e0",
        "100",
        "10000000000",
        "'1'",
        "NULL",
        "true",
        "-129",
        "256",
        "99999999999999999999",
    ]
    for operator in ["+", "-", "*", "/", "//", "%", "=", "<", "<>"]:
        for kind in [*INTEGERS, *DECIMALS, *FLOATS]:
            for text in chosen.sample(literals, min(len(literals), 2 * ROUNDS)):
                value = literal(kind, chosen.choice(POOL[kind]))
                if operator == "%" and (kind == "HUGEINT" or text == "99999999999999999999"):
                    continue
                if text == "NULL" and kind.startswith("DECIMAL"):
                    continue
                pair.check(f"SELECT a {operator} {text} FROM (VALUES ({value})) t(a)", names=False, tolerance=1e-15)
                pair.check(f"SELECT {text} {operator} a FROM (VALUES ({value})) t(a)", names=False, tolerance=1e-15)


TARGETS = [*TYPES, "TIME", "UUID", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMPTZ", "INTERVAL"]


@pytest.mark.parametrize("kind", [*INTEGERS, *DECIMALS, *FLOATS, *TIMES, *OTHERS])
def test_casts(pair, kind):
    chosen = random.Random(SEED)
    for target in TARGETS:
        for value in chosen.sample(POOL[kind], min(len(POOL[kind]), 6 * ROUNDS)):
            pair.check(
                f"SELECT CAST({literal(kind, value)} AS {target}), TRY_CAST({literal(kind, value)} AS {target})", names=False
            )


# Texts that DuckDB reads in another way than we do, all of them listed in docs/DIFFERENCES.md.
ODD_TEXTS = {"2020-01-01 ", "2020-01-01 24:00:00", "294247-01-10 04:00:54.775806", "5881580-07-10"}


@pytest.mark.parametrize("kind", TARGETS)
def test_casts_of_texts(pair, kind):
    for text in TEXTS:
        if text in ODD_TEXTS:
            continue
        pair.check(f"SELECT TRY_CAST(x AS {kind}) FROM (VALUES ({quoted(text)})) t(x)", names=False)


def functions():
    text = (ROOT / "src/expr/functions.def").read_text()
    rows = re.findall(
        r'FUNCTION(?:_BIND)?\("([^"]+)", "([^"]*?) ?-> [^"]*", ([A-Z_ |]+), .*?, "((?:[^"\\]|\\.)*)", "(?:[^"\\]|\\.)*"\)', text
    )
    return [(name, signature, flags, example.replace('\\"', '"').replace("\\\\", "\\")) for name, signature, flags, example in rows]


UNLIKE = {
    "random", "uuidv4", "uuidv7", "make_timestamptz", "regexp_extract", "regexp_extract_all", "parse_filename", "uuid", "gen_random_uuid", "now", "hash", "position", "substr", "substring", "left", "right", "lpad", "rpad", "array_slice",
    "list_slice", "current_date", "today", "current_timestamp", "get_current_timestamp", "current_time", "get_current_time", "current_localtime",
    "current_localtimestamp", "localtime", "localtimestamp", "transaction_timestamp", "age", "array_distinct", "list_distinct", "array_extract", "list_length", "list_string_agg",
    "map_entries", "mod", "strptime", "try_strptime",
}  # fmt: skip


def test_functions_examples(pair):
    for name, _, _, example in functions():
        if name not in UNLIKE and not name.startswith("array_"):  # ours take lists where DuckDB wants arrays
            pair.check(f"SELECT {example}", tolerance=1e-15)


ARGUMENTS = {"N": [*INTEGERS, *DECIMALS, *FLOATS], "I": list(INTEGERS), "T": TYPES, "U": TYPES, "ANY": TYPES}
SIMPLE = {"N", "I", "T", "U", "ANY", "DOUBLE", "VARCHAR", "BLOB", "INTEGER", "BIGINT", "BOOLEAN"}


def test_functions_with_random_arguments(pair):
    chosen = random.Random(SEED)
    for name, signature, flags, _ in functions():
        parts = [part.strip() for part in signature.split(",") if part.strip()]
        if (
            name in UNLIKE
            or name.startswith("parse_")
            or not re.match(r"[a-z]", name)
            or not set(parts) <= SIMPLE
            or "list" in name
            or "map" in name
        ):
            continue
        for _ in range(4 * ROUNDS):
            arguments = []
            for part in parts + parts[-1:] * (chosen.randint(0, 2) if "VARIADIC" in flags else 0):
                kind = chosen.choice(ARGUMENTS.get(part, [part]))
                value = chosen.choice([*POOL.get(kind, ["1"]), None])
                if name in ("repeat", "bar") and kind in INTEGERS and value and abs(int(value)) > 100:
                    value = "3"
                arguments.append(literal(kind, value))
            pair.check(f"SELECT {name}({', '.join(arguments)})", names=False, tolerance=1e-13)
