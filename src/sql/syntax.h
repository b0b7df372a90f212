/* The syntax tree of one SQL statement.
 *
 * Idea: all nodes have one shape and live in one array; a node refers to others by index (syntax_id), and 0 is no node. A node's
 * children are a range of `links`, so a list is a node like any other, and walking, printing and comparing need no case for each
 * kind. What a kind's text, option, flags and children mean stands in its row of syntax.def; children have names below (SLOT_…).
 *
 *     nodes  [0: none] [1] [2] [3: BINARY + first=4 count=2] …          links  … [4]: 1  [5]: 2 …
 *
 * Parentheses leave no node. A name keeps the case it was written in. Texts point into the arena and live as long as it does, as does
 * everything here. `height` is the number of nested levels below and with the node, at most LIMIT_EXPRESSION_DEPTH, so a walk knows
 * beforehand how deep it will go; still a walk over whole expressions should use a stack of its own. */
#ifndef SQL_SYNTAX_H
#define SQL_SYNTAX_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"

typedef uint32_t syntax_id;

/* The rows of syntax.def: SYNTAX_SELECT, SYNTAX_COLUMN … */
typedef enum syntax_kind {
#define KIND(name, levels, text) SYNTAX_##name,
#include "syntax.def"
#undef KIND
    SYNTAX_KIND_COUNT
} syntax_kind;

/* The rows of operators.def: OPERATOR_ADD … */
typedef enum syntax_operator {
    OPERATOR_NONE,
#define OPERATOR(name, text, precedence, prefix) OPERATOR_##name,
#include "operators.def"
#undef OPERATOR
    OPERATOR_COUNT
} syntax_operator;

typedef struct syntax_node {
    uint16_t kind;   /* syntax_kind */
    uint16_t option; /* one of the enums below, by kind */
    uint16_t flags;  /* SYNTAX_FLAG_…, by kind */
    uint16_t height; /* levels, by syntax.def */
    uint32_t begin;  /* the node's source: bytes [begin, end) of the text given to sql_parse_statement() */
    uint32_t end;
    uint32_t first; /* children: links[first … first + count) */
    uint32_t count;
    string_view text;
} syntax_node;

typedef struct syntax {
    string_view source; /* the statement's text, copied; node positions count in it */
    syntax_node *nodes; /* nodes[0] is NONE */
    syntax_id *links;
    uint32_t node_count, node_capacity;
    uint32_t link_count, link_capacity;
    uint32_t parameter_count; /* the highest number of ? and $1 */
    syntax_id root; /* the statement: QUERY, INSERT …; 0: the text held none (white space, comments) */
} syntax;

/* Flags. Those of one kind never share a bit. -------------------------------------------------------------------------------- */
enum {
    SYNTAX_FLAG_NOT = 1,    /* IS_TEST BETWEEN LIKE IN_… */
    SYNTAX_FLAG_QUOTED = 2, /* COLUMN CALL TABLE ALIAS: the name stood in double quotes */
    SYNTAX_FLAG_SYMMETRIC = 4, /* BETWEEN */
    SYNTAX_FLAG_ALL = 1,    /* QUANTIFIED SET_OPERATION ORDER_KEY */
    SYNTAX_FLAG_TRY = 1,    /* CAST */
    SYNTAX_FLAG_UNPACK = 1, /* COLUMNS */
    SYNTAX_FLAG_ROW = 1,    /* ROW */
    SYNTAX_FLAG_PATH = 1,   /* TABLE */
    /* CALL */
    SYNTAX_FLAG_DISTINCT = 1, /* also SELECT; with slot DISTINCT_ON: DISTINCT ON */
    SYNTAX_FLAG_STAR = 4,     /* count(*) */
    SYNTAX_FLAG_IGNORE_NULLS = 8,
    SYNTAX_FLAG_RESPECT_NULLS = 16,
    /* WINDOW, FRAME */
    SYNTAX_FLAG_REFERENCE = 1,
    SYNTAX_FLAG_EXCLUDE_CURRENT_ROW = 1,
    SYNTAX_FLAG_EXCLUDE_GROUP = 2,
    SYNTAX_FLAG_EXCLUDE_TIES = 4,
    SYNTAX_FLAG_EXCLUDE_NO_OTHERS = 8,
    /* ORDER_KEY, beside ALL */
    SYNTAX_FLAG_ASCENDING = 2,
    SYNTAX_FLAG_DESCENDING = 4,
    SYNTAX_FLAG_NULLS_FIRST = 8,
    SYNTAX_FLAG_NULLS_LAST = 16,
    /* queries and tables */
    SYNTAX_FLAG_RECURSIVE = 1,        /* QUERY */
    SYNTAX_FLAG_PERCENT = 2,          /* QUERY: LIMIT 10 %; SAMPLE */
    SYNTAX_FLAG_MATERIALIZED = 1,     /* CTE */
    SYNTAX_FLAG_NOT_MATERIALIZED = 2, /* CTE */
    SYNTAX_FLAG_GROUP_ALL = 2,        /* SELECT */
    SYNTAX_FLAG_BY_NAME = 2,          /* SET_OPERATION, beside ALL */
    SYNTAX_FLAG_LATERAL = 2,          /* TABLE_FUNCTION TABLE_QUERY */
    SYNTAX_FLAG_ORDINALITY = 4,       /* TABLE_FUNCTION */
    SYNTAX_FLAG_NATURAL = 1,          /* JOIN */
    SYNTAX_FLAG_ASOF = 2,             /* JOIN */
    SYNTAX_FLAG_INCLUDE_NULLS = 1,    /* UNPIVOT */
    /* statements */
    SYNTAX_FLAG_ANALYZE = 1,      /* EXPLAIN */
    SYNTAX_FLAG_OR_REPLACE = 1,   /* CREATE_… INSERT ATTACH */
    SYNTAX_FLAG_IF_NOT_EXISTS = 2, /* CREATE_… ALTER ATTACH */
    SYNTAX_FLAG_TEMPORARY = 4,    /* CREATE_… */
    SYNTAX_FLAG_NO_DATA = 8,      /* CREATE_TABLE … WITH NO DATA */
    SYNTAX_FLAG_UNIQUE = 8,       /* CREATE_INDEX */
    SYNTAX_FLAG_TABLE = 1,        /* MACRO_BODY */
    SYNTAX_FLAG_STORED = 1,       /* CONSTRAINT GENERATED … STORED */
    SYNTAX_FLAG_OR_IGNORE = 2,    /* INSERT, beside OR_REPLACE */
    SYNTAX_FLAG_INSERT_BY_NAME = 4,
    SYNTAX_FLAG_DEFAULT_VALUES = 8,
    SYNTAX_FLAG_UPDATE = 1,       /* ON_CONFLICT */
    SYNTAX_FLAG_NOT_MATCHED = 1,  /* MERGE_WHEN */
    SYNTAX_FLAG_BY_SOURCE = 2,    /* MERGE_WHEN */
    SYNTAX_FLAG_IF_EXISTS = 1,    /* DROP ALTER DETACH */
    SYNTAX_FLAG_VIEW = 4,         /* ALTER VIEW */
    SYNTAX_FLAG_CASCADE = 8,      /* DROP, ALTER … DROP */
    SYNTAX_FLAG_FROM = 1,         /* COPY */
    SYNTAX_FLAG_ASSIGN = 1,       /* PRAGMA */
    SYNTAX_FLAG_FORCE = 1,        /* CHECKPOINT */
    SYNTAX_FLAG_INSTALL = 1       /* LOAD */
};

/* Options ------------------------------------------------------------------------------------------------------------------- */
typedef enum syntax_number { NUMBER_INTEGER, NUMBER_DECIMAL, NUMBER_DOUBLE } syntax_number; /* 1, 1.5, 1e5 */
typedef enum syntax_test { TEST_NULL, TEST_TRUE, TEST_FALSE, TEST_UNKNOWN } syntax_test;
typedef enum syntax_like { LIKE_LIKE, LIKE_ILIKE, LIKE_SIMILAR, LIKE_GLOB } syntax_like;
typedef enum syntax_frame { FRAME_ROWS, FRAME_RANGE, FRAME_GROUPS } syntax_frame;
typedef enum syntax_bound {
    BOUND_UNBOUNDED_PRECEDING,
    BOUND_PRECEDING,
    BOUND_CURRENT_ROW,
    BOUND_FOLLOWING,
    BOUND_UNBOUNDED_FOLLOWING
} syntax_bound;
typedef enum syntax_set { SET_UNION, SET_INTERSECT, SET_EXCEPT } syntax_set;
typedef enum syntax_grouping { GROUPING_ROLLUP, GROUPING_CUBE, GROUPING_SETS } syntax_grouping;
typedef enum syntax_join {
    SYNTAX_JOIN_INNER,
    SYNTAX_JOIN_LEFT,
    SYNTAX_JOIN_RIGHT,
    SYNTAX_JOIN_FULL,
    SYNTAX_JOIN_SEMI,
    SYNTAX_JOIN_ANTI,
    SYNTAX_JOIN_CROSS,
    SYNTAX_JOIN_POSITIONAL
} syntax_join;
typedef enum syntax_type {
    SYNTAX_TYPE_PLAIN,  /* text: name; children: modifiers (NUMBER, or STRING for ENUM('a', 'b')) */
    SYNTAX_TYPE_LIST,   /* T[]: the element's TYPE */
    SYNTAX_TYPE_ARRAY,  /* T[3]: the element's TYPE; text: 3 */
    SYNTAX_TYPE_STRUCT, /* TYPE_FIELD … */
    SYNTAX_TYPE_UNION,  /* TYPE_FIELD … */
    SYNTAX_TYPE_MAP     /* TYPE of key, of value */
} syntax_type;
typedef enum syntax_constraint {
    CONSTRAINT_NOT_NULL,
    CONSTRAINT_NULL,
    CONSTRAINT_PRIMARY_KEY,
    CONSTRAINT_UNIQUE,
    CONSTRAINT_CHECK,
    CONSTRAINT_DEFAULT,
    CONSTRAINT_REFERENCES, /* in a column */
    CONSTRAINT_FOREIGN_KEY, /* of the table */
    CONSTRAINT_COLLATE,
    CONSTRAINT_GENERATED
} syntax_constraint;
typedef enum syntax_object {
    OBJECT_TABLE,
    OBJECT_VIEW,
    OBJECT_SCHEMA,
    OBJECT_MACRO,
    OBJECT_MACRO_TABLE,
    OBJECT_SEQUENCE,
    OBJECT_TYPE,
    OBJECT_INDEX
} syntax_object;
typedef enum syntax_alter {
    ALTER_ADD_COLUMN,    /* detail: COLUMN_DEFINITION */
    ALTER_DROP_COLUMN,   /* text: column */
    ALTER_RENAME_COLUMN, /* text: new name; detail: COLUMN */
    ALTER_RENAME,        /* text: new name of the table or view */
    ALTER_TYPE,          /* text: column; detail: TYPE; USING: expression */
    ALTER_SET_DEFAULT,   /* text: column; detail: expression */
    ALTER_DROP_DEFAULT,
    ALTER_SET_NOT_NULL,
    ALTER_DROP_NOT_NULL,
    ALTER_ADD_CONSTRAINT /* detail: CONSTRAINT */
} syntax_alter;
typedef enum syntax_merge { MERGE_UPDATE, MERGE_DELETE, MERGE_INSERT, MERGE_NOTHING, MERGE_ERROR } syntax_merge;
typedef enum syntax_scope { SCOPE_AUTOMATIC, SCOPE_GLOBAL, SCOPE_SESSION, SCOPE_LOCAL, SCOPE_VARIABLE } syntax_scope;
typedef enum syntax_transaction { TRANSACTION_BEGIN, TRANSACTION_COMMIT, TRANSACTION_ROLLBACK } syntax_transaction;

/* Children by name ---------------------------------------------------------------------------------------------------------- */
enum {
    SLOT_STAR_QUALIFIER,
    SLOT_STAR_EXCLUDE,
    SLOT_STAR_REPLACE,
    SLOT_STAR_RENAME
}; /* t. (COLUMN, FIELD); LIST of COLUMN or FIELD, ALIAS, RENAME */
/* before the dot (a schema, or the first argument: x.f(y)); LIST; LIST of ORDER_KEY; LIST of ORDER_KEY; condition; WINDOW */
enum { SLOT_CALL_RECEIVER, SLOT_CALL_ARGUMENTS, SLOT_CALL_ORDER, SLOT_CALL_WITHIN, SLOT_CALL_FILTER, SLOT_CALL_WINDOW };
enum { SLOT_WINDOW_PARTITION, SLOT_WINDOW_ORDER, SLOT_WINDOW_FRAME }; /* LIST; LIST of ORDER_KEY; FRAME */
/* LIST of CTE; SELECT VALUES SET_OPERATION TABLE_BODY QUERY DESCRIBE SUMMARIZE SHOW; LIST of ORDER_KEY; expression; expression */
enum { SLOT_QUERY_WITH, SLOT_QUERY_BODY, SLOT_QUERY_ORDER, SLOT_QUERY_LIMIT, SLOT_QUERY_OFFSET };
enum { SLOT_CTE_STATEMENT, SLOT_CTE_COLUMNS, SLOT_CTE_KEY }; /* QUERY (or INSERT UPDATE DELETE); LIST of NAME; LIST of NAME */
enum {
    SLOT_SELECT_DISTINCT_ON, /* LIST */
    SLOT_SELECT_ITEMS,       /* LIST of expression or ALIAS; 0: FROM alone, which is SELECT * */
    SLOT_SELECT_FROM,        /* LIST of tables, between them commas */
    SLOT_SELECT_WHERE,
    SLOT_SELECT_GROUP, /* LIST of expression, GROUPING, empty ROW for () */
    SLOT_SELECT_HAVING,
    SLOT_SELECT_WINDOWS, /* LIST of WINDOW_DEFINITION */
    SLOT_SELECT_QUALIFY,
    SLOT_SELECT_SAMPLE
};
enum { SLOT_TABLE_QUALIFIER = 0, SLOT_TABLE_CALL = 0, SLOT_TABLE_QUERY = 0, SLOT_TABLE_ALIAS = 1, SLOT_TABLE_SAMPLE = 2 };
enum {
    SLOT_JOIN_LEFT,
    SLOT_JOIN_ALIAS,
    SLOT_JOIN_SAMPLE,
    SLOT_JOIN_RIGHT,
    SLOT_JOIN_ON,
    SLOT_JOIN_USING
}; /* USING: LIST of NAME */
/* table; LIST of PIVOT_COLUMN; LIST of aggregates (ALIAS); LIST of NAME or expression */
enum { SLOT_PIVOT_TABLE, SLOT_PIVOT_ALIAS, SLOT_PIVOT_SAMPLE, SLOT_PIVOT_ON, SLOT_PIVOT_USING, SLOT_PIVOT_GROUP };
/* table; LIST of expression, ALIAS or ROW; NAME; LIST of NAME */
enum { SLOT_UNPIVOT_TABLE, SLOT_UNPIVOT_ALIAS, SLOT_UNPIVOT_SAMPLE, SLOT_UNPIVOT_ON, SLOT_UNPIVOT_NAME, SLOT_UNPIVOT_VALUES };
/* COLUMN or FIELD before the last dot; COLUMN_DEFINITION and CONSTRAINT, names of a view's columns, MACRO_BODY; QUERY */
enum { SLOT_CREATE_QUALIFIER, SLOT_CREATE_PARTS, SLOT_CREATE_QUERY };
enum { SLOT_CONSTRAINT_EXPRESSION, SLOT_CONSTRAINT_COLUMNS, SLOT_CONSTRAINT_TABLE, SLOT_CONSTRAINT_TABLE_COLUMNS };
enum { SLOT_INSERT_WITH, SLOT_INSERT_TABLE, SLOT_INSERT_COLUMNS, SLOT_INSERT_QUERY, SLOT_INSERT_CONFLICT, SLOT_INSERT_RETURNING };
enum { SLOT_CONFLICT_COLUMNS, SLOT_CONFLICT_WHERE, SLOT_CONFLICT_SET, SLOT_CONFLICT_SET_WHERE };
enum { SLOT_UPDATE_WITH, SLOT_UPDATE_TABLE, SLOT_UPDATE_SET, SLOT_UPDATE_FROM, SLOT_UPDATE_WHERE, SLOT_UPDATE_RETURNING };
enum { SLOT_DELETE_WITH, SLOT_DELETE_TABLE, SLOT_DELETE_USING, SLOT_DELETE_WHERE, SLOT_DELETE_RETURNING };
enum {
    SLOT_MERGE_WITH,
    SLOT_MERGE_TABLE,
    SLOT_MERGE_SOURCE,
    SLOT_MERGE_ON,
    SLOT_MERGE_USING,
    SLOT_MERGE_WHEN,
    SLOT_MERGE_RETURNING
};
enum {
    SLOT_COPY_SOURCE,
    SLOT_COPY_COLUMNS,
    SLOT_COPY_PATH,
    SLOT_COPY_OPTIONS
}; /* TABLE or QUERY; LIST of NAME; expression; LIST of OPTION */

/* Looking ------------------------------------------------------------------------------------------------------------------- */
static inline const syntax_node *syntax_at(const syntax *tree, syntax_id id)
{
    CHECK(id < tree->node_count);
    return &tree->nodes[id];
}

/* The id of a child; 0 when it is missing. */
static inline syntax_id syntax_child(const syntax *tree, syntax_id id, uint32_t slot)
{
    const syntax_node *node = syntax_at(tree, id);

    return slot < node->count ? tree->links[node->first + slot] : 0;
}

/* All children, syntax_at(tree, id)->count of them. */
static inline const syntax_id *syntax_children(const syntax *tree, syntax_id id)
{
    return tree->links + syntax_at(tree, id)->first;
}

static inline syntax_kind syntax_kind_of(const syntax *tree, syntax_id id)
{
    return (syntax_kind)syntax_at(tree, id)->kind;
}

static inline bool syntax_has(const syntax *tree, syntax_id id, uint16_t flag)
{
    return (syntax_at(tree, id)->flags & flag) != 0;
}

const char *syntax_kind_name(syntax_kind kind);             /* "SELECT" */
const char *syntax_operator_text(syntax_operator operator); /* "+", "IS DISTINCT FROM" */

/* Same kinds, options, flags, texts and children; positions do not count. No recursion; needs memory of `memory` for its stack. */
MUST_USE bp_status syntax_equal(bool *out, const syntax *left, syntax_id left_id, const syntax *right, syntax_id right_id,
                                memory *memory, bp_error *err);

/* Writing a tree as SQL text (syntax_print.c) ------------------------------------------------------------------------------- */
/* The text of an expression, query or type: operators in parentheses and DuckDB's spelling, so that an expression's text is also the name
 * of a column that has none: "(a + b)". No recursion; `arena` holds what is still to be written. BP_NO_MEMORY, BP_LIMIT by `out`. */
MUST_USE bp_status syntax_print(builder *out, const syntax *tree, syntax_id id, arena *arena, bp_error *err);

/* Building (parser.c) ------------------------------------------------------------------------------------------------------- */
/* Parse the first statement of `text` into `arena`. *consumed (may be NULL) is where the next begins: behind the semicolon, or
 * text.size. A text without a statement gives a tree with root 0. On failure *out is NULL and err->position is a byte of text:
 * BP_SYNTAX_ERROR, BP_LIMIT (LIMIT_SQL_SIZE, LIMIT_EXPRESSION_DEPTH, LIMIT_PARAMETERS), BP_NO_MEMORY. *consumed is then the end of the
 * statement by its semicolon, as far as it can be told. No recursion: any text fits a small stack. */
MUST_USE bp_status sql_parse_statement(syntax **out, arena *arena, string_view text, size_t *consumed, bp_error *err);

/* Parse a text that holds one expression: `bp.col`-like fronts, CHECK texts, tests. */
MUST_USE bp_status sql_parse_expression(syntax **out, arena *arena, string_view text, bp_error *err);

#endif
