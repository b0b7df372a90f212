"""Arrow IPC beside pyarrow, Polars and pandas: files and streams of every layout and option read by us, ours read by them, values compared one by one; streams of the other byte
order; files that are damaged."""

import datetime
import decimal
import io
import itertools
import os
import random
import struct
import threading
import uuid

import pytest
from conftest import ROUNDS, SEED

pa = pytest.importorskip("pyarrow")
pc = pytest.importorskip("pyarrow.compute")
ipc = pytest.importorskip("pyarrow.ipc")
feather = pytest.importorskip("pyarrow.feather")
bedplate = pytest.importorskip("bedplate")

HOSTILE = {"threads": "7", "batch_size": "3", "morsel_rows": "100"}
COMPRESSIONS = [None, "lz4", "zstd"]


def read(sql, settings=None):
    connection = bedplate.connect()
    for name, value in (settings or {}).items():
        connection.execute(f"SET {name} = {value}")
    return pa.table(connection.execute(sql).arrow())


def plain(array):
    """The column's values in one form: times as their numbers, which Python's own types may not hold."""
    kind = array.type
    if pa.types.is_run_end_encoded(kind):
        array = pa.chunked_array([pc.run_end_decode(chunk) for chunk in array.chunks])
    if pa.types.is_timestamp(kind) or pa.types.is_duration(kind) or pa.types.is_time64(kind):
        array = array.cast(pa.int64())
    if pa.types.is_time32(kind):
        array = array.cast(pa.int32())
    return [value.bytes if isinstance(value, uuid.UUID) else value for value in array.to_pylist()]


def check(ours, theirs):
    assert ours.column_names == theirs.column_names
    for name in ours.column_names:
        left, right = plain(ours.column(name)), plain(theirs.column(name))
        if left != right:
            at = next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), None)
            raise AssertionError(
                f"{name}: {len(left)} and {len(right)} values; first difference at {at}: {left[at] if at is not None else ''!r} {right[at] if at is not None else ''!r}"
            )


def some(rng, make, count, nulls=0.2):
    return [None if rng.random() < nulls else make() for _ in range(count)]


def text(rng):
    return "".join(rng.choice("aäß漢😀") for _ in range(rng.choice([0, 1, 3, 12, 13, 40])))


def flat_columns(rng, count):
    columns = {}

    def add(kind, make):
        columns[str(kind)] = pa.array(some(rng, make, count, rng.choice([0, 0.2, 1])), kind)

    for bits in (8, 16, 32, 64):
        add(getattr(pa, f"int{bits}")(), lambda bits=bits: rng.randrange(-(2 ** (bits - 1)), 2 ** (bits - 1)))
        add(getattr(pa, f"uint{bits}")(), lambda bits=bits: rng.randrange(2**bits))
    columns["half"] = pa.array(some(rng, lambda: rng.randrange(100) / 4, count), pa.float32()).cast(pa.float16())
    add(pa.float32(), lambda: rng.randrange(1000) / 8)
    add(pa.float64(), rng.random)
    add(pa.bool_(), lambda: rng.random() < 0.5)
    for kind in (pa.string(), pa.large_string(), pa.string_view()):
        add(kind, lambda: text(rng))
    for kind in (pa.binary(), pa.large_binary(), pa.binary_view()):
        add(kind, lambda: rng.randbytes(rng.choice([0, 1, 12, 13, 50])))
    add(pa.binary(5), lambda: rng.randbytes(5))
    add(pa.uuid(), lambda: rng.randbytes(16))
    for kind in (pa.date32(), pa.date64()):
        add(kind, lambda: datetime.date(1970, 1, 1) + datetime.timedelta(rng.randrange(-9999, 9999)))
    for unit in ("s", "ms", "us", "ns"):
        for kind in (pa.timestamp(unit), pa.timestamp(unit, "Europe/Berlin"), pa.duration(unit)):
            add(kind, lambda: rng.randrange(-(10**9), 10**9))
    for kind in (pa.time32("s"), pa.time32("ms"), pa.time64("us"), pa.time64("ns")):
        add(kind, lambda: rng.randrange(86400))
    for kind in (pa.decimal32(9, 2), pa.decimal64(18, 3), pa.decimal128(11, 2), pa.decimal128(38, 5), pa.decimal256(70, 5)):
        add(kind, lambda: decimal.Decimal(rng.randrange(-(10**7), 10**7)) / 100)
    add(
        pa.month_day_nano_interval(),
        lambda: pa.MonthDayNano([rng.randrange(-9, 9), rng.randrange(-99, 99), 1000 * rng.randrange(-(10**9), 10**9)]),
    )
    columns["null"] = pa.nulls(count)
    return columns


def nested_columns(rng, count):
    columns = {}
    numbers = lambda: some(rng, lambda: rng.randrange(99), rng.randrange(5))  # noqa: E731
    for kind in (pa.list_, pa.large_list, pa.list_view, pa.large_list_view):
        columns[f"{kind.__name__} of numbers"] = pa.array(some(rng, numbers, count), kind(pa.int32()))
        columns[f"{kind.__name__} of texts"] = pa.array(
            some(rng, lambda: [text(rng)] * rng.randrange(3), count), kind(pa.string_view())
        )
    columns["lists of lists"] = pa.array(some(rng, lambda: some(rng, numbers, 2), count), pa.list_(pa.large_list(pa.int16())))
    columns["arrays"] = pa.array(some(rng, lambda: [1, None, rng.randrange(9)], count), pa.list_(pa.int64(), 3))
    columns["structs"] = pa.array(
        some(rng, lambda: {"a": rng.choice([None, 1]), "b": {"c": text(rng)}}, count),
        pa.struct([("a", pa.int16()), ("b", pa.struct([("c", pa.string())]))]),
    )
    columns["maps"] = pa.array(
        some(rng, lambda: [(f"key {i}", rng.choice([None, i])) for i in range(rng.randrange(3))], count),
        pa.map_(pa.string(), pa.int32()),
    )
    return columns


def coded_columns(rng, count):
    words = ["", "red", "a word of more than twelve bytes"]
    columns = {}
    for codes in (pa.int8(), pa.uint8(), pa.int16(), pa.uint16(), pa.int32(), pa.uint32(), pa.int64()):
        columns[f"texts by {codes}"] = pa.array(some(rng, lambda: rng.choice(words), count), pa.dictionary(codes, pa.string()))
    columns["numbers by codes"] = pa.array(some(rng, lambda: rng.choice([7, 8]), count), pa.dictionary(pa.int8(), pa.int64()))
    columns["NULL in the dictionary"] = pa.DictionaryArray.from_arrays(
        pa.array(some(rng, lambda: rng.randrange(2), count), pa.int8()), pa.array(["a", None])
    )
    columns["lists of codes"] = pa.array(
        some(rng, lambda: [rng.choice(words)] * rng.randrange(3), count), pa.list_(pa.dictionary(pa.int8(), pa.string()))
    )
    columns["codes within structs"] = pa.array(
        some(rng, lambda: {"k": rng.choice(words)}, count), pa.struct([("k", pa.dictionary(pa.int16(), pa.string()))])
    )
    for ends in (pa.int16(), pa.int32(), pa.int64()):
        values = sorted(rng.randrange(4) for _ in range(count))
        columns[f"runs of {ends}"] = pc.run_end_encode(
            pa.array([None if v == 2 else v for v in values], pa.int64()), run_end_type=ends
        )
    return columns


def random_table(rng, count):
    return pa.table({**flat_columns(rng, count), **nested_columns(rng, count), **coded_columns(rng, count)})


def write(path, table, stream, chunk, **options):
    maker = ipc.new_stream if stream else ipc.new_file
    with maker(str(path), table.schema, options=ipc.IpcWriteOptions(**options)) as writer:
        for batch in table.to_batches(max_chunksize=chunk):
            writer.write_batch(batch)


@pytest.mark.parametrize("round", range(2 * ROUNDS))
@pytest.mark.parametrize("stream", [False, True])
def test_theirs_read_by_us(tmp_path, round, stream):
    rng = random.Random(f"{SEED} {round}")
    for count, compression in itertools.product((0, 1, 5, rng.randrange(3000)), COMPRESSIONS):
        table, path = random_table(rng, count), tmp_path / "theirs"
        write(path, table, stream, rng.choice([None, 1 + count // 3]), compression=compression, unify_dictionaries=not stream)
        for settings in (None, HOSTILE):
            check(read(f"SELECT * FROM read_arrow('{path}')", settings), table)


@pytest.mark.parametrize(
    "options", [{"use_legacy_format": True}, {"metadata_version": ipc.MetadataVersion.V4}, {"emit_dictionary_deltas": True}]
)
@pytest.mark.parametrize("stream", [False, True])
def test_options_of_theirs(tmp_path, stream, options):
    rng = random.Random(SEED)
    table = pa.table({**flat_columns(rng, 100), **nested_columns(rng, 100)})
    write(tmp_path / "theirs", table, stream, 30, **options)
    check(read(f"SELECT * FROM read_arrow('{tmp_path}/theirs')"), table)


def test_dictionaries_that_change(tmp_path):
    """In each batch another dictionary, or more of the same; also within lists, and of structs."""
    rng = random.Random(SEED)
    batches, words = [], []
    for i in range(40):
        words = [] if i % 9 == 0 else words
        words += [f"word {rng.randrange(10**6)} of the batch {i}" for _ in range(rng.randrange(3))] or ["x"]
        count = len(words)
        codes = pa.array(some(rng, lambda count=count: rng.randrange(count), 10), pa.int32())
        coded = pa.DictionaryArray.from_arrays(codes, pa.array(words))
        lists = pa.ListArray.from_arrays(pa.array(range(11), pa.int32()), coded)
        structs = pa.DictionaryArray.from_arrays(codes, pa.array([{"a": word} for word in words]))
        batches.append(pa.record_batch({"coded": coded, "lists": lists, "structs": structs}))
    for deltas in (False, True):
        write(tmp_path / "theirs", pa.Table.from_batches(batches), True, None, emit_dictionary_deltas=deltas)
        for settings in (None, HOSTILE):
            ours = read(f"SELECT * FROM read_arrow('{tmp_path}/theirs')", settings)
            check(ours, pa.Table.from_batches(batches))


def test_polars(tmp_path):
    pl = pytest.importorskip("polars")
    rng = random.Random(SEED)
    frame = pl.DataFrame(
        {
            "i": some(rng, lambda: rng.randrange(99), 3000),
            "s": some(rng, lambda: text(rng), 3000),
            "c": pl.Series(some(rng, lambda: rng.choice("xyz"), 3000), dtype=pl.Categorical),
            "d": some(rng, lambda: datetime.date(2020, 1, 1), 3000),
            "l": some(rng, lambda: [rng.randrange(9)], 3000),
            "t": some(rng, lambda: {"a": rng.random()}, 3000),
        }
    )
    for compression in ("uncompressed", "lz4", "zstd"):
        frame.write_ipc(tmp_path / "p.arrow", compression=compression)
        frame.write_ipc_stream(tmp_path / "p.arrows", compression=compression)
        for name in ("p.arrow", "p.arrows"):
            check(read(f"SELECT * FROM '{tmp_path}/{name}'"), frame.to_arrow())
            bedplate.sql(f"COPY (FROM '{tmp_path}/{name}') TO '{tmp_path}/ours.{name}' (COMPRESSION '{compression}')")
        assert pl.read_ipc(tmp_path / "ours.p.arrow").with_columns(pl.col("c").cast(pl.Categorical)).equals(frame)
        assert pl.read_ipc_stream(tmp_path / "ours.p.arrows").with_columns(pl.col("c").cast(pl.Categorical)).equals(frame)


@pytest.mark.parametrize("round", range(2 * ROUNDS))
def test_ours_read_by_them(tmp_path, round):
    rng = random.Random(f"{SEED} ours {round}")
    for count, compression in itertools.product((0, 1, rng.randrange(3000)), ("none", "lz4", "zstd")):
        table = random_table(rng, count)
        connection = bedplate.connect()
        connection.register("t", table)
        rows = rng.choice([1 + count // 3, 65536])
        for name, reader in (("o.arrow", ipc.open_file), ("o.arrows", ipc.open_stream)):
            connection.execute(f"COPY t TO '{tmp_path}/{name}' (COMPRESSION '{compression}', ROW_GROUP_SIZE {rows})")
            theirs = reader(str(tmp_path / name)).read_all()
            theirs.validate(full=True)
            check(theirs, table)
            check(read(f"FROM '{tmp_path}/{name}'"), table)
        feather.read_table(tmp_path / "o.arrow").drop_columns("time64[ns]").to_pandas()  # nanoseconds are not pandas' to hold


# The other byte order ------------------------------------------------------------------------------------------------------------------------
class Flat:
    """As much of a flatbuffer as is needed to find buffers."""

    def __init__(self, data):
        self.data = data

    def number(self, form, at):
        return struct.unpack_from("<" + form, self.data, at)[0]

    def field(self, table, slot):
        vtable = table - self.number("i", table)
        place = self.number("H", vtable + 4 + 2 * slot) if 4 + 2 * slot < self.number("H", vtable) else 0
        return table + place if place else 0

    def follow(self, at):
        return at + self.number("I", at)


def turned(data, widths):
    out, at, part = bytearray(data), 0, 0
    while at + widths[part] <= len(data):
        out[at : at + widths[part]] = data[at : at + widths[part]][::-1]
        at += widths[part]
        part = (part + 1) % len(widths)
    return bytes(out)


def other_endian(stream, layouts):
    """A stream of ours, uncompressed, whose buffers have these widths (None: bytes), as a machine of the other byte order writes it."""
    out, at = bytearray(stream), 0
    while struct.unpack_from("<I", stream, at + 4)[0]:
        size = struct.unpack_from("<I", stream, at + 4)[0]
        flat = Flat(stream[at + 8 : at + 8 + size])
        message = flat.follow(0)
        header = flat.follow(flat.field(message, 2))
        body = at + 8 + size
        if stream[at + 8 + flat.field(message, 1)] == 1:
            struct.pack_into("<h", out, at + 8 + flat.field(header, 0), 1)
        else:
            vector = flat.follow(flat.field(header, 2))
            assert flat.number("I", vector) == len(layouts)
            for i, widths in enumerate(layouts):
                offset, length = flat.number("q", vector + 4 + 16 * i), flat.number("q", vector + 12 + 16 * i)
                if widths:
                    out[body + offset : body + offset + length] = turned(stream[body + offset : body + offset + length], widths)
        at = body + flat.number("q", flat.field(message, 3))
    return bytes(out)


def test_other_byte_order(tmp_path):
    columns = [
        (pa.array([1, None, -3], pa.int16()), [None, [2]]),
        (pa.array([1, 2, 3], pa.uint8()), [None, None]),
        (pa.array([1.5, None, -2.5], pa.float64()), [None, [8]]),
        (pa.array(["a", None, "more than twelve bytes"]), [None, [4], None]),
        (pa.array([True, None, False]), [None, None]),
        (
            pa.array([decimal.Decimal("1.50"), None, decimal.Decimal("-123456789012345678901.25")], pa.decimal128(30, 2)),
            [None, [16]],
        ),
        (pa.array([(1, 2, 3000), None, (-1, -2, -3000)], pa.month_day_nano_interval()), [None, [4, 4, 8]]),
        (pa.array([[1, 2], None, [3]], pa.list_(pa.int32())), [None, [4], None, [4]]),
        (pa.array([{"a": 1}, None, {"a": 3}]), [None, None, [8]]),
        (pa.array([b"0123456789abcdef"] * 3, pa.uuid()), [None, None]),
        (pa.array([1, None, 3], pa.timestamp("us")), [None, [8]]),
    ]
    table = pa.table({f"c{i}": array for i, (array, _) in enumerate(columns)})
    connection = bedplate.connect()
    connection.register("t", table)
    connection.execute(f"COPY t TO '{tmp_path}/little.arrows'")
    with open(tmp_path / "little.arrows", "rb") as file:
        little = file.read()
    big = other_endian(little, [widths for _, layout in columns for widths in layout])
    with open(tmp_path / "big.arrows", "wb") as file:
        file.write(big)
    check(ipc.open_stream(io.BytesIO(big)).read_all(), table)  # what was made is what they take for it
    check(read(f"FROM '{tmp_path}/big.arrows'"), table)
    check(read(f"FROM '{tmp_path}/big.arrows'", HOSTILE), table)


# Damage ----------------------------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("stream", [False, True])
def test_damage(tmp_path, stream):
    """Bytes of a file of everything changed: rows or an error, and the process lives."""
    rng = random.Random(SEED)
    write(tmp_path / "whole", random_table(rng, 20), stream, 7, compression=rng.choice(COMPRESSIONS))
    whole = (tmp_path / "whole").read_bytes()
    connection = bedplate.connect()
    for _ in range(200 * ROUNDS):
        damaged = bytearray(whole)
        for _ in range(rng.choice([1, 1, 5, 50])):
            damaged[rng.randrange(len(damaged))] = rng.choice([0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)])
        (tmp_path / "damaged").write_bytes(damaged[: rng.choice([len(damaged), len(damaged), rng.randrange(len(damaged))])])
        try:
            connection.execute(f"FROM read_arrow('{tmp_path}/damaged')").fetchall()
        except bedplate.Error as error:
            assert len(str(error)) > 20
        except (ValueError, OverflowError):
            pass  # a date or time that Python's types do not hold


def test_pipe(tmp_path):
    """A stream through a FIFO, more than it holds at once."""
    table = pa.table({"i": range(300000), "s": [f"row {i}" for i in range(300000)]})
    write(tmp_path / "whole", table, True, 10000)
    os.mkfifo(tmp_path / "fifo")
    writer = threading.Thread(target=lambda: (tmp_path / "fifo").write_bytes((tmp_path / "whole").read_bytes()))
    writer.start()
    answer = read(f"SELECT count(*) AS n, sum(i) AS s, max(s) AS m FROM read_arrow('{tmp_path}/fifo')")
    writer.join()
    assert [int(value) for value in answer.drop_columns("m").to_pylist()[0].values()] == [300000, sum(range(300000))]
    assert answer.column("m").to_pylist() == ["row 99999"]
