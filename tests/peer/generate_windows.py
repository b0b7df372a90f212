"""Random window queries over one table, in which `id` is unique: ORDER BY ends with it wherever the order of peers would show."""

import random

COLUMNS = [
    ("id", "INTEGER"),
    ("g", "VARCHAR"),
    ("h", "INTEGER"),
    ("x", "INTEGER"),
    ("b", "BIGINT"),
    ("y", "DOUBLE"),
    ("n", "DECIMAL(8,2)"),
]
COLUMNS += [("s", "VARCHAR"), ("d", "DATE"), ("w", "TIMESTAMP"), ("p", "BOOLEAN")]
WORDS = ["a", "b", "ab", "", "äöü", "a long text that does not fit inline", "a long text that does not end alike", "zz"]
ANY = [name for name, _ in COLUMNS]
NUMBERS = ["x", "b", "y", "n", "h"]
EXACT = ["sum", "count", "min", "max", "avg"]


class WindowGenerator:
    def __init__(self, seed, rows=None):
        self.random = random.Random(seed)
        self.rows = self.pick([0, 1, 2, 7, 40, 40, 200, 200, 700]) if rows is None else rows

    def pick(self, options):
        return self.random.choice(list(options))

    def chance(self, share):
        return self.random.random() < share

    # The table -----------------------------------------------------------------------------------------------------------------------
    def value(self, name):
        if name != "id" and self.chance(0.12):
            return "NULL"
        number = self.random.randint
        texts = {
            "g": lambda: "'" + self.pick("abcd") + "'", "h": lambda: str(number(0, 3)), "x": lambda: str(number(-20, 20)),
            "b": lambda: str(number(-5, 5) * 10**9), "y": lambda: str(number(-40, 40) / 4), "n": lambda: f"{number(-3000, 3000) / 100:.2f}",
            "s": lambda: "'" + self.pick(WORDS) + "'", "d": lambda: f"DATE '2020-01-01' + {number(0, 60)}",
            "w": lambda: f"TIMESTAMP '2020-01-31 12:00:00' + INTERVAL {number(0, 3000)} MINUTE", "p": lambda: self.pick(["true", "false"]),
        }  # fmt: skip
        return texts[name]()

    def setup(self):
        statements = [f"CREATE TABLE t({', '.join(f'{name} {kind}' for name, kind in COLUMNS)})"]
        order = list(range(self.rows))
        self.random.shuffle(order)
        for begin in range(0, self.rows, 100):
            rows = ", ".join(
                f"({', '.join([str(row)] + [self.value(name) for name in ANY[1:]])})" for row in order[begin : begin + 100]
            )
            statements.append(f"INSERT INTO t VALUES {rows}")
        return statements

    # Windows -------------------------------------------------------------------------------------------------------------------------
    def partition(self):
        keys = self.pick([[], [], ["g"], ["h"], ["g", "h"], ["s"], ["x > 0"], ["p"], ["y"], ["d"]])
        return f"PARTITION BY {', '.join(keys)} " if keys else ""

    def flags(self):
        return self.pick(["", "", " DESC", " NULLS FIRST", " DESC NULLS FIRST", " NULLS LAST"])

    def keys(self, total):
        keys = [self.pick(ANY) + self.flags() for _ in range(self.random.randint(0, 2))]
        return keys + ["id" + self.pick(["", " DESC"])] if total else keys

    def order(self, keys):
        return f"ORDER BY {', '.join(keys)} " if keys else ""

    def bounds(self, offset):
        """Two bounds, the first not behind the second in kind."""
        kinds = ["UNBOUNDED PRECEDING", f"{offset()} PRECEDING", "CURRENT ROW", f"{offset()} FOLLOWING", "UNBOUNDED FOLLOWING"]
        begin = self.random.randint(0, 3)
        end = self.random.randint(max(begin, 1), 4)
        return kinds[begin], kinds[end]

    def exclusion(self):
        return self.pick(["", "", "", " EXCLUDE CURRENT ROW", " EXCLUDE GROUP", " EXCLUDE TIES", " EXCLUDE NO OTHERS"])

    def frame(self, unit, offset):
        if self.chance(0.15):
            return f"{unit} {self.pick(['UNBOUNDED PRECEDING', 'CURRENT ROW', f'{offset()} PRECEDING'])}"
        begin, end = self.bounds(offset)
        return f"{unit} BETWEEN {begin} AND {end}{self.exclusion()}"

    def row_offset(self):
        return self.pick(["0", "1", "2", "5", "30", "id % 3", "coalesce(h, 1)", "1000"])

    def range_window(self):
        """One key with offsets that fit its type."""
        offsets = {
            "x": ["0", "1", "3", "10", "1.5", "id % 4"], "b": ["0", "1000000000", "2500000000"], "y": ["0", "0.25", "2", "3.5"],
            "n": ["0", "0.01", "5", "12.5"], "d": ["0", "3", "INTERVAL 5 DAY", "INTERVAL 1 MONTH"],
            "w": ["INTERVAL 0 DAY", "INTERVAL 90 MINUTE", "INTERVAL 1 DAY", "INTERVAL 1 MONTH"], "id": ["2", "h + 2 - h", "7"],
        }  # fmt: skip
        key = self.pick(offsets)
        fitting = [text for text in offsets[key] if "h" not in text]
        return f"({self.partition()}ORDER BY {key}{self.flags()} {self.frame('RANGE', lambda: self.pick(fitting))})"

    def window(self, total):
        """`total`: the order of all rows shows."""
        roll = self.random.random()
        if not total and roll < 0.25:
            return self.range_window()
        keys = self.keys(total)
        start = f"{self.partition()}{self.order(keys)}"
        if roll < 0.5:
            return f"({start.strip()})"
        if roll < 0.6 and not total:
            return f"({start}{self.frame('GROUPS', self.row_offset)})"
        if not total:
            keys = self.keys(True)
            start = f"{self.partition()}{self.order(keys)}"
        if roll < 0.7:
            begin, end = self.pick(["UNBOUNDED PRECEDING", "CURRENT ROW"]), self.pick(["CURRENT ROW", "UNBOUNDED FOLLOWING"])
            return f"({start}RANGE BETWEEN {begin} AND {end}{self.exclusion()})"
        return f"({start}{self.frame(self.pick(['ROWS', 'ROWS', 'GROUPS']), self.row_offset)})"

    # Calls ---------------------------------------------------------------------------------------------------------------------------
    def filtered(self):
        return f" FILTER (WHERE {self.pick(['x > 0', 'p', 'h <> 1', 'id % 2 = 0'])})" if self.chance(0.15) else ""

    def distinct(self):
        return "DISTINCT " if self.chance(0.15) else ""

    def aggregate(self):
        """An aggregate whose result does not depend on the order of its rows."""
        number, any_value = self.pick(NUMBERS), self.pick(ANY)
        call = self.pick(
            [
                "count(*)", f"count({self.distinct()}{any_value})", f"sum({self.distinct()}{number})", f"avg({self.distinct()}{number})",
                f"min({any_value})", f"max({any_value})", f"sum({number})", f"min({number})", "bool_and(p)", "bool_or(p)", f"bit_xor({self.pick(['x', 'b'])})",
                f"stddev_samp({number})", f"var_pop({number})", f"median({self.pick(['x', 'y'])})", f"quantile_disc({number}, 0.25)", "corr(x, y)",
                f"quantile_cont({self.pick(['x', 'y'])}, 0.75)", "arg_min(id, id)", f"string_agg(s, '|' ORDER BY {self.pick(['id', 'id DESC'])})",
                f"list({any_value} ORDER BY id DESC)", f"array_agg(DISTINCT {self.pick(['g', 'h', 's'])} ORDER BY ALL)",
            ]
        )  # fmt: skip
        return (
            call.replace("ORDER BY ALL", f"ORDER BY {call.split('DISTINCT ')[-1].split(' ')[0]}" if "ALL" in call else "")
            + self.filtered()
        )

    def ordered_call(self):
        """A call whose result depends on the order of all rows."""
        value, nulls = self.pick(ANY), self.pick(["", "", " IGNORE NULLS"])
        return self.pick(
            [
                "row_number()", f"first_value({value}{nulls})", f"last_value({value}{nulls})", f"nth_value({value}, {self.pick(['1', '2', '3', 'h', 'id % 4'])}{nulls})",
                f"lag({value}{nulls})", f"lead({value}{nulls})", f"lag({value}, {self.pick(['0', '1', '2', '-1', 'h', 'id % 5 - 2'])}{nulls})",
                f"lead({value}, {self.pick(['1', '3', '-2', 'h'])}{nulls})", f"lag(x, 2, -1{nulls})", f"lead(s, 1, 'none'{nulls})", f"lead(x, h, id{nulls})",
                f"ntile({self.pick(['1', '2', '3', '7', '100', 'id % 4 + 1'])})", f"list({value})", f"string_agg(s, ','){self.filtered()}", f"first({value})", f"any_value({value})",
                f"last({value})", f"arg_max(id, {self.pick(['x', 'h'])})", f"arg_min(s, {self.pick(['x', 'y'])})", f"sum(x){self.filtered()}",
            ]
        )  # fmt: skip

    def rank(self):
        return self.pick(["rank()", "dense_rank()", "percent_rank()", "cume_dist()"])

    def call(self):
        roll = self.random.random()
        if roll < 0.45:
            return f"{self.aggregate()} OVER {self.window(False)}"
        if roll < 0.85:
            return f"{self.ordered_call()} OVER {self.window(True)}"
        return f"{self.rank()} OVER ({self.partition()}{self.order(self.keys(self.chance(0.3)))})"

    def query(self):
        items = ["id"] + [f"{self.call()} AS c{i}" for i in range(self.random.randint(1, 3))]
        where = self.pick(["", "", "", " WHERE x > -5", " WHERE h IS NOT NULL"])
        roll = self.random.random()
        if roll < 0.1:
            window = f"({self.partition()}{self.order(self.keys(True))})"
            call = self.pick(["row_number()", "sum(x)", "lag(s)", "rank()"])
            return f"SELECT id, {call} OVER w AS c FROM t{where} WINDOW w AS {window} ORDER BY id"
        if roll < 0.2:
            limit = self.pick(["<= 2", "= 1", "BETWEEN 2 AND 4", "> 3"])
            kind = self.pick(["row_number()", "row_number()", "rank()", "dense_rank()"])
            ranked = f"{kind} OVER ({self.partition()}{self.order(self.keys(True))})"
            return f"SELECT id FROM t{where} QUALIFY {ranked} {limit} ORDER BY id"
        if roll < 0.3:
            total = self.pick(["sum(x)", "count(*)", "max(y)"])
            inner = f"{self.pick(['rank()', 'sum(count(*))', f'sum({total})', 'row_number()', f'min({total})'])}"
            keys = f"ORDER BY {total} {self.pick(['', 'DESC'])}, g, h"
            return f"SELECT g, h, {inner} OVER ({self.pick(['', 'PARTITION BY g '])}{keys}) AS c FROM t{where} GROUP BY g, h ORDER BY g, h"
        if roll < 0.4:
            key = self.pick(["g = 'a'", "g IS NULL", "g < 'c'"])
            return f"SELECT * FROM (SELECT {', '.join(items)}, g FROM t{where}) WHERE {key} ORDER BY id"
        return f"SELECT {', '.join(items)} FROM t{where} ORDER BY id"
