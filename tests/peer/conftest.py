import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

pytest.importorskip("duckdb")

from engines import Bedplate, DuckDB, Refusal, difference  # noqa: E402
from known import is_known, met  # noqa: E402

# More of everything: BEDPLATE_PEER_ROUNDS=20 takes 20 times as many seeds, beginning with BEDPLATE_PEER_SEED.
ROUNDS = int(os.environ.get("BEDPLATE_PEER_ROUNDS", "1"))
SEED = int(os.environ.get("BEDPLATE_PEER_SEED", "1"))


def pytest_collection_modifyitems(items):
    """All are marked; the test of what is missing comes behind those that meet it."""
    here = str(Path(__file__).parent)
    for item in items:
        if str(item.path).startswith(here):
            item.add_marker(pytest.mark.peer)
    items.sort(key=lambda item: item.path.name == "test_missing.py")


def pytest_terminal_summary(terminalreporter):
    if met:
        terminalreporter.write_line(
            f"missing: {sum(met.values())} queries wanted {len(met)} things that are not there (tests/peer/missing.txt)"
        )


class Pair:
    """Both engines with the same tables; `check` collects what differs, `finish` says it."""

    def __init__(self, settings=()):
        self.bedplate, self.duckdb, self.faults = Bedplate(settings), DuckDB(), []

    def setup(self, *statements):
        for statement in statements:
            for answer in (self.bedplate.run(statement), self.duckdb.run(statement)):
                assert not isinstance(answer, Refusal), f"{statement}: {answer.message}"

    def check(self, sql, **how):
        ours, theirs = self.bedplate.run(sql), self.duckdb.run(sql)
        fault = difference(ours, theirs, **how)
        if fault and not is_known(ours, theirs):
            self.faults.append(f"{sql}\n    {fault}")

    def finish(self):
        self.bedplate.close()
        assert not self.faults, f"{len(self.faults)} differ:\n" + "\n".join(self.faults[:20])


@pytest.fixture
def pair():
    made = Pair()
    yield made
    made.finish()
