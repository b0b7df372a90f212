"""Parquet files of pyarrow, DuckDB and Polars: every type, encoding, codec and page version, read by us and compared value for value with pyarrow."""

import datetime
import decimal
import itertools
import math
import random
import uuid

import pytest
from conftest import ROUNDS, SEED

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
bedplate = pytest.importorskip("bedplate")

HOSTILE = {"threads": "7", "batch_size": "3", "morsel_rows": "100"}
CODECS = ["none", "snappy", "gzip", "zstd", "lz4", "brotli"]


def read(sql, settings=None):
    """The answer's rows as Python values."""
    connection = bedplate.connect()
    for name, value in (settings or {}).items():
        connection.execute(f"SET {name} = {value}")
    return connection.execute(sql).arrow()


def plain(value):
    """One form for values that libraries give in several."""
    if isinstance(value, float):
        return "nan" if math.isnan(value) else repr(value)
    if isinstance(value, dict):
        return tuple((key, plain(inner)) for key, inner in value.items())
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    if isinstance(value, uuid.UUID):
        return value.bytes
    if isinstance(value, datetime.datetime) and value.tzinfo:
        return value.astimezone(datetime.UTC)
    return value


def rows_of(table):
    table = pa.table(table)
    return [[plain(value) for value in column.to_pylist()] for column in table.columns], table.column_names


def check(path, settings=None, expected=None):
    ours, names = rows_of(read(f"SELECT * FROM '{path}'", settings))
    theirs, theirs_names = rows_of(pq.read_table(path) if expected is None else expected)
    assert names == theirs_names
    for name, left, right in zip(names, ours, theirs, strict=True):
        if left != right:
            at = next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), None)
            raise AssertionError(
                f"{name}: {len(left)} and {len(right)} values; first difference at {at}: {left[at] if at is not None else ''!r} {right[at] if at is not None else ''!r}"
            )


def check_some(path, rng, settings=None):
    """Some of the rows, which a filter on their number leaves: the other columns' rows are picked from their pages."""
    table = pq.read_table(path)
    for share in [0.002, 0.1, 0.7]:
        numbers = [number for number in range(len(table)) if rng.random() < share][:900]
        if numbers:
            wanted = ", ".join(map(str, numbers))
            answer, _ = rows_of(read(f"SELECT * FROM '{path}' WHERE number IN ({wanted})", settings))
            expected, names = rows_of(table.take(numbers))
            for name, left, right in zip(names, answer, expected, strict=True):
                assert left == right, f"{name} of rows {numbers}"


def numbered(table):
    """With the number of the row as a column."""
    return table.append_column("number", pa.array(range(len(table)), pa.int64()))


def some(rng, make, count, nulls):
    return [None if rng.random() < nulls else make() for _ in range(count)]


def text(rng):
    kind = rng.randrange(5)
    if kind == 0:
        return ""
    if kind == 1:
        return rng.choice(["red", "green", "blue", "a value of more than twelve bytes"])
    if kind == 2:
        return "".join(rng.choice("aäß漢😀") for _ in range(rng.randrange(40)))
    return "x" * rng.randrange(30) + str(rng.randrange(1000))


def flat_table(rng, count, nulls):
    def integers(type, low, high):
        return pa.array(some(rng, lambda: rng.randrange(low, high), count, nulls), type)

    return pa.table(
        {
            "bool": pa.array(some(rng, lambda: rng.random() < 0.5, count, nulls), pa.bool_()),
            "int8": integers(pa.int8(), -128, 128),
            "int16": integers(pa.int16(), -(2**15), 2**15),
            "int32": integers(pa.int32(), -(2**31), 2**31),
            "int64": integers(pa.int64(), -(2**63), 2**63),
            "uint8": integers(pa.uint8(), 0, 2**8),
            "uint16": integers(pa.uint16(), 0, 2**16),
            "uint32": integers(pa.uint32(), 0, 2**32),
            "uint64": integers(pa.uint64(), 0, 2**64),
            "few": integers(pa.int64(), 0, 10),
            "float": pa.array(
                some(rng, lambda: rng.choice([0.0, -0.0, 1.5, math.inf, math.nan, rng.random()]), count, nulls), pa.float32()
            ),
            "double": pa.array(
                some(rng, lambda: rng.choice([0.0, -0.0, 1e300, -math.inf, math.nan, rng.random()]), count, nulls), pa.float64()
            ),
            "text": pa.array(some(rng, lambda: text(rng), count, nulls), pa.string()),
            "bytes": pa.array(some(rng, lambda: rng.randbytes(rng.randrange(20)), count, nulls), pa.binary()),
            "fixed": pa.array(some(rng, lambda: rng.randbytes(5), count, nulls), pa.binary(5)),
            "date": pa.array(
                some(rng, lambda: datetime.date(1970, 1, 1) + datetime.timedelta(rng.randrange(-9999, 9999)), count, nulls),
                pa.date32(),
            ),
            "time_ms": pa.array(some(rng, lambda: rng.randrange(86400000), count, nulls), pa.time32("ms")),
            "time_us": pa.array(some(rng, lambda: rng.randrange(86400000000), count, nulls), pa.time64("us")),
            "stamp_ms": pa.array(some(rng, lambda: rng.randrange(-(2**40), 2**40), count, nulls), pa.timestamp("ms")),
            "stamp_us": pa.array(some(rng, lambda: rng.randrange(-(2**50), 2**50), count, nulls), pa.timestamp("us")),
            "stamp_tz": pa.array(some(rng, lambda: rng.randrange(-(2**50), 2**50), count, nulls), pa.timestamp("us", "UTC")),
            "dec9": pa.array(
                some(rng, lambda: decimal.Decimal(rng.randrange(-(10**9) + 1, 10**9)) / 100, count, nulls), pa.decimal128(9, 2)
            ),
            "dec18": pa.array(
                some(rng, lambda: decimal.Decimal(rng.randrange(-(10**17), 10**17)).scaleb(-4), count, nulls), pa.decimal128(18, 4)
            ),
            "dec38": pa.array(
                some(rng, lambda: decimal.Decimal(rng.randrange(-(10**25), 10**25)).scaleb(-2), count, nulls), pa.decimal128(38, 2)
            ),
            "category": pa.array(some(rng, lambda: rng.choice(["a", "b", "a category of some length"]), count, nulls), pa.string()),
        }
    )


def nested_value(rng, type, depth):
    if rng.random() < 0.2:
        return None
    if pa.types.is_list(type):
        return [nested_value(rng, type.value_type, depth + 1) for _ in range(rng.randrange(4))]
    if pa.types.is_map(type):
        return [(str(i), nested_value(rng, type.item_type, depth + 1)) for i in range(rng.randrange(3))]
    if pa.types.is_struct(type):
        return {type.field(i).name: nested_value(rng, type.field(i).type, depth + 1) for i in range(type.num_fields)}
    if pa.types.is_string(type):
        return text(rng)
    if pa.types.is_boolean(type):
        return rng.random() < 0.5
    return rng.randrange(1000)


def nested_table(rng, count):
    types = {
        "list": pa.list_(pa.int64()),
        "texts": pa.list_(pa.string()),
        "lists": pa.list_(pa.list_(pa.int32())),
        "struct": pa.struct([("a", pa.int64()), ("b", pa.string()), ("c", pa.struct([("d", pa.bool_())]))]),
        "structs": pa.list_(pa.struct([("x", pa.int64()), ("y", pa.list_(pa.string())), ("z", pa.bool_())])),
        "map": pa.map_(pa.string(), pa.int64()),
        "maps": pa.list_(pa.map_(pa.string(), pa.list_(pa.int64()))),
        "deep": pa.list_(pa.list_(pa.list_(pa.struct([("p", pa.list_(pa.int64())), ("q", pa.string())])))),
    }
    return pa.table({name: pa.array([nested_value(rng, type, 0) for _ in range(count)], type) for name, type in types.items()})


@pytest.mark.parametrize("codec,version,dictionary", list(itertools.product(CODECS, ["1.0", "2.0"], [True, False])))
def test_flat(tmp_path, codec, version, dictionary):
    rng = random.Random(f"{SEED} {codec} {version} {dictionary}")
    for round in range(ROUNDS):
        path = tmp_path / f"{round}.parquet"
        table = numbered(flat_table(rng, rng.choice([0, 1, 7, 1000, 5000]), rng.choice([0, 0.1, 0.9])))
        pq.write_table(
            table,
            path,
            compression=codec,
            data_page_version=version,
            use_dictionary=dictionary,
            row_group_size=rng.choice([300, 2000, 100000]),
            data_page_size=rng.choice([100, 4096, 1 << 20]),
            dictionary_pagesize_limit=rng.choice([200, 1 << 20]),
            write_page_index=rng.random() < 0.5,
            write_page_checksum=rng.random() < 0.5,
        )
        check(path)
        check(path, HOSTILE)
        check_some(path, rng)
        check_some(path, rng, HOSTILE)


@pytest.mark.parametrize("codec,version", list(itertools.product(["none", "snappy"], ["1.0", "2.0"])))
def test_nested(tmp_path, codec, version):
    rng = random.Random(f"{SEED} {codec} {version}")
    for round in range(ROUNDS):
        path = tmp_path / f"{round}.parquet"
        pq.write_table(
            nested_table(rng, rng.choice([0, 1, 50, 3000])),
            path,
            compression=codec,
            data_page_version=version,
            row_group_size=rng.choice([30, 1000, 100000]),
            data_page_size=rng.choice([50, 4096, 1 << 20]),
        )
        check(path)
        check(path, HOSTILE)


ENCODINGS = {
    "PLAIN": None,
    "RLE": ["bool"],
    "DELTA_BINARY_PACKED": [
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "few",
        "date",
        "time_ms",
        "time_us",
        "stamp_ms",
        "stamp_us",
    ],
    "DELTA_LENGTH_BYTE_ARRAY": ["text", "bytes", "category"],
    "DELTA_BYTE_ARRAY": ["text", "bytes", "category", "fixed", "dec38"],
    "BYTE_STREAM_SPLIT": ["float", "double", "int32", "int64", "fixed", "dec38", "int8", "uint64"],
}


@pytest.mark.parametrize("encoding,version", list(itertools.product(ENCODINGS, ["1.0", "2.0"])))
def test_encodings(tmp_path, encoding, version):
    rng = random.Random(f"{SEED} {encoding} {version}")
    for count, nulls, page in itertools.product([0, 1, 33, 2000], [0, 0.3, 1], [64, 1 << 20]):
        path = tmp_path / "file.parquet"
        table = flat_table(rng, count, nulls)
        if ENCODINGS[encoding]:
            table = table.select(ENCODINGS[encoding])
        table = numbered(table)
        pq.write_table(
            table,
            path,
            use_dictionary=False,
            column_encoding={name: encoding if name != "number" else "PLAIN" for name in table.column_names},
            data_page_version=version,
            data_page_size=page,
        )
        check(path)
        check(path, HOSTILE)
        check_some(path, rng)


def test_int96(tmp_path):
    path = tmp_path / "file.parquet"
    stamps = [0, 1_000_000, -1_000_000_000, None, 1_700_000_000_123_456_000]
    pq.write_table(pa.table({"t": pa.array(stamps, pa.timestamp("ns"))}), path, use_deprecated_int96_timestamps=True)
    assert rows_of(read(f"SELECT * FROM '{path}'"))[0] == [
        [plain(value) for value in pa.array(stamps, pa.timestamp("ns")).cast(pa.timestamp("us")).to_pylist()]
    ]


def test_odd_types(tmp_path):
    path = tmp_path / "file.parquet"
    table = pa.table(
        {
            "half": pa.array([1.5, None, 65504.0], pa.float16()),
            "nothing": pa.nulls(3),
            "dictionary": pa.array(["x", "y", None]).dictionary_encode(),
            "large": pa.array([["a"], None, []], pa.large_list(pa.large_string())),
            "fixed_list": pa.array([[1, 2], None, [3, 4]], pa.list_(pa.int32(), 2)),
            "view": pa.array(["short", None, "longer than twelve bytes"], pa.string_view()),
        }
    )
    pq.write_table(table, path)
    check(path)


@pytest.mark.parametrize("settings", [{}, HOSTILE])
def test_filters(tmp_path, settings):
    """Pruning by statistics, page index and Bloom filter, and late reading, never change an answer: DuckDB says what it is, from the table in memory
    (asked for NaN, it prunes row groups of pyarrow's file that have it)."""
    import duckdb

    rng = random.Random(SEED)
    count = 20000
    table = pa.table(
        {
            "sorted": pa.array(range(count)),
            "text": pa.array([f"key {i // 50:05d}" for i in range(count)]),
            "few": pa.array([rng.choice(["a", "b", "c", None]) for _ in range(count)]),
            "double": pa.array([rng.choice([math.nan, 1.0, -0.0, 0.0, None, rng.random()]) for _ in range(count)]),
            "small": pa.array([rng.randrange(100) for _ in range(count)], pa.int16()),
            "unsigned": pa.array([rng.randrange(2**64) for _ in range(count)], pa.uint64()),
            "payload": pa.array([text(rng) for _ in range(count)]),
        }
    )
    memory = duckdb.connect()
    memory.register("data", table)
    conditions = [
        "sorted = 7777", "sorted > 19990", "sorted BETWEEN 300 AND 305", "sorted < 0", "sorted IN (1, 5000, 19999)", "text = 'key 00012'", "text > 'key 00398'",
        "text IN ('key 00001', 'nothing')", "few = 'a' AND sorted < 100", "few IS NULL AND sorted > 19000", "few = 'z'", "double > 0.999", "double = 'nan'::DOUBLE", "double = 0",
        "double < 0.0001", "double >= 1 AND double <= 1", "small = 42 AND few = 'b'", "unsigned > 18000000000000000000", "unsigned < 1000", "few IN ('a', 'c') AND small IN (1, 2)",
        "sorted = 5 OR sorted = 15000", "payload = 'red'", "payload IS NOT NULL AND sorted = 3",
    ]  # fmt: skip
    for index, size in itertools.product([False, True], [1000, 7000, 100000]):
        path = tmp_path / "file.parquet"
        pq.write_table(table, path, row_group_size=size, data_page_size=2048, write_page_index=index)
        connection = duckdb.connect()
        connection.execute(f"COPY (FROM '{path}') TO '{tmp_path}/duck.parquet' (ROW_GROUP_SIZE {size})")
        for file, condition in itertools.product([path, f"{tmp_path}/duck.parquet"], conditions):
            sql = f"SELECT * FROM '{file}' WHERE {condition}"
            expected = memory.execute(f"SELECT * FROM data WHERE {condition}").fetchall()
            found = [list(row) for row in zip(*rows_of(read(sql, settings))[0], strict=True)]
            assert found == [plain(row) for row in expected], (condition, index, size)


def test_other_writers(tmp_path):
    import duckdb
    import polars

    rng = random.Random(SEED)
    flat = flat_table(rng, 3000, 0.2).drop_columns(["fixed"])
    for codec, version in itertools.product(["uncompressed", "snappy", "gzip", "zstd", "lz4_raw", "brotli"], ["V1", "V2"]):
        duckdb.connect().execute(
            f"COPY (FROM flat) TO '{tmp_path}/duck.parquet' (CODEC {codec}, PARQUET_VERSION {version}, ROW_GROUP_SIZE 2048)"
        )
        check(tmp_path / "duck.parquet", expected=flat)  # pyarrow refuses DuckDB's DELTA_BINARY_PACKED of 32 bits
    for codec in ["uncompressed", "snappy", "gzip", "zstd", "lz4", "brotli"]:
        polars.from_arrow(flat.drop_columns(["time_ms"])).write_parquet(
            tmp_path / "polars.parquet", compression=codec, row_group_size=777
        )
        check(tmp_path / "polars.parquet")
    nested = nested_table(rng, 500)
    duckdb.connect().execute(f"COPY (FROM nested) TO '{tmp_path}/duck.parquet'")
    check(tmp_path / "duck.parquet")
    polars.from_arrow(nested.select(["list", "texts", "lists", "struct", "structs"])).write_parquet(tmp_path / "polars.parquet")
    check(tmp_path / "polars.parquet")


def test_many_files(tmp_path):
    import duckdb

    for year, month in itertools.product([2023, 2024], ["a", "b c"]):
        folder = tmp_path / f"year={year}" / f"month={month}"
        folder.mkdir(parents=True)
        pq.write_table(pa.table({"v": [year, year + 1], "w": ["x", None]}), folder / "f.parquet")
    pq.write_table(pa.table({"w": ["only"], "u": [1.5]}), tmp_path / "year=2023/month=a/g.parquet")
    connection = duckdb.connect()
    for arguments in [
        "union_by_name = true",
        "union_by_name = true, filename = true",
        "union_by_name = true, hive_partitioning = false, file_row_number = true",
    ]:
        sql = f"FROM read_parquet('{tmp_path}/*/*/*.parquet', {arguments}) ORDER BY ALL"
        expected = connection.execute(sql)
        names = [column[0] for column in expected.description]
        found, ours = rows_of(read(sql))
        assert ours == names
        assert [list(row) for row in zip(*found, strict=True)] == [plain(row) for row in expected.fetchall()]
    sql = f"SELECT v, year FROM read_parquet(['{tmp_path}/year=2023/month=a/f.parquet', '{tmp_path}/year=2024/month=a/f.parquet']) WHERE year = 2024"
    assert rows_of(read(sql))[0] == [[2024, 2025], [2024, 2024]]


def test_damage(tmp_path):
    """A changed byte gives an error or an answer, and the connection goes on. With check sums, in the pages it is always noticed."""
    rng = random.Random(SEED)
    path = tmp_path / "file.parquet"
    connection = bedplate.connect()
    for version, codec, sums in itertools.product(["1.0", "2.0"], ["none", "snappy", "zstd", "lz4", "gzip"], [False, True]):
        table = flat_table(rng, 200, 0.2).append_column("nested", nested_table(rng, 200)["structs"])
        pq.write_table(
            table,
            path,
            compression=codec,
            data_page_version=version,
            data_page_size=500,
            write_page_checksum=sums,
            write_page_index=True,
        )
        good = path.read_bytes()
        for _ in range(40 * ROUNDS):
            bad = bytearray(good)
            for _ in range(rng.choice([1, 1, 4])):
                bad[rng.randrange(len(bad))] = rng.randrange(256)
            if rng.random() < 0.1:
                bad = bad[: rng.randrange(len(bad))]
            path.write_bytes(bad)
            try:
                connection.execute(f"SELECT * FROM '{path}'").arrow()
                connection.execute(f"SELECT count(*) FROM '{path}' WHERE int64 > 5 AND text < 'm'").fetchall()
            except (bedplate.Error, pa.ArrowInvalid) as error:
                assert str(path) in str(error) or "memory" in str(error), error
            assert connection.execute("SELECT 1").fetchall() == [(1,)]
