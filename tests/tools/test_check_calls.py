"""tools/check_calls finds banned calls in source and in objects, and mutable globals, in trees made for it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools/check_calls"


def put(tmp_path, name, text):
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def look(tmp_path, *arguments):
    result = subprocess.run([sys.executable, TOOL, "--root", tmp_path, *arguments], capture_output=True, text=True)
    return result.returncode, result.stdout


@pytest.mark.parametrize(
    "name, text, message",
    [
        (
            "src/io/a.c",
            "void f(void) { p = malloc(3); }\n",
            "src/io/a.c:1: malloc() is banned here; use the functions of base/memory.h",
        ),
        ("src/io/a.c", "\nint f(char *t) { return atoi (t); }\n", "src/io/a.c:2: atoi()"),
        ("src/io/a.c", "/* it's */ void f(char *a) { strcpy(a, a); }\n", "strcpy()"),
        ("src/io/a.c", "void f(void) { exit(1); }\n", "exit()"),
        ("src/io/a.c", "void f(int n) { assert(n); }\n", "assert is banned"),
        ("src/io/a.c", "void f(int n) { void *p = alloca(n); }\n", "alloca is banned"),
        ("src/io/a.c", "/* TODO: later */\n", "unfinished work"),
        ("src/io/a.c", 'void f(double d) { snprintf(t, 9, "%.17g", d); }\n', "changes with the locale"),
        ("src/io/a.c", 'void f(void) { getenv("HOME"); }\n', "getenv()"),
        ("cli/a.c", "void f(char *t) { strtod(t, 0); }\n", "strtod()"),
        ("python/a.c", "void f(void *p) { free(p); }\n", "free()"),
    ],
)
def test_a_banned_call_is_found_in_the_source(tmp_path, name, text, message):
    put(tmp_path, name, text)
    code, output = look(tmp_path, "--source")
    assert code == 1 and message in output, output


@pytest.mark.parametrize(
    "name, text",
    [
        ("src/io/a.c", "/* malloc(1) */ // exit(1)\n"),
        ("src/io/a.c", "const char *f(void) { return \"malloc(1) \\\" exit(1)\"; }\nchar quote = '\"';\nchar next = '\\'';\n"),
        ("src/io/a.c", "void f(source *s) { s->read(s); s->ops.write(s); my_free(s); memory_free(s); }\n"),
        ("src/io/a.c", 'void f(int n) { error_set(err, "%d of %s (50% free)", n, t); }\n'),
        ("src/base/memory.c", "void f(void *p) { free(p); }\n"),
        ("cli/a.c", 'void f(void) { printf("%g", getenv("NO_COLOR") ? 1.0 : 0.0); }\n'),
    ],
)
def test_what_is_in_order_passes(tmp_path, name, text):
    put(tmp_path, name, text)
    assert look(tmp_path, "--source") == (0, "check_calls: 1 files, 0 problems\n")


def compile_object(tmp_path, name, text):
    source = put(tmp_path, name, text)
    target = tmp_path / "build" / "libbedplate_all.a.p" / (name.replace("/", "_") + ".o")
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["gcc", "-O1", "-fPIC", "-D_FORTIFY_SOURCE=2", "-c", source, "-o", target], check=True)


@pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc")
@pytest.mark.parametrize(
    "name, text, message",
    [
        (
            "src/io/a.c",
            "void *malloc(unsigned long);\n#define TAKE mal##loc\nvoid *f(void) { return malloc(3); }\n",
            "calls malloc()",
        ),
        ("src/io/a.c", '#include <stdio.h>\nvoid f(char *t, int n) { sprintf(t, "%d,%d", n, n); }\n', "sprintf_chk()"),
        ("src/io/a.c", '#include <stdio.h>\nint f(char *t, int *n) { return sscanf(t, "%d", n); }\n', "sscanf()"),
        ("src/io/a.c", "int counter;\n", "mutable global counter in .bss"),
        ("src/io/a.c", "int f(void) { static int calls = 3; return ++calls; }\n", "mutable global calls"),
        ("src/io/a.c", "_Thread_local int last = 1; int *f(void) { return &last; }\n", "mutable global last in .tdata"),
        ("src/base/threads.c", "int other;\n", "mutable global other"),
    ],
)
def test_a_violation_is_found_in_the_objects(tmp_path, name, text, message):
    compile_object(tmp_path, name, text)
    code, output = look(tmp_path, "--objects", tmp_path / "build")
    assert code == 1 and message in output, output


@pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc")
@pytest.mark.parametrize(
    "name, text",
    [
        ("src/io/a.c", 'extern int x; const int y = 3; int *const table[] = {&x, &x}; const char *const names[] = {"a"};\n'),
        ("src/base/cpu.c", "int level;\n"),
        ("src/base/memory.c", "#include <stdlib.h>\nvoid *f(void) { return malloc(3); }\n"),
    ],
)
def test_objects_in_order_pass(tmp_path, name, text):
    compile_object(tmp_path, name, text)
    assert look(tmp_path, "--objects", tmp_path / "build") == (0, "check_calls: 1 objects, 0 problems\n")


def test_an_empty_build_is_not_a_pass(tmp_path):
    (tmp_path / "build").mkdir()
    assert look(tmp_path, "--objects", tmp_path / "build")[0] == 1
