"""What the optimizer makes of a query, as EXPLAIN shows it."""

import json

ROWS = "SELECT i AS k, CASE WHEN i % 500 = 7 THEN 'rare' ELSE 'common' || i % 9 END AS name, i % 1000 AS g FROM range({}) r(i)"


def explain(run, *statements):
    result = run("sql", "--format", "jsonl", stdin=";\n".join(statements) + ";")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])["explain_value"]


def below(text, join):
    """The lines of the first JOIN that has `join` in it and of what is below it."""
    lines = text.splitlines()
    first = next(i for i, line in enumerate(lines) if join in line)
    indent = len(lines[first]) - len(lines[first].lstrip())
    rest = lines[first + 1 :]
    end = next((i for i, line in enumerate(rest) if len(line) - len(line.lstrip()) <= indent), len(rest))
    return lines[first : first + 1 + end]


def test_a_subquery_that_names_nothing_around_it_is_joined_once(run):
    text = explain(
        run,
        "CREATE TABLE a AS SELECT i AS k FROM range(10) r(i)",
        "CREATE TABLE b AS SELECT i AS k, i % 3 AS n FROM range(10) r(i)",
        "EXPLAIN SELECT * FROM a WHERE k IN (SELECT k FROM b WHERE n > (SELECT max(c.n) FROM b c WHERE c.k = b.k + 1))",
    )
    assert "SEMI" in text and "EXISTS" not in text
    assert text.count("SCAN") == 3


def test_filters_of_parquet_files_are_tried_on_a_sample(run, tmp_path):
    query = "EXPLAIN SELECT count(*) FROM 'large.parquet' a JOIN 'large.parquet' b ON a.g = b.g WHERE {}.name = 'rare'"
    for rare in "ab":
        text = explain(
            run,
            f"COPY ({ROWS.format(60000)}) TO 'large.parquet'",
            query.format(rare),
        )
        scans = [line for line in below(text, "JOIN") if "SCAN" in line]
        assert len(scans) == 2
        assert "rare" in scans[1] and "rare" not in scans[0]  # the few are built
    text = explain(run, query.replace("{}.name = 'rare'", "a.name LIKE 'com%' AND b.name = 'rare'"))
    assert "rare" in [line for line in text.splitlines() if "SCAN" in line][1]


def test_a_damaged_page_stops_the_query_and_not_its_plan(run, tmp_path):
    assert run("sql", "-c", f"COPY ({ROWS.format(60000)}) TO 'bad.parquet'").returncode == 0
    data = bytearray((tmp_path / "bad.parquet").read_bytes())
    data[4:2000] = bytes(1996)
    (tmp_path / "bad.parquet").write_bytes(data)
    query = "SELECT count(*) FROM 'bad.parquet' a JOIN 'bad.parquet' b ON a.k = b.k WHERE a.k > 7 AND b.name = 'rare'"
    assert run("sql", "-c", "EXPLAIN " + query).returncode == 0
    result = run("sql", "-c", query)
    assert result.returncode == 1 and "bad.parquet" in result.stderr


def test_outer_joins_whose_rows_without_a_partner_do_not_pass_are_inner(run):
    tables = [f"CREATE TABLE {name} AS SELECT i AS k, i % 3 AS {value} FROM range(10) t(i)" for name, value in ("lx", "ry")]
    for written, condition, made in [
        ("LEFT", "y > 1", "INNER"),
        ("LEFT", "y IS NULL", "LEFT"),
        ("LEFT", "x > 1", "LEFT"),
        ("RIGHT", "x * 2 > 2", "INNER"),
        ("FULL", "x > 1", "LEFT"),
        ("FULL", "y > 1 AND x > 1", "INNER"),
        ("FULL", "y > 1 OR x > 1", "FULL"),
    ]:
        text = explain(run, *tables, f"EXPLAIN SELECT * FROM l {written} JOIN r ON l.k = r.k WHERE {condition}")
        joins = [line.split()[1] for line in text.splitlines() if "JOIN" in line]
        assert joins == [made] or (made == "LEFT" and joins == ["RIGHT"]), (written, condition, text)


SALES = "CREATE TABLE sales AS SELECT i % 7 AS customer, 1998 + i % 5 AS year, i AS price FROM range(1000) r(i)"
TOTALS = "SELECT customer, year, sum(price) AS total FROM sales GROUP BY customer, year"


def test_what_every_branch_says_about_groups_is_asked_of_the_scan(run):
    text = explain(
        run, SALES, f"EXPLAIN SELECT * FROM ({TOTALS}) WHERE (year = 2000 AND total > 3) OR (year = 2001 AND customer = 2)"
    )
    scan = next(line for line in text.splitlines() if "SCAN" in line)
    assert scan.endswith("where ((year = 2000) OR ((year = 2001) AND (customer = 2)))")
    text = explain(run, SALES, f"EXPLAIN SELECT * FROM ({TOTALS}) WHERE (year = 2000 AND total > 3) OR total = 7")
    assert "where" not in next(line for line in text.splitlines() if "SCAN" in line)
    text = explain(
        run,
        SALES,
        f"EXPLAIN WITH t AS ({TOTALS}) SELECT * FROM t a JOIN t b ON a.customer = b.customer"
        " WHERE a.year = 2000 AND a.total > 3 AND b.year = 2001",
    )
    assert next(line for line in text.splitlines() if "SCAN" in line).endswith("where ((year = 2000) OR (year = 2001))")
