"""Random schemas, data and queries of any type: what generate.py does over three fixed tables, over tables made up for each seed.

`SchemaGenerator(seed)` has `tables` (name -> Table) and makes queries by `query()`: (SQL, ordered), as generate.py does. A name stands for the same type in every
table, so that tables join by USING and go together in set operations. Calls take their argument types from functions.def. What peers leave open is kept out: ties where
order shows, sums of floats, values that are equal but look unlike.
"""

import random
import re
from dataclasses import dataclass

from engines import ROOT
from values import DECIMALS, FLOATS, INTEGERS, POOL, literal

WIDE_DECIMALS = [*DECIMALS, "DECIMAL(1,0)", "DECIMAL(10,2)", "DECIMAL(19,4)", "DECIMAL(38,0)", "DECIMAL(38,37)"]
EXACT = [*INTEGERS, *WIDE_DECIMALS]
SCALARS = [
    *EXACT,
    *FLOATS,
    "DATE",
    "TIMESTAMP",
    "TIME",
    "INTERVAL",
    "BOOLEAN",
    "VARCHAR",
    "BLOB",
    "UUID",
    "TIMESTAMP_S",
    "TIMESTAMP_NS",
]
COMMON = ["INTEGER", "BIGINT", "DOUBLE", "VARCHAR", "VARCHAR", "DATE", "TIMESTAMP", "BOOLEAN", "DECIMAL(10,2)"]
NESTED = ["INTEGER[]", "VARCHAR[]", "DOUBLE[]", "STRUCT(a INTEGER, b VARCHAR)", "INTEGER[][]"]
SMALL = {
    "VARCHAR": ["", "a", "b", "ab", "äö", "A", "a text of more than twelve bytes", "a text of more than twelve bytes, too"],
    "DATE": ["2020-01-01", "2020-02-29", "1969-12-31"],
    "TIMESTAMP": ["2020-01-01 00:00:00", "2020-02-29 10:30:00.5", "1969-12-31 23:59:59"],
    "DOUBLE": ["0", "1", "1.5", "-2.25", "nan", "0.1"],
    "FLOAT": ["0", "1", "1.5", "-2.25", "nan"],
    "TIME": ["00:00:00", "10:30:00", "23:59:59.999999"],
    "INTERVAL": ["1 day", "2 months", "3 hours", "-1 day"],  # no two that are equal and look unlike
    "UUID": ["00000000-0000-0000-0000-000000000000", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"],
    "TIMESTAMP_S": ["2020-01-01 00:00:00", "1969-12-31 23:59:59"],
    "TIMESTAMP_NS": ["2020-01-01 00:00:00", "2020-02-29 10:30:00.000000001"],
}
PLAIN = {
    "INTEGER": "{}",
    "VARCHAR": "'{}'",
    "DATE": "DATE '{}'",
    "TIMESTAMP": "TIMESTAMP '{}'",
    "BOOLEAN": "{}",
    "DECIMAL(10,2)": "{}",
}
EDGES = dict(POOL)
for name in WIDE_DECIMALS[len(DECIMALS) :]:
    width, scale = map(int, name[8:-1].split(","))
    digits = "9" * width
    EDGES[name] = ["0", "1", "-1", (digits[: width - scale] or "0") + ("." + digits[width - scale :] if scale else "")]

# Families of types: what may stand for what in an argument.
FAMILIES = {kind: "number" for kind in [*EXACT, *FLOATS, "N", "I"]}
FAMILIES |= {
    "VARCHAR": "text",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
    "TIME": "time",
    "INTERVAL": "interval",
}
FAMILIES |= {"BLOB": "blob", "UUID": "uuid", "TIMESTAMP_S": "timestamp_s", "TIMESTAMP_NS": "timestamp_ns"}


@dataclass
class Table:
    columns: list  # (name, type); the first is `id`, which is unique
    rows: list  # of literals

    def setup(self, name):
        columns = ", ".join(f"{column} {kind}" for column, kind in self.columns)
        yield f"CREATE OR REPLACE TABLE {name}({columns})"
        if self.rows:
            yield f"INSERT INTO {name} VALUES " + ", ".join(f"({', '.join(row)})" for row in self.rows)


# Functions ---------------------------------------------------------------------------------------------------------------------------
# Whose results are never the same, differ on purpose (docs/DIFFERENCES.md), or grow without bound.
LEFT_OUT = re.compile(
    r"random|uuid|now|today|current|local|hash$|transaction|age$|get_current|regexp|parse_|strptime|strftime|zone|_tz|timestamptz|position|array_"
    r"|substr|^left|^right|pad$|slice|distinct$|extract$|string_agg|map|range|generate|repeat|bar$|resize|format|printf|nanosecond|^mod$|setseed|unnest|typeof|make_timestamp"
    r"|cosine|nextafter|^hex$|^to_hex$|^bin$|^to_binary$|list_sort$|list_reverse_sort$|^round$|list_unique|list_aggr|list_length|^time_bucket|^error|^year$|histogram|_like_escape|age|alias|fsum|^add$|^subtract$|^divide$|^multiply$|version|^date_|^date(diff|part|sub|trunc)"
)


def read_functions():
    """Result family -> [(name, argument types, variadic)]"""
    text = (ROOT / "src/expr/functions.def").read_text()
    found = {}
    for name, signature, result, flags in re.findall(
        r'^FUNCTION(?:_BIND)?\("([a-z_0-9]+)", "([^"]*?) ?-> ([^"]*)", ([A-Z_ |0]+),', text, re.MULTILINE
    ):
        arguments = [part.strip() for part in signature.split(",") if part.strip()]
        known = all(part in FAMILIES or part in ("T", "T[]", "ANY") or part.removesuffix("[]") in FAMILIES for part in arguments)
        if LEFT_OUT.search(name) or "LAMBDA" in flags or not known or not arguments:
            continue
        family = FAMILIES.get(result, "same" if result == "T" else "list" if result == "T[]" else None)
        if family:
            found.setdefault(family, []).append((name, arguments, "VARIADIC" in flags))
    return found


FUNCTIONS = read_functions()
COMPARISONS = ["=", "<>", "<", "<=", ">", ">=", "IS DISTINCT FROM", "IS NOT DISTINCT FROM"]
DIRECTIONS = ["", " DESC", " NULLS FIRST", " DESC NULLS LAST", " DESC NULLS FIRST"]


class Dice:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def pick(self, options):
        return self.random.choice(list(options))

    def chance(self, share):
        return self.random.random() < share


class Expressions(Dice):
    """Expressions over a scope, a list of (text, type)."""

    def plain_literal(self, kind):
        if kind.endswith("[]"):
            items = [self.maybe_null(kind[:-2]) for _ in range(self.random.randint(0, 3))]
            return f"[{', '.join(items)}]::{kind}"
        if kind.startswith("STRUCT"):
            return f"{{'a': {self.maybe_null('INTEGER')}, 'b': {self.maybe_null('VARCHAR')}}}"
        value = self.pick(SMALL.get(kind) or [value for value in EDGES[kind] if len(value) < 6] or EDGES[kind])
        if kind in PLAIN and self.chance(0.6):
            return PLAIN[kind].format(value.replace("'", "''"))
        return literal(kind, value)

    def maybe_null(self, kind):
        return f"CAST(NULL AS {kind})" if self.chance(0.15) else self.plain_literal(kind)

    def column(self, scope, kind):
        family = FAMILIES.get(kind)
        fitting = [text for text, other in scope if other == kind or (family and FAMILIES.get(other) == family)]
        return self.pick(fitting) if fitting and self.chance(0.85) else self.maybe_null(kind)

    def value(self, scope, kind, depth=0):
        """An expression of the type, or of one that goes for it."""
        if depth > 2 or self.chance(0.35 + 0.15 * depth):
            return self.column(scope, kind)
        roll = self.random.random()
        if roll < 0.12:
            return f"CASE WHEN {self.condition(scope, depth + 1)} THEN {self.value(scope, kind, depth + 1)} ELSE {self.value(scope, kind, depth + 1)} END"
        if roll < 0.2:
            return f"{self.pick(['coalesce', 'nullif', 'greatest', 'least'])}({self.value(scope, kind, depth + 1)}, {self.value(scope, kind, depth + 1)})"
        if roll < 0.27 and kind in SCALARS:
            castable = ["VARCHAR", kind] + (["INTEGER", "DOUBLE", "DECIMAL(10,2)"] if kind in EXACT else [])
            return f"TRY_CAST({self.value(scope, self.pick(castable), depth + 1)} AS {kind})"
        if roll < 0.31 and depth < 2:
            return self.scalar_subquery(scope, kind)
        return self.made(scope, kind, depth)

    def made(self, scope, kind, depth):
        """A value that an operator or a function makes."""
        family = FAMILIES.get(kind) or ("list" if kind.endswith("[]") else "struct")
        if family == "boolean":
            return f"({self.condition(scope, depth + 1)})"
        if family == "struct":
            return f"{{'a': {self.value(scope, 'INTEGER', depth + 1)}, 'b': {self.value(scope, 'VARCHAR', depth + 1)}}}"
        if family == "list" and self.chance(0.5):
            return f"[{', '.join(self.value(scope, kind[:-2], depth + 1) for _ in range(self.random.randint(1, 2)))}]"
        if self.chance(0.4):
            operated = self.operated(scope, kind, family, depth + 1)
            if operated:
                return operated
        return self.call(scope, kind, family, depth + 1)

    def operated(self, scope, kind, family, depth):
        def of(wanted):
            return self.value(scope, wanted, depth)

        if family == "number":
            return f"({of(kind)}) {self.pick('+-*/%')} ({of(self.pick([kind, 'INTEGER', 'DECIMAL(4,1)']))})"
        if family == "text":
            return f"({of('VARCHAR')}) || ({of(self.pick(['VARCHAR', 'INTEGER', 'DATE']))})"
        if family == "date":
            return f"({of('DATE')}) {self.pick('+-')} {self.pick(['1', '365', '0'])}"
        if family in ("timestamp", "timestamp_ns"):
            return f"({of(kind)}) {self.pick('+-')} {self.pick(['INTERVAL 1 DAY', 'INTERVAL 13 MONTH', 'INTERVAL 1 HOUR'])}"
        if family == "list":
            return f"({of(kind)}) || ({of(kind)})"
        return None

    def call(self, scope, kind, family, depth):
        options = FUNCTIONS.get(family, []) + FUNCTIONS["same"]
        name, arguments, variadic = self.pick(options)
        generic = self.pick([kind, "INTEGER", "VARCHAR"]) if family != "list" else kind[:-2]
        if (name, arguments, variadic) in FUNCTIONS["same"]:
            generic = kind
        if "T[]" in arguments and generic not in SCALARS:
            return self.column(scope, kind)
        wanted = {
            "T": generic,
            "T[]": f"{generic}[]",
            "ANY": generic,
            "N": kind if family == "number" else "INTEGER",
            "I": "INTEGER",
        }
        if variadic:
            arguments = arguments + arguments[-1:] * self.random.randint(0, 2)
        return f"{name}({', '.join(self.value(scope, wanted.get(part, part), depth) for part in arguments)})"

    def condition(self, scope, depth=0):
        if depth < 2 and self.chance(0.3):
            a, b = self.condition(scope, depth + 1), self.condition(scope, depth + 1)
            return self.pick([f"({a}) AND ({b})", f"({a}) OR ({b})", f"NOT ({a})", f"(({a}) OR ({b})) IS NOT TRUE"])
        kind = self.pick(scope)[1]
        a, b = self.value(scope, kind, depth + 1), self.value(scope, kind, depth + 1)
        roll = self.random.random()
        if roll < 0.5:
            return f"({a}) {self.pick(COMPARISONS)} ({b})"
        if roll < 0.6:
            return f"({a}) IS {self.pick(['', 'NOT '])}NULL"
        if roll < 0.7:
            return f"({a}) {self.pick(['', 'NOT '])}IN ({b}, {self.maybe_null(kind)})"
        if roll < 0.78:
            return f"({a}) {self.pick(['', 'NOT '])}BETWEEN ({b}) AND ({self.value(scope, kind, depth + 1)})"
        if roll < 0.86 and depth < 2:
            return self.subquery_condition(scope, kind, a)
        pattern = self.pick(["'a%'", "'%b'", "'_'", "'%more%'", "'%'", "''"])
        return f"({self.value(scope, 'VARCHAR', depth + 1)}) {self.pick(['', 'NOT '])}{self.pick(['LIKE', 'ILIKE'])} {pattern}"


class SchemaGenerator(Expressions):
    def __init__(self, seed):
        super().__init__(seed)
        self.aliases = self.depth = 0
        self.common_tables = {}
        names = {f"c{i}": self.pick(self.pick([COMMON, COMMON, SCALARS, NESTED])) for i in range(8)}
        self.tables = {name: self.make_table(names) for name in ("t", "u", "v")}

    # Data ----------------------------------------------------------------------------------------------------------------------------
    def make_table(self, names):
        chosen = self.random.sample(sorted(names), self.random.randint(1, 5))
        columns = [("id", "INTEGER")] + [(name, names[name]) for name in chosen]
        count = self.pick([0, 1, 2, 5, 5, 12, 12, 30])
        rows = [[str(i)] + [self.cell(kind) for _, kind in columns[1:]] for i in range(count)]
        self.random.shuffle(rows)
        return Table(columns, rows)

    def cell(self, kind):
        edges = [value for value in EDGES.get(kind, []) if value != "-0.0" and "infinity" not in value]
        return literal(kind, self.pick(edges)) if edges and self.chance(0.15) else self.maybe_null(kind)

    def setup(self):
        return [statement for name, table in self.tables.items() for statement in table.setup(name)]

    # Subqueries ----------------------------------------------------------------------------------------------------------------------
    def alias(self):
        self.aliases += 1
        return f"q{self.aliases}"

    def inner(self, scope):
        """A table below, and a condition that may look at the scope above."""
        name, alias = self.pick(self.tables), self.alias()
        below = [(f"{alias}.{column}", kind) for column, kind in self.tables[name].columns]
        pairs = [f"{a} = {b}" for a, x in scope for b, y in below if x == y]
        conditions = [self.pick(pairs)] if pairs and self.chance(0.6) else []
        if self.chance(0.3):
            conditions.append(f"({self.condition(below + scope[:4], 2)})")
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        return f"FROM {name} AS {alias}{where}", below

    def scalar_subquery(self, scope, kind):
        rest, below = self.inner(scope)
        aggregate = self.pick(["min", "max", "min", "max", "count"]) if kind in EXACT else self.pick(["min", "max"])
        return f"(SELECT {aggregate}({self.value(below, kind, 2)}) {rest})"

    def subquery_condition(self, scope, kind, value):
        rest, below = self.inner(scope)
        roll = self.random.random()
        if roll < 0.4:
            return f"{self.pick(['', 'NOT '])}EXISTS (SELECT 1 {rest})"
        item = self.value(below, kind, 2)
        if roll < 0.8:
            return f"({value}) {self.pick(['', 'NOT '])}IN (SELECT {item} {rest})"
        return f"({value}) {self.pick(COMPARISONS[:6])} {self.pick(['ANY', 'ALL'])} (SELECT {item} {rest})"

    # Tables --------------------------------------------------------------------------------------------------------------------------
    def relation(self):
        """(SQL, scope): a table, one of WITH, or a subquery."""
        alias = self.alias()
        if self.common_tables and self.chance(0.5):
            name = self.pick(self.common_tables)
            return f"{name} AS {alias}", [(f"{alias}.{column}", kind) for column, kind in self.common_tables[name]]
        name = self.pick(self.tables)
        columns = self.tables[name].columns
        if self.depth < 2 and self.chance(0.2):
            self.depth += 1
            inner = self.alias()
            scope = [(f"{inner}.{column}", kind) for column, kind in columns]
            distinct = self.pick(["", "", "DISTINCT "])
            sql = f"(SELECT {distinct}{', '.join(column for column, _ in columns)} FROM {name} AS {inner} WHERE {self.condition(scope)}) AS {alias}"
            self.depth -= 1
        else:
            sql = f"{name} AS {alias}"
        return sql, [(f"{alias}.{column}", kind) for column, kind in columns]

    def lateral(self, scope):
        """A subquery that looks at the tables before it."""
        rest, below = self.inner(scope)
        items = [self.pick(below + scope[:3]) for _ in range(self.random.randint(1, 2))]
        limit = self.pick(["", " ORDER BY ALL LIMIT 2", " ORDER BY ALL DESC LIMIT 1"])
        alias = self.alias()
        columns = ", ".join(f"{text} AS l{i}" for i, (text, _) in enumerate(items))
        return f"LATERAL (SELECT {columns} {rest}{limit}) AS {alias}", [
            (f"{alias}.l{i}", kind) for i, (_, kind) in enumerate(items)
        ]

    def join(self, sql, scope):
        if self.chance(0.1):
            right, right_scope = self.lateral(scope)
            return f"{sql} {self.pick(['JOIN', 'LEFT JOIN'])} {right} ON true", scope + right_scope
        right, right_scope = self.relation()
        kind = self.pick(["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "SEMI JOIN", "ANTI JOIN", "CROSS JOIN"])
        if kind == "CROSS JOIN":
            return f"{sql} CROSS JOIN {right}", scope + right_scope
        kept = scope if kind in ("SEMI JOIN", "ANTI JOIN") else scope + right_scope
        pairs = [(a, b) for a, x in scope for b, y in right_scope if x == y]
        conditions = (
            [f"{a} = {b}" for a, b in self.random.sample(pairs, min(len(pairs), self.pick([1, 1, 2])))] if self.chance(0.85) else []
        )
        if not conditions or self.chance(0.3):
            conditions.append(f"({self.condition(scope + right_scope, 1)})")
        return f"{sql} {kind} {right} ON {' AND '.join(conditions)}", kept

    def join_using(self, sql, scope):
        """Only of two tables: the merged columns have no qualifier."""
        right, right_scope = self.relation()
        shared = sorted({text.split(".")[1] for text, _ in scope} & {text.split(".")[1] for text, _ in right_scope})
        names = self.random.sample(shared, min(len(shared), self.pick([1, 1, 2])))
        kind = self.pick(["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"])
        merged = [(text.split(".")[1], kind) for text, kind in scope if text.split(".")[1] in names]
        return f"{sql} {kind} {right} USING ({', '.join(names)})", merged + scope + right_scope

    def source(self):
        sql, scope = self.relation()
        if self.chance(0.12):
            return self.join_using(sql, scope)
        while self.chance(0.4) and len(scope) < 20:
            sql, scope = self.join(sql, scope)
        return sql, scope

    # Queries -------------------------------------------------------------------------------------------------------------------------
    def aggregate(self, scope):
        filtered = f" FILTER (WHERE {self.condition(scope, 1)})" if self.chance(0.15) else ""
        distinct = "DISTINCT " if self.chance(0.2) else ""
        text, kind = self.pick(scope)
        exact = [column for column, other in scope if other in EXACT]
        roll = self.random.random()
        if roll < 0.15:
            return f"count(*){filtered}"
        if roll < 0.45 and exact:
            return f"{self.pick(['sum', 'avg', 'sum', 'median', 'product'][:4])}({distinct}{self.pick(exact)}){filtered}"
        if roll < 0.75:
            return f"{self.pick(['min', 'max', 'count'])}({distinct}{self.value(scope, kind, 1)}){filtered}"
        if roll < 0.8:
            return f"{self.pick(['bool_and', 'bool_or'])}({self.condition(scope, 1)}){filtered}"
        return self.pick(
            [
                f"list({text} ORDER BY {text}){filtered}", f"string_agg({text}, '|' ORDER BY {text}){filtered}", f"quantile_disc({text}, 0.5){filtered}",
                f"count(DISTINCT {text}){filtered}", f"list(DISTINCT {text} ORDER BY {text} DESC)", f"max({text}, 2){filtered}", f"bit_xor({self.column(scope, 'INTEGER')}::INTEGER)",
            ]
        )  # fmt: skip

    def window(self, scope):
        """A window call that gives tied rows the same value."""
        text, _ = self.pick(scope)
        keys = f"ORDER BY {text}{self.pick(DIRECTIONS)}"
        parts = f"PARTITION BY {self.pick(scope)[0]} " if self.chance(0.5) else ""
        exact = self.column([entry for entry in scope if entry[1] in EXACT], "INTEGER")
        call = self.pick(
            [
                "rank()",
                "dense_rank()",
                "percent_rank()",
                "cume_dist()",
                "count(*)",
                f"sum({exact})",
                f"min({text})",
                f"max({self.pick(scope)[0]})",
                f"avg({exact})",
            ]
        )
        frames = [""]
        if call.startswith(("count", "sum", "min", "max", "avg")):
            bounds = ["UNBOUNDED PRECEDING AND CURRENT ROW", "1 PRECEDING AND 1 FOLLOWING", "CURRENT ROW AND UNBOUNDED FOLLOWING"]
            frames += [f" GROUPS BETWEEN {bound}{exclude}" for bound in bounds for exclude in ("", " EXCLUDE GROUP")]
        return f"{call} OVER ({parts}{keys}{self.pick(frames)})"

    def any_value(self, scope):
        return self.value(scope, self.pick(scope)[1])

    def grouped(self, scope):
        """(items, the clauses behind WHERE)"""
        groups = [self.pick([self.pick(scope)[0], f"({self.any_value(scope)})"]) for _ in range(self.random.randint(0, 2))]
        # an expression without columns may be read as a place; one with a subquery is not found again in the items yet
        groups = [group for group in groups if "q" in group and "SELECT" not in group]
        items = groups + [self.aggregate(scope) for _ in range(self.random.randint(1, 3))]
        clause = ""
        if groups:
            several = self.pick(["{}", "{}", "{}", "ROLLUP ({})", "CUBE ({})", "GROUPING SETS (({}), ())"])
            clause = " GROUP BY " + several.format(", ".join(groups))
        having = f" HAVING {self.aggregate(scope)} IS NOT NULL" if self.chance(0.15) else ""
        return items, clause + having

    def select(self, kinds=None):
        """(SQL, number of columns); `kinds`: the types of its columns, else any."""
        source, scope = self.source()
        where = f" WHERE {self.condition(scope)}" if self.chance(0.5) else ""
        behind, distinct = "", ""
        if kinds:
            items = [self.value(scope, kind, 1) for kind in kinds]
        elif self.chance(0.3):
            items, behind = self.grouped(scope)
        else:
            items = [self.any_value(scope) for _ in range(self.random.randint(1, 3))]
            if self.chance(0.2):
                items.append(self.window(scope))
            distinct = self.pick(["", "", "", "DISTINCT "])
        columns = ", ".join(f"{item} AS c{i}" for i, item in enumerate(items))
        return f"SELECT {distinct}{columns} FROM {source}{where}{behind}", len(items)

    def set_operation(self):
        kinds = [self.pick(SCALARS[:15] + COMMON) for _ in range(self.random.randint(1, 2))]
        operation = self.pick(["UNION", "UNION ALL", "INTERSECT", "EXCEPT", "EXCEPT ALL", "INTERSECT ALL", "UNION BY NAME"])
        return f"({self.select(kinds)[0]}) {operation} ({self.select(kinds)[0]})", len(kinds)

    def recursive(self):
        """WITH RECURSIVE of one table: steps along the ids, four at most."""
        first, then = self.pick(self.tables), self.pick(self.tables)
        step = self.pick(["b.id = a.x0 + 1", "b.id = a.x0 - 2", "b.id < a.x0 AND b.id > a.x0 - 3"])
        union = self.pick(["UNION ALL", "UNION"])
        self.common_tables = {"w0": [("x0", "INTEGER"), ("x1", "INTEGER")]}
        below = f"SELECT b.id, a.x1 + 1 FROM w0 AS a JOIN {then} AS b ON {step} WHERE a.x1 < 3"
        return f"WITH RECURSIVE w0(x0, x1) AS (SELECT id, 0 FROM {first} {union} {below}) "

    def with_clause(self):
        """WITH: one or two tables, which the query behind may use more than once."""
        self.common_tables = {}
        if self.chance(0.2):
            return self.recursive()
        parts = []
        for i in range(self.pick([1, 1, 2])):
            kinds = [self.pick(COMMON) for _ in range(self.random.randint(1, 3))]
            sql, _ = self.select(kinds)
            casts = ", ".join(f"CAST(c{j} AS {kind}) AS x{j}" for j, kind in enumerate(kinds))
            hint = self.pick(["", "", "MATERIALIZED ", "NOT MATERIALIZED "])
            parts.append(f"w{i} AS {hint}(SELECT {casts} FROM ({sql}) AS {self.alias()})")
            self.common_tables[f"w{i}"] = [(f"x{j}", kind) for j, kind in enumerate(kinds)]
        return f"WITH {', '.join(parts)} "

    def query(self):
        self.aliases, self.common_tables = 0, {}
        start = self.with_clause() if self.chance(0.15) else ""
        sql, count = self.set_operation() if self.chance(0.12) else self.select()
        ordered = self.chance(0.4)
        if ordered:
            keys = [f"{i + 1}{self.pick(DIRECTIONS)}" for i in range(count)]
            sql += f" ORDER BY {self.pick(['ALL', 'ALL DESC', ', '.join(keys)])}"
            sql += self.pick(["", "", " LIMIT 3", " LIMIT 2 OFFSET 1", " OFFSET 4", " LIMIT 0"])
        return start + sql, ordered
