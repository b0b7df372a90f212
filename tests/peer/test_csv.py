"""CSV files against DuckDB: dialects, types and odd forms, found by the sniffer or told."""

import random

import pytest
from conftest import ROUNDS, SEED
from engines import Refusal, difference

FILES = {
    "plain": "a,b,c\n1,x,1.5\n2,y,2.5\n3,,\n",
    "no header": "1,x\n2,y\n3,z\n",
    "one column": "name\nAnn\nBob\n",
    "numbers in one column": "n\n1\n2\n30\n",
    "semicolons": "a;b\n1;2,5\n3;4,5\n",
    "tabs": "a\tb\n1\tx y\n2\t\n",
    "pipes": "a|b|c\n1|2|3\n4|5|6\n",
    "quotes": 'a,b\n1,"x, y"\n2,"say ""hi"""\n3,"line\nbreak"\n',
    "quotes around all": '"a","b"\n"1","x"\n"2","y"\n',
    "empty strings": 'a,b\n1,""\n2,\n',
    "crlf": "a,b\r\n1,x\r\n2,y\r\n",
    "no last line end": "a,b\n1,x\n2,y",
    "dates": "d,t\n2020-01-01,2020-01-01 10:00:00\n2021-12-31,2021-12-31 23:59:59.5\n",
    "booleans": "p,q\ntrue,t\nfalse,f\n",
    "big numbers": "a,b\n9223372036854775807,1\n9223372036854775808,2\n",
    "very big numbers": "a\n170141183460469231731687303715884105728\n1\n",
    "leading zeros": "zip,n\n01234,1\n00001,2\n",
    "signs": "a,b\n+1,-1\n-2,+2.5\n",
    "exponents": "x\n1e3\n2.5E-2\n-1e400\n",
    "nan and inf": "x\n1.5\nnan\ninf\n-inf\n",
    "spaces": "a, b\n1, x\n2 , y\n",
    "times": "t\n10:00:00\n23:59:59.25\n",
    "mixed": "a\n1\nx\n2\n",
    "nulls first": "a,b\n,x\n,y\n3,z\n",
    "all empty column": "a,b\n1,\n2,\n",
    "header only": "a,b,c\n",
    "same names": "a,a,b\n1,2,3\n",
    "names in any case": "A,a\n1,2\n",
    "empty names": ",b\n1,2\n",
    "odd names": "a b,c-d,1x\n1,2,3\n",
    "all text": "a,b\nx,y\nz,w\n",
    "unicode": "näme,s\n1,äöü\n2,日本\n",
    "decimal commas": "a;b\n1,5;x\n2,5;y\n",
    "trailing comma": "a,b,\n1,2,\n3,4,\n",
    "blank lines": "a,b\n1,2\n\n3,4\n",
    "single row": "1,2,3\n",
    "text and number header": "x,1\ny,2\nz,3\n",
    "us dates": "d\n01/31/2020\n12/25/2021\n",
    "german dates": "d\n31.01.2020\n25.12.2021\n",
    "slashed dates": "d\n2020/01/31\n2021/12/25\n",
    "short rows": "a,b,c\n1,2,3\n4,5\n6,7,8\n",
    "comment": "# made by hand\na,b\n1,2\n",
    "uuid": "u\n00000000-0000-0000-0000-000000000001\n123e4567-e89b-12d3-a456-426614174000\n",
    "iso time": "t\n2020-01-01T10:00:00\n2020-01-02T11:30:00\n",
    "zones": "t\n2020-01-01T10:00:00Z\n2020-01-02T11:30:00Z\n",
    "negative zero": "x\n-0.0\n0\n",
    "money": "p\n$1.50\n$2.75\n",
    "percent": "p\n10%\n20%\n",
    "thousands": 'n\n"1,000"\n"2,500"\n',
    "yes and no": "p\nyes\nno\n",
    "quoted numbers": 'a,b\n"1",2\n"3",4\n',
}

# docs/DIFFERENCES.md says what these do.
LEFT_OUT = {"short rows", "very big numbers"}
ONE_COLUMN = {name for name, text in FILES.items() if not any(mark in text.split("\n")[0] for mark in ",;|\t")}
LEFT_OUT_WITH = {
    "columns": ONE_COLUMN
    | {
        "text and number header",
        "plain",
        "all text",
        "no header",
        "empty strings",
        "nulls first",
        "all empty column",
        "booleans",
        "mixed",
    }
    | {"empty names", "header only", "comment"},
    "names": ONE_COLUMN | {"comment"},
    "null_padding": {"quotes", "comment"},
    "decimal_separator": {"thousands", "plain", "exponents", "nan and inf", "negative zero", "signs"},
    "normalize_names": {"unicode", "odd names", "one column"},
    "quote": {"quotes", "quotes around all", "thousands", "quoted numbers", "empty strings"},
    "header": {"comment"},
    "delim": {"comment"},
    "nullstr": {"negative zero", "nan and inf", "exponents"},
    "skip": {"signs", "tabs"},
    "dateformat": {"dates", "slashed dates"},
    "sample_size": {"nulls first", "signs"},
}


def write(folder, text):
    path = folder / "file.csv"
    path.write_bytes(text.encode())
    return path


def compare(pair, table, name):
    """Through a table: a cast in the query would reach into DuckDB's reader, which then gives the file's own text."""
    statement = f"CREATE OR REPLACE TABLE peer_csv AS SELECT * FROM {table}"
    before = len(pair.faults)
    ours, theirs = pair.bedplate.run(statement), pair.duckdb.run(statement)
    if isinstance(ours, Refusal) or isinstance(theirs, Refusal):
        fault = difference(ours, theirs)
        if fault:
            pair.faults.append(f"{name}: {table}: {fault}")
        return
    pair.check("SELECT * FROM peer_csv", ordered=True)
    pair.faults[before:] = [f"{name}: {fault}" for fault in pair.faults[before:]]


@pytest.mark.parametrize("name", [name for name in FILES if name not in LEFT_OUT])
def test_sniffing(pair, tmp_path, name):
    compare(pair, f"'{write(tmp_path, FILES[name])}'", name)


OPTIONS = [
    "header = false", "header = true", "delim = ','", "all_varchar = true", "nullstr = 'x'", "skip = 1", "names = ['p', 'q']", "quote = ''", "delim = ';'",
    "columns = {'a': 'VARCHAR', 'b': 'VARCHAR'}", "dateformat = '%d.%m.%Y'", "auto_detect = true", "sample_size = 1", "types = {'a': 'VARCHAR'}",
    "ignore_errors = true", "null_padding = true", "decimal_separator = ','", "filename = true", "normalize_names = true", "header = true, delim = '|'",
]  # fmt: skip


@pytest.mark.parametrize("options", OPTIONS)
def test_options(pair, tmp_path, options):
    names = sorted(set(FILES) - LEFT_OUT - LEFT_OUT_WITH.get(options.split()[0], set()))
    for name in random.Random(SEED).sample(names, min(len(names), 8 * ROUNDS)):
        compare(pair, f"read_csv('{write(tmp_path, FILES[name])}', {options})", f"{name}, {options}")
