"""The differential fuzzer (differential.py) over a fixed set of seeds."""

import pytest
from conftest import ROUNDS, SEED
from differential import check_seed


@pytest.mark.parametrize("seed", range(SEED, SEED + 12 * ROUNDS))
def test_random_schemas(seed):
    found = [";\n".join([*setup, sql]) + f"\n    {sentence}" for setup, sql, sentence in check_seed(seed, 60)]
    assert not found, "\n".join(found)
