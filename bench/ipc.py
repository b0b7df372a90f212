"""Arrow IPC: lineitem at scale 1 (6,001,215 rows) from pyarrow's file, plain and with lz4, read to columns, one column summed, rows picked by a filter, and written, beside
pyarrow and Polars. Each in a process of its own; two threads. `--small` takes a tenth of the rows."""

import os
import statistics
import sys

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.ipc
import rounds

FOLDER = rounds.DATA / "ipc"
THREADS = 2
ROUNDS = 5
SMALL = "--small" in sys.argv

START = {
    "Bedplate": f"import bedplate as bp\ncon = bp.connect(config={{'threads': {THREADS}}})",
    "pyarrow": f"import pyarrow as pa, pyarrow.ipc as ipc, pyarrow.compute as pc, pyarrow.dataset as ds, datetime\npa.set_cpu_count({THREADS})",
    "Polars": f"import os\nos.environ['POLARS_MAX_THREADS'] = '{THREADS}'\nimport polars as pl, datetime",
}
FILTER = "WHERE l_shipdate BETWEEN DATE '1995-03-01' AND DATE '1995-03-07'"
WORK = {
    "all columns in memory": {
        "Bedplate": "con.execute(f\"CREATE TABLE t AS FROM '{path}'\"); answer = con.execute('SELECT count(*) FROM t').fetchone()[0]",
        "pyarrow": "t = ipc.open_file(pa.OSFile(path)).read_all(); answer = t.num_rows",
        "Polars": "answer = pl.read_ipc(path).height",
    },
    "one column summed": {
        "Bedplate": "answer = con.execute(f\"SELECT sum(l_partkey) FROM '{path}'\").fetchone()[0]",
        "pyarrow": "t = ipc.open_file(pa.OSFile(path), options=ipc.IpcReadOptions(included_fields=[1])).read_all(); answer = pc.sum(t.column(0)).as_py()",
        "Polars": "answer = pl.scan_ipc(path).select(pl.col('l_partkey').sum()).collect(engine='streaming').item()",
    },
    "rows of one week, all columns": {
        "Bedplate": f"answer = con.execute(f\"FROM '{{path}}' {FILTER}\").arrow().num_rows",
        "pyarrow": "a, b = datetime.date(1995, 3, 1), datetime.date(1995, 3, 7)\nanswer = ds.dataset(path, format='ipc').to_table(filter=(ds.field('l_shipdate') >= a) & (ds.field('l_shipdate') <= b)).num_rows",
        "Polars": "answer = pl.scan_ipc(path).filter(pl.col('l_shipdate').is_between(datetime.date(1995, 3, 1), datetime.date(1995, 3, 7))).collect(engine='streaming').height",
    },
}
WRITING = {
    "written": {
        "Bedplate": "con.execute(f\"CREATE TABLE t AS FROM '{path}'\")\nbegin = time.perf_counter()\ncon.execute(f\"COPY t TO '{path}.out.arrow' (COMPRESSION '{codec}')\"); answer = 0",
        "pyarrow": "t = ipc.open_file(pa.OSFile(path)).read_all()\nbegin = time.perf_counter()\nimport pyarrow.feather\npyarrow.feather.write_feather(t, path + '.out.arrow', compression={'none': 'uncompressed'}.get(codec, codec)); answer = 0",
        "Polars": "t = pl.read_ipc(path)\nbegin = time.perf_counter()\nt.write_ipc(path + '.out.arrow', compression={'none': 'uncompressed'}.get(codec, codec)); answer = 0",
    },
}


def make(codec):
    path = FOLDER / f"lineitem{'-small' if SMALL else ''}-{codec}.arrow"
    if not path.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        source = rounds.DATA / "tpch1/lineitem.csv"
        table = duckdb.sql(f"FROM '{source}'" + (" LIMIT 600000" if SMALL else "")).arrow()
        table = table.read_all() if hasattr(table, "read_all") else table
        options = pyarrow.ipc.IpcWriteOptions(compression=None if codec == "none" else codec)
        with pyarrow.ipc.new_file(str(path), table.schema, options=options) as writer:
            writer.write_table(table.combine_chunks(), 65536)
    return path


def timed(start, work):
    return "\n".join(
        [
            "import sys, time\npath, codec = sys.argv[1:]",
            start,
            "begin = time.perf_counter()",
            work,
            "print(time.perf_counter() - begin)\nprint(answer)",
        ]
    )


def measure(title, contestants, path, codec):
    times, answers = {name: [] for name in contestants}, {}
    for _ in range(ROUNDS):
        for name, code in contestants.items():
            took, _, answers[name] = rounds.fresh(timed(START[name], code), path, codec)
            times[name].append(took)
    assert len(set(answers.values())) == 1, answers
    best = min(statistics.median(each) for name, each in times.items() if name != "Bedplate")
    return [title, *(rounds.spread(times[name]) for name in START), f"{best / statistics.median(times['Bedplate']):.2f}"]


def main():
    print(
        f"## Arrow IPC, {THREADS} threads, pyarrow {pa.__version__}, Polars {pl.__version__}; load average {os.getloadavg()[0]:.1f}\n"
    )
    print(f"milliseconds, median (least–most) of {ROUNDS}\n")
    for codec in ("none", "lz4", "zstd"):
        path = make(codec)
        rows = [measure(title, contestants, path, codec) for title, contestants in {**WORK, **WRITING}.items()]
        print(f"### {codec}, {path.stat().st_size / 1e6:.0f} MB\n")
        rounds.print_table(["work", *START, "best peer / ours"], rows)


if __name__ == "__main__":
    main()
