#!/usr/bin/env python3
"""Run the SQL tests: text files in the manner of sqllogictest, each record against one connection a file.

    statement ok            the statement works
    CREATE TABLE …

    statement error TEXT    it fails, and the message holds TEXT
    SELECT …

    query                   its rows as CSV without header: NULL is empty
    SELECT …
    ----
    1,a

Records are separated by blank lines; `#` begins a comment. `query sorted` compares the rows in sorted order. $DATA is a folder of flights data, $SOURCE the tree.
The library is taken through its C interface, with the settings that --set NAME=VALUE gives; `N passed, N failed` ends the output.
"""

import argparse
import ctypes
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WRITE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(ctypes.c_char), ctypes.c_size_t)


class Error(ctypes.Structure):
    _fields_ = [
        ("status", ctypes.c_int),
        ("position", ctypes.c_int64),
        ("line", ctypes.c_int64),
        ("column", ctypes.c_int64),
        ("message", ctypes.c_char * 1024),
    ]


class PrintOptions(ctypes.Structure):
    _fields_ = [
        ("format", ctypes.c_char_p),
        ("null_text", ctypes.c_char_p),
        ("most_rows", ctypes.c_size_t),
        ("width", ctypes.c_size_t),
        ("no_header", ctypes.c_int),
        ("dim_null", ctypes.c_int),
        ("show_count", ctypes.c_int),
    ]


class Failed(Exception):
    pass


class Connection:
    def __init__(self, library, settings):
        self.library = library
        self.error = Error()
        self.context = ctypes.c_void_p()
        self.check(library.bp_context_new(ctypes.byref(self.context), ctypes.byref(self.error)))
        for name, value in settings:
            self.check(library.bp_context_set(self.context, name.encode(), value.encode(), ctypes.byref(self.error)))
        self.connection = ctypes.c_void_p()
        self.check(library.bp_connection_new(ctypes.byref(self.connection), self.context, ctypes.byref(self.error)))

    def check(self, status):
        if status:
            raise Failed(self.error.message.decode())

    def run(self, sql):
        """The rows as CSV lines, without the header."""
        pieces = []
        take = WRITE(lambda _data, text, size: pieces.append(text[:size]) or 0)
        text = sql.encode()
        result = ctypes.c_void_p()
        options = PrintOptions(b"csv", None, 0, 0)
        library, error = self.library, ctypes.byref(self.error)
        self.check(library.bp_query(ctypes.byref(result), self.connection, text, ctypes.c_size_t(len(text)), error))
        try:
            self.check(library.bp_result_print(result, ctypes.byref(options), take, None, error))
        finally:
            library.bp_result_free(result)
        return b"".join(pieces).decode().split("\n")[1:-1]

    def close(self):
        self.library.bp_connection_free(self.connection)
        used = self.library.bp_context_memory_used(self.context)
        self.library.bp_context_free(self.context)
        return used


def records(path):
    """(line, kind, sql, expected rows) of each record."""
    lines = path.read_text().split("\n")
    at = 0
    while at < len(lines):
        if not lines[at].strip() or lines[at].startswith("#"):
            at += 1
            continue
        start, kind, sql, expected = at + 1, lines[at].strip(), [], []
        at += 1
        while at < len(lines) and lines[at].strip() and lines[at] != "----":
            sql.append(lines[at])
            at += 1
        if at < len(lines) and lines[at] == "----":
            at += 1
            while at < len(lines) and lines[at] != "":
                expected.append(lines[at])
                at += 1
        yield start, kind, "\n".join(sql), expected


def fault_of(connection, kind, sql, expected):
    """What is wrong with a record; None: nothing."""
    try:
        sql = sql.replace("$SOURCE", str(ROOT)).replace("$DATA", os.environ.get("BEDPLATE_DATA", str(ROOT / "build/data")))
        rows = connection.run(sql)
    except Failed as failure:
        message = str(failure)
        if kind.startswith("statement error") and kind[len("statement error") :].strip() in message:
            return None
        return f"failed: {message}"
    if kind.startswith("statement error"):
        return "worked, but an error was expected"
    if kind.startswith("statement"):
        return None
    expected = ["" if row == "(empty)" else row for row in expected]
    if kind.endswith("sorted"):
        rows, expected = sorted(rows), sorted(expected)
    return None if rows == expected else "\n      ".join(["got", *rows[:20], "expected", *expected[:20]])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--set", action="append", default=[], dest="settings", metavar="NAME=VALUE")
    arguments = parser.parse_args()
    library_path = Path(os.environ.get("BEDPLATE", ROOT / "build/plain/cli/bedplate")).parent.parent / "libbedplate.so"
    library = ctypes.CDLL(str(library_path))
    library.bp_context_memory_used.restype = ctypes.c_size_t
    settings = [setting.split("=", 1) for setting in arguments.settings]
    passed = failed = 0
    for path in [file.resolve() for file in arguments.files] or sorted((ROOT / "tests/sql").rglob("*.test")):
        connection = Connection(library, settings)
        for line, kind, sql, expected in records(path):
            fault = fault_of(connection, kind, sql, expected)
            passed, failed = passed + (fault is None), failed + (fault is not None)
            if fault:
                print(f"{path.relative_to(ROOT)}:{line}: {sql}\n    {fault}")
        connection.close()
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
