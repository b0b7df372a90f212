"""Working beyond memory: the rows are those of the unlimited query, the process stays within its limit, and nothing is left in temp_directory."""

import hashlib
import json
import os
import re
import signal
import subprocess
import time

import pytest
from conftest import SANITIZED

MEGABYTE = 1 << 20
LIMIT = 32  # MB
ROWS = 2_500_000 if not SANITIZED else 100_000  # of about 130 bytes: ten times the limit
TABLE = f"""(SELECT i, hash(i) % 50000 AS k, (hash(i * 3) % 1000000) / 7 AS x, 'text of a row ' || repeat(chr(97 + (i % 26)::INT), 60) || i AS s
             FROM range({ROWS}) r(i))"""

QUERIES = {
    "sort": f"SELECT i, s FROM {TABLE} ORDER BY k, s DESC",
    "sort_ties": f"SELECT i, x FROM {TABLE} ORDER BY i % 10",
    "window": f"SELECT i, sum(x) OVER (PARTITION BY k ORDER BY x, i), row_number() OVER (PARTITION BY k ORDER BY s), s FROM {TABLE}",
    "offset": f"SELECT i, s FROM {TABLE} LIMIT {ROWS - 20} OFFSET 10",
    "join": f"SELECT a.i, a.s, length(b.s) FROM {TABLE} a JOIN {TABLE} b ON a.i = b.i",
    "full_join": f"SELECT a.i, s FROM {TABLE} a FULL JOIN (SELECT 5 AS i) b USING (i)",
}


def digest(bedplate, query, *arguments):
    """Of the rows, and the most memory that the process had, in MB."""
    with subprocess.Popen(
        [bedplate, "sql", "--format", "csv", "--threads", "2", *arguments, "-c", query], stdout=subprocess.PIPE
    ) as process:
        told = hashlib.sha256()
        while piece := process.stdout.read(MEGABYTE):
            told.update(piece)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return told.hexdigest(), usage.ru_maxrss // 1024


@pytest.mark.parametrize("name", QUERIES)
def test_within_the_limit(bedplate, tmp_path, name):
    query = QUERIES[name]
    folder = tmp_path / "spill"
    folder.mkdir()
    idle = digest(bedplate, "SELECT 1")[1]
    rows, peak = digest(bedplate, query, "--memory-limit", f"{LIMIT}MB", "--temp-directory", folder)
    assert list(folder.iterdir()) == []
    if not SANITIZED:
        assert peak <= idle + LIMIT + 64, (peak, idle)
    assert rows == digest(bedplate, query, "--set", "spill=never")[0]


def test_killed_and_interrupted(bedplate, tmp_path):
    folder = tmp_path / "spill"
    folder.mkdir()
    for which in (signal.SIGKILL, signal.SIGINT):
        command = [bedplate, "sql", "--memory-limit", f"{LIMIT}MB", "--temp-directory", folder, "-c", QUERIES["sort"]]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            time.sleep(1)
            process.send_signal(which)
            assert process.wait(timeout=60) in (-which, 130, 0)
        assert list(folder.iterdir()) == []


def test_the_folder_has_a_limit(run, tmp_path):
    result = run(
        "sql",
        "--memory-limit",
        f"{LIMIT}MB",
        "--set",
        "max_temp_directory_size=1MB",
        "--set",
        "spill=always",
        "-c",
        QUERIES["sort"],
    )
    assert result.returncode == 3 and "max_temp_directory_size" in result.stderr
    assert run("sql", "-c", "SELECT 1").returncode == 0


def test_a_folder_that_is_not_there(run, tmp_path):
    result = run(
        "sql", "--set", "spill=always", "--temp-directory", tmp_path / "a/b", "-c", "SELECT i FROM range(10) r(i) ORDER BY i"
    )
    assert result.returncode == 1 and "temp_directory" in result.stderr


JOIN = "SELECT count(*), max(a.s) FROM (SELECT i, i || ' left' AS s FROM range(5000) r(i)) a JOIN range(5000) b(i) USING (i) ORDER BY 1"


def test_explain_tells_what_was_spilled(run):
    text = run("sql", "--set", "spill=always", "--format", "tsv", "-c", f"EXPLAIN ANALYZE {JOIN}").stdout
    assert re.search(r"JOIN .*; spilled \d+ bytes in 4 parts\)", text), text
    told = json.loads(
        run("sql", "--set", "spill=always", "--format", "line", "-c", f"EXPLAIN (ANALYZE, FORMAT json) {JOIN}").stdout.split(
            "explain_value =", 1
        )[1]
    )
    nodes, joins = [*told], []
    while nodes:
        node = nodes.pop()
        nodes += node["children"]
        joins += [node] if node["name"] == "JOIN" else []
    assert [(node["spilled_parts"], node["spilled_bytes"] > 10_000) for node in joins] == [(4, True)]
    assert "spilled" not in run("sql", "--format", "tsv", "-c", f"EXPLAIN ANALYZE {JOIN}").stdout


def test_a_join_whose_folder_is_full(run):
    result = run("sql", "--set", "max_temp_directory_size=10KB", "--set", "spill=always", "-c", JOIN)
    assert result.returncode == 3 and "max_temp_directory_size" in result.stderr
    assert run("sql", "--set", "spill=always", "-c", JOIN).returncode == 0
