/* The parser's inside: shared by parser.c (the machine) and parser_*.c (the grammar). Not for other modules.
 *
 * Idea: recursive descent without recursion. Each grammar rule is a C function that reads like plain recursive descent, but where it
 * needs another rule it says CALL(rule): the rule's place is noted in its frame, a frame for the other rule is pushed on a stack in
 * memory, and the function returns; when the other rule is done it is entered again behind the CALL. So the depth of a text never
 * reaches the C stack, and the limit of 1,000 levels is a counter. The price is one rule: C locals do not live across a CALL;
 * what must is kept in the frame.
 *
 *     static step select_list(parser *p, frame *f)      values   … | a | b | c |          reduce(p, f, SYNTAX_LIST)
 *     {                                                         f->base ^        ^ top    makes LIST(a, b, c) of them
 *         RULE_BEGIN
 *         do {
 *             CALL(RULE_EXPRESSION, 0);
 *         } while (accept(p, ','));
 *         return reduce(p, f, SYNTAX_LIST);
 *         RULE_END
 *     }
 *
 * Results go on a stack of values: each rule leaves exactly one node id (0 for an absent part) above its base, and reduce() makes the
 * values above the base the children of a new node. Rejected: plain recursion (300 to 700 levels in 128 KiB), a table-driven LALR parser
 * (DuckDB's dialect needs lookahead that tables make obscure). */
#ifndef SQL_PARSER_INTERNAL_H
#define SQL_PARSER_INTERNAL_H

#include "base/config.h"
#include "lexer.h"
#include "syntax.h"

/* The rules: RULE(NAME, function, levels): levels 1 when a frame counts against LIMIT_EXPRESSION_DEPTH. */
#define RULES(RULE)                                                                                                                \
    RULE(STATEMENT, statement, 1)                                                                                                  \
    RULE(LIST, list, 0)                                                                                                            \
    RULE(NAME_LIST, name_list, 0)                                                                                                  \
    RULE(EXPRESSION, expression, 1)                                                                                                \
    RULE(PRIMARY, primary, 0)                                                                                                      \
    RULE(CALL, call, 0)                                                                                                            \
    RULE(ARGUMENT, argument, 0)                                                                                                    \
    RULE(SPECIAL_CALL, special_call, 0)                                                                                            \
    RULE(IN_TAIL, in_tail, 0)                                                                                                      \
    RULE(QUANTIFIED_TAIL, quantified_tail, 0)                                                                                      \
    RULE(PARENTHESES, parentheses, 0)                                                                                              \
    RULE(CASE, case_when, 0)                                                                                                       \
    RULE(CAST, cast, 0)                                                                                                            \
    RULE(INTERVAL, interval_value, 0)                                                                                              \
    RULE(BRACKETS, brackets, 0)                                                                                                    \
    RULE(BRACES, braces, 0)                                                                                                        \
    RULE(STRUCT_FIELD, struct_field, 0)                                                                                            \
    RULE(MAP, map_value, 0)                                                                                                        \
    RULE(LAMBDA, lambda, 0)                                                                                                        \
    RULE(STAR, star, 0)                                                                                                            \
    RULE(REPLACE_ITEM, replace_item, 0)                                                                                            \
    RULE(RENAME_ITEM, rename_item, 0)                                                                                              \
    RULE(COLUMN_CHAIN, column_chain, 0)                                                                                            \
    RULE(SUBSCRIPT, subscript, 0)                                                                                                  \
    RULE(TYPE, type, 1)                                                                                                            \
    RULE(TYPE_FIELD, type_field, 0)                                                                                                \
    RULE(WINDOW, window, 0)                                                                                                        \
    RULE(FRAME, window_frame, 0)                                                                                                   \
    RULE(BOUND, window_bound, 0)                                                                                                   \
    RULE(ORDER_KEY, order_key, 0)                                                                                                  \
    RULE(QUERY, query, 0)                                                                                                          \
    RULE(WITH, with, 0)                                                                                                            \
    RULE(CTE, cte, 0)                                                                                                              \
    RULE(SET_EXPRESSION, set_expression, 0)                                                                                        \
    RULE(NESTED_QUERY, query, 1)                                                                                                   \
    RULE(QUERY_PRIMARY, query_primary, 0)                                                                                          \
    RULE(SELECT, select, 0)                                                                                                        \
    RULE(SELECT_ITEM, select_item, 0)                                                                                              \
    RULE(GROUP_ITEM, group_item, 1)                                                                                                \
    RULE(WINDOW_DEFINITION, window_definition, 0)                                                                                  \
    RULE(SAMPLE, sample, 0)                                                                                                        \
    RULE(VALUES, values, 0)                                                                                                        \
    RULE(ROW, row, 0)                                                                                                              \
    RULE(TABLE, table, 1)                                                                                                          \
    RULE(TABLE_PRIMARY, table_primary, 0)                                                                                          \
    RULE(TABLE_NAME, table_name, 0)                                                                                                \
    RULE(TABLE_ALIAS, table_alias, 0)                                                                                              \
    RULE(PIVOT, pivot, 0)                                                                                                          \
    RULE(PIVOT_COLUMN, pivot_column, 0)                                                                                            \
    RULE(UNPIVOT, unpivot, 0)                                                                                                      \
    RULE(PIVOT_STATEMENT, pivot_statement, 0)                                                                                      \
    RULE(UNPIVOT_STATEMENT, unpivot_statement, 0)                                                                                  \
    RULE(DESCRIBE, describe, 0)                                                                                                    \
    RULE(EXPLAIN, explain, 0)                                                                                                      \
    RULE(CREATE, create, 0)                                                                                                        \
    RULE(CREATE_TABLE, create_table, 0)                                                                                            \
    RULE(CREATE_OTHER, create_other, 0)                                                                                            \
    RULE(COLUMN_DEFINITION, column_definition, 0)                                                                                  \
    RULE(TABLE_ELEMENT, table_element, 0)                                                                                          \
    RULE(CONSTRAINT, constraint, 0)                                                                                                \
    RULE(MACRO_BODY, macro_body, 0)                                                                                                \
    RULE(MACRO_PARAMETER, macro_parameter, 0)                                                                                      \
    RULE(INSERT, insert, 0)                                                                                                        \
    RULE(CONFLICT, conflict, 0)                                                                                                    \
    RULE(ASSIGNMENT, assignment, 0)                                                                                                \
    RULE(UPDATE, update, 0)                                                                                                        \
    RULE(DELETE, delete_from, 0)                                                                                                   \
    RULE(MERGE, merge, 0)                                                                                                          \
    RULE(MERGE_WHEN, merge_when, 0)                                                                                                \
    RULE(DROP, drop, 0)                                                                                                            \
    RULE(ALTER, alter, 0)                                                                                                          \
    RULE(COPY, copy, 0)                                                                                                            \
    RULE(OPTION, option, 0)                                                                                                        \
    RULE(SET, set, 0)                                                                                                              \
    RULE(SET_VALUE, set_value, 0)                                                                                                  \
    RULE(PRAGMA, pragma, 0)                                                                                                        \
    RULE(PREPARE, prepare, 0)                                                                                                      \
    RULE(SMALL_STATEMENT, small_statement, 0)

typedef enum rule {
#define RULE(name, function, levels) RULE_##name,
    RULES(RULE)
#undef RULE
        RULE_COUNT
} rule;

#define NO_TOKEN UINT32_MAX

typedef enum step { STEP_FAIL, STEP_CALL, STEP_DONE } step;

typedef struct frame {
    uint8_t rule;
    uint8_t levels;
    uint16_t resume; /* the line behind the CALL it waits in; 0: at its beginning */
    uint32_t argument; /* how it was called, by rule */
    uint32_t base;   /* values below this are the callers' */
    uint32_t begin;  /* byte where its node begins */
    uint32_t name;   /* index of the token that is its node's text, or NO_TOKEN */
    uint32_t place;  /* another token or a height of the operator stack, by rule */
    uint16_t option; /* its node's option and flags */
    uint16_t flags;
} frame;

/* An operator that waits for its right operand. */
typedef struct pending {
    uint8_t what; /* a syntax_operator, or PENDING_… */
    uint8_t precedence;
    uint8_t prefix;
    uint8_t flags;     /* of the node to make */
    uint8_t option;    /* LIKE: syntax_like */
    uint8_t open;      /* BETWEEN that waits for its AND, LIKE that may have an ESCAPE */
    uint16_t operands; /* the values it takes; conjunctions and set operations take as many as they are given */
    uint32_t begin;    /* prefix: where it stands */
} pending;
enum { PENDING_BETWEEN = OPERATOR_COUNT, PENDING_LIKE, PENDING_IN, PENDING_ZONE };

#define INLINE_TOKENS 64
#define INLINE_FRAMES 24
#define INLINE_VALUES 48
#define INLINE_PENDING 16

typedef struct parser {
    syntax *tree;
    arena *arena;
    bp_error *err;
    bp_status status; /* why a step failed */
    string_view text;
    const token *tokens;
    uint32_t at; /* index of the next token */
    uint32_t levels;
    frame *frames;
    uint32_t frame_count, frame_capacity;
    syntax_id *values;
    uint32_t value_count, value_capacity;
    pending *pendings;
    uint32_t pending_count, pending_capacity;
    uint32_t question_count; /* parameters written as ? */
} parser;

/* Rules ------------------------------------------------------------------------------------------------------------------------ */
#define RULE(name, function, levels) step rule_##function(parser *p, frame *f);
RULES(RULE)
#undef RULE

/* The three words a rule is written with. CALL_OVER(rule, argument, count) gives the callee the top `count` values as its own first. */
#define RULE_BEGIN                                                                                                                 \
    switch (f->resume) {                                                                                                           \
    case 0:
#define RULE_END                                                                                                                   \
    default: return fail_internal(p);                                                                                              \
        }
#define CALL_OVER(rule, argument, count)                                                                                           \
    do {                                                                                                                           \
        f->resume = (uint16_t)__LINE__;                                                                                            \
        return call_rule(p, rule, argument, count);                                                                                \
    case __LINE__:;                                                                                                                \
    } while (0)
#define CALL(rule, argument) CALL_OVER(rule, argument, 0)
/* A comma-separated list of one or more elements, each by `rule`; a comma may also end it. */
#define CALL_LIST(rule, argument) CALL_OVER(RULE_LIST, LIST_OF(rule, argument), 0)
#define LIST_OF(rule, argument) ((uint32_t)(rule) | (uint32_t)(argument) << 16)

step call_rule(parser *p, rule rule, uint32_t argument, uint32_t over);
step fail_internal(parser *p);

/* Making nodes ----------------------------------------------------------------------------------------------------------------- */
/* A node of the top `count` values, which it replaces; its text is that of token `name` (or NO_TOKEN). False: p->status says why. */
bool make_node(parser *p, syntax_kind kind, uint16_t option, uint16_t flags, uint32_t name, uint32_t begin, uint32_t count);
/* The same with a text at hand. */
bool make_node_text(parser *p, syntax_kind kind, uint16_t option, uint16_t flags, string_view text, uint32_t begin, uint32_t count);
/* All values above the frame's base become one node with the frame's option, flags and name: the end of most rules. */
step reduce(parser *p, const frame *f, syntax_kind kind);
bool push_value(parser *p, syntax_id id);
static inline bool push_none(parser *p)
{
    return push_value(p, 0);
}
static inline syntax_id top_value(const parser *p)
{
    return p->values[p->value_count - 1];
}
/* Take the value at index `from` to index `to`, the others closing up. */
void move_value(parser *p, uint32_t from, uint32_t to);
bool push_pending(parser *p, pending operator);
/* The text of a token, decoded into the arena. */
bool token_text(parser *p, uint32_t index, string_view *out);
/* `text` in lower case, in the arena. */
bool lower_text(parser *p, string_view text, string_view *out);

/* Tokens ----------------------------------------------------------------------------------------------------------------------- */
static inline const token *peek(const parser *p)
{
    return &p->tokens[p->at];
}

/* The token `ahead` further on; the end stays the end. */
static inline const token *peek_at(const parser *p, uint32_t ahead)
{
    uint32_t at = p->at;

    while (ahead > 0 && p->tokens[at].kind != TOKEN_END) at++, ahead--;
    return &p->tokens[at];
}

static inline bool is_keyword(const token *token, sql_keyword keyword)
{
    return token->kind == TOKEN_WORD && token->word == keyword;
}

static inline bool next_is(const parser *p, sql_keyword keyword)
{
    return is_keyword(peek(p), keyword);
}

static inline bool next_are(const parser *p, sql_keyword first, sql_keyword second)
{
    return next_is(p, first) && is_keyword(peek_at(p, 1), second);
}

static inline bool next_is_kind(const parser *p, unsigned kind)
{
    return peek(p)->kind == kind;
}

static inline bool next_is_operator(const parser *p, syntax_operator operator)
{
    return peek(p)->kind == TOKEN_OPERATOR && peek(p)->word == operator;
}

static inline bool accept(parser *p, unsigned kind)
{
    if (!next_is_kind(p, kind)) return false;
    p->at++;
    return true;
}

static inline bool accept_keyword(parser *p, sql_keyword keyword)
{
    if (!next_is(p, keyword)) return false;
    p->at++;
    return true;
}

static inline bool accept_keywords(parser *p, sql_keyword first, sql_keyword second)
{
    if (!next_are(p, first, second)) return false;
    p->at += 2;
    return true;
}

static inline bool accept_operator(parser *p, syntax_operator operator)
{
    if (!next_is_operator(p, operator)) return false;
    p->at++;
    return true;
}

/* A word that is no keyword, in any case: "others". */
bool next_is_word(const parser *p, const char *word);
bool accept_word(parser *p, const char *word);

/* What may name a column or table, a function, and anything behind AS or a dot. */
bool is_name(const token *token);
bool is_function_name(const token *token);
bool is_label(const token *token);
/* What may be an alias without AS. */
bool is_bare_alias(const token *token);

/* Take it or fail, saying what was expected. The name's token index goes to *index. */
bool expect(parser *p, unsigned kind);
bool expect_keyword(parser *p, sql_keyword keyword);
bool expect_operator(parser *p, syntax_operator operator);
bool expect_name(parser *p, uint32_t *index, const char *what);
bool expect_label(parser *p, uint32_t *index, const char *what);
/* The next token is not what may come: "syntax error at "x": expected …". */
step unexpected(parser *p, const char *expected);
bool failed_expected(parser *p, const char *expected);
step fail_at(parser *p, size_t position, bp_status status, const char *format, ...) PRINTF_LIKE(4, 5);

/* Whether the next token ends a list or a clause, so that a comma before it was one too many. */
bool at_list_end(const parser *p);
/* Whether a query begins at token `index`, or a '(' there holds one. */
bool query_at(const parser *p, uint32_t index);
bool opens_query(const parser *p, uint32_t index);
/* Options of RULE_EXPRESSION. */
enum {
    EXPRESSION_NO_IN = 1, /* IN ends it: POSITION(a IN b), FOR x IN */
    EXPRESSION_NO_NOT_NULL = 2, /* NOT NULL ends it: DEFAULT 1 NOT NULL */
    EXPRESSION_LIMIT = 4, /* a % that no operand follows ends it: LIMIT 10 % */
    EXPRESSION_NO_ALIAS_ROW = 8
};
/* Options of RULE_TABLE_NAME and RULE_ARGUMENT. */
enum { TABLE_NAME_ALIAS = 1, TABLE_NAME_AS_ALIAS = 2 };
enum { ARGUMENT_OF_TABLE = 1 };

/* name, schema.name, catalog.schema.name: pushes what stands before the last dot (0: nothing), the last part becomes the frame's name. */
bool take_qualified(parser *p, frame *f, const char *what);
bool accept_if_exists(parser *p);
bool accept_if_not_exists(parser *p);
/* Whether [AS] alias of a table comes. */
bool alias_follows(const parser *p);

#endif
