"""Differences from DuckDB: those that are meant (each has its line in docs/DIFFERENCES.md), and what is missing (each has its line in missing.txt)."""

import re
from pathlib import Path

from engines import Refusal

KNOWN = [
    (r"No function matches the given name and argument types '[-+]\(", None),
    (r"can't be cast because the value is out of range for the destination type DECIMAL\(38", None),
    (r"Overflow in |the types of the two sides do not go together", None),
    (r"where BOOLEAN is wanted: an explicit cast", None),
    (r"Timestamp microseconds out of range", None),
    # DuckDB refuses
    (None, r"Could not cast value \S+ to DECIMAL\(38"),
    (None, r'argument in function "round" must be a constant'),
    # defects of DuckDB's
    (None, r"SerializationException|InternalException"),
    # zones are in an extension of DuckDB's
    (None, r"TIMESTAMP WITH TIME ZONE|Unknown Time ?[Zz]one|extract specifier|TimeZone|TIMESTAMPTZ"),
    (None, r"Could not choose a best candidate function"),
    (None, r"Unimplemented type for cast|Substring (offset|length) outside|Overflow in |sum is out of range"),
]

# How we say that something is not there; the line in missing.txt is what the first group matches.
MISSING = [
    r"^(.*?):? (?:this version does not have it yet|(?:is|are) not there yet)",
    r"((?:Scalar|Aggregate) function with name \S+) does not exist",
    r"(there is no table function \S+)",
    r"(\S+ is not an aggregate: DISTINCT)",
]
LISTED = set((Path(__file__).parent / "missing.txt").read_text().splitlines())
met = {}  # what was missing, and how many queries wanted it


def missing(ours, theirs):
    """What we lack that DuckDB has, or None."""
    if not isinstance(ours, Refusal) or isinstance(theirs, Refusal):
        return None
    return next((found[1] for pattern in MISSING if (found := re.search(pattern, ours.message))), None)


def is_known(ours, theirs):
    lack = missing(ours, theirs)
    if lack is not None:
        met[lack] = met.get(lack, 0) + 1
        return lack in LISTED
    for mine, peer in KNOWN:
        if mine and isinstance(ours, Refusal) and not isinstance(theirs, Refusal) and re.search(mine, ours.message):
            return True
        if peer and isinstance(theirs, Refusal) and not isinstance(ours, Refusal) and re.search(peer, theirs.message):
            return True
    return False
