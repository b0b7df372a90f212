"""Random queries over three small tables: typed, so that most of them have an answer.

`Generator(seed)` makes everything from one seed: the tables' contents (`setup()`), then as many queries as wanted (`query()`). A query is (SQL, ordered): whether
its ORDER BY fixes the order of all its rows.
"""

import random

from values import POOL, literal

COLUMNS = {
    "t": [
        ("i", "INTEGER"),
        ("b", "BIGINT"),
        ("u", "UTINYINT"),
        ("x", "DOUBLE"),
        ("n", "DECIMAL(9,3)"),
        ("s", "VARCHAR"),
        ("d", "DATE"),
    ]
    + [("p", "BOOLEAN"), ("w", "TIMESTAMP")],
    "r": [("i", "INTEGER"), ("h", "HUGEINT"), ("f", "FLOAT"), ("s", "VARCHAR"), ("m", "SMALLINT"), ("d", "DATE")],
    "e": [("i", "INTEGER"), ("s", "VARCHAR"), ("x", "DOUBLE")],
}
SMALL = {
    "INTEGER": ["0", "1", "2", "3", "-1", "7"],
    "BIGINT": ["0", "1", "2", "5", "-3", "100"],
    "HUGEINT": ["0", "1", "3", "-2"],
    "SMALLINT": ["0", "1", "2", "9"],
    "UTINYINT": ["0", "1", "2", "200"],
    "DECIMAL(9,3)": ["0.000", "1.500", "-2.250", "3.141"],
    "DOUBLE": ["0", "1.5", "-2.25", "nan", "inf", "0.1"],
    "FLOAT": ["0", "1.5", "0.1", "nan", "-inf"],
    "VARCHAR": ["", "a", "b", "ab", "äö", "A", "zz", "a%"],
    "DATE": ["2020-01-01", "2020-02-29", "1969-12-31"],
    "TIMESTAMP": ["2020-01-01 00:00:00", "2020-01-01 10:30:00.5"],
    "BOOLEAN": ["true", "false"],
}
NUMBERS = ["INTEGER", "BIGINT", "HUGEINT", "SMALLINT", "UTINYINT", "DECIMAL(9,3)", "DOUBLE", "FLOAT"]
EXACT = NUMBERS[:6]
ORDERED_AGGREGATES = ["min", "max", "count", "any_value"]


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.depth = 0
        self.aliases = 0

    def pick(self, options):
        return self.random.choice(list(options))

    def chance(self, share):
        return self.random.random() < share

    def setup(self):
        statements = []
        for table, columns in COLUMNS.items():
            statements.append(f"CREATE TABLE {table}({', '.join(f'{name} {kind}' for name, kind in columns)})")
            rows = {"t": self.pick([1, 7, 23]), "r": self.pick([3, 11]), "e": 0}[table]
            for _ in range(rows):
                values = [self.value(kind) for _, kind in columns]
                statements.append(f"INSERT INTO {table} VALUES ({', '.join(values)})")
        return statements

    def value(self, kind):
        if self.chance(0.15):
            return "NULL"
        pool = SMALL[kind] if self.chance(0.9) else POOL[kind]
        return literal(
            kind, self.pick([value for value in pool if value != "-0.0"])
        )  # which of 0.0 and -0.0 stands for both is not said

    # Expressions: a scope is a list of (text, type) --------------------------------------------------------------------------------
    def of_type(self, scope, kinds):
        return [text for text, kind in scope if kind in kinds]

    def column(self, scope, kinds):
        fitting = self.of_type(scope, kinds)
        return self.pick(fitting) if fitting else None

    def number(self, scope, depth=0):
        column = self.column(scope, NUMBERS)
        if depth > 2 or self.chance(0.4):
            return column if column and self.chance(0.8) else self.pick(["1", "2", "0", "1.5", "2e0", "-1", "NULL::INTEGER"])
        a, b = self.number(scope, depth + 1), self.number(scope, depth + 1)
        return self.pick(
            [
                f"{a} + {b}", f"({a}) - ({b})", f"({a}) * 2", f"({a}) / ({b})", f"-({a})", f"abs({a})", f"round({a}, 1)", f"floor({a})",
                f"coalesce({a}, {b})", f"CASE WHEN {self.condition(scope, depth + 1)} THEN {a} ELSE {b} END", f"greatest({a}, {b})",
                f"least({a}, {b}, 1)", f"nullif({a}, {b})", f"length({self.text(scope, depth + 1)})", f"TRY_CAST({a} AS INTEGER)",
                f"TRY_CAST({self.text(scope, depth + 1)} AS DOUBLE)", f"if({self.condition(scope, depth + 1)}, {a}, {b})",
                f"CAST({a} AS DOUBLE)", f"TRY_CAST({a} AS DECIMAL(12,2))", f"sign({a})",
            ]
        )  # fmt: skip

    def text(self, scope, depth=0):
        column = self.column(scope, ["VARCHAR"])
        if depth > 2 or self.chance(0.4):
            return column if column and self.chance(0.8) else self.pick(["'a'", "''", "'ab'", "NULL::VARCHAR", "'%b'"])
        a, b = self.text(scope, depth + 1), self.text(scope, depth + 1)
        number = self.number(scope, depth + 1)
        return self.pick(
            [
                f"{a} || {b}", f"upper({a})", f"lower({a})", f"concat({a}, {number}, {b})", f"substring({a}, 1, 2)", f"replace({a}, 'a', {b})",
                f"coalesce({a}, {b})", f"CASE WHEN {self.condition(scope, depth + 1)} THEN {a} ELSE {b} END", f"trim({a})", f"left({a}, 1)",
                f"CAST({number} AS VARCHAR)", f"reverse({a})", f"nullif({a}, {b})", f"lpad({a}, 3, 'x')", f"repeat({a}, 2)",
            ]
        )  # fmt: skip

    def condition(self, scope, depth=0):
        number, other = self.number(scope, depth + 1), self.number(scope, depth + 1)
        text, another = self.text(scope, depth + 1), self.text(scope, depth + 1)
        operator = self.pick(["=", "<>", "<", "<=", ">", ">=", "IS DISTINCT FROM", "IS NOT DISTINCT FROM"])
        simple = [
            f"{number} {operator} {other}", f"{text} {operator} {another}", f"({number}) IS NULL", f"({text}) IS NOT NULL",
            f"({number}) BETWEEN 0 AND 2", f"({number}) NOT BETWEEN ({other}) AND 3", f"({number}) IN (1, 2, ({other}))",
            f"({number}) NOT IN (0, 3)", f"{text} IN ('a', 'b', NULL)", f"{text} LIKE 'a%'", f"{text} NOT LIKE '%b'", f"{text} LIKE '_'",
            f"starts_with({text}, 'a')", f"contains({text}, {another})",
        ]  # fmt: skip
        date, boolean = self.column(scope, ["DATE"]), self.column(scope, ["BOOLEAN"])
        if date:
            simple += [f"{date} {operator} DATE '2020-01-15'", f"{date} > '2020-01-01'"]
        if boolean:
            simple += [boolean, f"{boolean} IS TRUE", f"NOT {boolean}"]
        if depth > 1 or self.chance(0.5):
            return self.pick(simple)
        a, b = self.condition(scope, depth + 1), self.condition(scope, depth + 1)
        return self.pick([f"({a}) AND ({b})", f"({a}) OR ({b})", f"NOT ({a})", f"(({a}) AND ({b})) IS NULL"])

    def any_value(self, scope):
        roll = self.random.random()
        if roll < 0.4:
            return self.number(scope)
        if roll < 0.7:
            return self.text(scope)
        if roll < 0.8:
            return self.condition(scope)
        return self.pick(scope)[0]

    # Tables ------------------------------------------------------------------------------------------------------------------------
    def alias(self):
        self.aliases += 1
        return f"q{self.aliases}"

    def table(self):
        """(SQL, scope)"""
        name = self.pick(["t", "t", "r", "r", "e"])
        alias = self.alias()
        scope = [(f"{alias}.{column}", kind) for column, kind in COLUMNS[name]]
        if self.depth < 2 and self.chance(0.25):
            self.depth += 1
            kept = self.random.sample(scope, min(len(scope), 3))
            columns = ", ".join(f"{text} AS {text.split('.')[1]}" for text, _ in kept)
            where = f" WHERE {self.condition(scope)}" if self.chance(0.5) else ""
            distinct = "DISTINCT " if self.chance(0.3) else ""
            outer = self.alias()
            self.depth -= 1
            return (
                f"(SELECT {distinct}{columns} FROM {name} AS {alias}{where}) AS {outer}",
                [(f"{outer}.{text.split('.')[1]}", kind) for text, kind in kept],
            )
        return f"{name} AS {alias}", scope

    def source(self):
        """Joins, or tables with commas between; not both, since engines differ in what an ON behind a comma may see."""
        sql, scope = self.table()
        commas = self.chance(0.1)
        while self.chance(0.35) and len(scope) < 20:
            right, right_scope = self.table()
            kind = self.pick(["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "SEMI JOIN", "ANTI JOIN", "CROSS JOIN"])
            if commas:
                sql, scope = f"{sql}, {right}", scope + right_scope
                continue
            if kind == "CROSS JOIN":
                sql, scope = f"{sql} CROSS JOIN {right}", scope + right_scope
                continue
            pairs = [(a, b) for a, x in scope for b, y in right_scope if x == y or (x in EXACT and y in EXACT)]
            on = " = ".join(self.pick(pairs)) if pairs and self.chance(0.8) else self.condition(scope + right_scope)
            if self.chance(0.3):
                on += f" AND {self.condition(scope + right_scope)}"
            sql = f"{sql} {kind} {right} ON {on}"
            if kind not in ("SEMI JOIN", "ANTI JOIN"):
                scope = scope + right_scope
        return sql, scope

    # Queries -----------------------------------------------------------------------------------------------------------------------
    def aggregate(self, scope):
        roll = self.random.random()
        filtered = f" FILTER (WHERE {self.condition(scope)})" if self.chance(0.15) else ""
        if roll < 0.2:
            return "count(*)" + filtered
        if roll < 0.5:
            exact = self.column(scope, EXACT) or "1"
            name = self.pick(["sum", "avg", "min", "max", "count", "sum", "bool_or"])
            if name == "bool_or":
                return f"bool_or({self.condition(scope)}){filtered}"
            return f"{name}({'DISTINCT ' if self.chance(0.2) else ''}{exact}){filtered}"
        if roll < 0.8:
            return f"{self.pick(['min', 'max', 'count'])}({self.any_value(scope)}){filtered}"
        return f"count(DISTINCT {self.pick(scope)[0]}){filtered}"

    def where(self, scope):
        if not self.chance(0.5):
            return ""
        condition = self.condition(scope)
        if self.chance(0.15):
            column = self.column(scope, EXACT)
            if column:
                negated = self.pick(["", "NOT "])
                condition = f"({condition}) AND {column} {negated}IN (SELECT i FROM {self.pick(['r', 'e'])})"
        if self.chance(0.1):
            column = self.column(scope, EXACT)
            if column:
                condition = (
                    f"({condition}) OR {self.pick(['', 'NOT '])}EXISTS (SELECT 1 FROM r AS inner_r WHERE inner_r.i = {column})"
                )
        return f" WHERE {condition}"

    def select(self):
        source, scope = self.source()
        where = self.where(scope)
        if self.chance(0.35):
            groups = [self.pick([self.pick(scope)[0], self.any_value(scope)]) for _ in range(self.random.randint(0, 2))]
            groups = [
                group
                for group in groups
                if not group.lstrip("-").replace(".", "").isdigit()
                and group != "NULL"
                and "2e0" not in group
                and not group.startswith(("'", "NULL::"))
            ]
            items = groups + [self.aggregate(scope) for _ in range(self.random.randint(1, 3))]
            names = [f"c{i}" for i in range(len(items))]
            clause = self.pick(["ALL", ", ".join(str(i + 1) for i in range(len(groups))), ", ".join(f"({g})" for g in groups)])
            if groups and self.chance(0.15):
                clause = self.pick(["ROLLUP", "CUBE"]) + "(" + ", ".join(f"({g})" for g in groups) + ")"
            group = f" GROUP BY {clause}" if groups else ""
            having = f" HAVING count(*) > {self.pick([0, 1, 2])}" if self.chance(0.2) else ""
            return self.finish(items, names, f"FROM {source}{where}{group}{having}")
        items = [self.any_value(scope) for _ in range(self.random.randint(1, 4))]
        return self.finish(items, [f"c{i}" for i in range(len(items))], f"FROM {source}{where}", self.chance(0.2))

    def finish(self, items, names, rest, distinct=False):
        columns = ", ".join(f"{item} AS {name}" for item, name in zip(items, names, strict=True))
        return f"SELECT {'DISTINCT ' if distinct else ''}{columns} {rest}", len(items)

    def query(self):
        self.aliases = 0
        sql, count = self.select()
        if self.chance(0.1):
            other, other_count = self.select()
            if other_count == count:
                operation = self.pick(["UNION", "UNION ALL", "INTERSECT", "EXCEPT", "EXCEPT ALL", "INTERSECT ALL"])
                sql = f"({sql}) {operation} ({other})"
        if self.chance(0.15):
            sql = f"WITH w AS ({sql}) SELECT * FROM w"
        ordered = self.chance(0.4)
        if ordered:
            sql += " ORDER BY " + self.pick(
                [
                    "ALL",
                    "ALL DESC",
                    "ALL NULLS FIRST",
                    ", ".join(f"{i + 1} {self.pick(['', 'DESC', 'DESC NULLS FIRST', 'NULLS LAST'])}" for i in range(count)),
                ]
            )
            if self.chance(0.3):
                sql += self.pick([" LIMIT 3", " LIMIT 2 OFFSET 1", " OFFSET 2", " LIMIT 0", " LIMIT 50%"])
        return sql, ordered
