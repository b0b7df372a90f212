"""Every option of `bedplate sql`, where the output goes, and the exit codes of INTERFACES: 0 done, 1 error, 2 usage, 3 limit, 130 interrupted, 141 closed pipe."""

import json
import os
import re
import signal
import stat
import subprocess
import time

import pytest
from conftest import ROOT

LONG = "SELECT count(*) FROM range(100000000) a, range(1000000) b WHERE (a.range * 7 + b.range) % 13 = 99"


def test_a_query_and_its_box(run):
    result = run("sql", "-c", "SELECT 1 AS a, NULL::VARCHAR AS b, 'x' AS c")
    assert result.stdout == (
        "┌─────────┬─────────┬─────────┐\n"
        "│ a       │ b       │ c       │\n"
        "│ integer │ varchar │ varchar │\n"
        "├─────────┼─────────┼─────────┤\n"
        "│       1 │ NULL    │ x       │\n"
        "└─────────┴─────────┴─────────┘\n"
    )
    assert (result.returncode, result.stderr) == (0, "")


def test_a_plan_is_shown_as_it_is(run):
    result = run("sql", "-c", "EXPLAIN SELECT range AS n FROM range(5) WHERE n > 2 ORDER BY n")
    assert result.stdout.startswith("SORT  by n\n")
    assert "explain_key" not in result.stdout
    assert "explain_key" in run("sql", "--format", "csv", "-c", "EXPLAIN SELECT 1").stdout


@pytest.mark.parametrize(
    "format, expected",
    [
        ("csv", 'a,b\n1,"x,y"\n,\n'),
        ("tsv", "a\tb\n1\tx,y\n\t\n"),
        ("json", '[{"a":1,"b":"x,y"},\n{"a":null,"b":null}]\n'),
        ("jsonl", '{"a":1,"b":"x,y"}\n{"a":null,"b":null}\n'),
        ("markdown", "| a | b |\n|---:|---|\n| 1 | x,y |\n|  |  |\n"),
        ("line", "a = 1\nb = x,y\n\na = NULL\nb = NULL\n"),
        (
            "html",
            "<table>\n<thead><tr><th>a</th><th>b</th></tr></thead>\n<tbody>\n"
            "<tr><td>1</td><td>x,y</td></tr>\n<tr><td></td><td></td></tr>\n</tbody>\n</table>\n",
        ),
    ],
)
def test_formats(run, format, expected):
    query = "SELECT * FROM (VALUES (1, 'x,y'), (NULL, NULL)) v(a, b)"
    assert run("sql", "-c", query, "--format", format).stdout == expected
    assert run("sql", "-c", query, f"--format={format}").stdout == expected


@pytest.mark.parametrize("format", ["nosuch", "", "CSV ", "arrows"])
def test_a_format_that_is_not_there(run, format):
    result = run("sql", "--format", format, "-c", "SELECT 1")
    assert result.returncode == 2
    assert result.stdout == ""
    assert "there are box csv tsv json jsonl markdown html line arrow parquet" in result.stderr


@pytest.mark.parametrize("format", ["arrow", "parquet"])
def test_a_file_that_is_no_text(run, tmp_path, format):
    path = tmp_path / f"out.{format}"
    query = "SELECT i AS a, 'text ' || i AS b, NULLIF(i, 1) AS c FROM range(3) r(i)"
    assert run("sql", "-c", query, "--format", format, "--output", path).stdout == ""
    assert run("sql", "-c", f"FROM '{path}'", "--format", "csv").stdout == "a,b,c\n0,text 0,0\n1,text 1,\n2,text 2,2\n"


def test_a_stream_of_arrow_on_standard_output(bedplate, tmp_path):
    path = tmp_path / "out.arrows"
    with path.open("wb") as out:
        subprocess.run([bedplate, "sql", "-c", "SELECT 1 AS a", "--format", "arrow"], stdout=out, check=True)
    done = subprocess.run([bedplate, "sql", "-c", f"FROM '{path}'", "--format", "csv"], capture_output=True, check=True)
    assert done.stdout == b"a\n1\n"


@pytest.mark.parametrize("format", ["arrow", "parquet"])
def test_one_result_a_file(run, tmp_path, format):
    path = tmp_path / f"out.{format}"
    result = run("sql", "-c", "CREATE TABLE t AS SELECT 1; FROM t; FROM t", "--format", format, "--output", path)
    assert result.returncode == 1
    assert f"{path}: in the format {format} a file holds one result; this is the second" in result.stderr
    assert not path.exists()


def test_null_and_header(run):
    query = "SELECT NULL AS a, 1 AS b"
    assert run("sql", "-c", query, "--format", "csv", "--null", "-").stdout == "a,b\n-,1\n"
    assert run("sql", "-c", query, "--format", "csv", "--no-header").stdout == ",1\n"
    assert run("sql", "-c", query, "--no-header", "--null", "∅").stdout == "┌───┬───┐\n│ ∅ │ 1 │\n└───┴───┘\n"
    assert "<th>" not in run("sql", "-c", query, "--format", "html", "--no-header").stdout


def test_max_rows(run):
    text = run("sql", "-c", "SELECT range AS a FROM range(1000)", "--max-rows", "4").stdout
    assert re.findall(r"│ +(\d+|·) │", text) == ["0", "1", "·", "998", "999"]
    assert text.splitlines()[-1] == "1000 rows (4 shown), 1 column"
    everything = run("sql", "-c", "SELECT range AS a FROM range(1000)").stdout
    assert len(everything.splitlines()) == 1005  # not a terminal: nothing is cut
    assert run("sql", "--max-rows", "x", "-c", "SELECT 1").returncode == 2


@pytest.mark.parametrize("rows", [0, 1, 5, 6, 7, 300, 5000])
def test_max_rows_keeps_the_right_ones(run, rows):
    text = run("sql", "-c", f"SELECT range AS a FROM range({rows})", "--max-rows", "6").stdout
    numbers = [int(number) for number in re.findall(r"│ +(\d+) │", text)]
    assert numbers == (list(range(rows)) if rows <= 6 else [0, 1, 2, rows - 3, rows - 2, rows - 1])


def test_color(run):
    query = ("sql", "-c", "SELECT NULL AS a")
    assert "\x1b[2mNULL\x1b[0m" in run(*query, "--color", "always").stdout
    assert "\x1b" not in run(*query, "--color", "never").stdout + run(*query, "--color", "auto").stdout + run(*query).stdout
    assert run(*query, "--color", "sometimes").returncode == 2


def test_settings(run):
    assert run("sql", "--threads", "3", "-c", "SELECT 1").returncode == 0
    assert run("sql", "--threads", "zero", "-c", "SELECT 1").returncode == 2
    assert run("sql", "--temp-directory", ".", "-c", "SELECT 1").returncode == 0
    query = "SELECT * FROM (VALUES (1), (NULL)) v(a) ORDER BY a"
    assert (
        run("sql", "--set", "default_null_order=nulls_first", "--format", "csv", "--null", "-", "-c", query).stdout == "a\n-\n1\n"
    )
    missing = run("sql", "--set", "integer_divison=true")
    assert missing.returncode == 2 and "integer_division" in missing.stderr
    assert run("sql", "--set", "threads").returncode == 2
    assert run("sql", "--set", "x" * 1000 + "=1").returncode == 2


def test_timer_goes_to_standard_error(run):
    result = run("sql", "--timer", "--format", "csv", "-c", "SELECT 1 AS a; SELECT 2 AS a")
    assert result.stdout == "a\n1\na\n2\n"
    assert re.fullmatch(r"(\d+\.\d{3} s\n){2}", result.stderr)


def test_memory_limit_is_exit_3(run):
    result = run("sql", "--memory-limit", "4MB", "-c", "CREATE TABLE t AS SELECT range AS a FROM range(10000000)")
    assert result.returncode == 3
    assert result.stderr.startswith("error: ")


@pytest.mark.timing
def test_timeout_is_exit_3(run):
    start = time.monotonic()
    result = run("sql", "--timeout", "0.3", "-c", LONG)
    assert result.returncode == 3
    assert "timeout" in result.stderr
    assert time.monotonic() - start < 5


@pytest.mark.timing
def test_the_timeout_is_for_the_statement_as_a_whole(bedplate):
    """Executing takes 0.2 s, printing into a slow pipe a little at a time for ever: no single call is over a second of work, the statement is."""
    query = "SELECT i, repeat('x', 100) AS s FROM range(100000000) r(i)"
    start = time.monotonic()
    for arguments in (["-c", query], ["-c", "SELECT 1; " + query]):
        with subprocess.Popen(
            [bedplate, "sql", "--format", "csv", "--timeout", "0.5", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            while process.stdout.read(10_000):
                time.sleep(0.001)
            assert process.wait(timeout=60) == 3, process.stderr.read()
            assert "timeout" in process.stderr.read()
    assert time.monotonic() - start < 20


@pytest.mark.timing
def test_every_statement_has_the_timeout_for_itself(run):
    statement = "SELECT count(*) AS n FROM range(20000000) r(i) WHERE i % 7 = 1;"
    start = time.monotonic()
    assert run("sql", "--format", "csv", "-c", statement).returncode == 0
    alone = time.monotonic() - start
    result = run("sql", "--format", "csv", "--timeout", str(5 * alone + 1), "-c", statement * 20)
    assert result.returncode == 0 and result.stdout.count("2857143") == 20, result.stderr


def test_usage_errors(run):
    for arguments in (
        ["--nosuch"],
        ["-c"],
        ["--format"],
        ["-c", "SELECT 1", "-f", "x.sql"],
        ["data.db"],
        ["--timer=1"],
        ["--no-header=1"],
        [""],
        ["-"],
        ["--"],
    ):
        result = run("sql", *arguments)
        assert result.returncode == 2, arguments
        assert result.stderr.startswith("error: "), arguments
        assert result.stdout == "", arguments
    assert "did you mean --format?" in run("sql", "--formt", "csv").stderr


def test_help_names_every_option(run):
    text = run("sql", "--help").stdout
    assert run("sql", "-c", "SELECT 1", "-h").stdout == text
    for option in re.findall(r'^OPTION\("(\S+?)"', (ROOT / "cli/options.def").read_text(), re.M):
        assert f"  {option}" in text


def test_commands(run):
    assert run().returncode == 2
    assert "sql" in run("--help").stdout
    assert re.fullmatch(r"bedplate \d+\.\d+\.\d+\n", run("--version").stdout)
    assert run("nosuch").returncode == 2
    assert "did you mean info?" in run("inf0").stderr
    for command in ("tokenize", "ml", "quantum"):
        assert run(command).returncode in (0, 1, 2)


def test_info(run):
    plain = run("info").stdout.splitlines()
    told = json.loads(run("info", "--json").stdout)
    assert plain[0].split() == ["version", told["version"]]
    assert {line.split()[0] for line in plain} == set(told)
    assert {"threads", "memory_limit", "temp_directory", "timeout"} <= set(told)
    strange = run("info", "--json", env={"TMPDIR": '/tmp/a"b\\c'})
    json.loads(strange.stdout)
    assert run("info", "--nosuch").returncode == 2


# --- input ---------------------------------------------------------------------------------------------------------------------


def test_a_file_and_standard_input(run, tmp_path):
    (tmp_path / "a.sql").write_text("CREATE TABLE t AS SELECT 1 AS a;\nSELECT a + 1 AS b FROM t;\n-- the end\n")
    assert run("sql", "-f", "a.sql", "--format", "csv").stdout == "b\n2\n"
    assert run("sql", "--format", "csv", stdin="SELECT 1 AS a").stdout == "a\n1\n"
    assert run("sql", "--format", "csv", "-f", "-", stdin="SELECT 1 AS a;").stdout == "a\n1\n"
    assert run("sql", stdin="").stdout == ""
    assert run("sql", stdin=" ;; -- nothing\n;").returncode == 0
    missing = run("sql", "-f", "nosuch.sql")
    assert (missing.returncode, missing.stderr) == (1, "error: nosuch.sql: No such file or directory\n")


def test_statement_by_statement(run):
    """Those before the error have run, those behind it have not."""
    result = run("sql", "--format", "csv", stdin="SELECT 1 AS a; SELEC 2; SELECT 3 AS a")
    assert (result.returncode, result.stdout) == (1, "a\n1\n")
    assert run("sql", "--format", "csv", "-c", "SELECT 1 AS a; SELEC 2; SELECT 3 AS a").stdout == "a\n1\n"


def test_a_statement_runs_before_the_next_is_written(bedplate):
    with subprocess.Popen([bedplate, "sql", "--format", "csv"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdin.write(b"SELECT 1 AS a;\n")
        process.stdin.flush()
        assert process.stdout.readline() + process.stdout.readline() == b"a\n1\n"
        process.stdin.write(b"SELECT 'x;' -- not here;\n AS b; SELECT 3")
        process.stdin.flush()
        assert process.stdout.readline() + process.stdout.readline() == b"b\nx;\n"
        process.stdin.close()
        assert process.stdout.read() == b"3\n3\n"


@pytest.mark.parametrize("pieces", [1, 2, 3, 7])
def test_where_the_input_is_cut_does_not_matter(bedplate, pieces):
    """Tokens that change their meaning when more comes: -- $$ E'' :: and characters of several bytes."""
    text = "SELECT 1--;\n AS a; SELECT $$;$$ AS b; SELECT E'\\';' AS c; SELECT 'é;'::VARCHAR AS d; /* ; /* ; */ */ SELECT 5 AS e".encode()
    expected = b"a\n1\nb\n;\nc\n';\nd\n\xc3\xa9;\ne\n5\n"
    with subprocess.Popen([bedplate, "sql", "--format", "csv"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        for at in range(0, len(text), pieces):
            process.stdin.write(text[at : at + pieces])
            process.stdin.flush()
            time.sleep(0.001)
        process.stdin.close()
        assert process.stdout.read() == expected


def test_errors_say_where(run, tmp_path):
    (tmp_path / "q.sql").write_text("SELECT 1;\n\nSELECT é,\n\tnosuch FROM range(3);\n")
    text = "SELECT 1 AS a;\nSELECT 'é',\n\tnosuch FROM range(3);\n"
    (tmp_path / "q.sql").write_text(text)
    for arguments, name, stdin in (
        (["-f", "q.sql"], "q.sql", ""),
        ([], "<stdin>", text),
        (["-c", text], "-c", ""),
    ):
        result = run("sql", *arguments, stdin=stdin)
        assert result.returncode == 1
        assert result.stderr.startswith(f"error: {name}:3:2: ")
        assert result.stderr.splitlines()[1:] == ["  \tnosuch FROM range(3);", "  \t^"]


def test_the_caret_stands_under_wide_characters(run):
    lines = run("sql", "-c", "SELECT '日本' AS x, nosuch").stderr.splitlines()
    assert lines[0].startswith("error: -c:1:19: ")
    assert lines[1:] == ["  SELECT '日本' AS x, nosuch", "  " + " " * 20 + "^"]  # two columns each


def test_of_a_long_line_the_place_is_shown(run):
    text = "SELECT " + ", ".join(f"'é{i}' AS n{i}" for i in range(100)) + ", nosuch, " + "1, " * 200 + "2"
    lines = run("sql", "-c", text).stderr.splitlines()
    assert re.fullmatch(r"  ….*, nosuch, 1, .*…", lines[1]) and len(lines[1]) < 200
    assert lines[1].index("nosuch") == lines[2].index("^")


def test_lines_are_counted_through_many_reads(run):
    text = "".join(f"-- line {i} {'x' * 100}\nCREATE OR REPLACE TABLE t AS SELECT {i} AS a;\n" for i in range(2000))
    result = run("sql", stdin=text + "SELECT nosuch FROM t;")
    assert result.stderr.startswith("error: <stdin>:4001:8: ")
    one_line = run("sql", stdin="SELECT 1;" * 20000 + "SELECT nosuch FROM range(1);", timeout=120)
    assert one_line.stderr.startswith(f"error: <stdin>:1:{20000 * 9 + 8}: ")


# --- output --------------------------------------------------------------------------------------------------------------------


def test_output_file(run, tmp_path):
    assert run("sql", "-c", "SELECT 1 AS a", "--format", "csv", "--output", "out.csv").stdout == ""
    assert (tmp_path / "out.csv").read_text() == "a\n1\n"
    assert os.listdir(tmp_path) == ["out.csv"]


def test_a_failed_query_leaves_the_old_file(run, tmp_path):
    (tmp_path / "out.csv").write_text("old")
    os.chmod(tmp_path / "out.csv", 0o640)
    assert run("sql", "-c", "SELECT 1 AS a; SELECT nosuch", "--output", "out.csv").returncode == 1
    assert (tmp_path / "out.csv").read_text() == "old"
    assert run("sql", "-c", "SELECT 2 AS a", "--format", "csv", "--output", "out.csv").returncode == 0
    assert (tmp_path / "out.csv").read_text() == "a\n2\n"
    assert stat.S_IMODE(os.stat(tmp_path / "out.csv").st_mode) == 0o640
    assert os.listdir(tmp_path) == ["out.csv"]


def test_output_through_a_link_and_into_a_pipe(run, tmp_path):
    (tmp_path / "real.csv").write_text("old")
    (tmp_path / "link.csv").symlink_to("real.csv")
    run("sql", "-c", "SELECT 1 AS a", "--format", "csv", "--output", "link.csv")
    assert (tmp_path / "link.csv").is_symlink() and (tmp_path / "real.csv").read_text() == "a\n1\n"
    assert run("sql", "-c", "SELECT 1 AS a", "--format", "csv", "--output", "/dev/stdout").stdout == "a\n1\n"


def test_output_that_cannot_be(run, tmp_path):
    for path in ("nosuch/out.csv", ".", "x" * 5000):
        result = run("sql", "-c", "SELECT 1", "--output", path)
        assert result.returncode == 1 and result.stderr.startswith(f"error: {path}: "), path


def test_no_half_file_is_left(bedplate, tmp_path):
    for number, code in ((signal.SIGTERM, -signal.SIGTERM), (signal.SIGHUP, -signal.SIGHUP), (signal.SIGINT, 130)):
        with subprocess.Popen([bedplate, "sql", "-c", LONG, "--output", tmp_path / "out"], stderr=subprocess.DEVNULL) as process:
            end = time.monotonic() + 20
            while not os.listdir(tmp_path) and time.monotonic() < end:
                time.sleep(0.02)
            assert os.listdir(tmp_path)
            process.send_signal(number)
            assert process.wait(timeout=30) == code
        assert os.listdir(tmp_path) == []


def test_a_full_device(bedplate, run):
    with open("/dev/full", "wb") as full:
        for query in ("SELECT 1", "SELECT * FROM range(1000000)"):
            result = subprocess.run(
                [bedplate, "sql", "--format", "csv", "-c", query], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60
            )
            assert (result.returncode, result.stderr) == (1, "error: standard output: No space left on device\n")
        result = subprocess.run([bedplate, "sql", "--help"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
        assert result.returncode == 1 and "No space left" in result.stderr
        assert subprocess.run([bedplate, "info"], stdout=full, stderr=subprocess.PIPE, timeout=60).returncode == 1
    result = run("sql", "-c", "SELECT 1", "--output", "/dev/full")
    assert (result.returncode, result.stderr) == (1, "error: /dev/full: No space left on device\n")


def test_a_closed_pipe_is_141_and_quiet(bedplate):
    for arguments in (["sql", "--format", "csv", "-c", "SELECT * FROM range(10000000)"], ["sql", "-c", "SELECT 1"]):
        with subprocess.Popen([bedplate, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            process.stdout.close()
            assert process.stderr.read() == b""
            assert process.wait(timeout=60) == 141


# --- interrupting --------------------------------------------------------------------------------------------------------------


@pytest.mark.timing
@pytest.mark.parametrize("query", [LONG, "SELECT * FROM range(1000000000) ORDER BY range % 1000, range"])
def test_ctrl_c_ends_a_query(bedplate, query):
    with subprocess.Popen(
        [bedplate, "sql", "--memory-limit", "2GB", "-c", query], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        time.sleep(0.5)
        start = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 130
        took = time.monotonic() - start
        assert process.stderr.read() == b"error: interrupted\n"
    assert took < 1, took  # 0.15 s is the promise, on a quiet machine


def test_ctrl_c_while_reading_and_between_statements(bedplate, tmp_path):
    with subprocess.Popen([bedplate, "sql"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdin.write(b"SELECT 1;\n")
        process.stdin.flush()
        assert process.stdout.readline()
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 130
    results = tmp_path / "results"
    with (
        results.open("wb") as out,
        subprocess.Popen([bedplate, "sql", "-c", "SELECT 1 AS a;" * 8000], stdout=out, stderr=subprocess.PIPE) as process,
    ):
        while process.poll() is None and results.stat().st_size == 0:
            time.sleep(0.001)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) in (130, 0)


@pytest.mark.timing
def test_ctrl_c_while_a_large_box_is_drawn(bedplate):
    query = "SELECT range AS a, range AS b FROM range(8000000)"
    with subprocess.Popen([bedplate, "sql", "-c", query], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.read(1)  # drawing has begun
        start = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.stdout.close()
        assert process.wait(timeout=30) in (130, 141)
        assert time.monotonic() - start < 1


def test_ctrl_c_while_the_reader_sleeps(bedplate):
    """The output is stuck in a full pipe."""
    with subprocess.Popen(
        [bedplate, "sql", "--format", "csv", "-c", "SELECT * FROM range(100000000)"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 130


def test_an_ignored_ctrl_c_stays_ignored(bedplate):
    with subprocess.Popen(
        [bedplate, "sql"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    ) as process:
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(b"SELECT 1", timeout=30)
        assert process.returncode == 0 and b"1" in out
