"""Functions over texts that Parquet keeps as codes: the same as over the same texts written out, row group by row group, batch by batch."""

import random

import pytest
from conftest import SEED

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
bedplate = pytest.importorskip("bedplate")

SETTINGS = [{}, {"threads": "7", "batch_size": "3", "morsel_rows": "100"}, {"batch_size": "64"}, {"optimizer": "false"}]

QUERIES = [
    "SELECT count(*) FROM {f} WHERE s LIKE '%a%1%'",
    "SELECT count(*) FROM {f} WHERE s ILIKE 'B%' OR n LIKE '%7'",
    "SELECT id, upper(s), length(n) FROM {f} ORDER BY id",
    "SELECT regexp_replace(s, '[0-9]+', '#') AS r, count(*), min(id) FROM {f} GROUP BY r ORDER BY r",
    "SELECT id FROM {f} WHERE regexp_matches(upper(n), '^C.*[37]$') ORDER BY id",
    # entries that give NULL, in rows that are not NULL
    "SELECT id, try_strptime(s, '%Y') FROM {f} ORDER BY id",
    "SELECT count(try_strptime(s, '%Y')), count(*) FROM {f}",
    "SELECT count(*) FROM {f} WHERE try_strptime(s, '%Y') IS NULL",
    # an entry on which the call fails, but no row that is asked for has it
    "SELECT sum(year(strptime(s, '%Y'))) FROM {f} WHERE id % 10 = 3",
    # a constant that is not the same in every batch
    "SELECT count(*) FROM {f}, (VALUES ('a%'), ('b%')) p(pattern) WHERE s LIKE pattern",
    "SELECT id, s || n, concat(s, '!') FROM {f} WHERE id < 500 ORDER BY id",
]


def write(path, **options):
    rng = random.Random(SEED)
    rows = 6_000
    texts = [f"{rng.choice(['apple', 'banana', 'cherry that is long', ''])} {i}" for i in range(300)]
    table = pa.table(
        {
            "id": list(range(rows)),
            "s": [str(rng.randrange(1900, 2100)) if i % 10 == 3 else rng.choice(texts) for i in range(rows)],
            "n": [None if rng.random() < 0.3 else rng.choice(texts) for _ in range(rows)],
        }
    )
    pq.write_table(table, path, row_group_size=2_500, **options)


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_calls_on_dictionaries(tmp_path, settings):
    write(tmp_path / "codes.parquet", data_page_size=2_000)
    write(tmp_path / "plain.parquet", use_dictionary=False)
    connection = bedplate.connect()
    for name, value in settings.items():
        connection.execute(f"SET {name} = {value}")
    for query in QUERIES:
        codes, plain = (
            connection.execute(query.format(f=f"'{tmp_path}/{name}.parquet'")).fetchall() for name in ("codes", "plain")
        )
        assert codes == plain, query


def test_a_call_that_fails(tmp_path):
    write(tmp_path / "codes.parquet")
    with pytest.raises(bedplate.Error, match="apple|banana|cherry"):
        bedplate.connect().execute(f"SELECT sum(year(strptime(s, '%Y'))) FROM '{tmp_path}/codes.parquet'").fetchall()
