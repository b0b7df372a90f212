"""Bedplate and DuckDB side by side: one statement to both, one answer from each.

An answer is an `Answer` (column names, SQL types, rows of text with None for NULL) or a `Refusal` (the message). Values are compared as text, the form both
engines give in CSV; floats as numbers.
"""

import csv
import ctypes
import io
import math
import os
import re
import struct
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))

import run_sql  # noqa: E402

NULL = "\x01NULL\x01"


@dataclass
class Answer:
    names: list
    types: list
    rows: list


@dataclass
class Refusal:
    message: str
    status: int = 0  # ours


def library():
    path = Path(os.environ.get("BEDPLATE_LIBRARY", ROOT / "build/plain/libbedplate.so"))
    loaded = ctypes.CDLL(str(path))
    loaded.bp_context_memory_used.restype = ctypes.c_size_t
    loaded.bp_result_column_count.restype = ctypes.c_size_t
    loaded.bp_result_column_name.restype = ctypes.c_char_p
    loaded.bp_result_column_type.restype = ctypes.c_char_p
    loaded.bp_result_rows_changed.restype = ctypes.c_int64
    return loaded


class Bedplate:
    """One connection of ours, through the C interface."""

    def __init__(self, settings=()):
        self.connection = run_sql.Connection(library(), settings)

    def run(self, sql):
        connection, text = self.connection, sql.encode()
        loaded, error, result = connection.library, ctypes.byref(connection.error), ctypes.c_void_p()
        options = run_sql.PrintOptions(b"csv", NULL.encode(), 0, 0)
        pieces = []
        take = run_sql.WRITE(lambda _data, piece, size: pieces.append(piece[:size]) or 0)
        if loaded.bp_query(ctypes.byref(result), connection.connection, text, ctypes.c_size_t(len(text)), error):
            return Refusal(connection.error.message.decode(errors="replace"), connection.error.status)
        try:
            if loaded.bp_result_get_kind(result) != 0:
                return Answer([], [], [])
            count = loaded.bp_result_column_count(result)
            names = [loaded.bp_result_column_name(result, ctypes.c_size_t(i)).decode() for i in range(count)]
            types = [loaded.bp_result_column_type(result, ctypes.c_size_t(i)).decode() for i in range(count)]
            if loaded.bp_result_print(result, ctypes.byref(options), take, None, error):
                return Refusal(connection.error.message.decode(errors="replace"), connection.error.status)
        finally:
            loaded.bp_result_free(result)
        lines = list(csv.reader(io.StringIO(b"".join(pieces).decode(errors="surrogateescape"), newline="")))
        rows = [[None if value == NULL else value for value in line or [""]] for line in lines[1:]]
        return Answer(names, types, rows)

    def close(self):
        self.connection.close()


class DuckDB:
    """One connection of the peer; `seconds`: how long a query may take."""

    def __init__(self, seconds=None):
        import duckdb

        self.seconds = seconds

        self.error = duckdb.Error
        self.connection = duckdb.connect(config={"threads": 1})
        self.connection.execute("SET TimeZone='UTC'")

    def run(self, sql):
        if self.seconds is None:
            return self.answer(sql)
        timer = threading.Timer(self.seconds, self.connection.interrupt)
        timer.start()
        try:
            return self.answer(sql)
        finally:
            timer.cancel()

    def answer(self, sql):
        connection = self.connection
        try:
            relation = connection.sql(sql)
            if relation is None:
                return Answer([], [], [])
            names, types = relation.columns, [str(kind) for kind in relation.types]
            if re.match(r"\s*(select|from|with|values|\()", sql, re.IGNORECASE):
                # the outer names are numbers because COLUMNS(*) refuses some names
                columns = ", ".join(f"c{i}" for i in range(len(names)))
                texts = ", ".join(f"c{i}::VARCHAR" for i in range(len(names)))
                rows = connection.execute(f"SELECT {texts} FROM (\n{sql}\n) AS q({columns})").fetchall()
            else:
                rows = [[None if value is None else str(value) for value in row] for row in relation.fetchall()]
        except (self.error, UnicodeDecodeError, RuntimeError) as failure:
            return Refusal(f"{type(failure).__name__}: {failure}")
        return Answer(names, types, [list(row) for row in rows])


def single(value):
    """As a float of 32 bits: its shortest text is no one number."""
    return struct.pack("<f", value) if abs(value) < 3.4e38 else value


def same_value(ours, theirs, kind, tolerance):
    if ours == theirs or (ours == "nan" and theirs == "-nan"):
        return True
    if ours is not None and theirs is not None and kind.startswith("DECIMAL") and ours.replace("0.", ".", 1) == theirs:
        return True  # DuckDB leaves the 0 out when all digits are behind the point
    if ours is None or theirs is None or kind not in ("DOUBLE", "FLOAT"):
        return False
    try:
        mine, peer = float(ours), float(theirs)
    except ValueError:
        return False
    if math.isnan(mine) or math.isnan(peer):
        return math.isnan(mine) and math.isnan(peer)
    if mine == peer or (kind == "FLOAT" and single(mine) == single(peer)):
        return True
    if math.isinf(mine) or math.isinf(peer):
        return False
    return abs(mine - peer) <= tolerance * max(abs(mine), abs(peer))


def difference(ours, theirs, ordered=False, tolerance=0.0, names=True):
    """What differs between two answers, as a sentence; None: nothing."""
    if isinstance(ours, Refusal) or isinstance(theirs, Refusal):
        if isinstance(ours, Refusal) and isinstance(theirs, Refusal):
            return None
        return f"ours {ours}, DuckDB {theirs}" if isinstance(ours, Refusal) else f"ours {brief(ours)}, DuckDB {theirs}"
    if [kind.replace('"', "") for kind in ours.types] != [kind.replace('"', "") for kind in theirs.types]:
        return f"types: ours {ours.types}, DuckDB {theirs.types}"
    if names and ours.names != theirs.names:
        return f"names: ours {ours.names}, DuckDB {theirs.names}"
    mine, peer = ours.rows, theirs.rows
    if len(mine) != len(peer):
        return f"{len(mine)} rows, DuckDB {len(peer)}: ours {brief(ours)}, DuckDB {brief(theirs)}"
    if not ordered:
        mine, peer = sorted(mine, key=sort_key), sorted(peer, key=sort_key)
    for one, other in zip(mine, peer, strict=True):
        for kind, a, b in zip(ours.types, one, other, strict=True):
            if not same_value(a, b, kind, tolerance):
                return f"value {a!r} in {one}, DuckDB {b!r} in {other} ({kind})"
    return None


def sort_key(row):
    """Numbers are rounded, so that rows which differ in their last bits meet."""
    return [(value is None, rounded(value)) for value in row]


def rounded(value):
    if value is None:
        return ""
    try:
        number = float(value)
    except ValueError:
        return value
    return f"{0.0 if number == 0 else number:.9g}"


def brief(answer):
    text = str(answer)
    return text if len(text) < 400 else text[:400] + " …"
