"""LIKE and regular expressions over two million texts like web addresses and a million comments: tables in memory, and texts that repeat (Parquet's codes)."""

import os
import sys

import bedplate as bp
import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import rounds

ROWS = 2_000_000
FOLDER = rounds.DATA / "strings"
WORDS = "carefully final deposits sleep quickly special requests furious packages among ironic accounts bold theodolites".split()


def make_files():
    """urls.parquet: nearly all different; repeated.parquet: 20,000 of them."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    paths = FOLDER / "urls.parquet", FOLDER / "repeated.parquet"
    if not all(path.exists() for path in paths):
        random = np.random.default_rng(7)
        hosts = [f"{'www.' if i % 2 else ''}{WORDS[i % len(WORDS)]}{i}.{('com', 'org', 'net', 'ru')[i % 4]}" for i in range(3_000)]
        host = np.array(hosts)[np.minimum(random.zipf(1.3, ROWS), 3_000) - 1]
        word = np.array(WORDS)[random.integers(0, len(WORDS), (3, ROWS))]
        number = random.integers(0, 1_000_000, ROWS).astype(str)
        add = np.strings.add
        url = add(add(add(add("http://", host), "/"), add(add(word[0], "/"), word[1])), add("?id=", number))
        comment = add(add(add(add(word[2], " "), word[1]), " "), add(add(word[0], " the "), word[2]))
        table = pa.table(
            {"url": pa.array(url.astype(object), pa.string()), "comment": pa.array(comment.astype(object), pa.string())}
        )
        pq.write_table(table, paths[0], use_dictionary=False, row_group_size=200_000)
        pick = table.slice(0, 20_000).take(pa.array(random.integers(0, 20_000, ROWS)))
        pq.write_table(pick, paths[1], row_group_size=200_000)
    return paths


# {t}: the table; {c}: its column
QUERIES = {
    "LIKE '%x%'": "SELECT count(*) FROM {t} WHERE url LIKE '%theodolites%'",
    "LIKE '%x%y%'": "SELECT count(*) FROM {t} WHERE comment LIKE '%special%requests%'",
    "LIKE 'x%'": "SELECT count(*) FROM {t} WHERE url LIKE 'http://www.final%'",
    "LIKE '%x'": "SELECT count(*) FROM {t} WHERE url LIKE '%=77'",
    "LIKE with _": "SELECT count(*) FROM {t} WHERE url LIKE '%final__.com%'",
    "ILIKE '%x%'": "SELECT count(*) FROM {t} WHERE url ILIKE '%Theodolites%'",
    "regexp_matches literal": "SELECT count(*) FROM {t} WHERE regexp_matches(url, 'ironic/bold')",
    "regexp_matches alternatives": "SELECT count(*) FROM {t} WHERE regexp_matches(url, 'ironic|furious|bold')",
    "regexp_matches class": "SELECT count(*) FROM {t} WHERE regexp_matches(url, '[a-z]+[0-9]+\\.(org|net)/s')",
    "regexp_matches anchored": "SELECT count(*) FROM {t} WHERE regexp_matches(url, '^https?://(www\\.)?final[0-9]+\\.')",
    "regexp_extract": "SELECT count(DISTINCT regexp_extract(url, '[?&]id=([0-9]+)', 1)) FROM {t}",
    "regexp_replace, grouped": "SELECT regexp_replace(url, '^https?://(?:www\\.)?([^/]+)/.*$', '\\1') AS k, count(*) AS c FROM {t} "
    "GROUP BY k ORDER BY c DESC, k LIMIT 5",
    "replace()": "SELECT sum(length(replace(comment, 'special', 'x'))) FROM {t}",
    "lower, length": "SELECT sum(length(lower(url))) FROM {t}",
}


def polars_queries(frame):
    url, comment = pl.col("url"), pl.col("comment")

    def count(condition):
        return frame.filter(condition).select(pl.len())

    return {
        "LIKE '%x%'": count(url.str.contains("theodolites", literal=True)),
        "LIKE '%x%y%'": count(comment.str.contains("special.*requests")),
        "LIKE 'x%'": count(url.str.starts_with("http://www.final")),
        "LIKE '%x'": count(url.str.ends_with("=77")),
        "LIKE with _": count(url.str.contains(r"final..\.com")),
        "ILIKE '%x%'": count(url.str.contains("(?i)theodolites")),
        "regexp_matches literal": count(url.str.contains("ironic/bold")),
        "regexp_matches alternatives": count(url.str.contains("ironic|furious|bold")),
        "regexp_matches class": count(url.str.contains(r"[a-z]+[0-9]+\.(org|net)/s")),
        "regexp_matches anchored": count(url.str.contains(r"^https?://(www\.)?final[0-9]+\.")),
        "regexp_extract": frame.select(url.str.extract(r"[?&]id=([0-9]+)", 1).n_unique()),
        "regexp_replace, grouped": frame.group_by(k=url.str.replace(r"^https?://(?:www\.)?([^/]+)/.*$", "${1}"))
        .agg(c=pl.len())
        .sort("c", "k", descending=[True, False])
        .head(5),
        "replace()": frame.select(comment.str.replace_all("special", "x", literal=True).str.len_chars().sum()),
        "lower, length": frame.select(url.str.to_lowercase().str.len_chars().sum()),
    }


def contestants(where, path):
    """{query: {name: work}} over the file, or over tables in memory made of it."""
    ours, duck = bp.connect(), duckdb.connect()
    for connection in (ours, duck):
        connection.execute("SET threads = 2")
        if where == "memory":
            connection.execute(f"CREATE TABLE t AS SELECT * FROM '{path}'")
    table = "t" if where == "memory" else f"'{path}'"
    frames = polars_queries(pl.read_parquet(path).lazy() if where == "memory" else pl.scan_parquet(path))
    work = {}
    for name, text in QUERIES.items():
        query = text.format(t=table)
        answers = [ours.execute(query).fetchall(), duck.execute(query).fetchall(), frames[name].collect().rows()]
        assert answers[0] == answers[1] == answers[2], (name, answers)
        work[name] = {
            "Bedplate": lambda q=query: ours.execute(q).fetchall(),
            "DuckDB": lambda q=query: duck.execute(q).fetchall(),
            "Polars": lambda f=frames[name]: f.collect().rows(),
        }
    return work


def main(count):
    urls, repeated = make_files()
    for title, where, path in (
        ("two million texts in memory", "memory", urls),
        ("20,000 texts a hundred times each, from Parquet", "file", repeated),
    ):
        rounds.compare(title, "query", contestants(where, path), count)


if __name__ == "__main__":
    os.environ.setdefault("POLARS_MAX_THREADS", "2")
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
