"""Arrow data to and from pyarrow, a type and a layout at a time: what goes in comes out, and what comes out is valid by pyarrow's full check."""

import datetime
import decimal
import random
import uuid

import bedplate as bp
import pytest

pa = pytest.importorskip("pyarrow")
pytest.importorskip("pyarrow.compute")

pytestmark = pytest.mark.peer

D = decimal.Decimal
UTC = datetime.UTC
MOMENT = datetime.datetime(2020, 2, 29, 12, 34, 56)

# An Arrow type, values of it, and the type that comes out when it is another.
CASES = [
    (pa.null(), [None, None], None),
    (pa.bool_(), [True, None, False], None),
    (pa.int8(), [-128, None, 127], None),
    (pa.int16(), [-32768, None, 32767], None),
    (pa.int32(), [-(2**31), None, 2**31 - 1], None),
    (pa.int64(), [-(2**63), None, 2**63 - 1], None),
    (pa.uint8(), [0, None, 255], None),
    (pa.uint16(), [0, None, 65535], None),
    (pa.uint32(), [0, None, 2**32 - 1], None),
    (pa.uint64(), [0, None, 2**64 - 1], None),
    (pa.float16(), [0.5, None, -65504.0], None),
    (pa.float32(), [0.5, None, -1e30], None),
    (pa.float64(), [0.1, None, float("inf")], None),
    (pa.decimal32(9, 2), [D("1234567.89"), None, D("-0.01")], pa.decimal128(9, 2)),
    (pa.decimal64(18, 3), [D("123456789012345.678"), None, D("-0.001")], pa.decimal128(18, 3)),
    (pa.decimal128(5, 2), [D("123.45"), None, D("-0.01")], None),
    (pa.decimal128(38, 0), [D(10**38 - 1), None, D(-(10**38) + 1)], None),
    (pa.decimal256(30, 4), [D("1.5000"), None, D("-1.5000")], pa.decimal128(30, 4)),
    (pa.decimal256(76, 0), [D(10**76 - 1), None, D(-(10**76) + 1)], None),
    (pa.string(), ["", None, "short", "caf\u00e9 and a text that is not inline"], None),
    (pa.large_string(), ["", None, "short", "a text that is longer than inline"], pa.string()),
    (pa.string_view(), ["", None, "short", "a text that is longer than inline"], pa.string()),
    (pa.binary(), [b"", None, b"\x00\xff", b"thirteen or more bytes"], None),
    (pa.large_binary(), [b"", None, b"\x00\xff"], pa.binary()),
    (pa.binary_view(), [b"", None, b"thirteen or more bytes"], pa.binary()),
    (pa.binary(3), [b"abc", None, b"\x00\x01\x02"], pa.binary()),
    (pa.date32(), [datetime.date(1, 1, 1), None, datetime.date(9999, 12, 31)], None),
    (pa.date64(), [datetime.date(1969, 12, 31), None, datetime.date(2020, 2, 29)], pa.date32()),
    (pa.time32("s"), [datetime.time(0, 0, 0), None, datetime.time(23, 59, 59)], None),
    (pa.time32("ms"), [datetime.time(0, 0, 0, 1000), None], None),
    (pa.time64("us"), [datetime.time(0, 0, 0, 1), None], None),
    (pa.time64("ns"), [datetime.time(0, 0, 0, 1), None], None),
    *((pa.timestamp(unit), [MOMENT, None, datetime.datetime(1969, 12, 31)], None) for unit in ("s", "ms", "us", "ns")),
    *((pa.timestamp(unit, "UTC"), [MOMENT.replace(tzinfo=UTC), None], None) for unit in ("s", "ms", "us", "ns")),
    (pa.timestamp("us", "Europe/Berlin"), [MOMENT.replace(tzinfo=UTC), None], None),
    *((pa.duration(unit), [datetime.timedelta(days=-1, seconds=5), None], None) for unit in ("s", "ms", "us", "ns")),
    (pa.month_day_nano_interval(), [pa.MonthDayNano([1, -2, 3000]), None], None),
    (pa.list_(pa.int32()), [[1, None], None, [], [2]], None),
    (pa.large_list(pa.string()), [["a", None], None, []], pa.list_(pa.string())),
    (pa.list_view(pa.int32()), [[1, None], None, []], pa.list_(pa.int32())),
    (pa.large_list_view(pa.int32()), [[1, None], None, []], pa.list_(pa.int32())),
    (pa.list_(pa.int32(), 2), [[1, None], None, [3, 4]], None),
    (pa.struct([("a", pa.int32()), ("b", pa.string())]), [{"a": 1, "b": None}, None, {"a": None, "b": "x"}], None),
    (pa.map_(pa.string(), pa.int32()), [[("a", 1), ("b", None)], None, []], None),
    (pa.list_(pa.struct([("l", pa.list_(pa.string()))])), [[{"l": ["a", None]}, None], [], None], None),
    (pa.dictionary(pa.int8(), pa.string()), ["a", None, "b", "a"], pa.string()),
    (pa.dictionary(pa.uint32(), pa.int64()), [5, None, 5], pa.int64()),
    (pa.run_end_encoded(pa.int32(), pa.string()), ["a", "a", None, "b"], pa.string()),
    (pa.uuid(), [uuid.UUID(int=1).bytes, None, uuid.UUID(int=2**128 - 1).bytes], None),
    (pa.bool8(), [True, None, False], pa.bool_()),
    (pa.json_(), ['{"a": 1}', None], pa.string()),
]


def make(kind, values):
    if isinstance(kind, pa.BaseExtensionType):
        storage = [None if value is None else int(value) for value in values] if kind.storage_type == pa.int8() else values
        return kind.wrap_array(pa.array(storage, kind.storage_type))
    if pa.types.is_dictionary(kind):
        return pa.array(values, kind.value_type).dictionary_encode().cast(kind)
    if pa.types.is_run_end_encoded(kind):
        return pa.compute.run_end_encode(pa.array(values, kind.value_type), kind.run_end_type)
    return pa.array(values, kind)


def through(table, query="SELECT * FROM given"):
    with bp.connect() as connection:
        connection.register("given", table)
        out = connection.execute(query).arrow()
    out.validate(full=True)
    return out


def plain(array):
    """Values as Python has them, run ends and dictionaries unfolded."""
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    if pa.types.is_run_end_encoded(array.type):
        array = pa.compute.run_end_decode(array)
    return array.to_pylist()


@pytest.mark.parametrize(
    ("kind", "values", "expected"), CASES, ids=lambda value: str(value) if isinstance(value, pa.DataType) else ""
)
def test_type(kind, values, expected):
    table = pa.table({"x": make(kind, values)})
    out = through(table)
    assert out.schema.names == ["x"]
    assert out.schema.field("x").type == (expected or kind)
    wanted = plain(table["x"])
    if kind == pa.bool8():
        wanted = [None if value is None else bool(value) for value in wanted]
    assert plain(out["x"]) == wanted


@pytest.mark.parametrize(
    ("kind", "values", "expected"), CASES, ids=lambda value: str(value) if isinstance(value, pa.DataType) else ""
)
def test_slices(kind, values, expected):
    """Offsets at every place of a byte, and pieces that are empty."""
    array = make(kind, values * 40)
    array = array[: len(array) - 1]
    for begin, rows in ((1, 7), (3, 64), (8, 0), (9, 65), (64, len(array) - 64), (len(array), 0)):
        piece = array[begin : begin + rows]
        got = plain(through(pa.table({"x": piece}))["x"])
        wanted = plain(piece)
        assert got == ([None if value is None else bool(value) for value in wanted] if kind == pa.bool8() else wanted)


def test_chunks_of_many_sizes():
    chunks = [pa.array(range(at, at + size), pa.int64()) for at, size in ((0, 1), (1, 0), (1, 40000), (40001, 3), (40004, 70000))]
    out = through(pa.table({"x": pa.chunked_array(chunks)}))
    assert out["x"].to_pylist() == list(range(110004))


def test_batches_with_dictionaries_of_their_own():
    first = pa.record_batch({"x": pa.array(["a", "b"]).dictionary_encode()})
    second = pa.record_batch({"x": pa.array(["c", "a", None]).dictionary_encode()})
    out = through(pa.Table.from_batches([first, second]))
    assert out["x"].to_pylist() == ["a", "b", "c", "a", None]


def test_empty_tables():
    for kind, _, expected in CASES:
        empty = pa.table({"x": make(kind, [])})
        out = through(empty)
        assert out.num_rows == 0 and out.schema.field("x").type == (expected or kind)
    assert through(pa.table({"x": pa.chunked_array([], pa.int32())})).num_rows == 0


def test_unions_are_refused():
    types = pa.array([0, 1], pa.int8())
    for union in (
        pa.UnionArray.from_sparse(types, [pa.array([1, 2]), pa.array(["a", "b"])]),
        pa.UnionArray.from_dense(types, pa.array([0, 0], pa.int32()), [pa.array([1]), pa.array(["b"])]),
    ):
        with pytest.raises(bp.Error, match="Arrow unions are not supported"):
            through(pa.table({"x": union}))


def test_values_that_do_not_hold_are_refused():
    """pyarrow does not look into buffers that are handed to it; we do."""
    bad_text = pa.StringArray.from_buffers(1, pa.py_buffer(b"\x00\x00\x00\x00\x01\x00\x00\x00"), pa.py_buffer(b"\xff"))
    with pytest.raises(bp.Error, match="the text is not valid UTF-8"):
        through(pa.table({"x": bad_text}))
    falling = pa.StringArray.from_buffers(2, pa.py_buffer(b"\x00\x00\x00\x00\x02\x00\x00\x00\x01\x00\x00\x00"), pa.py_buffer(b"ab"))
    with pytest.raises(bp.Error, match="offsets"):
        through(pa.table({"x": falling}))
    codes = pa.DictionaryArray.from_arrays(pa.array([0, 9], pa.int8()), pa.array(["a"]), safe=False)
    with pytest.raises(bp.Error, match="its code is not in the dictionary of 1 values"):
        through(pa.table({"x": codes}))
    digits = pa.Array.from_buffers(pa.decimal128(3, 0), 1, [None, pa.py_buffer((1000).to_bytes(16, "little"))])
    with pytest.raises(bp.Error, match="more than its 3 digits"):
        through(pa.table({"x": digits}))


def test_a_producer_that_fails():
    def batches():
        yield pa.record_batch({"x": [1]})
        raise ValueError("the well is dry")

    reader = pa.RecordBatchReader.from_batches(pa.schema([("x", pa.int64())]), batches())
    with bp.connect() as connection:
        with pytest.raises(Exception, match="the well is dry"):
            connection.register("given", reader)
            connection.execute("SELECT * FROM given").fetchall()
        assert connection.execute("SELECT 42").fetchall() == [(42,)]


def random_value(kind, dice):
    if dice.random() < 0.2:
        return None
    if pa.types.is_integer(kind):
        return dice.randrange(-100, 100)
    if pa.types.is_string(kind):
        return dice.choice(["", "a", "caf\u00e9", "x" * dice.randrange(40)])
    if pa.types.is_list(kind):
        return [random_value(kind.value_type, dice) for _ in range(dice.randrange(4))]
    if pa.types.is_fixed_size_list(kind):
        return [random_value(kind.value_type, dice) for _ in range(kind.list_size)]
    if pa.types.is_map(kind):
        return [(str(i), random_value(kind.item_type, dice)) for i in range(dice.randrange(3))]
    if pa.types.is_struct(kind):
        return {field.name: random_value(field.type, dice) for field in kind}
    return dice.random() < 0.5


def random_type(dice, depth=0):
    pick = dice.randrange(7 if depth < 4 else 3)
    if pick < 3:
        return (pa.int64(), pa.string(), pa.bool_())[pick]
    if pick == 3:
        return pa.list_(random_type(dice, depth + 1))
    if pick == 4:
        return pa.list_(random_type(dice, depth + 1), dice.randrange(1, 4))
    if pick == 5:
        return pa.map_(pa.string(), random_type(dice, depth + 1))
    return pa.struct([(f"f{i}", random_type(dice, depth + 1)) for i in range(dice.randrange(1, 4))])


@pytest.mark.parametrize("seed", range(40))
def test_random_nested(seed):
    dice = random.Random(seed)
    kind = random_type(dice)
    array = pa.array([random_value(kind, dice) for _ in range(dice.randrange(200))], kind)
    table = pa.table({"x": array[dice.randrange(3) :]})
    out = through(table)
    assert out.schema.field("x").type == kind
    assert out["x"].to_pylist() == table["x"].to_pylist()


def test_shown_where_it_lies():
    """Batches of half a chunk and more go in and out without a copy."""
    array = pa.array(range(100000), pa.int64())
    out = through(pa.table({"x": array}))
    assert out["x"].chunk(0).buffers()[1].address == array.buffers()[1].address


def test_result_outlives_everything():
    connection = bp.connect()
    connection.register("given", pa.table({"x": pa.array(["a text that is not inline"] * 3)}))
    out = connection.execute("SELECT x FROM given").arrow()
    connection.close()
    del connection
    assert out["x"].to_pylist() == ["a text that is not inline"] * 3


@pytest.fixture(scope="module")
def many_groups(tmp_path_factory):
    """A Parquet file of twenty row groups, more than a window of two workers has morsels, and what it holds."""
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = 200_000
    table = pa.table(
        {
            "id": pa.array(range(rows), pa.int64()),
            "text": pa.array([None if i % 7 == 0 else f"text number {i % 1000}" for i in range(rows)]),
            "price": pa.array([D(i).scaleb(-2) for i in range(rows)], pa.decimal128(12, 2)),
        }
    )
    path = tmp_path_factory.mktemp("groups") / "many.parquet"
    parquet.write_table(table, path, row_group_size=10_000)
    return path, table


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_arrays_made_by_workers(many_groups, threads):
    path, table = many_groups
    connection = bp.connect(config={"threads": threads})
    assert connection.execute(f"SELECT * FROM '{path}'").arrow().equals(table)
    some = connection.execute(f"SELECT * FROM '{path}' WHERE id % 3 = 0").arrow()
    some.validate(full=True)
    assert some.equals(table.take(pa.array(range(0, table.num_rows, 3))))


SHAPES = [
    "text, id FROM t",
    "id, text, price * 2 AS twice, -id AS minus FROM t WHERE price < 1500.5",
    "id FROM t WHERE text = 'text number 7' OR id + 1 < 12",
    "upper(text) AS u, id, 'a text as long as it is' AS l, 3 AS n FROM t WHERE id % 2 = 1",
    "id, text FROM t WHERE id < 0",
    "CASE WHEN text IS NULL THEN 1 ELSE 2 END AS c, text LIKE '%9' AS k FROM t",
    "CASE WHEN id % 2 = 0 THEN text END AS c, sqrt(id::DOUBLE) AS r FROM t",
]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("shape", SHAPES)
def test_large_batches_through_operators(many_groups, shape, threads):
    """Filters and projections are given larger batches for Arrow than the setting says; the rows are those of small ones."""
    query = "SELECT " + shape.replace("FROM t", f"FROM '{many_groups[0]}'")
    answers = [bp.connect(config={"threads": threads, "batch_size": size}).execute(query).arrow() for size in (1000, 2048)]
    answers[1].validate(full=True)
    assert answers[0].equals(answers[1])


def test_texts_beyond_an_array(tmp_path):
    """A batch with more than 2 GiB of text leaves as several arrays."""
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = 2300
    codes = pa.array([0] * rows + [1], pa.int32())
    texts = pa.DictionaryArray.from_arrays(codes, pa.array(["x" * 1_000_000, "last"]))
    parquet.write_table(pa.table({"t": texts}), tmp_path / "long.parquet", compression="zstd")
    connection = bp.connect(config={"threads": 2, "memory_limit": "8GB"})
    reader = pa.RecordBatchReader.from_stream(connection.execute(f"SELECT t FROM '{tmp_path}/long.parquet'"))
    seen, last = 0, None
    for batch in reader:
        seen, last = seen + batch.num_rows, batch["t"][batch.num_rows - 1].as_py()
        assert batch["t"].nbytes < 2**31
    assert (seen, last) == (rows + 1, "last")


def test_stream_dropped_early(many_groups):
    path, table = many_groups
    connection = bp.connect(config={"threads": 2})
    reader = pa.RecordBatchReader.from_stream(connection.execute(f"SELECT * FROM '{path}'"))
    first = reader.read_next_batch()
    del reader, connection
    assert pa.Table.from_batches([first]).equals(table.slice(0, first.num_rows))


def test_array_that_cannot_be_made(many_groups):
    """A value that Arrow has no room for, far behind: the sentence comes from a worker."""
    connection = bp.connect(config={"threads": 2})
    huge = "170141183460469231731687303715884105727::HUGEINT"
    query = f"SELECT CASE WHEN id = 150000 THEN {huge} ELSE id END AS h FROM '{many_groups[0]}'"
    with pytest.raises(Exception, match="39 digits"):
        connection.execute(query).arrow()
    assert connection.execute("SELECT 1").fetchall() == [(1,)]
