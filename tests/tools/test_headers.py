"""Public headers are clean C99 and C++17, each by itself, include libc only, and know their version."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEADERS = sorted(path.name for path in (ROOT / "include/bedplate").glob("*.h"))
CLANG = next((name for name in ("clang-19", "clang-22", "clang") if shutil.which(name)), None)
STRICT = ["-Wall", "-Wextra", "-Wconversion", "-Werror", "-pedantic-errors", "-fsyntax-only", "-I", ROOT / "include"]


def compile_header(tmp_path, name, *command):
    source = tmp_path / "user.c"
    source.write_text(f"#include <bedplate/{name}>\n#include <bedplate/{name}>\nint user;\n")
    result = subprocess.run([*command, *STRICT, source], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("name", HEADERS)
def test_clean_in_c99(tmp_path, name):
    compile_header(tmp_path, name, "gcc", "-std=c99")


@pytest.mark.skipif(not CLANG, reason="needs clang")
@pytest.mark.parametrize("name", HEADERS)
def test_clean_in_cpp17(tmp_path, name):
    compile_header(tmp_path, name, CLANG, "-x", "c++", "-std=c++17")


def test_every_header_is_installed_and_in_bedplate_h():
    build = (ROOT / "meson.build").read_text()
    whole = (ROOT / "include/bedplate/bedplate.h").read_text()
    assert [name for name in HEADERS if f"'include/bedplate/{name}'" not in build] == []
    assert [name for name in HEADERS if name != "bedplate.h" and f'#include "{name}"' not in whole] == []


def test_the_version_is_one():
    build = re.search(r"version: '([\d.]+)'", (ROOT / "meson.build").read_text()).group(1)
    header = re.findall(r"#define BP_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", (ROOT / "include/bedplate/core.h").read_text())
    assert build == ".".join(header)
