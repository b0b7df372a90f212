"""The manual page and the completions: written from the tables, whole, and understood by the shells they are for."""

import os
import re
import shutil
import subprocess

import pytest
from conftest import ROOT


def test_they_are_up_to_date():
    subprocess.run([ROOT / "tools/generate_cli", "--check"], check=True)


def test_every_option_of_help_stands_in_all_of_them(run):
    options = re.findall(r"^  (-\S+)", run("sql", "--help").stdout, re.M)
    assert len(options) > 10
    page = (ROOT / "docs/man/bedplate.1").read_text().replace("\\-", "-")
    for option in options:
        assert f"\\fB{option}\\fR" in page
        assert option in (ROOT / "completions/bedplate.bash").read_text()
        assert f"'{option}[" in (ROOT / "completions/_bedplate").read_text().replace("'*", "'")
        kind = "-l " if option.startswith("--") else "-s "
        assert kind + option.lstrip("-") in (ROOT / "completions/bedplate.fish").read_text()


def test_every_dot_command_stands_in_the_manual(shell):
    terminal = shell(rows=60, columns=150)
    terminal.send(".help\r").settle()
    commands = re.findall(r"^(\.\w+)", terminal.screen.text(), re.M)
    assert len(commands) > 10
    page = (ROOT / "docs/man/bedplate.1").read_text()
    assert [name for name in commands if f"\\fB{name}\\fR" not in page] == []


@pytest.mark.skipif(not shutil.which("groff"), reason="needs groff")
def test_the_manual_is_clean_roff():
    result = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", "-z", ROOT / "docs/man/bedplate.1"], capture_output=True, text=True, check=True
    )
    assert result.stderr == ""


def test_the_command_prints_them(run):
    for shell_name, file in (("bash", "bedplate.bash"), ("zsh", "_bedplate"), ("fish", "bedplate.fish")):
        assert run("completions", shell_name).stdout == (ROOT / "completions" / file).read_text()
    assert run("completions").returncode == run("completions", "tcsh").returncode == 2


def complete(bedplate, *words, folder=None):
    """What bash offers for these words, the last being the one under the cursor."""
    script = f"""
        source {ROOT}/completions/bedplate.bash
        COMP_WORDS=({" ".join(map(repr, [str(bedplate), *words]))})
        COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
        _bedplate
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    result = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True, cwd=folder)
    assert result.stderr == ""
    return result.stdout.split()


def test_bash(bedplate, tmp_path):
    (tmp_path / "query.sql").write_text("")
    (tmp_path / "folder").mkdir()
    assert complete(bedplate, "s") == ["sql"]
    assert "info" in complete(bedplate, "")
    assert complete(bedplate, "sql", "--tim") == ["--timer", "--timeout"]
    assert complete(bedplate, "sql", "--format", "j") == ["json", "jsonl"]
    assert complete(bedplate, "sql", "--color", "") == ["auto", "always", "never"]
    assert complete(bedplate, "sql", "-f", "q", folder=tmp_path) == ["query.sql"]
    assert complete(bedplate, "sql", "--temp-directory", "", folder=tmp_path) == ["folder"]
    assert complete(bedplate, "sql", "--set", "thr") == ["threads="]
    assert complete(bedplate, "sql", "--threads", "") == []
    assert complete(bedplate, "info", "-") == ["--json"]
    assert complete(bedplate, "completions", "") == ["bash", "zsh", "fish"]


@pytest.mark.skipif(not shutil.which("zsh"), reason="needs zsh")
def test_zsh_reads_its_file():
    subprocess.run(["zsh", "-n", ROOT / "completions/_bedplate"], check=True)


@pytest.mark.skipif(not shutil.which("fish"), reason="needs fish")
def test_fish(bedplate):
    script = f"source {ROOT}/completions/bedplate.fish; complete -C 'bedplate sql --format j'; complete -C 'bedplate sql --tim'"
    text = subprocess.run(
        ["fish", "--no-config", "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PATH": f"{bedplate.parent}:{os.environ['PATH']}"},
    ).stdout
    assert [line.split("\t")[0] for line in text.splitlines()] == ["json", "jsonl", "--timeout", "--timer"]
