"""What small work costs: statements from Python, import, the command's start."""

import os
import statistics
import subprocess
import sys
import time

import bedplate as bp
import duckdb
import polars as pl
import rounds

HUNDRED = "SELECT i AS id, i % 7 AS grp, i * 1.5 AS v FROM range(100) r(i)"
GROUPED = "SELECT grp, sum(v) AS s, count(*) AS n FROM t WHERE id > 10 GROUP BY grp ORDER BY s DESC"


def each(work, times, count):
    """Seconds a call, of `times` calls, `count` times over."""
    out = []
    for _ in range(count):
        begin = time.perf_counter()
        for _ in range(times):
            work()
        out.append((time.perf_counter() - begin) / times)
    return out


def micros(times):
    scaled = [t * 1e6 for t in times]
    return f"{statistics.median(scaled):.1f} ({min(scaled):.1f}–{max(scaled):.1f})"


def statements():
    ours, duck = bp.connect(), duckdb.connect()
    frame = pl.DataFrame({"id": range(100), "grp": [i % 7 for i in range(100)], "v": [i * 1.5 for i in range(100)]})
    for connection in (ours, duck):
        connection.execute("CREATE TABLE t (id INTEGER, grp INTEGER, v DOUBLE)")
        connection.executemany("INSERT INTO t VALUES (?, ?, ?)", frame.rows())
    lazy = frame.lazy().filter(pl.col("id") > 10).group_by("grp").agg(s=pl.col("v").sum(), n=pl.len()).sort("s", descending=True)
    assert ours.execute(GROUPED).fetchall() == duck.execute(GROUPED).fetchall() == lazy.collect().rows()
    rows = []
    for title, contestants in {
        "SELECT 1": [lambda: ours.execute("SELECT 1").fetchall(), lambda: duck.execute("SELECT 1").fetchall(), None],
        "SELECT ? + 1": [
            lambda: ours.execute("SELECT ? + 1", [5]).fetchall(),
            lambda: duck.execute("SELECT ? + 1", [5]).fetchall(),
            None,
        ],
        "filter, group, sort over 100 rows": [
            lambda: ours.execute(GROUPED).fetchall(),
            lambda: duck.execute(GROUPED).fetchall(),
            lambda: lazy.collect().rows(),
        ],
    }.items():
        rows.append([title, *(micros(each(work, 500, 7)) if work else "" for work in contestants)])
    print("### statements from Python, microseconds\n")
    rounds.print_table(["statement", "Bedplate", "DuckDB", "Polars"], rows)


def process(*command):
    begin = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


def starts():
    python = [sys.executable, "-c"]
    commands = {
        "python, nothing imported": [*python, "pass"],
        "import bedplate": [*python, "import bedplate"],
        "import duckdb": [*python, "import duckdb"],
        "import polars": [*python, "import polars"],
        "bedplate sql -c 'SELECT 1'": [rounds.COMMAND, "sql", "-c", "SELECT 1"],
    }
    times = {name: [] for name in commands}
    for _ in range(21):
        for name, command in commands.items():
            times[name].append(process(*command))
    print("### processes, milliseconds\n")
    bare = statistics.median(times["python, nothing imported"])
    rounds.print_table(
        ["process", "whole", "above the bare interpreter"],
        [
            [n, rounds.spread(t[1:]), f"{(statistics.median(t[1:]) - bare) * 1e3:.1f}" if "import" in n else ""]
            for n, t in times.items()
        ],
    )


if __name__ == "__main__":
    print(f"## small work, DuckDB {duckdb.__version__}, Polars {pl.__version__}, load average {os.getloadavg()[0]:.1f}\n")
    statements()
    starts()
