"""Input that nobody means well: the command answers with an error and an exit code, never with a signal or a hang."""

import os
import random
import subprocess

import pytest


def fails_well(result):
    assert result.returncode in (1, 2, 3), (result.returncode, result.stderr[-500:])
    assert result.stderr.startswith("error: ")


def test_nul_bytes(run):
    fails_well(run("sql", stdin=b"SELECT 1;\0SELECT 2;"))
    fails_well(run("sql", stdin=b"\0" * 100000))
    fails_well(run("sql", stdin=b"SELECT 'a\0b"))


def test_invalid_utf8(run):
    for text in (b"SELECT '\xff'", b"SELECT \xc3", b"\xed\xa0\x80", b"SELECT \xf4\x90\x80\x80;"):
        result = run("sql", stdin=text, binary=True)
        assert result.returncode == 1
        assert b"UTF-8" in result.stderr


def test_control_characters_do_not_reach_the_terminal(run):
    result = run("sql", stdin=b"SELECT '\x1b[2J', nosuch")
    fails_well(result)
    assert "\x1b" not in result.stderr
    box = run("sql", "-c", "SELECT chr(27) || '[2J' AS a, chr(155) AS b, chr(10) AS c")
    assert box.returncode == 0 and "\x1b" not in box.stdout and "\x9b" not in box.stdout
    assert "\\x1b[2J" in box.stdout


def test_a_line_of_a_megabyte(run):
    values = ", ".join(str(i) for i in range(120000))  # about 0.8 MB, under the limit of 1 MB
    assert run("sql", "--format", "csv", stdin=f"SELECT count(*) AS n FROM (SELECT unnest([{values[:500]}0]))").returncode in (0, 1)
    fails_well(run("sql", stdin="SELECT '" + "x" * 2000000 + "'"))
    fails_well(run("sql", stdin="SELECT " + "x" * 3000000))
    fails_well(run("sql", stdin="/*" * 1500000))
    long = run("sql", "--format", "csv", "--no-header", stdin="SELECT length('" + "x" * 900000 + "')")
    assert long.stdout == "900000\n"
    error = run("sql", stdin="SELECT '" + "x" * 900000 + "', nosuch")
    fails_well(error)
    assert len(error.stderr) < 1000  # such a line is not shown


def test_deep_nesting(run):
    fails_well(run("sql", stdin="SELECT " + "(" * 100000))
    fails_well(run("sql", stdin="SELECT " + "(" * 50000 + "1" + ")" * 50000))


def test_folders_and_devices_as_input(run, bedplate, tmp_path):
    (tmp_path / "folder.sql").mkdir()
    for path in ("folder.sql", "/", "nosuch/x.sql", "x" * 5000):
        result = run("sql", "-f", path)
        assert result.returncode == 1 and result.stderr.startswith(f"error: {path}: "), path
    assert run("sql", "-f", "/dev/null").returncode == 0
    folder = os.open(tmp_path, os.O_RDONLY)
    result = subprocess.run([bedplate, "sql"], stdin=folder, capture_output=True, timeout=60)
    os.close(folder)
    assert result.returncode == 1 and b"Is a directory" in result.stderr


def test_closed_standard_files(bedplate):
    for closing in ("<&-", ">&-", "2>&-", "<&- >&- 2>&-"):
        for arguments in ('-c "SELECT 1"', "", '-c "SELECT nosuch"'):
            command = f"exec {bedplate} sql {arguments} {closing}"
            result = subprocess.run(["sh", "-c", command], stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
            assert result.returncode in (0, 1), (command, result.returncode, result.stderr)


def test_file_names_with_strange_bytes(bedplate, tmp_path):
    name = os.fsencode(tmp_path) + b"/\xff\n'.sql"
    with open(name, "wb") as file:
        file.write(b"SELECT nosuch")
    result = subprocess.run([bedplate, "sql", "-f", name], capture_output=True, timeout=60)
    assert result.returncode == 1 and result.stderr.startswith(b"error: ")


@pytest.mark.parametrize("seed", range(20))
def test_noise(run, seed):
    """Bytes and words at random."""
    random_source = random.Random(seed)
    words = [
        b"SELECT",
        b"FROM",
        b"'",
        b'"',
        b"$$",
        b"/*",
        b"*/",
        b"--",
        b"\n",
        b";",
        b"(",
        b")",
        b"1e9",
        b"::",
        b"E'",
        b"x'",
        b"\\",
    ]
    text = b" ".join(
        random_source.choice(words) if random_source.random() < 0.9 else random_source.randbytes(3) for _ in range(2000)
    )
    result = run("sql", stdin=text, binary=True)
    assert result.returncode in (0, 1)


def test_many_options(run):
    assert run("sql", *["--set", "threads=2"] * 5000, "-c", "SELECT 1").returncode == 0
    fails_well(run("sql", "--" + "x" * 100000))
    fails_well(run("x" * 100000))
