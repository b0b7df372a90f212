"""TPC-H lineitem, scale 1, as CSV (0.77 GB): to columns with inference, count and one sum, and writing; each in a process of its own.

A process's first gigabyte of memory may cost more than the work (a virtual machine has to get it from its host), so `to columns` is also timed when it
has been done once before in the process, for all alike.

Throughput is bytes of the file over wall seconds; memory is the process's peak resident size above that of the idle process (everything
imported, nothing read).
"""

import os
import statistics
import subprocess
import sys

import duckdb
import polars as pl
import rounds

FILE = rounds.DATA / "tpch1/lineitem.csv"
THREADS = 2
ROUNDS = 5

START = {
    "Bedplate": f"import bedplate as bp\ncon = bp.connect(config={{'threads': {THREADS}}})",
    "DuckDB": f"import duckdb\ncon = duckdb.connect(config={{'threads': {THREADS}}})",
    "Polars": f"import os\nos.environ['POLARS_MAX_THREADS'] = '{THREADS}'\nimport polars as pl",
}
TO_TABLE = "con.execute('CREATE TABLE t AS FROM ' + repr(path)); answer = con.execute('SELECT count(*) FROM t').fetchone()[0]"
TO_FRAME = "answer = pl.read_csv(path, try_parse_dates=True).height"
AGAIN = f"{TO_TABLE}\ncon.execute('DROP TABLE t')\nbegin = time.perf_counter()\n"
SUM = "'SELECT count(*), sum(l_quantity) FROM ' + repr(path)"
WORK = {
    "to columns, with inference": {"Bedplate": TO_TABLE, "DuckDB": TO_TABLE, "Polars": TO_FRAME},
    "the same once more in a process": {
        "Bedplate": AGAIN + TO_TABLE,
        "DuckDB": AGAIN + TO_TABLE,
        "Polars": f"{TO_FRAME}\nbegin = time.perf_counter()\n{TO_FRAME}",
    },
    "count and one sum": {
        "Bedplate": f"answer = round(float(con.execute({SUM}).fetchone()[1]))",
        "DuckDB": f"answer = round(float(con.execute({SUM}).fetchone()[1]))",
        "Polars": "answer = round(pl.scan_csv(path).select(pl.len(), pl.col('l_quantity').sum()).collect(engine='streaming').row(0)[1])",
    },
    "rows counted": {
        "Bedplate": "answer = con.execute('SELECT count(*) FROM ' + repr(path)).fetchone()[0]",
        "DuckDB": "answer = con.execute('SELECT count(*) FROM ' + repr(path)).fetchone()[0]",
        "Polars": "answer = pl.scan_csv(path).select(pl.len()).collect(engine='streaming').item()",
    },
    "read, filtered, written again": {
        name: "answer = 0; con.execute(\"COPY (SELECT * FROM '\" + path + \"' WHERE l_shipdate < DATE '1995-01-01') TO '/dev/null' (FORMAT csv)\")"
        for name in ("Bedplate", "DuckDB")
    },
}


def timed(start, work):
    """The program for rounds.fresh(): its seconds, then its answer."""
    return "\n".join(
        [
            "import sys, time\npath = sys.argv[1]",
            start,
            "begin = time.perf_counter()",
            work,
            "print(time.perf_counter() - begin)\nprint(answer)",
        ]
    )


def idle(name):
    return statistics.median(rounds.fresh(timed(START[name], "answer = 0"), FILE)[1] for _ in range(3))


def main():
    subprocess.run([sys.executable, rounds.DATA.parent.parent / "tools/make_data", "lineitem"], check=True)
    size = FILE.stat().st_size
    subprocess.run(["cat", FILE], stdout=subprocess.DEVNULL, check=True)  # into the page cache, not into this process
    print(f"## lineitem.csv, {size / 1e9:.3f} GB, {THREADS} threads, DuckDB {duckdb.__version__}, Polars {pl.__version__}\n")
    print(
        f"GB/s, median (least–most) of {ROUNDS}; peak resident MB above the idle process; load average {os.getloadavg()[0]:.1f}\n"
    )
    base = {name: idle(name) for name in START}
    rows = []
    for title, contestants in WORK.items():
        speeds, memory, answers = {n: [] for n in contestants}, {n: 0 for n in contestants}, {}
        for _ in range(ROUNDS):
            for name, code in contestants.items():
                took, peak, answers[name] = rounds.fresh(timed(START[name], code), FILE)
                speeds[name].append(size / 1e9 / took)
                memory[name] = max(memory[name], peak - base[name])
        assert len(set(answers.values())) == 1, answers
        medians = {name: statistics.median(each) for name, each in speeds.items()}
        best = max(value for name, value in medians.items() if name != "Bedplate")
        cells = [
            f"{medians[n]:.2f} ({min(speeds[n]):.2f}–{max(speeds[n]):.2f}), {memory[n]:.0f} MB" if n in contestants else ""
            for n in START
        ]
        rows.append([title, *cells, f"{medians['Bedplate'] / best:.2f}"])
    rounds.print_table(["work", *START, "ours / best peer"], rows)


if __name__ == "__main__":
    main()
