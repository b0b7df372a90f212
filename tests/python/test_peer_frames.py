"""NumPy, pandas, Polars and pyarrow in and out."""

import bedplate as bp
import pytest

np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")
duckdb = pytest.importorskip("duckdb")

pytestmark = pytest.mark.peer

QUERY = """
SELECT * FROM (VALUES
    (1, 10000000000, 1.5::DOUBLE, 'x', DATE '2020-01-01', TIMESTAMP '2020-01-01 10:00:00.5', true, 1.25::DECIMAL(5,2), 'a'::BLOB, 3::UTINYINT),
    (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (3, -5, 'nan'::DOUBLE, 'long enough not to be inline', DATE '1900-02-28', TIMESTAMP '1969-01-01 00:00:00', false, -1::DECIMAL(5,2), ''::BLOB, 255::UTINYINT)
) v(a, b, c, d, e, f, g, h, i, j)
"""


def test_pandas_as_duckdb_gives_it():
    ours, theirs = bp.sql(QUERY).df(), duckdb.sql(QUERY).df()
    for frame in (ours, theirs):
        frame["i"] = [None if pd.isna(value) else bytes(value) for value in frame["i"]]
    pd.testing.assert_frame_equal(ours, theirs)


def test_numpy_as_duckdb_gives_it():
    ours, theirs = bp.sql(QUERY).fetchnumpy(), duckdb.sql(QUERY).fetchnumpy()
    assert list(ours) == list(theirs)
    for name, expected in theirs.items():
        if name == "i":
            continue
        assert np.ma.getmaskarray(ours[name]).tolist() == np.ma.getmaskarray(expected).tolist(), name
        assert ours[name].dtype == expected.dtype, name
        there = ~np.ma.getmaskarray(expected)
        np.testing.assert_array_equal(np.ma.getdata(ours[name])[there], np.ma.getdata(expected)[there])


def test_polars_and_pyarrow():
    assert bp.sql(QUERY).pl().rows()[0] == bp.sql(QUERY).fetchall()[0]
    assert [tuple(row.values()) for row in bp.sql(QUERY).arrow().to_pylist()[:2]] == bp.sql(QUERY).fetchall()[:2]
    days = bp.sql("SELECT '3 days'::INTERVAL AS i, 1 AS a").pl()
    assert days.rows()[0][1] == 1 and days.rows()[0][0].days == 3


def test_fetchnumpy_shares_memory():
    column = bp.from_numpy(np.arange(10)).fetchnumpy()["column0"]
    assert not column.flags.owndata


@pytest.mark.parametrize(
    "array",
    [
        *(np.array([0, 1, 2], dtype) for dtype in ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8", ">i4", "bool")),
        np.arange(20)[::2],
        np.array(["2020-01-01", "NaT"], "datetime64[D]"),
        np.array(["2020-01-01T10:00", "NaT"], "datetime64[ns]"),
        np.array(["a", "bc"]),
        np.array(["a", None], dtype=object),
    ],
    ids=str,
)
def test_arrays_go_in(array):
    rows = [row[0] for row in bp.from_numpy(array).rows()]
    expected = pd.Series(array).astype(object).where(pd.notna(pd.Series(array)), None).tolist()
    assert (
        rows == expected
        or [str(r) for r in rows] == [str(e).replace("T", " ") if e is not None else "None" for e in array.astype(str).tolist()]
        or all((r is None and pd.isna(e)) or pd.Timestamp(r) == pd.Timestamp(e) for r, e in zip(rows, expected, strict=True))
    )


def test_two_dimensions_structures_and_masks(con=None):
    assert bp.from_numpy(np.arange(4).reshape(2, 2)).rows() == [(0, 1), (2, 3)]
    assert bp.from_numpy(np.array([(1, 2.5)], dtype=[("x", "i4"), ("y", "f8")])).to_dict() == {"x": [1], "y": [2.5]}
    assert bp.from_numpy(np.ma.masked_array([1, 2, 3], [False, True, False])).rows() == [(1,), (None,), (3,)]


def test_frames_go_in_by_name():
    pandas_frame = pd.DataFrame({"a": [1, 2], "s": ["x", None]})
    polars_frame = pl.DataFrame({"a": [1, 2], "s": ["x", None]})
    arrow_table = pa.table({"a": [1, 2], "s": ["x", None]})
    batch = pa.record_batch({"a": [1, 2], "s": ["x", None]})
    assert len(pandas_frame) == len(polars_frame) == len(arrow_table) == len(batch)
    for name in ("pandas_frame", "polars_frame", "arrow_table", "batch"):
        assert bp.sql(f"FROM {name}").fetchall() == [(1, "x"), (2, None)], name


def test_pandas_without_arrow(monkeypatch):
    frame = pd.DataFrame({"a": [1, 2], "s": ["x", None], "t": pd.to_datetime(["2020-01-01", None])})

    def refuse(self, requested_schema=None):
        raise ImportError("no pyarrow")

    monkeypatch.setattr(pd.DataFrame, "__arrow_c_stream__", refuse)
    rows = bp.from_pandas(frame).rows()
    assert [row[:2] for row in rows] == [(1, "x"), (2, None)] and rows[1][2] is None and rows[0][2].year == 2020
