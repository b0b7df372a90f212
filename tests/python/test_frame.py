"""Frames and what comes in and goes out, without third-party packages. Expected rows by hand."""

import copy
import datetime
import decimal
import pickle

import bedplate as bp
import pytest

COLUMNS = {
    "a": [1, 2, None],
    "b": ["x", None, "long enough not to be inline"],
    "c": [1.5, 2, None],
    "d": [datetime.date(2020, 1, 1), None, datetime.date(1900, 3, 1)],
    "e": [decimal.Decimal("1.25"), None, decimal.Decimal("-100.00")],
    "f": [True, None, False],
    "g": [b"ab", None, b""],
    "h": [[1, 2], None, []],
    "i": [{"x": 1, "y": "q"}, None, {"x": 2, "y": None}],
    "j": [None, None, None],
}
global_table = COLUMNS
ROWS = list(zip(*COLUMNS.values(), strict=True))


@pytest.fixture
def con():
    with bp.connect() as connection:
        yield connection


def test_a_dict_is_a_table(con):
    con.register("t", COLUMNS)
    assert con.execute("FROM t").fetchall() == ROWS
    con.unregister("t")
    with pytest.raises(bp.ProgrammingError, match="no table"):
        con.execute("FROM t")


def test_variables_are_tables(con):
    local = {"a": [1, 2]}
    assert con.sql("SELECT sum(a) FROM local").fetchall() == [(3,)]
    assert con.execute("SELECT count(*) FROM global_table").fetchall() == [(3,)]
    assert local

    def inner():
        hidden = {"a": [5]}
        assert hidden
        return con.execute("FROM hidden").fetchall()

    assert inner() == [(5,)]
    with pytest.raises(bp.ProgrammingError, match="hidden"):
        con.execute("FROM hidden")
    not_a_table = 5
    with pytest.raises(bp.ProgrammingError, match="not_a_table"):
        con.execute("FROM not_a_table")
    assert not_a_table


def test_lazy_frames_name_each_other(con):
    one = con.sql("SELECT * FROM (VALUES (1), (2)) v(a)")
    two = con.sql("SELECT a + 1 AS b FROM one")
    three = con.sql("SELECT b * 10 AS c FROM two WHERE b > ?", [2])
    del one
    assert three.fetchall() == [(30,)]
    assert three.fetchall() == [(30,)], "a second time"
    assert two.columns == ["b"] and two.types == ["INTEGER"]
    assert repr(two) == "LazyFrame(b: INTEGER)"


def test_sql_runs_other_statements_at_once(con):
    assert con.sql("CREATE TABLE t AS SELECT 1 AS a") is None
    assert con.sql("FROM t").collect().rows() == [(1,)]


def test_data_frame():
    frame = bp.DataFrame(COLUMNS)
    assert frame.shape == (3, 10) and len(frame) == 3 and frame.columns == list(COLUMNS)
    assert frame.rows() == ROWS and list(frame.iter_rows()) == ROWS
    assert frame.row(-1) == ROWS[2]
    assert frame.to_dict() == COLUMNS
    assert frame.to_dicts()[0]["b"] == "x"
    assert frame.schema["e"] == "DECIMAL(5,2)"
    with pytest.raises(IndexError, match="3 rows"):
        frame.row(3)
    assert bp.DataFrame().shape == (0, 0)


def test_frames_go_back_in():
    frame = bp.sql("SELECT 1 AS a, 'x' AS b").collect()
    assert bp.sql("SELECT a + 1, b FROM frame").fetchall() == [(2, "x")]
    assert bp.DataFrame(frame).rows() == [(1, "x")]
    assert bp.from_arrow(frame).rows() == [(1, "x")]


def test_results_outlive_their_connection():
    con = bp.connect()
    frame = con.sql("SELECT * FROM (VALUES (1, 'a'), (2, NULL)) v(a, b)").collect()
    stream = con.sql("SELECT 5 AS five").__arrow_c_stream__()
    con.close()
    del con
    assert frame.rows() == [(1, "a"), (2, None)]
    other = bp.connect()

    class Holder:
        def __arrow_c_stream__(self, requested_schema=None):
            return stream

    other.register("t", Holder())
    assert other.execute("FROM t").fetchall() == [(5,)]


def test_pickle_and_copy():
    frame = bp.DataFrame({name: COLUMNS[name] for name in "abcdef"})
    again = pickle.loads(pickle.dumps(frame))
    assert again.rows() == frame.rows() and again.schema == frame.schema
    assert copy.deepcopy(frame).rows() == frame.rows()


def test_show(capsys):
    bp.sql("SELECT 1 AS a").show()
    bp.DataFrame({"a": [1]}).show()
    out = capsys.readouterr().out
    assert out.count("│ a") == 2
    assert "<table" in bp.sql("SELECT 1 AS a")._repr_html_()
    assert "│       1 │ x       │" in repr(bp.DataFrame({"a": [1], "b": ["x"]}))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"a": [1], "b": [1, 2]}, "one length"),
        ({"a": [1, "x"]}, "int, str"),
        ({"a": [object()]}, "object"),
        ({"a": "text"}, "one text"),
        ({"a": [decimal.Decimal(10) ** 38 * 10]}, "digits"),
        ({"a": [datetime.datetime(2020, 1, 1), datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)]}, "time zone"),
        (5, "int cannot be a table"),
    ],
)
def test_what_is_no_table_is_told(con, data, message):
    with pytest.raises(bp.Error, match=message):
        con.register("t", data)


def test_deep_nesting_is_an_error_not_a_crash(con):
    value = []
    for _ in range(200):
        value = [value]
    with pytest.raises((bp.Error, ValueError)):
        con.execute("SELECT ?", [value])
    for _ in range(100000):
        value = [value]
    with pytest.raises((bp.Error, ValueError, RecursionError)):
        con.execute("SELECT ?", [value])


def test_doctest_of_the_module():
    import doctest

    assert doctest.testmod(bp).failed == 0
