"""What one statement found out about a file serves the next, as long as the file is the same."""

import os

import bedplate as bp

QUERY = "SELECT count(*), min(a.k), max(a.name) FROM '{0}' a JOIN '{0}' b ON a.k = b.k WHERE a.name = 'rare' AND b.g < 30"


def write(connection, path, rows, modulus):
    connection.execute(
        f"COPY (SELECT i AS k, CASE WHEN i % {modulus} = 7 THEN 'rare' ELSE 'common' END AS name, i % 100 AS g FROM range({rows}) r(i)) TO '{path}'"
    )
    os.utime(path, (1_000_000_000, 1_000_000_000 + rows))  # long ago, so that it is remembered


def test_a_file_that_is_written_again_is_read_again(tmp_path):
    path = tmp_path / "data.parquet"
    connection = bp.connect()
    for rows, modulus in ((120_000, 1000), (60_000, 500), (120_000, 100)):
        write(connection, path, rows, modulus)
        expected = [i for i in range(7, rows, modulus) if i % 100 < 30]
        for _ in range(3):
            plan = connection.execute("EXPLAIN " + QUERY.format(path)).fetchall()
            assert connection.execute(QUERY.format(path)).fetchall() == [(len(expected), 7, "rare")]
            assert connection.execute("EXPLAIN " + QUERY.format(path)).fetchall() == plan
    os.remove(path)
    try:
        connection.execute(QUERY.format(path))
    except bp.Error as error:
        assert "data.parquet" in str(error)
    else:
        raise AssertionError("a file that is gone was read")


def test_what_is_known_of_many_files_obeys_the_limit(tmp_path):
    connection = bp.connect(config={"memory_limit": "32MB", "threads": 1})
    for number in range(40):
        path = tmp_path / f"{number}.parquet"
        connection.execute(f"COPY (SELECT i AS k, {number} AS n FROM range(1000) r(i)) TO '{path}' (ROW_GROUP_SIZE 10)")
        os.utime(path, (1_000_000_000, 1_000_000_000))
    for _ in range(2):
        for number in range(40):
            row = connection.execute(f"SELECT sum(k), min(n), max(n) FROM '{tmp_path}/{number}.parquet'").fetchone()
            assert row == (499500, number, number)
