#!/usr/bin/env python3
"""Run the examples of docs/sql: each block of ```sql is run, and the block of ```text behind it is its result.

The blocks of a page share one connection, in a folder of their own that ends with the page. A block without a result must work. What fails shows its message behind `error: `.
With --write the results are put in as they come. `N passed, N failed` ends the output.
"""

import argparse
import ctypes
import os
import re
import sys
import tempfile
from pathlib import Path

import run_sql

BLOCK = re.compile(r"```sql\n(?P<sql>.*?)```\n(?P<shown>```text\n.*?```\n)?", re.S)


def split(block):
    """The statements of a block: they end with a semicolon at the end of a line."""
    return [part for part in re.split(r";[ ]*\n", block.strip() + "\n") if part.strip()]


def shown(connection, sql):
    """The result as the command shows it, in a box."""
    library, error, result, pieces = connection.library, ctypes.byref(connection.error), ctypes.c_void_p(), []
    text, options = sql.encode(), run_sql.PrintOptions(b"box", None, 40, 120)
    take = run_sql.WRITE(lambda _data, piece, size: pieces.append(piece[:size]) or 0)
    if library.bp_query(ctypes.byref(result), connection.connection, text, ctypes.c_size_t(len(text)), error):
        return f"error: {connection.error.message.decode()}\n"
    try:
        if library.bp_result_get_kind(result):
            return ""
        if library.bp_result_print(result, ctypes.byref(options), take, None, error):
            return f"error: {connection.error.message.decode()}\n"
    finally:
        library.bp_result_free(result)
    return b"".join(pieces).decode()


def run_page(page, library, settings, write):
    """The faults of a page, and how many examples it has."""
    text, faults, count, connection = page.read_text(), [], 0, run_sql.Connection(library, settings)

    def check(found):
        nonlocal count
        count += 1
        got = "".join(shown(connection, sql) for sql in split(found["sql"]))
        told = (found["shown"] or "")[len("```text\n") : -len("```\n")]
        if write:
            return f"```sql\n{found['sql']}```\n" + (f"```text\n{got}```\n" if got else "")
        if got != told:
            line = text[: found.start()].count("\n") + 1
            faults.append(f"{page.name}:{line}: {found['sql']}    got\n{got}    shown\n{told}")
        return found[0]

    here = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            written = BLOCK.sub(check, text)
        finally:
            os.chdir(here)
            connection.close()
    if write:
        page.write_text(written)
    return faults, count


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="*", type=Path)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--set", action="append", default=[], dest="settings", metavar="NAME=VALUE")
    arguments = parser.parse_args()
    command = Path(os.environ.get("BEDPLATE", run_sql.ROOT / "build/plain/cli/bedplate"))
    library = ctypes.CDLL(str(command.parent.parent / "libbedplate.so"))
    settings = [setting.split("=", 1) for setting in arguments.settings]
    passed = failed = 0
    for page in arguments.pages or sorted((run_sql.ROOT / "docs/sql").glob("*.md")):
        faults, count = run_page(page.resolve(), library, settings, arguments.write)
        passed, failed = passed + count - len(faults), failed + len(faults)
        print("".join(faults), end="")
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
