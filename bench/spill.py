"""Sort, group-by, join and window over data of ten times the memory limit: times as multiples of those in memory, and DuckDB's beside.

    bench/spill.py [LIMIT_MB … [NAME …]]

Each run is a process of its own (wall time, peak memory); what takes long is run less often, and each is told as it ends. The answers are digests of all rows, the same with and without
the limit; DuckDB's is not compared, since its hash() is another.
"""

import sys

import rounds

LIMITS = [256, 64]
TIMES = 10
ROW_BYTES = 100  # about, as our columns
COUNT = 3
ENOUGH_SECONDS = 15  # no further run of what has taken so long

TABLE = """(SELECT i, (i * 2654435761) % {keys} AS k, (i * 40503) % 1000003 AS v, 'row number ' || i || ' of the table, ' || (i * 7919) % 1000003 AS s
            FROM range({rows}) r(i))"""

QUERIES = {
    "sort": "SELECT count(*), sum(length(s) * (i % 7)) FROM (SELECT * FROM {table} ORDER BY k, s DESC LIMIT {most})",
    "window": "SELECT count(*), sum(n * (i % 7)), sum(t % 1009) FROM (SELECT i, s, row_number() OVER (PARTITION BY k ORDER BY v, i) AS n, "
    "sum(v) OVER (PARTITION BY k ORDER BY i) AS t FROM {table})",
    "group": "SELECT count(*), sum(n * (k % 7)), max(m) FROM (SELECT k, s, count(*) AS n, max(v) AS m FROM {table} GROUP BY k, s)",
    "join": "SELECT count(*), sum(a.v * (b.i % 7)), max(b.s) FROM {table} a JOIN {table} b ON a.i = b.i",
}

OURS = """
import sys, time, bedplate as bp
con = bp.connect(config={"threads": 2, "memory_limit": sys.argv[2]})
begin = time.perf_counter()
answer = con.execute(sys.argv[1]).fetchall()
took = time.perf_counter() - begin
print(took)
print(answer)
"""

DUCKDB = """
import sys, time, duckdb
con = duckdb.connect(config={"threads": 2, "memory_limit": sys.argv[2]})
con.execute("SET enable_progress_bar = false")
begin = time.perf_counter()
answer = con.execute(sys.argv[1]).fetchall()
took = time.perf_counter() - begin
print(took)
print(answer)
"""


def least(label, code, query, limit):
    """(seconds, peak MB, answer) of the fastest of a few processes; None: it failed."""
    runs = []
    try:
        while len(runs) < COUNT and sum(run[0] for run in runs) < ENOUGH_SECONDS:
            runs.append(rounds.fresh(code, query, limit))
    except rounds.subprocess.CalledProcessError as error:
        print(f"{label} fails: {error.stderr.strip().splitlines()[-1][:200]}", file=sys.stderr)
        return None
    best = min(runs)
    print(f"{label} under {limit}: {best[0]:.2f} s, {best[1]:.0f} MB, of {len(runs)}", file=sys.stderr, flush=True)
    return best


def cell(measured, base):
    if not measured:
        return "fails"
    return (
        f"{measured[0]:.2f} s ({measured[0] / base[0]:.1f}x), {measured[1]:.0f} MB"
        if base
        else f"{measured[0]:.2f} s, {measured[1]:.0f} MB"
    )


def measure(limit, names):
    rows = limit * 1_000_000 * TIMES // ROW_BYTES
    print(f"### Ten times the limit: {rows:,} rows under {limit} MB, 2 threads, least of up to {COUNT}\n")
    table = []
    for name in names:
        made = TABLE.format(rows=rows, keys=max(rows // 50, 1))
        query = QUERIES[name].format(table=made, most=rows - 1)
        bounds = ["16GB", f"{limit}MB"]
        ours, limited = (least(f"{name}, Bedplate", OURS, query, bound) for bound in bounds)
        duck, duck_limited = (least(f"{name}, DuckDB", DUCKDB, query, bound) for bound in bounds)
        if ours and limited:
            assert ours[2] == limited[2], name
        table.append([name, cell(ours, None), cell(limited, ours), cell(duck, None), cell(duck_limited, duck)])
    rounds.print_table(["query", "in memory", f"{limit} MB", "DuckDB in memory", f"DuckDB {limit} MB"], table)


def main(arguments):
    limits = [int(argument) for argument in arguments if argument.isdigit()]
    names = [argument for argument in arguments if not argument.isdigit()]
    for limit in limits or LIMITS:
        measure(limit, names or list(QUERIES))


if __name__ == "__main__":
    main(sys.argv[1:])
