"""tools/check_layers finds what it is there to find, in trees made for it, and its table is the one in docs/ARCHITECTURE.md."""

import re
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools/check_layers"
sys.dont_write_bytecode = True
check_layers = module_from_spec(spec_from_loader("check_layers", SourceFileLoader("check_layers", str(TOOL))))
check_layers.__loader__.exec_module(check_layers)

GOOD = {
    "include/bedplate/core.h": "",
    "include/bedplate/arrow.h": "",
    "include/bedplate/sql.h": '#include "core.h"\n',
    "src/base/README.md": "",
    "src/base/error.h": '#include <stddef.h>\n#include "bedplate/core.h"\n',
    "src/base/file.c": '#include "error.h"\n#include <unistd.h>\n',
    "src/base/pool_internal.h": "",
    "src/column/README.md": "",
    "src/column/column.h": '#include "base/error.h"\n#include "bedplate/arrow.h"\n',
    "src/io/README.md": "",
    "src/io/source.h": '#include "column/column.h"\n',
    "src/plan/README.md": "",
    "src/plan/plan.h": '#include "io/source.h"\n',
    "src/api/README.md": "",
    "src/api/query.c": '#include "plan/plan.h"\n#include "bedplate/sql.h"\n',
    "cli/main.c": "#include <unistd.h>\n#include <bedplate/sql.h>\n",
    "tests/oom.h": '#include "base/error.h"\n',
    "tests/unit/base/test_pool.c": '#include "base/pool_internal.h"\n#include "oom.h"\n#include <cmocka.h>\n',
    "tests/unit/plan/test_plan.c": '#include "column/column.h"\n#include "plan/plan.h"\n',
    "fuzz/csv.c": '#include "io/source.h"\n',
}


def judge(tmp_path, **changes):
    for name, text in {**GOOD, **changes}.items():
        if text is not None:
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
    result = subprocess.run([sys.executable, TOOL, "--root", tmp_path], capture_output=True, text=True)
    return result.returncode, result.stdout


def test_a_tree_in_order_passes(tmp_path):
    code, output = judge(tmp_path)
    assert (code, output.splitlines()[-1][-11:]) == (0, " 0 problems"), output


@pytest.mark.parametrize(
    "name, text, message",
    [
        ("src/column/x.c", '#include "io/source.h"\n', "column may not include io"),
        ("src/io/x.c", '#include "plan/plan.h"\n', "io may not include plan"),
        ("src/plan/x.c", '#include "io/other.h"\n', "no such file"),
        ("src/column/x.c", '#include "base/pool_internal.h"\n', "is for the files of base alone"),
        ("src/column/x.c", '#include "bedplate/sql.h"\n', "only api may include bedplate/sql.h"),
        ("src/api/x.c", '#include "base/pool_internal.h"\n', "is for the files of base alone"),
        ("cli/x.c", '#include "base/error.h"\n', "cli may not include base"),
        ("examples/c/x.c", '#include "base/error.h"\n', "examples may not include base"),
        ("tests/unit/column/test_x.c", '#include "plan/plan.h"\n', "tests may not include plan"),
        ("include/bedplate/x.h", '#include "base/error.h"\n', "public headers include libc"),
        ("src/column/x.c", "#include <unistd.h>\n", "<unistd.h> belongs to: base"),
        ("src/column/x.c", "#include <zstd.h>\n", "<zstd.h> belongs to: io"),
        ("src/base/x.c", "#include <setjmp.h>\n", "<setjmp.h> belongs to: tests"),
        ("src/column/x.c", "#  include <immintrin.h>\n", "<immintrin.h> belongs to"),
        ("src/column/error.h", "", "the name stands already in"),
        ("src/column/x.h", '#include "x.h"\n', "headers in a circle"),
        ("src/strange/x.c", "", "no such module"),
        ("src/text/x.c", "", "README.md is missing"),
    ],
)
def test_a_violation_is_found(tmp_path, name, text, message):
    code, output = judge(tmp_path, **{name: text})
    assert code == 1 and message in output, output


def test_a_circle_over_two_headers_is_found(tmp_path):
    code, output = judge(tmp_path, **{"src/base/a.h": '#include "b.h"\n', "src/base/b.h": '#include "a.h"\n'})
    assert code == 1 and "src/base/a.h -> src/base/b.h -> src/base/a.h" in output, output


def test_simd_headers_are_welcome_in_x86(tmp_path):
    assert judge(tmp_path, **{"src/column/x86/sum_avx2.c": "#include <immintrin.h>\n"})[0] == 0


def document_rows():
    text = (ROOT / "docs/ARCHITECTURE.md").read_text()
    section = text[text.index("## Who may include whom") :]
    for levels, modules, allowed in re.findall(r"^\| (\d) \| ([\w, ]+) \| (.+) \|$", section, re.M):
        for module in modules.split(", "):
            yield int(levels), module, allowed


def test_the_table_is_the_one_in_the_document():
    known = set(check_layers.MAY_INCLUDE)
    seen = set()
    for _, module, allowed in document_rows():
        if module not in known or module == "api":
            continue
        seen.add(module)
        words = allowed.split("; never")[0]
        if module == "frame":
            words = words.split(";")[0]
        assert set(re.findall(r"\w+", words.replace("`io/source.h`", ""))) & known - {module} == set(
            check_layers.MAY_INCLUDE[module].split()
        ), module
        assert ("`io/source.h`" in words) == (module in check_layers.ALSO), module
    assert seen == known - {"api"}


def test_the_table_goes_down_only():
    below = {module: set(allowed.split()) for module, allowed in check_layers.MAY_INCLUDE.items()}
    while below:
        ground = {module for module, others in below.items() if not others}
        assert ground, f"modules in a circle: {sorted(below)}"
        below = {module: others - ground for module, others in below.items() if module not in ground}


def test_no_level_looks_up():
    level = {module: number for number, module, _ in document_rows()}
    for module, allowed in check_layers.MAY_INCLUDE.items():
        assert all(level[other] <= level[module] for other in allowed.split()), module
