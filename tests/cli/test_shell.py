"""The shell behind a terminal: editing, drawing, completion, dot commands, interrupting. What is compared is what a user sees."""

import os
import re
import signal
import subprocess
import time

import pytest

UP, DOWN, RIGHT, LEFT, HOME, END, DELETE = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D", "\x1b[H", "\x1b[F", "\x1b[3~"
LONG = "SELECT count(*) FROM range(100000000) a, range(1000000) b WHERE (a.range * 7 + b.range) % 13 = 99;"


def typed(terminal):
    """The text being edited, without prompts."""
    lines = terminal.settle().screen.lines()
    start = max(i for i, line in enumerate(lines) if line.startswith("bedplate>"))
    return "\n".join(line[10:] for line in lines[start:] if line).rstrip()


def cursor(terminal):
    terminal.settle()
    return terminal.screen.column - 10


def clear(terminal):
    terminal.send("\x03").settle()


@pytest.mark.parametrize(
    "keys, text",
    [
        ("abc", "abc"),
        ("abc\x01x", "xabc"),
        ("abc" + HOME + "x" + END + "y", "xabcy"),
        ("abc\x1b[1~x\x1b[4~y", "xabcy"),
        ("abc\x1bOHx\x1bOFy", "xabcy"),
        ("abc" + LEFT + "x", "abxc"),
        ("abc\x02\x02x\x06y", "axbyc"),
        ("abc\x7f\x08x", "ax"),
        ("abc" + HOME + DELETE + "\x04", "c"),
        ("one two three\x17x", "one two x"),
        ("one two\x1bb\x1bd", "one"),
        ("one two\x1b\x7f", "one"),
        ("one two\x1b[1;5D\x1b[1;5Dx\x1b[1;5Cy", "xoney two"),
        ("one two\x15x", "x"),
        ("one two\x1bb\x0bx\x19", "one xtwo"),
        ("a b c\x17\x17\x19", "a b c"),  # cuts in a row make one
        ("ab\x14", "ba"),
        ("abc\x02\x14", "acb"),
        ("select from\x1bb\x1bu", "select FROM"),
        ("SELECT\x01\x1bl", "select"),
        ("select\x01\x1bc", "Select"),
        ("abc\x17\x1f", "abc"),
        ("abc\x1f", ""),  # what was typed in a row is one change
        ("日本語" + LEFT + "x", "日本x語"),
        ("日本語\x7f\x7f", "日"),
        ("e\u0301x" + LEFT + LEFT + "a", "ae\u0301x"),
        ("e\u0301\x7fx", "x"),
        ("👨\u200d👩\u200d👧x" + LEFT + "\x7f", "x"),
        ("a\x00\x07\x1b[99~\x1b[Zb", "ab"),  # keys that mean nothing
        ("a\x1b[200~b\x1b[201~c", "abc"),
    ],
)
def test_keys(shell, keys, text):
    terminal = shell()
    terminal.send(keys)
    assert typed(terminal) == text


def test_a_statement_of_many_lines(shell):
    terminal = shell()
    terminal.send("SELECT 'a\rb' AS x,\r  7 AS y")
    assert typed(terminal) == "SELECT 'a\nb' AS x,\n  7 AS y"
    terminal.send(UP + UP + "\x01\x1bd\x1bdVALUES ('").settle()
    assert typed(terminal).startswith("VALUES ('")
    terminal.send("\x1f" * 3)
    assert typed(terminal) == "SELECT 'a\nb' AS x,\n  7 AS y"
    terminal.send(DOWN + DOWN + END + ";\r").wait_for("│ a\\nb    │       7 │")


def test_moving_between_lines_keeps_the_column(shell):
    terminal = shell()
    terminal.send("SELECT 123456,\r1,\r'abcdefgh'")
    assert cursor(terminal) == 10
    terminal.send(UP)
    assert cursor(terminal) == 2
    terminal.send(UP)
    assert cursor(terminal) == 10
    terminal.send(DOWN + DOWN)
    assert cursor(terminal) == 10


def test_enter_in_the_middle_runs_a_whole_statement(shell):
    terminal = shell()
    terminal.send("SELECT 42 AS x;" + HOME + "\r").wait_for("│      42 │")
    assert typed(terminal) == ""


def test_alt_enter_begins_a_line(shell):
    terminal = shell()
    terminal.send("SELECT 1;\x1b\rx")
    assert typed(terminal) == "SELECT 1;\nx"


def test_pasting(shell):
    """Pasted text never runs by itself, tabs complete nothing, line breaks of all kinds are one."""
    terminal = shell()
    terminal.send("\x1b[200~SELECT 1 AS a;\r\nSELECT\t2 AS b;\rSELECT '\x1b\x07é' AS c;\n\x1b[201~")
    assert typed(terminal) == "SELECT 1 AS a;\nSELECT    2 AS b;\nSELECT 'é' AS c;"
    terminal.send("\r").wait_for("│ é       │")
    assert "│       2 │" in terminal.screen.text()


def test_a_big_paste(shell):
    terminal = shell(rows=12, columns=60)
    rows = ",\n".join(f"({i}, 'text {i}')" for i in range(20000))
    terminal.send("\x1b[200~SELECT count(*) AS n FROM (VALUES " + rows + ") v(a, b);\x1b[201~").settle()
    terminal.wait_for("(19999, 'text 19999')) v(a, b);")
    terminal.send("\r").wait_for("│  20000 │")


def test_long_lines_wrap(shell):
    terminal = shell(columns=40)
    text = "SELECT " + "x" * 23  # the row is just full
    terminal.send(text).settle()
    assert (terminal.screen.row, terminal.screen.column) == (2, 0)
    terminal.send("yz").settle()
    assert terminal.screen.lines()[1:3] == ["bedplate> " + text, "yz"]
    terminal.send("\x01").settle()
    assert (terminal.screen.row, terminal.screen.column) == (1, 10)
    terminal.send("日" * 20 + "\x05").settle()
    assert terminal.screen.lines()[1] == "bedplate> " + "日" * 15
    terminal.send("\x01\x0b").settle()
    assert terminal.screen.lines()[1:] == ["bedplate>"] + [""] * 28


def test_a_text_taller_than_the_screen(shell):
    terminal = shell(rows=6, columns=40)
    terminal.send("SELECT 0" + "".join(f",\r {i}" for i in range(1, 20))).settle()
    assert terminal.screen.lines()[-1] == "     ...>  19"
    terminal.send("\x1ba").settle()  # to the very beginning
    assert terminal.screen.lines()[0] == "bedplate> SELECT 0,"
    assert (terminal.screen.row, terminal.screen.column) == (0, 10)
    terminal.send("\x1be;\r").wait_for("(")
    terminal.wait_for(lambda t: t.screen.lines()[-1].startswith("bedplate>"))


def test_resizing(shell):
    terminal = shell(rows=20, columns=80)
    terminal.send("SELECT " + "a" * 60).settle()
    terminal.set_size(20, 40)
    # the emulator cuts instead of flowing, so it starts anew; what is drawn must fit the new size
    from terminal import Screen

    terminal.screen = Screen(20, 40)
    terminal.signal(signal.SIGWINCH)
    terminal.settle()
    lines = [line for line in terminal.screen.lines() if line]
    assert lines == ["bedplate> SELECT " + "a" * 23, "a" * 37]
    terminal.set_size(20, 100)
    terminal.screen = Screen(20, 100)
    terminal.signal(signal.SIGWINCH)
    terminal.settle()
    assert [line for line in terminal.screen.lines() if line] == ["bedplate> SELECT " + "a" * 60]
    terminal.set_size(1, 1)
    terminal.screen = Screen(1, 2)
    terminal.signal(signal.SIGWINCH)
    terminal.settle()
    terminal.send("x\x03\x04")
    assert terminal.wait() == 0


def test_history_and_draft(shell):
    terminal = shell()
    terminal.send("SELECT 1 AS one;\r").wait_for("│       1 │")
    terminal.send("SELECT 2 AS two;\r").wait_for("│       2 │")
    terminal.send("draft" + UP)
    assert typed(terminal) == "SELECT 2 AS two;"
    terminal.send(UP + UP)
    assert typed(terminal) == "SELECT 1 AS one;"
    terminal.send(DOWN + DOWN)
    assert typed(terminal) == "draft"
    terminal.send("\x1b<")
    assert typed(terminal) == "SELECT 1 AS one;"
    terminal.send("\x1b>")
    assert typed(terminal) == "draft"


def test_reverse_search(shell):
    terminal = shell()
    for query in ("SELECT 11 AS x;", "SELECT 12 AS y;", "SELECT 21 AS x;"):
        terminal.send(query + "\r").settle()
    terminal.send("zz\x12").settle()
    assert terminal.screen.lines()[terminal.screen.row].startswith("(search) : zz")
    terminal.send("as x").settle()  # letters of both cases are alike
    assert terminal.screen.lines()[terminal.screen.row] == "(search) as x: SELECT 21 AS x;"
    terminal.send("\x12").settle()
    assert terminal.screen.lines()[terminal.screen.row] == "(search) as x: SELECT 11 AS x;"
    terminal.send("\x13").settle()
    assert terminal.screen.lines()[terminal.screen.row] == "(search) as x: SELECT 21 AS x;"
    terminal.send("q").settle()
    assert terminal.screen.lines()[terminal.screen.row].startswith("(failed search) as xq: ")
    terminal.send("\x7f\x12" + END + "\x7f + 0;")
    assert typed(terminal) == "SELECT 11 AS x + 0;"
    terminal.send("\x03aa\x12SELECT\x07")
    assert typed(terminal) == "aa"  # Ctrl-G gives back what was there
    terminal.send("\x03\x1212\r").wait_for(lambda t: t.screen.text().count("│      12 │") == 2)


def test_completion(shell, tmp_path):
    terminal = shell()
    terminal.send('CREATE TABLE apples AS SELECT 1 AS zzweight_kg, 2 AS "yy name";\r').settle()
    terminal.send("sel\t")
    assert typed(terminal) == "select"
    terminal.send("* FROM app\t")
    assert typed(terminal) == "select * FROM apples"
    clear(terminal)
    terminal.send("SELECT zzwe\t")
    assert typed(terminal) == "SELECT zzweight_kg"
    clear(terminal)
    terminal.send("SELECT yy\t")
    assert typed(terminal) == 'SELECT "yy name"'
    clear(terminal)
    terminal.send("SELECT read_cs\t").settle()
    clear(terminal)
    terminal.send("SELECT sub\t").settle()
    terminal.send("\t").settle()
    assert "substr" in terminal.screen.text()  # the words are listed, and the text stands below
    assert typed(terminal).startswith("SELECT sub")
    clear(terminal)
    terminal.send("SELECT 1,\r\tx")
    assert typed(terminal) == "SELECT 1,\n  x"  # at the beginning of a line Tab indents


def test_completion_of_file_names(shell, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/flights.csv").write_text("a\n1\n")
    (tmp_path / "data/fl\x1bags.csv").write_text("")
    (tmp_path / "data/it's.csv").write_text("")
    terminal = shell()
    terminal.send("SELECT * FROM 'da\t")
    assert typed(terminal) == "SELECT * FROM 'data/"
    terminal.send("\t")
    assert typed(terminal) == "SELECT * FROM 'data/flights.csv'"
    terminal.send(";\r").wait_for("│      1 │").settle()
    (tmp_path / "script.sql").write_text("SELECT 77 AS n;")
    terminal.send(".read scr\t")
    assert typed(terminal) == ".read script.sql"
    terminal.send("\r").wait_for("│      77 │")


def test_completion_of_dot_commands(shell):
    terminal = shell()
    for keys, text in (
        (".mo\t", ".mode"),
        ("cs\t", ".mode csv"),
        ("\x15.set thr\t", ".set threads"),
        ("\x15.timer o\t\t", ".timer o"),
        ("\x15.help quit", ".help quit"),
    ):
        terminal.send(keys)
        assert typed(terminal) == text


def test_colours(shell):
    terminal = shell()
    terminal.send("SELECT 'text' AS x, 42 -- note").settle()
    row = terminal.screen.colours[1]
    assert row[10] == row[15] == "32" and row[17] == "33" and row[30] == "36" and row[33] == "90" and row[28] == ""
    terminal.send("\x03.mode").settle()
    assert "32" in terminal.screen.colours[2]


@pytest.mark.parametrize("arguments, environment", [([], {"NO_COLOR": "1"}), (["--color", "never"], {})])
def test_no_colours(shell, arguments, environment):
    terminal = shell(*arguments, environment=environment)
    terminal.send("SELECT 'text' AS x, NULL AS y;\r").wait_for("│ text    │")
    assert not re.search(r"\x1b\[[0-9;]*m", terminal.raw)


def test_null_is_faint_and_rows_are_counted(shell):
    terminal = shell(columns=60, rows=60)
    terminal.send("SELECT NULL::VARCHAR AS y;\r").wait_for("│ NULL    │").settle()
    row = terminal.screen.lines().index("│ NULL    │")
    assert terminal.screen.colours[row][2] == "2"
    terminal.send("SELECT * FROM range(3) WHERE false;\r").wait_for("0 rows, 1 column")
    terminal.send("SELECT * FROM range(11);\r").wait_for("11 rows, 1 column")
    terminal.send("SELECT * FROM range(1000);\r").wait_for("1000 rows (40 shown), 1 column")


def test_a_box_fits_the_terminal(shell):
    terminal = shell(columns=60, rows=50)
    columns = ", ".join(f"{i} AS column_{i}" for i in range(20))
    terminal.send(f"SELECT {columns};\r").wait_for("20 columns (4 shown)")
    assert "│ column_0 │ column_1 │ … │ column_18 │ column_19 │" in terminal.screen.text()
    long_text = "y" * 100
    terminal.send(f"SELECT 1 AS a, '{long_text}' AS b, 2 AS c;\r").wait_for("y… │")
    assert all(len(line) <= 60 for line in terminal.screen.lines())
    boxed = [line for line in terminal.screen.lines() if "…" in line and "y" in line]
    assert len(boxed[-1]) == 60


def test_dot_commands(shell, tmp_path):
    terminal = shell(columns=100, rows=60)

    def ask(line, *expected):
        terminal.send(line + "\r")
        for text in expected:
            terminal.wait_for(text)
        terminal.settle()

    ask(".help", ".maxrows", "leave (also Ctrl-D)")
    ask(".help mode", ".mode [FORMAT]")
    ask("CREATE TABLE t AS SELECT 1 AS a, NULL AS b;")
    ask('CREATE VIEW "odd view" AS SELECT 2 AS c;')
    ask(".tables", "│ t ", "odd view")
    ask(".schema t", "│ a ")
    ask(".schema", '"odd view"', "│ c ")
    ask(".mode csv")
    ask(".null -")
    ask("SELECT * FROM t;", "1,-")
    ask(".headers off")
    ask("SELECT 5 AS hidden;", "\n5\n")
    assert "\nhidden\n" not in terminal.screen.text()
    ask(".headers on")
    ask(".mode nosuch", "there are box csv")
    ask(".mode", "\ncsv\n")
    ask(".mode parquet")
    ask("SELECT 5;", "standard output is a terminal, and parquet is no text; give --output PATH or a pipe")
    ask(".mode box")
    ask(".maxrows 2")
    ask("SELECT range FROM range(5);", "5 rows (2 shown)")
    ask(".maxrows many", "error: .maxrows wants a number")
    ask(".timer on")
    ask("SELECT 6;", " s\n")
    ask(".timer maybe", "error: .timer wants on or off")
    ask(".timer off")
    ask(".set threads 1")
    ask(".set threads", "threads = 1")
    ask(".set nosuch 1", "error: ")
    ask(".set", "batch_size = ")
    ask(".width 30")
    ask(".width")
    ask(".read nosuch.sql", "error: nosuch.sql: No such file or directory")
    ask(".open x.db", "error: database files are not there yet")
    ask(".open")
    ask("SELECT * FROM t;", "error: ")
    ask(".tabels", "did you mean .tables?")
    ask(".xyzzy", ".help lists them")
    terminal.send(".quit\r")
    assert terminal.wait() == 0


def test_dot_output(shell, tmp_path):
    terminal = shell()
    terminal.send(".mode csv\r.output out.csv\r").settle()
    terminal.send("SELECT 1 AS a;\rSELECT 2 AS a;\r").settle()
    assert not (tmp_path / "out.csv").exists()  # it appears when it is whole
    terminal.send(".output\r").settle()
    assert (tmp_path / "out.csv").read_text() == "a\n1\na\n2\n"
    terminal.send("SELECT 3 AS a;\r").wait_for("\n3\n")
    terminal.send(".output nosuch/x\r").wait_for("error: nosuch/x: ")
    terminal.send(".output last.csv\rSELECT 4 AS a;\r\x04")
    assert terminal.wait() == 0
    assert (tmp_path / "last.csv").read_text() == "a\n4\n"


def test_errors_do_not_end_the_shell(shell):
    terminal = shell()
    terminal.send("SELEC 1;\r").wait_for("error: <shell>:1:1: ").wait_for("  ^")
    terminal.send("SELECT 1;\r").wait_for("│       1 │")


@pytest.mark.timing
def test_ctrl_c_ends_the_query_and_gives_the_prompt(shell):
    terminal = shell()
    terminal.send(LONG + "\r").settle()
    time.sleep(0.5)
    start = time.monotonic()
    terminal.send("\x03").wait_for("error: interrupted").wait_for(lambda t: t.screen.lines()[t.screen.row] == "bedplate>")
    took = time.monotonic() - start
    assert took < 1, took  # 0.15 s is the promise, on a quiet machine
    terminal.send("SELECT 1;\r").wait_for("│       1 │")


def test_ctrl_c_throws_the_text_away(shell):
    terminal = shell()
    terminal.send("SELECT 1,\r2\x03")
    assert typed(terminal) == ""
    terminal.send("\x04")
    assert terminal.wait() == 0


@pytest.mark.timing
def test_progress(shell):
    terminal = shell()
    terminal.send("SELECT count(*) FROM range(4000000000) WHERE (range * 7) % 13 = 99;\r")
    terminal.wait_for(lambda t: re.search(r"\[[=>]+ *\] +\d+ % +\d\.\d s", t.screen.text()), seconds=30)
    terminal.send("\x03").wait_for("error: interrupted").settle()
    assert "%  " not in terminal.screen.text()  # the line is gone


def test_suspending(shell, bedplate):
    """Ctrl-Z needs a shell that keeps the job: sh -m as the terminal's first process."""
    from terminal import Terminal

    terminal = Terminal(["/bin/sh", "-c", f"set -m; {bedplate} sql; echo stopped; fg; echo over"], environment={"PS1": "$ "})
    try:
        terminal.wait_for("bedplate>")
        terminal.send("SELECT 12\x1a").wait_for("stopped")
        terminal.wait_for(lambda t: t.screen.lines()[t.screen.row] == "bedplate> SELECT 12")
        terminal.send("3;\r").wait_for("│     123 │")
        terminal.send("\x04").wait_for("over")
        assert terminal.wait() == 0
    finally:
        terminal.close()


def test_the_terminal_is_given_back(shell):
    import termios

    terminal = shell()
    raw = termios.tcgetattr(terminal.master)
    assert not raw[3] & termios.ECHO
    terminal.signal(signal.SIGTERM)
    assert terminal.wait() == -signal.SIGTERM
    assert termios.tcgetattr(terminal.master)[3] & termios.ECHO


def test_a_closed_terminal_ends_the_shell(bedplate):
    from terminal import Terminal

    terminal = Terminal([bedplate, "sql"]).wait_for("bedplate>")
    os.close(terminal.master)
    end = time.monotonic() + 20
    while time.monotonic() < end:
        done, status = os.waitpid(terminal.pid, os.WNOHANG)
        if done:
            break
        time.sleep(0.05)
    else:
        os.kill(terminal.pid, signal.SIGKILL)
        os.waitpid(terminal.pid, 0)
        raise AssertionError("the shell goes on without a terminal")


def test_a_dumb_terminal_reads_plain_lines(shell):
    terminal = shell(environment={"TERM": "dumb"})
    terminal.send("SELECT 1\n").wait_for("...>")
    terminal.send("AS a;\n").wait_for("│       1 │")
    terminal.send(".mode csv\nSELECT 2 AS b;\n").wait_for("\n2\n")
    terminal.send("SELECT\x03").settle()
    terminal.send("SELECT 3 AS c;\n").wait_for("\n3\n")
    assert "\x1b" not in terminal.raw
    terminal.send("\x04")
    assert terminal.wait() == 0


def test_output_that_is_no_terminal(bedplate):
    """Standard input is a terminal, standard output is not: results alone go there."""
    import pty

    master, slave = pty.openpty()
    with subprocess.Popen(
        [bedplate, "sql", "--format", "csv"], stdin=slave, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        os.close(slave)
        os.write(master, b"SELECT 1 AS a;\n.quit\n")
        out, err = process.communicate(timeout=30)
    os.close(master)
    assert (process.returncode, out) == (0, b"a\n1\n")
    assert b"bedplate> " in err


def test_noise(shell):
    """Keys at random: the shell lives, and what it draws the emulator understands."""
    import random

    random_source = random.Random(7)
    keys = (
        [chr(i) for i in range(1, 32) if i not in (3, 4, 26)]
        + list("SELECT 'x';(\"日é")
        + [UP, DOWN, LEFT, RIGHT, HOME, END, DELETE]
    )
    keys += ["\x1b" + letter for letter in "bfdulcaepn<>\r\x7f"] + ["\x1b[1;5C", "\x1b[1;5D", "\x1b[5~", "\x1b[6~", "\x1b", "\x1b["]
    terminal = shell(rows=10, columns=30)
    for _ in range(40):
        terminal.send("".join(random_source.choice(keys) for _ in range(50))).settle(0.05)
    terminal.send("\x07\x03\x03").settle()
    terminal.send(".mode csv\rSELECT 4242 AS n;\r").wait_for("\n4242\n")
