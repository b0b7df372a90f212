"""Differences from DuckDB that are meant: each has its line in docs/DIFFERENCES.md."""

import re

from engines import Refusal

KNOWN = [
    # we refuse what is not there yet: no wrong answer
    (r"does not have it yet|is not there yet|are not there yet", None),
    (r"is not an aggregate: DISTINCT|there is no table function|Aggregate function with name \S+ does not exist", None),
    (r"Scalar function with name \S+ does not exist", None),  # a function that is not there yet is no wrong answer
    (r"No function matches the given name and argument types '[-+]\(", None),
    (r"can't be cast because the value is out of range for the destination type DECIMAL\(38", None),
    (r"Overflow in |the types of the two sides do not go together", None),
    (r"Timestamp microseconds out of range", None),
    # DuckDB refuses
    (None, r"Could not cast value \S+ to DECIMAL\(38"),
    # zones are in an extension of DuckDB's
    (None, r"TIMESTAMP WITH TIME ZONE|Unknown Time ?[Zz]one|extract specifier|TimeZone|TIMESTAMPTZ"),
    (None, r"Could not choose a best candidate function"),
    (None, r"Unimplemented type for cast|Substring (offset|length) outside|Overflow in |sum is out of range"),
]


def is_known(ours, theirs):
    for mine, peer in KNOWN:
        if mine and isinstance(ours, Refusal) and not isinstance(theirs, Refusal) and re.search(mine, ours.message):
            return True
        if peer and isinstance(theirs, Refusal) and not isinstance(ours, Refusal) and re.search(peer, theirs.message):
            return True
    return False
