"""The first minute: a table, a parameter, a file, and data of your own in SQL."""

import tempfile
from pathlib import Path

import bedplate as bp

con = bp.connect()
con.execute("CREATE TABLE t AS SELECT * FROM (VALUES (1, 'a'), (2, 'b'), (3, 'c')) AS v(id, val)")
print(con.execute("SELECT * FROM t WHERE id > ?", [1]).fetchall())

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "cities.csv"
    path.write_text("city,people\nLagos,15388000\nKyoto,1463723\nBergen,291940\n")
    con.sql(f"SELECT city, people // 1000 AS thousands FROM '{path}' ORDER BY people").show()

prices = {"item": ["tea", "coffee", "cake"], "price": [2.5, 3.0, None]}
print(bp.sql("SELECT count(*) AS items, avg(price) AS mean FROM prices").fetchall())
