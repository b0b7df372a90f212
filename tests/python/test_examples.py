"""Every Python example runs by itself."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).resolve().parents[2] / "examples/python").glob("*.py"))


@pytest.mark.parametrize("source", EXAMPLES, ids=lambda path: path.stem)
def test_example(source, tmp_path):
    run = subprocess.run([sys.executable, source], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0 and run.stdout, run.stderr
