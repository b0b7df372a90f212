"""The history file: where it is, what is in it, who may read it, and what happens when shells run side by side."""

import os
import stat

import pytest


@pytest.fixture
def history(tmp_path):
    return tmp_path / "history"


def session(shell, history, *lines, environment=None):
    terminal = shell(environment={"BEDPLATE_HISTORY": str(history), **(environment or {})})
    for line in lines:
        terminal.send(line + "\r").settle()
    terminal.send("\x04")
    assert terminal.wait() == 0


def test_entries_are_kept_for_their_owner_alone(shell, history):
    session(shell, history, "SELECT 1;", ".mode csv")
    assert history.read_text() == "SELECT 1;\n.mode csv\n"
    assert stat.S_IMODE(history.stat().st_mode) == 0o600
    session(shell, history, "SELECT 2;")
    assert history.read_text() == "SELECT 1;\n.mode csv\nSELECT 2;\n"
    assert os.listdir(history.parent) == ["history"]


def test_entries_of_many_lines_and_backslashes(shell, history):
    session(shell, history, "SELECT 'a\\b',\r 2;")
    assert history.read_text() == "SELECT 'a\\\\b',\\n 2;\n"
    terminal = shell(environment={"BEDPLATE_HISTORY": str(history)})
    terminal.send("\x10").settle()
    assert terminal.screen.text().endswith("bedplate> SELECT 'a\\b',\n     ...>  2;")


def test_duplicates_are_dropped(shell, history):
    session(shell, history, "SELECT 1;", "SELECT 2;", "SELECT 1;", "SELECT 1;", "", "   ")
    assert history.read_text() == "SELECT 2;\nSELECT 1;\n"


def test_the_limit(shell, history):
    history.write_text("".join(f"SELECT {i};\n" for i in range(6000)))
    session(shell, history, "SELECT 'new';")
    lines = history.read_text().splitlines()
    assert len(lines) == 5000 and lines[0] == "SELECT 1001;" and lines[-1] == "SELECT 'new';"


def test_shells_side_by_side(shell, history):
    first = shell(environment={"BEDPLATE_HISTORY": str(history)})
    second = shell(environment={"BEDPLATE_HISTORY": str(history)})
    first.send("SELECT 1;\r").settle()
    second.send("SELECT 2;\r").settle()
    first.send("SELECT 3;\r").settle()
    assert sorted(history.read_text().splitlines()) == ["SELECT 1;", "SELECT 2;", "SELECT 3;"]


def test_a_killed_shell_has_saved(shell, history):
    terminal = shell(environment={"BEDPLATE_HISTORY": str(history)})
    terminal.send("SELECT 1;\r").settle()
    terminal.signal(9)
    assert terminal.wait() == -9
    assert history.read_text() == "SELECT 1;\n"


def test_where_it_is(shell, tmp_path):
    home, state = tmp_path / "home", tmp_path / "state"
    home.mkdir()
    state.mkdir()

    def one(environment):
        terminal = shell(environment=environment)
        terminal.send("SELECT 1;\r\x04")
        assert terminal.wait() == 0

    one({"HOME": str(home), "BEDPLATE_HISTORY": None})
    assert (home / ".bedplate_history").read_text() == "SELECT 1;\n"
    one({"HOME": str(home), "XDG_STATE_HOME": str(state), "BEDPLATE_HISTORY": None})
    assert (state / "bedplate/history").read_text() == "SELECT 1;\n"
    (home / ".bedplate_history").unlink()
    one({"HOME": str(home), "BEDPLATE_HISTORY": ""})
    assert not (home / ".bedplate_history").exists()


def test_a_file_that_cannot_be_written_or_read(shell, tmp_path):
    for place in (tmp_path, tmp_path / "nosuch/x", "/dev/null", "/dev/full", "/proc/1/mem"):
        session(shell, place, "SELECT 1;")


def test_garbage_in_the_file(shell, history):
    history.write_bytes(b"\x00\xff\x1b[2J\n\\\n\\n\n" + b"x" * 200000 + b"\nSELECT 'fine';\n\n\n")
    terminal = shell(environment={"BEDPLATE_HISTORY": str(history)})
    terminal.send("\x10").settle()
    assert terminal.screen.text().endswith("bedplate> SELECT 'fine';")
    terminal.send("\x1b<").settle()  # the control characters are left out
    assert "bedplate>" in terminal.screen.text()
    assert "[2J" in terminal.screen.text()


def test_a_symbolic_link_stays_one(shell, history):
    target = history.parent / "dotfiles"
    target.write_text("SELECT 0;\n")
    history.symlink_to(target)
    session(shell, history, "SELECT 1;")
    assert history.is_symlink() and target.read_text() == "SELECT 0;\nSELECT 1;\n"
