"""Make a failing query short: drop words and brackets, then rows and columns of its tables, as long as it fails in the same way."""

import re
import time

WORD = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|[\w.]+|::|<=|>=|<>|\|\||//|\*\*|\S")
OPENING, CLOSING = "([{", ")]}"


def words_of(sql):
    return WORD.findall(sql)


def text_of(words):
    text = " ".join(words)
    return re.sub(r" (?=[,)\]])|(?<=[(\[]) |(?<=\w) (?=\()| ?:: ?", lambda found: "::" if ":" in found[0] else "", text)


def brackets(words):
    """(begin, end) of each pair, `end` behind the closing one."""
    stack = []
    for at, word in enumerate(words):
        if word in OPENING:
            stack.append(at)
        elif word in CLOSING and stack:
            yield stack.pop(), at + 1


def balanced(words):
    depth = 0
    for word in words:
        depth += (word in OPENING) - (word in CLOSING)
        if depth < 0:
            return False
    return depth == 0


def parts_between(words, begin, end):
    """What stands between the commas of a bracket."""
    depth, start = 0, begin + 1
    for at in range(begin + 1, end):
        depth += (words[at] in OPENING) - (words[at] in CLOSING)
        if depth < 0 or (depth == 0 and words[at] == ","):
            yield words[start:at]
            start = at + 1


def shorter(words):
    """Every shorter text worth a try, the shortest first within each way."""
    pairs = sorted(brackets(words), key=lambda pair: pair[0] - pair[1])
    for begin, end in pairs:
        for head in (begin - 1, begin):  # with the function's name, and without
            if head < 0:
                continue
            for part in parts_between(words, begin, end):
                if part:
                    yield words[:head] + part + words[end:]
                    if len(part) > 1:
                        yield words[:head] + ["(", *part, ")"] + words[end:]
            if end - head > 1:
                yield words[:head] + ["NULL"] + words[end:]
                yield words[:head] + ["1"] + words[end:]
    size = len(words) // 2
    while size:
        for begin in range(0, len(words) - size + 1):
            if balanced(words[begin : begin + size]):
                yield words[:begin] + words[begin + size :]
        size = size - 1 if size <= 12 else size * 3 // 4


def reduce_query(sql, still_fails, deadline):
    words, progress = words_of(sql), True
    while progress:
        progress = False
        for trial in shorter(words):
            if time.monotonic() > deadline:
                return text_of(words)
            if len(trial) < len(words) and still_fails(text_of(trial)):
                words, progress = trial, True
                break
    return text_of(words)


def reduce_rows(tables, still_fails, deadline):
    """Fewer rows; `still_fails` sees the tables as they are then."""
    for table in tables.values():
        size = len(table.rows)
        while size and time.monotonic() < deadline:
            begin = 0
            while begin < len(table.rows):
                kept = table.rows
                table.rows = kept[:begin] + kept[begin + size :]
                if not still_fails():
                    table.rows = kept
                    begin += size
            size //= 2


def reduce_columns(tables, still_fails):
    for table in tables.values():
        for at in reversed(range(len(table.columns))):
            columns, rows = table.columns, table.rows
            table.columns = columns[:at] + columns[at + 1 :]
            table.rows = [row[:at] + row[at + 1 :] for row in rows]
            if not table.columns or not still_fails():
                table.columns, table.rows = columns, rows
