"""Ten ordinary queries over nycflights13 (336,776 flights): from the CSV files, and from tables in memory.

Each contestant runs the whole query, reading included, and gives its rows to Python; the answers are compared first.
"""

import math
import os

import bedplate as bp
import duckdb
import polars as pl
import rounds

F, A, P = (f"{rounds.DATA}/{name}.csv" for name in ("flights", "airlines", "planes"))

# {f}, {a}, {p}: flights, airlines, planes
QUERIES = {
    "count": "SELECT count(*) FROM {f}",
    "filter and count": "SELECT count(*) FROM {f} WHERE dep_delay > 60 AND origin = 'JFK'",
    "mean delay by carrier": "SELECT carrier, count(*) AS n, avg(arr_delay) AS delay FROM {f} GROUP BY carrier ORDER BY carrier",
    "busiest routes": "SELECT origin, dest, count(*) AS n FROM {f} GROUP BY origin, dest ORDER BY n DESC, origin, dest LIMIT 10",
    "distance by month": "SELECT month, sum(distance) AS d, max(air_time) AS t FROM {f} WHERE air_time IS NOT NULL GROUP BY month ORDER BY month",
    "join airlines": "SELECT a.name, count(*) AS n FROM {f} f JOIN {a} a ON f.carrier = a.carrier GROUP BY a.name ORDER BY n DESC, a.name",
    "join planes": "SELECT p.manufacturer, count(*) AS n, avg(f.distance) AS d FROM {f} f JOIN {p} p ON f.tailnum = p.tailnum GROUP BY p.manufacturer ORDER BY n DESC, p.manufacturer LIMIT 10",
    "top delays": "SELECT carrier, flight, dep_delay FROM {f} WHERE dep_delay IS NOT NULL ORDER BY dep_delay DESC, carrier, flight LIMIT 20",
    "distinct tail numbers": "SELECT carrier, count(DISTINCT tailnum) AS n FROM {f} GROUP BY carrier ORDER BY carrier",
    "hour by origin": "SELECT origin, hour, count(*) AS n, avg(dep_delay) AS d FROM {f} WHERE dest IN ('LAX', 'SFO', 'ORD') GROUP BY origin, hour ORDER BY origin, hour",
}


def polars_queries(f, a, p):
    """The same in Polars' words, for lazy frames f, a, p."""
    c = pl.col
    return {
        "count": f.select(pl.len()),
        "filter and count": f.filter((c("dep_delay") > 60) & (c("origin") == "JFK")).select(pl.len()),
        "mean delay by carrier": f.group_by("carrier").agg(pl.len(), c("arr_delay").mean()).sort("carrier"),
        "busiest routes": f.group_by("origin", "dest")
        .agg(n=pl.len())
        .sort("n", "origin", "dest", descending=[True, False, False])
        .head(10),
        "distance by month": f.filter(c("air_time").is_not_null())
        .group_by("month")
        .agg(c("distance").sum(), c("air_time").max())
        .sort("month"),
        "join airlines": f.join(a, on="carrier").group_by("name").agg(n=pl.len()).sort("n", "name", descending=[True, False]),
        "join planes": f.join(p, on="tailnum")
        .group_by("manufacturer")
        .agg(pl.len().alias("n"), c("distance").mean())
        .sort("n", "manufacturer", descending=[True, False])
        .head(10),
        "top delays": f.filter(c("dep_delay").is_not_null())
        .select("carrier", "flight", "dep_delay")
        .sort("dep_delay", "carrier", "flight", descending=[True, False, False])
        .head(20),
        "distinct tail numbers": f.group_by("carrier").agg(c("tailnum").drop_nulls().n_unique()).sort("carrier"),
        "hour by origin": f.filter(c("dest").is_in(["LAX", "SFO", "ORD"]))
        .group_by("origin", "hour")
        .agg(pl.len(), c("dep_delay").mean())
        .sort("origin", "hour"),
    }


def same(left, right):
    return len(left) == len(right) and all(
        all(
            math.isclose(x, y, rel_tol=1e-9) if isinstance(x, float) and isinstance(y, float) else x == y
            for x, y in zip(a, b, strict=True)
        )
        for a, b in zip(left, right, strict=True)
    )


def measure(title, ours, duck, frames, names, count):
    lazy = polars_queries(*frames)
    work = {}
    for name, text in QUERIES.items():
        ours_text, duck_text = (text.format(**each) for each in names)
        contestants = {
            "Bedplate": lambda q=ours_text: ours.execute(q).fetchall(),
            "DuckDB": lambda q=duck_text: duck.execute(q).fetchall(),
            "Polars": lambda q=lazy[name]: q.collect().rows(),
        }
        answers = [run() for run in contestants.values()]
        assert same(answers[0], answers[1]) and same(answers[0], answers[2]), (name, [each[:3] for each in answers])
        work[name] = contestants
    ratios = rounds.compare(title, "query", work, count)
    print(f"geometric mean of best peer / ours: {math.prod(ratios) ** (1 / len(ratios)):.2f}\n")


def main():
    threads = os.cpu_count()
    print(f"## nycflights13, {threads} threads, DuckDB {duckdb.__version__}, Polars {pl.__version__}\n")
    ours, duck = bp.connect(config={"threads": threads}), duckdb.connect(config={"threads": threads})
    files = {"f": f"read_csv('{F}', nullstr='NA')", "a": f"'{A}'", "p": f"read_csv('{P}', nullstr='NA')"}
    frames = [pl.scan_csv(path, null_values="NA", infer_schema_length=100000) for path in (F, A, P)]
    measure("from CSV files", ours, duck, frames, (files, files), 7)
    for connection in (ours, duck):
        for name, source in files.items():
            connection.execute(f"CREATE TABLE {name}_ AS FROM {source}")
    tables = {"f": "f_", "a": "a_", "p": "p_"}
    measure("from tables in memory", ours, duck, [frame.collect().lazy() for frame in frames], (tables, tables), 15)


if __name__ == "__main__":
    main()
