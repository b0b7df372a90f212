"""TPC-H lineitem, scale 1, written as Parquet (snappy, zstd) and as CSV: from a table in memory, each writer with two threads. Wall time, processor time, size.

On a machine that others use, processor seconds tell more than wall seconds: all contestants run in turn, and the least of the rounds is shown.
"""

import os
import resource
import statistics
import subprocess
import sys
import time

os.environ["POLARS_MAX_THREADS"] = "2"

import bedplate  # noqa: E402
import duckdb  # noqa: E402
import polars as pl  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyarrow.csv  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
import rounds  # noqa: E402

FILE = rounds.DATA / "tpch1_parquet/lineitem.parquet"
OUT = rounds.DATA / "written"
THREADS = 2
ROUNDS = 5
ZSTD_LEVEL = 3


def processor_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def contestants(codec):
    """{name: work} for Parquet in a codec; the levels of zstd are the same."""
    level = {"compression_level": ZSTD_LEVEL} if codec == "zstd" else {}
    sql = f"COPY lineitem TO '{OUT}' (FORMAT parquet, COMPRESSION {codec})"
    return {
        "Bedplate": lambda: ours.execute(sql),
        "DuckDB": lambda: duck.execute(sql),
        "Polars": lambda: frame.write_parquet(OUT, compression=codec, **level),
        "pyarrow": lambda: pq.write_table(table, OUT, compression=codec, **level),
    }


def csv_contestants():
    sql = f"COPY lineitem TO '{OUT}' (FORMAT csv)"
    return {
        "Bedplate": lambda: ours.execute(sql),
        "DuckDB": lambda: duck.execute(sql),
        "Polars": lambda: frame.write_csv(OUT),
        "pyarrow": lambda: pyarrow.csv.write_csv(table, OUT),
    }


def measure(name, work):
    wall, processor, sizes = ({each: [] for each in work} for _ in range(3))
    for number in range(ROUNDS + 1):
        for each, run in work.items():
            begin, before = time.perf_counter(), processor_seconds()
            run()
            if number:
                wall[each].append(time.perf_counter() - begin)
                processor[each].append(processor_seconds() - before)
                sizes[each].append(OUT.stat().st_size)
    for each in work:
        yield [
            name,
            each,
            f"{statistics.median(wall[each]):.2f} ({min(wall[each]):.2f})",
            f"{min(processor[each]):.2f}",
            f"{sizes[each][-1] / 1e6:.1f}",
        ]


if __name__ == "__main__":
    subprocess.run([sys.executable, rounds.DATA.parent.parent / "tools/make_data", "tpch"], check=True)
    pa.set_cpu_count(THREADS)
    ours, duck = bedplate.connect(config={"threads": THREADS}), duckdb.connect(config={"threads": THREADS})
    for connection in (ours, duck):
        connection.execute(f"CREATE TABLE lineitem AS FROM '{FILE}'")
    frame, table = pl.read_parquet(FILE), pq.read_table(FILE)
    print(f"lineitem written, {THREADS} threads, {ROUNDS} rounds; load average {os.getloadavg()[0]:.1f}\n")
    rows = [row for codec in ("snappy", "zstd") for row in measure(codec, contestants(codec))] + list(
        measure("CSV", csv_contestants())
    )
    rounds.print_table(["format", "writer", "seconds, median (least)", "least processor seconds", "MB"], rows)
    OUT.unlink()
