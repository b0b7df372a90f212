"""Random window queries against DuckDB, in several settings."""

import pytest
from conftest import ROUNDS, SEED, Pair
from generate_windows import WindowGenerator

SETTINGS = [
    (),
    (("batch_size", "3"), ("morsel_rows", "7"), ("threads", "2")),
    (("optimizer", "false"),),
    (("threads", "7"), ("batch_size", "64")),
]


@pytest.mark.parametrize("seed", range(SEED, SEED + 12 * ROUNDS))
def test_random_windows(seed):
    generator, pair = WindowGenerator(seed), Pair(SETTINGS[seed % len(SETTINGS)])
    pair.setup(*generator.setup())
    for _ in range(60):
        pair.check(generator.query(), ordered=True, tolerance=1e-9)
    pair.finish()
