#!/usr/bin/env python3
"""The differential fuzzer: random queries over random tables, answered by DuckDB, by us, and by us under other settings; `./dev fuzz differential SECONDS` runs it.

Each seed runs in a process of its own, so that a crash costs one seed. What differs is made short (reduce.py), printed, and kept in build/fuzz-findings/differential as a
script that sets its tables up. `differential.py --seed N --seeds 1` repeats one seed.
"""

import argparse
import os
import re
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from engines import ROOT, Answer, Bedplate, DuckDB, Refusal, difference  # noqa: E402
from generate_schemas import SchemaGenerator  # noqa: E402
from known import is_known  # noqa: E402
from reduce import reduce_columns, reduce_query, reduce_rows  # noqa: E402

FINDINGS = ROOT / "build/fuzz-findings/differential"
SETTINGS = [
    (("optimizer", "false"),),
    (("batch_size", "1"), ("morsel_rows", "1"), ("threads", "1")),
    (("batch_size", "3"), ("morsel_rows", "7"), ("threads", "2")),
    (("threads", "7"), ("batch_size", "64"), ("morsel_rows", "64")),
]
# What a plan or a setting must never change: whether a query is understood. (Which row fails first may change.)
BAD_ARGUMENT, SYNTAX_ERROR, BIND_ERROR, CONVERSION, OUT_OF_RANGE, NOT_SUPPORTED, INTERNAL = 5, 6, 7, 8, 9, 12, 18
ALWAYS = {SYNTAX_ERROR, BIND_ERROR, NOT_SUPPORTED, INTERNAL}

SECONDS = 20  # for one query
LITERAL_GROUP = re.compile(r"(CUBE|ROLLUP|SETS)[ (]+(1|NULL|')")  # differs on purpose, and queries would shrink to it


def plain(answer):
    """Of 0.0 and -0.0, which are equal, either may stand for both; so with the signs of NaN."""
    if isinstance(answer, Answer):
        answer.rows = [[value and re.sub(r"(?<![\w.])-(0\.0(?!\d)|nan\b)", r"\1", value) for value in row] for row in answer.rows]
    return answer


def fails_by_value(ours, theirs):
    """Whether one engine met a value that cannot be computed: whether it is met depends on the plan."""
    theirs_failed = isinstance(theirs, Refusal) and re.match("(Conversion|OutOfRange|InvalidInput|Interrupt)", theirs.message)
    return theirs_failed or (isinstance(ours, Refusal) and ours.status in (BAD_ARGUMENT, CONVERSION, OUT_OF_RANGE))


class Trial:
    """The engines with the tables of one seed."""

    def __init__(self, tables, settings):
        self.tables = tables
        common = (("verify", "true"), ("timeout", str(SECONDS)))  # a query that is being made short may have no end
        self.ours, self.other, self.peer = Bedplate(common), Bedplate((*common, *settings)), DuckDB(SECONDS)

    def close(self):
        self.ours.close()
        self.other.close()

    def set_up(self):
        """False: a table cannot be made, which is no finding while tables are reduced."""
        for name, table in self.tables.items():
            for statement in table.setup(name):
                for engine in (self.ours, self.other, self.peer):
                    if isinstance(engine.run(statement), Refusal):
                        return False
        return True

    def fault(self, sql, ordered):
        """(kind, sentence) of what is wrong with the answers, or None."""
        ours, other = plain(self.ours.run(sql)), plain(self.other.run(sql))
        refused = [answer for answer in (ours, other) if isinstance(answer, Refusal)]
        if any(answer.status == INTERNAL for answer in refused):
            return "internal", f"a defect: {refused}"
        if len(refused) == 1 and refused[0].status in ALWAYS:
            return "settings", f"settings matter: {ours} and {other}"
        if not refused and (sentence := difference(other, ours, ordered=ordered)):
            return "settings", f"settings matter: {sentence}"
        theirs = plain(self.peer.run(sql))
        sentence = difference(ours, theirs, ordered=ordered, tolerance=1e-9)
        if not sentence or is_known(ours, theirs) or fails_by_value(ours, theirs):
            return None
        return kind_of(sentence), sentence

    def reduce(self, sql, kind, seconds):
        """The short form of a failing query; the tables are reduced in place."""
        deadline = time.monotonic() + seconds

        def same_fault(trial):
            if LITERAL_GROUP.search(trial):
                return False
            fault = self.fault(trial, False)
            return fault is not None and fault[0] == kind

        if not same_fault(sql):
            return sql  # it is about order, which a shorter query may not fix
        sql = reduce_query(sql, same_fault, deadline)
        reduce_rows(self.tables, lambda: self.set_up() and same_fault(sql), deadline)
        reduce_columns(self.tables, lambda: self.set_up() and same_fault(sql))
        self.set_up()
        return sql


def kind_of(sentence):
    """What must stay the same while a query is reduced: the words of the fault, without its values."""
    if refusal := re.search(r"(ours|DuckDB) (?:Refusal\(message=.|Refusal)(.*)", sentence):
        return refusal[1] + " ".join(re.findall(r"\b[a-z]+\b", refusal[2])[:8])
    if value := re.match(r"value (\S+).* DuckDB (\S+) in .*\((\S+)\)$", sentence):
        return f"value {value[3]} {value[1] == 'None'} {value[2] == 'None'}"
    return sentence.split(" ")[0] if not sentence[0].isdigit() else "rows"


def check_seed(seed, queries, seconds=10, note=lambda sql: None, most=1000):
    """(setup, query, sentence) of each finding of a seed; the first query of each kind only."""
    generator, kinds = SchemaGenerator(seed), set()
    for number in range(queries):
        sql, ordered = generator.query()
        if number % 30 == 0:
            trial = Trial(generator.tables, SETTINGS[(seed + number // 30) % len(SETTINGS)])
            assert trial.set_up(), f"the tables of seed {seed} cannot be made"
        note(sql)
        fault = trial.fault(sql, ordered)
        if fault and fault[0] not in kinds:
            kinds.add(fault[0])
            whole = {name: (table.columns, table.rows) for name, table in generator.tables.items()}
            short = trial.reduce(sql, fault[0], seconds)
            setup = [line for name, table in trial.tables.items() if re.search(rf"\b{name}\b", short) for line in table.setup(name)]
            yield setup, short, (trial.fault(short, ordered) or fault)[1]
            for name, (columns, rows) in whole.items():
                generator.tables[name].columns, generator.tables[name].rows = columns, rows
            trial.set_up()
            if len(kinds) >= most:
                return
    trial.close()


def run_child(seed, queries, seconds):
    """One seed in a process of its own; the number of findings."""
    FINDINGS.mkdir(parents=True, exist_ok=True)
    last = FINDINGS / f"running-{os.getpid()}-{seed}.sql"
    child = os.fork()
    if child == 0:
        found = 0
        for setup, sql, sentence in check_seed(seed, queries, seconds, last.write_text):
            found += 1
            script = ";\n".join([*setup, sql]) + f";\n-- {sentence}\n"
            (FINDINGS / f"{seed}-{found}.sql").write_text(script)
            print(f"--- seed {seed}\n{script}", flush=True)
        os._exit(min(found, 100))
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        kept = FINDINGS / f"{seed}-crash.sql"
        last.rename(kept)
        print(f"--- seed {seed}: signal {os.WTERMSIG(status)}\n{kept.read_text()}", flush=True)
        return 1
    last.unlink(missing_ok=True)
    return os.WEXITSTATUS(status)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=None, help="the first seed; without it, one by the clock")
    parser.add_argument("--seeds", type=int, default=10**9, help="how many seeds")
    parser.add_argument("--seconds", type=float, default=60, help="when to stop")
    parser.add_argument("--queries", type=int, default=120, help="queries of each seed")
    parser.add_argument("--reduce", type=float, default=20, help="seconds to make one finding short")
    options = parser.parse_args()
    first = options.seed if options.seed is not None else int(time.time())
    end, findings, seed = time.monotonic() + options.seconds, 0, first
    while seed < first + options.seeds and time.monotonic() < end:
        findings += run_child(seed, options.queries, options.reduce)
        seed += 1
    print(f"{seed - first} seeds from {first}, {(seed - first) * options.queries} queries, {findings} findings")
    return findings > 0


if __name__ == "__main__":
    sys.exit(main())
