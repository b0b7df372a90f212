"""Parquet files of ours: every type under every option, read by pyarrow, DuckDB, Polars and ourselves, value for value."""

import itertools
import random

import pytest
from conftest import ROUNDS, SEED
from test_parquet import HOSTILE, flat_table, nested_table, pa, pq, read, rows_of, some, text

bedplate = pytest.importorskip("bedplate")
duckdb = pytest.importorskip("duckdb")
polars = pytest.importorskip("polars")

CODECS = ["uncompressed", "snappy", "gzip", "zstd", "lz4_raw"]


def write(table, path, options="", settings=None):
    connection = bedplate.connect()
    for name, value in (settings or {}).items():
        connection.execute(f"SET {name} = {value}")
    connection.register("written", table)
    connection.execute(f"COPY (FROM written) TO '{path}' (FORMAT parquet{options})")


def equal(found, expected):
    """Quickly: False may also be a NaN, or another type for the same values."""
    try:
        return found.cast(expected.type).equals(expected)
    except pa.ArrowException:
        return False


def compare(found, expected, reader, form=lambda values: values):
    found, expected = pa.table(found), pa.table(expected)
    assert found.column_names == expected.column_names
    for name in expected.column_names:
        if equal(found[name], expected[name]):
            continue
        left, right = (form(rows_of(table.select([name]))[0][0]) for table in (found, expected))
        if left == right:
            continue
        at = next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), None)
        detail = "" if at is None else f"; first difference at {at}: {left[at]!r}, written was {right[at]!r}"
        raise AssertionError(f"{reader}, {name}: {len(left)} of {len(right)} values{detail}")


def without_order(values):
    """Polars gives a map as a list of structs, others as a list of pairs."""
    if (
        isinstance(values, tuple)
        and values
        and all(isinstance(item, tuple) for item in values)
        and {n for n, _ in values} == {"key", "value"}
    ):
        return [dict(values)["key"], without_order(dict(values)["value"])]
    if isinstance(values, list | tuple):
        return [without_order(value) for value in values]
    return values


def check_all(path, table):
    """All readers find what was written."""
    compare(pq.read_table(path, page_checksum_verification=True), table, "pyarrow")
    compare(read(f"SELECT * FROM '{path}'"), table, "bedplate")
    compare(duckdb.connect().execute(f"FROM '{path}'").to_arrow_table(), table, "DuckDB")
    compare(polars.read_parquet(path).to_arrow(), table, "Polars", without_order)
    if table.num_rows <= 10000:
        compare(read(f"SELECT * FROM '{path}'", HOSTILE), table, "bedplate, hostile")


def some_options(rng, rows):
    options = {
        "ROW_GROUP_SIZE": rng.choice([None, 2048, 3000, rows // 10 + 1]),
        "ROW_GROUP_SIZE_BYTES": rng.choice([None, None, rows * 10 + 1, "'200kB'"]),
        "DICTIONARY_SIZE_LIMIT": rng.choice([None, None, 0, 3, 100000]),
        "STRING_DICTIONARY_PAGE_SIZE_LIMIT": rng.choice([None, 20, 1 << 20]),
        "WRITE_BLOOM_FILTER": rng.choice([None, "false", "true"]),
        "BLOOM_FILTER_FALSE_POSITIVE_RATIO": rng.choice([None, 0.5, 0.0001]),
        "WRITE_PAGE_INDEX": rng.choice([None, "false"]),
        "FIELD_IDS": rng.choice([None, "'auto'"]),
        "KV_METADATA": rng.choice([None, "{'one': 'two', 'three': 4}"]),
    }
    return "".join(f", {name} {value}" for name, value in options.items() if value is not None)


@pytest.mark.parametrize("codec,version", list(itertools.product(CODECS, ["V1", "V2"])))
def test_flat(tmp_path, codec, version):
    rng = random.Random(f"{SEED} {codec} {version}")
    for round in range(3 * ROUNDS):
        table = flat_table(rng, rng.choice([0, 1, 7, 100, 2000]), rng.choice([0, 0.1, 0.9, 1]))
        options = f", COMPRESSION {codec}, PARQUET_VERSION {version}" + some_options(rng, table.num_rows)
        if round == 0:
            options = f", COMPRESSION {codec}, PARQUET_VERSION {version}"
        write(table, tmp_path / "file.parquet", options, rng.choice([{}, HOSTILE]))
        check_all(tmp_path / "file.parquet", table)


@pytest.mark.parametrize("codec,version", list(itertools.product(["uncompressed", "zstd"], ["V1", "V2"])))
def test_nested(tmp_path, codec, version):
    rng = random.Random(f"{SEED} {codec} {version}")
    for _ in range(2 * ROUNDS):
        table = nested_table(rng, rng.choice([0, 1, 50, 1000, 9000]))
        options = f", COMPRESSION {codec}, PARQUET_VERSION {version}" + some_options(rng, table.num_rows)
        write(table, tmp_path / "file.parquet", options, rng.choice([{}, HOSTILE]))
        check_all(tmp_path / "file.parquet", table)


@pytest.mark.parametrize("version", ["V1", "V2"])
def test_shapes(tmp_path, version):
    """Data that want each encoding: sorted, few, repeated, random, with common beginnings; enough for several pages."""
    rng = random.Random(SEED)
    count = 70000
    few = [rng.randrange(1 << 60) for _ in range(900)]
    table = pa.table(
        {
            "sorted": pa.array(range(1000, 1000 + count)),
            "sorted32": pa.array([i // 3 for i in range(count)], pa.int32()),
            "few": pa.array([rng.choice(few) for _ in range(count)]),
            "few_doubles": pa.array([rng.choice([0.5, 1.5, -0.0, 0.0]) for _ in range(count)]),
            "smooth": pa.array([i / 7 for i in range(count)]),
            "random": pa.array([rng.randrange(-(1 << 63), 1 << 63) for _ in range(count)]),
            "extremes": pa.array([rng.choice([-(1 << 63), (1 << 63) - 1, 0]) for _ in range(count)]),
            "extremes32": pa.array(
                [rng.choice([-(1 << 31), (1 << 31) - 1, 0, rng.randrange(1 << 31)]) for _ in range(count)], pa.int32()
            ),
            "constant": pa.array(["the same, and longer than twelve bytes"] * count),
            "runs": pa.array([str(i // 1000) for i in range(count)]),
            "paths": pa.array([f"/a/common/beginning/of/paths/{i:06d}" for i in range(count)]),
            "texts": pa.array(some(rng, lambda: text(rng), count, 0.2)),
            "mostly_null": pa.array(some(rng, lambda: rng.randrange(100), count, 0.999), pa.int16()),
            "null_runs": pa.array([None if i // 5000 % 2 else i for i in range(count)]),
            "bool_runs": pa.array([i // 100 % 2 == 0 for i in range(count)]),
            "lists": pa.array([[i] * (i % 5) for i in range(count)]),
        }
    )
    for codec in ["uncompressed", "snappy", "zstd"]:
        write(table, tmp_path / "file.parquet", f", COMPRESSION {codec}, PARQUET_VERSION {version}")
        check_all(tmp_path / "file.parquet", table)
    encodings = {
        column.path_in_schema: column.encodings
        for column in map(pq.read_metadata(tmp_path / "file.parquet").row_group(0).column, range(16))
    }
    assert "RLE_DICTIONARY" in encodings["few"]
    assert "RLE_DICTIONARY" in encodings["constant"]
    if version == "V2":
        assert "DELTA_BINARY_PACKED" in encodings["sorted"]
        assert "BYTE_STREAM_SPLIT" in encodings["smooth"]
        assert "DELTA_BYTE_ARRAY" in encodings["paths"]


def test_same_bytes(tmp_path):
    """Whatever the number of threads, the batch size and the instructions of the processor."""
    rng = random.Random(SEED)
    table = pa.Table.from_arrays(
        flat_table(rng, 20000, 0.1).columns + nested_table(rng, 20000).columns,
        flat_table(rng, 1, 0.1).column_names + nested_table(rng, 1).column_names,
    )
    files = []
    for index, settings in enumerate([{}, {"threads": 1}, {"threads": 7}, {"threads": 2, "batch_size": 17, "morsel_rows": 1000}]):
        write(table, tmp_path / f"{index}.parquet", ", ROW_GROUP_SIZE 6000, COMPRESSION zstd", settings)
        files.append((tmp_path / f"{index}.parquet").read_bytes())
    assert all(file == files[0] for file in files)


def test_other_types(tmp_path):
    """What only SQL makes."""
    path = tmp_path / "file.parquet"
    bedplate.connect().execute(
        f"""COPY (SELECT INTERVAL (i) MONTH AS iv, ('00000000-0000-0000-0000-00000000000' || i)::UUID AS u, TIMESTAMP_NS '2020-01-01 00:00:00.123456789' AS ns,
        (i * 1000)::HUGEINT AS h, ['a', 'b', NULL][i + 1]::ENUM('b', 'a') AS e, i::USMALLINT AS us FROM range(3) r(i)) TO '{path}'"""
    )
    rows = duckdb.connect().execute(f"SELECT iv::VARCHAR, u::VARCHAR, ns::VARCHAR, h, e, us FROM '{path}'").fetchall()
    assert rows == bedplate.connect().execute(f"SELECT iv::VARCHAR, u::VARCHAR, ns::VARCHAR, h, e, us FROM '{path}'").fetchall()
    assert [row[0] for row in rows] == ["00:00:00", "1 month", "2 months"]
    assert [str(row[3]) for row in rows] == ["0", "1000", "2000"]
    table = pq.read_table(path)
    assert table["e"].to_pylist() == ["a", "b", None]
    assert [str(value) for value in table["h"].to_pylist()] == ["0", "1000", "2000"]


def test_metadata(tmp_path):
    """Statistics, page index, sizes and pairs as pyarrow sees them."""
    path = tmp_path / "file.parquet"
    connection = bedplate.connect()
    connection.execute(
        f"COPY (SELECT i, CASE WHEN i % 2 = 0 THEN 'even' END AS s, i / 10 AS d FROM range(50000) r(i)) TO '{path}' (ROW_GROUP_SIZE 40000, KV_METADATA {{'author': 'me'}})"
    )
    metadata = pq.read_metadata(path)
    assert metadata.num_rows == 50000
    assert [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)] == [40000, 10000]
    assert metadata.metadata == {b"author": b"me"}
    assert metadata.created_by.startswith("Bedplate version ")
    numbers, texts = metadata.row_group(1).column(0), metadata.row_group(1).column(1)
    assert (numbers.statistics.min, numbers.statistics.max, numbers.statistics.null_count) == (40000, 49999, 0)
    assert (texts.statistics.min, texts.statistics.max, texts.statistics.null_count, texts.statistics.distinct_count) == (
        "even",
        "even",
        5000,
        1,
    )
    assert numbers.has_column_index and numbers.has_offset_index
    assert numbers.total_uncompressed_size > 10000 * 8


def test_pruning(tmp_path):
    """Readers that prune by our statistics, Bloom filters and page index find the same rows."""
    rng = random.Random(SEED)
    count = 100000
    table = pa.table(
        {
            "sorted": pa.array(range(count)),
            "key": pa.array([f"key {i // 50:05d}" for i in range(count)]),
            "few": pa.array([rng.choice(["a", "bb", "ccc", None]) for _ in range(count)]),
            "number": pa.array([rng.randrange(100) * 7 for _ in range(count)], pa.int16()),
            "double": pa.array([rng.choice([1.0, -0.0, 0.0, None, rng.random()]) for _ in range(count)]),
            "nan": pa.array([rng.choice([1.0, float("nan")]) for _ in range(count)]),
            "unsigned": pa.array([rng.randrange(1 << 64) for _ in range(count)], pa.uint64()),
        }
    )
    path = tmp_path / "file.parquet"
    memory = duckdb.connect()
    memory.register("data", table)
    conditions = [
        "sorted = 77777", "sorted > 99990", "sorted BETWEEN 300 AND 305", "sorted < 0", "key = 'key 00012'", "key > 'key 01998'", "few = 'bb' AND sorted < 100", "few = 'z'",
        "few IS NULL AND sorted > 99900", "number = 7", "number = 8", "number IN (8, 14) AND sorted < 1000", "double = 0", "double > 0.9999", "double < 0", "nan = 'nan'::DOUBLE AND sorted < 50",
        "nan > 2 AND sorted < 50", "unsigned > 18440000000000000000", "unsigned < 100000000000000",
    ]  # fmt: skip
    for options in [
        "",
        ", PARQUET_VERSION V2, ROW_GROUP_SIZE 9000",
        ", ROW_GROUP_SIZE 50000, BLOOM_FILTER_FALSE_POSITIVE_RATIO 0.0001",
    ]:
        write(table, path, options)
        for condition in conditions:
            expected = memory.execute(f"SELECT count(*), sum(sorted)::BIGINT FROM data WHERE {condition}").fetchall()
            sql = f"SELECT count(*), sum(sorted)::BIGINT FROM '{path}' WHERE {condition}"
            assert duckdb.connect().execute(sql).fetchall() == expected, ("DuckDB", condition)
            assert [tuple(row) for row in bedplate.connect().execute(sql).fetchall()] == expected, ("bedplate", condition)
            if "nan" not in condition:
                frame = polars.SQLContext(t=polars.scan_parquet(path)).execute(
                    f"SELECT count(*), sum(sorted) FROM t WHERE {condition}", eager=True
                )
                assert [(rows, total if rows else None) for rows, total in frame.rows()] == expected, ("Polars", condition)
