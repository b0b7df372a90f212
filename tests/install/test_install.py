"""What a C programmer gets: `meson install` of the plain build, then programs built with pkg-config alone. Run by ./dev test after the build."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "examples/c").glob("*.c"))
PRINTED = {
    "query_csv": "Osaka: 2691000\nKyoto: 1463723\n",
    "arrow_table": "id,weight,share\n1,2.5,0.125\n2,10.0,0.5\n4,7.0,0.35\n",
}
VERSION = re.search(r"version: '([\d.]+)'", (ROOT / "meson.build").read_text()).group(1)
HELLO = """
#include <bedplate/bedplate.h>
#include <stdio.h>
int main(void) { return printf("%s %s\\n", bp_version(), bp_status_name(BP_OUT_OF_RANGE)) < 0; }
"""


@pytest.fixture(scope="session")
def place(tmp_path_factory):
    place = tmp_path_factory.mktemp("install")
    meson = ROOT / ".venv/bin/meson"
    subprocess.run([meson, "install", "--no-rebuild", "--quiet", "-C", ROOT / "build/plain", "--destdir", place], check=True)
    return place


def run_program(place, source, *arguments, standard="c99"):
    """Build `source` against the installed library and run it; its standard output."""
    (pc,) = place.rglob("bedplate.pc")
    environment = {**os.environ, "PKG_CONFIG_PATH": str(pc.parent), "PKG_CONFIG_SYSROOT_DIR": str(place)}
    flags = subprocess.run(
        ["pkg-config", "--cflags", "--libs", "bedplate"], check=True, capture_output=True, text=True, env=environment
    ).stdout.split()
    program = place / source.stem
    subprocess.run(["gcc", f"-std={standard}", "-Wall", "-Wextra", "-Werror", source, "-o", program, *flags], check=True)
    library = next(place.rglob("libbedplate.so")).parent
    result = subprocess.run(
        [program, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=place,
        env={**os.environ, "LD_LIBRARY_PATH": str(library)},
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_a_program_is_built_by_pkg_config(place):
    source = place / "hello.c"
    source.write_text(HELLO)
    assert run_program(place, source) == f"{VERSION} out of range\n"


@pytest.mark.parametrize("standard", ["c99", "gnu17"])
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_prints_what_it_should(place, example, standard):
    assert run_program(place, example, standard=standard) == PRINTED[example.stem]


def test_the_manual_and_the_completions_are_there(place):
    found = {str(path.relative_to(place)).split("share/", 1)[-1] for path in place.rglob("*") if path.is_file()}
    assert {
        "man/man1/bedplate.1",
        "bash-completion/completions/bedplate",
        "zsh/site-functions/_bedplate",
        "fish/vendor_completions.d/bedplate.fish",
    } <= found


def test_the_shared_library_needs_no_python(place):
    (library,) = [path for path in place.rglob("libbedplate.so*") if not path.is_symlink()]
    text = subprocess.run(["readelf", "-dW", library], check=True, capture_output=True, text=True).stdout
    assert (
        "SONAME" in text and "libbedplate.so.0" in text and "python" not in text and "RPATH" not in text and "RUNPATH" not in text
    )
