"""What must hold without a peer: a condition parts the rows in three, and settings change nothing."""

import pytest
from conftest import ROUNDS, SEED
from engines import Bedplate, Refusal, difference
from generate import Generator

SETTINGS = [
    (("optimizer", "false"),),
    (("batch_size", "1"),),
    (("batch_size", "64"), ("threads", "7")),
    (("morsel_rows", "4"), ("threads", "3")),
]


@pytest.mark.parametrize("seed", range(SEED, SEED + 4 * ROUNDS))
def test_settings_change_nothing(seed):
    generator = Generator(seed)
    engines = [Bedplate(settings) for settings in ((), *SETTINGS)]
    for statement in generator.setup():
        for engine in engines:
            assert not isinstance(engine.run(statement), Refusal)
    for _ in range(60):
        query, ordered = generator.query()
        expected = engines[0].run(query)
        for engine in engines[1:]:
            answer = engine.run(query)
            if isinstance(expected, Refusal) or isinstance(answer, Refusal):
                continue  # which row raises an error first may depend on the plan
            assert not difference(answer, expected, ordered=ordered), query
    for engine in engines:
        engine.close()


@pytest.mark.parametrize("seed", range(SEED, SEED + 6 * ROUNDS))
def test_three_parts_make_the_whole(seed):
    """TLP: the rows where p is true, where it is false and where it is NULL are all the rows."""
    generator, engine = Generator(seed), Bedplate()
    for statement in generator.setup():
        engine.run(statement)
    for _ in range(40):
        source, scope = generator.source()
        condition = generator.condition(scope)
        items = ", ".join(f"{text} AS c{i}" for i, (text, _) in enumerate(scope[:5]))
        whole = engine.run(f"SELECT {items} FROM {source}")
        parts = [
            engine.run(f"SELECT {items} FROM {source} WHERE {part}")
            for part in (f"({condition})", f"NOT ({condition})", f"({condition}) IS NULL")
        ]
        if any(isinstance(answer, Refusal) for answer in (whole, *parts)):
            continue
        parts[0].rows += parts[1].rows + parts[2].rows
        assert not difference(parts[0], whole), (source, condition)
    engine.close()
