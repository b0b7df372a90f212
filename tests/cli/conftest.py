"""Fixtures of the command's tests: `run` starts it without a terminal, `shell` behind one."""

import os
import signal
import subprocess
from pathlib import Path

import pytest
from terminal import Terminal

# A runner in the background may ignore Ctrl-C, and so would all commands started here.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

ROOT = Path(__file__).resolve().parents[2]
BEDPLATE = Path(os.environ.get("BEDPLATE", ROOT / "build/plain/cli/bedplate"))
SANITIZED = "asan" in BEDPLATE.parts


@pytest.fixture(scope="session")
def bedplate():
    assert BEDPLATE.exists(), f"{BEDPLATE} is not built"
    return BEDPLATE


@pytest.fixture
def run(bedplate, tmp_path):
    """run(argument …, stdin=bytes or text) -> CompletedProcess with text; in an empty folder."""

    def run_command(*arguments, stdin=b"", timeout=60, binary=False, **more):
        data = stdin.encode() if isinstance(stdin, str) else stdin
        environment = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR",)}
        environment.update(more.pop("env", {}))
        result = subprocess.run(
            [bedplate, *map(str, arguments)],
            input=data,
            capture_output=True,
            timeout=timeout,
            cwd=tmp_path,
            env=environment,
            **more,
        )
        if not binary:
            result.stdout = result.stdout.decode()
            result.stderr = result.stderr.decode()
        return result

    return run_command


@pytest.fixture
def shell(bedplate, tmp_path, monkeypatch):
    """shell(argument …, rows=, columns=, environment=) -> Terminal at the first prompt."""
    monkeypatch.chdir(tmp_path)
    opened = []

    def open_shell(*arguments, prompt="bedplate>", **options):
        terminal = Terminal([bedplate, "sql", *arguments], **options)
        opened.append(terminal)
        return terminal.wait_for(prompt) if prompt else terminal

    yield open_shell
    for terminal in opened:
        terminal.close()
