/* Queries: WITH, SELECT, VALUES, set operations, ORDER BY and LIMIT. */
#include "parser_internal.h"

/* QUERY ------------------------------------------------------------------------------------------------------------------------ */
static bool has_query_tail(const parser *p)
{
    return next_is(p, KEYWORD_ORDER) || next_is(p, KEYWORD_LIMIT) || next_is(p, KEYWORD_OFFSET) || next_is(p, KEYWORD_FETCH);
}

/* A query in brackets of its own, with nothing added: ((SELECT 1)) is (SELECT 1). */
static step finish_query(parser *p, frame *f)
{
    syntax_id body = p->values[f->base + 1];
    bool bare = p->values[f->base] == 0;

    for (uint32_t i = f->base + 2; i < p->value_count; i++) bare = bare && p->values[i] == 0;
    if (!bare || p->tree->nodes[body].kind != SYNTAX_QUERY) return reduce(p, f, SYNTAX_QUERY);
    p->value_count = f->base;
    return push_value(p, body) ? STEP_DONE : STEP_FAIL;
}

/* argument 1: WITH is read and is the first value. */
step rule_query(parser *p, frame *f)
{
    RULE_BEGIN
    if (f->argument)
        f->flags = p->tree->nodes[p->values[f->base]].option; /* RECURSIVE */
    else if (next_is(p, KEYWORD_WITH)) {
        if (is_keyword(peek_at(p, 1), KEYWORD_RECURSIVE)) f->flags = SYNTAX_FLAG_RECURSIVE;
        CALL(RULE_WITH, 0);
    } else if (!push_none(p)) {
        return STEP_FAIL;
    }
    CALL(RULE_SET_EXPRESSION, 0);
    if (!has_query_tail(p)) return finish_query(p, f);
    if (accept_keywords(p, KEYWORD_ORDER, KEYWORD_BY))
        CALL_LIST(RULE_ORDER_KEY, 0);
    else if (next_is(p, KEYWORD_ORDER))
        return p->at++, unexpected(p, "BY");
    else if (!push_none(p))
        return STEP_FAIL;
    if (next_is(p, KEYWORD_OFFSET)) { /* OFFSET may come first */
        p->at++;
        CALL(RULE_EXPRESSION, 0);
        if (!accept_keyword(p, KEYWORD_ROWS)) (void)accept_keyword(p, KEYWORD_ROW);
        f->place = 1;
    }
    if (accept_keyword(p, KEYWORD_LIMIT)) {
        if (accept_keyword(p, KEYWORD_ALL)) {
            if (!push_none(p)) return STEP_FAIL;
        } else {
            CALL(RULE_EXPRESSION, EXPRESSION_LIMIT);
        }
        if (accept_operator(p, OPERATOR_MODULO) || accept_keyword(p, KEYWORD_PERCENT)) f->flags |= SYNTAX_FLAG_PERCENT;
    } else if (accept_keyword(p, KEYWORD_FETCH)) { /* FETCH FIRST 3 ROWS ONLY */
        if (!accept_keyword(p, KEYWORD_FIRST) && !accept_keyword(p, KEYWORD_NEXT)) return unexpected(p, "FIRST or NEXT");
        if (next_is(p, KEYWORD_ROW)) {
            if (!make_node_text(p, SYNTAX_NUMBER, NUMBER_INTEGER, 0, STRING_VIEW("1"), peek(p)->begin, 0)) return STEP_FAIL;
        } else {
            CALL(RULE_PRIMARY, 0);
        }
        if (!accept_keyword(p, KEYWORD_ROWS) && !accept_keyword(p, KEYWORD_ROW)) return unexpected(p, "ROWS");
        if (!expect_keyword(p, KEYWORD_ONLY)) return STEP_FAIL;
    } else if (!push_none(p)) {
        return STEP_FAIL;
    }
    if (f->place)
        move_value(p, p->value_count - 1, p->value_count - 2);
    else if (accept_keyword(p, KEYWORD_OFFSET)) {
        CALL(RULE_EXPRESSION, 0);
        if (!accept_keyword(p, KEYWORD_ROWS)) (void)accept_keyword(p, KEYWORD_ROW);
    }
    return finish_query(p, f);
    RULE_END
}

/* The LIST of CTE; its option is SYNTAX_FLAG_RECURSIVE for who passes it on. */
step rule_with(parser *p, frame *f)
{
    RULE_BEGIN
    p->at++;
    if (accept_keyword(p, KEYWORD_RECURSIVE)) f->option = SYNTAX_FLAG_RECURSIVE;
    do {
        if (query_at(p, p->at) && p->value_count > f->base) break;
        CALL(RULE_CTE, 0);
    } while (accept(p, ','));
    return reduce(p, f, SYNTAX_LIST);
    RULE_END
}

/* name (columns) USING KEY (columns) AS [NOT] MATERIALIZED "(" statement ")" */
step rule_cte(parser *p, frame *f)
{
    RULE_BEGIN
    if (!expect_name(p, &f->name, "the name of a WITH query")) return STEP_FAIL;
    if (next_is_kind(p, '('))
        CALL(RULE_NAME_LIST, 0);
    else if (!push_none(p))
        return STEP_FAIL;
    if (next_are(p, KEYWORD_USING, KEYWORD_KEY)) {
        p->at += 2;
        CALL(RULE_NAME_LIST, 0);
    } else if (!push_none(p)) {
        return STEP_FAIL;
    }
    if (!expect_keyword(p, KEYWORD_AS)) return STEP_FAIL;
    if (accept_keyword(p, KEYWORD_MATERIALIZED))
        f->flags = SYNTAX_FLAG_MATERIALIZED;
    else if (accept_keywords(p, KEYWORD_NOT, KEYWORD_MATERIALIZED))
        f->flags = SYNTAX_FLAG_NOT_MATERIALIZED;
    if (!expect(p, '(')) return STEP_FAIL;
    CALL(RULE_STATEMENT, 1);
    move_value(p, p->value_count - 1, f->base);
    if (!expect(p, ')')) return STEP_FAIL;
    return reduce(p, f, SYNTAX_CTE);
    RULE_END
}

/* Set operations --------------------------------------------------------------------------------------------------------------- */
/* One side of a set operation: what is in brackets, without a QUERY that adds nothing. */
static void unwrap_operand(parser *p)
{
    const syntax_node *node = &p->tree->nodes[top_value(p)];

    if (node->kind == SYNTAX_QUERY && node->count == SLOT_QUERY_BODY + 1 && p->tree->links[node->first] == 0)
        p->values[p->value_count - 1] = p->tree->links[node->first + SLOT_QUERY_BODY];
}

static bool apply_set(parser *p)
{
    pending top = p->pendings[--p->pending_count];

    return make_node(p, SYNTAX_SET_OPERATION, top.what, top.flags, NO_TOKEN,
                     p->tree->nodes[p->values[p->value_count - top.operands]].begin, top.operands);
}

/* UNION ALL BY NAME and its like; precedence 2 for INTERSECT. False: none comes. */
static bool take_set_operator(parser *p, pending *operator)
{
    *operator = (pending){.precedence = 1, .operands = 2};
    if (accept_keyword(p, KEYWORD_UNION))
        operator->what = SET_UNION;
    else if (accept_keyword(p, KEYWORD_EXCEPT))
        operator->what = SET_EXCEPT;
    else if (accept_keyword(p, KEYWORD_INTERSECT))
        operator->what = SET_INTERSECT, operator->precedence = 2;
    else
        return false;
    if (accept_keyword(p, KEYWORD_ALL))
        operator->flags = SYNTAX_FLAG_ALL;
    else
        (void)accept_keyword(p, KEYWORD_DISTINCT);
    if (accept_keywords(p, KEYWORD_BY, KEYWORD_NAME)) operator->flags |= SYNTAX_FLAG_BY_NAME;
    return true;
}

/* A chain of one operation becomes one node. */
static bool push_set(parser *p, const frame *f, pending operator)
{
    pending *top = NULL;

    while (p->pending_count > f->place) {
        top = &p->pendings[p->pending_count - 1];
        if (top->precedence < operator.precedence) break;
        if (top->precedence == operator.precedence && top->what == operator.what && top->flags == operator.flags &&
            top->operands < UINT16_MAX) {
            top->operands++;
            return true;
        }
        if (!apply_set(p)) return false;
    }
    return push_pending(p, operator);
}

step rule_set_expression(parser *p, frame *f)
{
    pending operator;

    RULE_BEGIN
    f->place = p->pending_count;
    CALL(RULE_QUERY_PRIMARY, 0);
    while (take_set_operator(p, &operator)) {
        unwrap_operand(p);
        if (!push_set(p, f, operator)) return STEP_FAIL;
        CALL(RULE_QUERY_PRIMARY, 0);
    }
    if (p->pending_count > f->place) unwrap_operand(p);
    while (p->pending_count > f->place)
        if (!apply_set(p)) return STEP_FAIL;
    return STEP_DONE;
    RULE_END
}

static rule query_primary_rule(const parser *p)
{
    switch (peek(p)->kind == TOKEN_WORD ? peek(p)->word : NO_KEYWORD) {
    case KEYWORD_SELECT:
    case KEYWORD_FROM: return RULE_SELECT;
    case KEYWORD_VALUES: return RULE_VALUES;
    case KEYWORD_PIVOT: return RULE_PIVOT_STATEMENT;
    case KEYWORD_UNPIVOT: return RULE_UNPIVOT_STATEMENT;
    case KEYWORD_DESCRIBE:
    case KEYWORD_DESC:
    case KEYWORD_SUMMARIZE:
    case KEYWORD_SHOW: return RULE_DESCRIBE;
    default: return RULE_COUNT;
    }
}

step rule_query_primary(parser *p, frame *f)
{
    RULE_BEGIN
    if (accept(p, '(')) {
        CALL(RULE_NESTED_QUERY, 0);
        return expect(p, ')') ? STEP_DONE : STEP_FAIL;
    }
    if (accept_keyword(p, KEYWORD_TABLE)) {
        CALL(RULE_TABLE_NAME, 0);
        return reduce(p, f, SYNTAX_TABLE_BODY);
    }
    f->option = (uint16_t)query_primary_rule(p);
    if (f->option == RULE_COUNT) return unexpected(p, "a query: SELECT, FROM, VALUES, WITH …");
    CALL((rule)f->option, 0);
    return STEP_DONE;
    RULE_END
}

/* SELECT ----------------------------------------------------------------------------------------------------------------------- */
/* One clause a step, in the order of SLOT_SELECT_…; long because each is its own state. FROM first: read it, then put it in its place. */
step rule_select(parser *p, frame *f)
{
    RULE_BEGIN
    if (accept_keyword(p, KEYWORD_FROM)) {
        CALL_LIST(RULE_TABLE, 0);
        f->place = 1;
    }
    if (accept_keyword(p, KEYWORD_SELECT)) {
        (void)accept_keyword(p, KEYWORD_ALL);
        if (accept_keyword(p, KEYWORD_DISTINCT)) f->flags |= SYNTAX_FLAG_DISTINCT;
        if ((f->flags & SYNTAX_FLAG_DISTINCT) && accept_keyword(p, KEYWORD_ON)) {
            if (!expect(p, '(')) return STEP_FAIL;
            CALL_LIST(RULE_EXPRESSION, 0);
            if (!expect(p, ')')) return STEP_FAIL;
        } else if (!push_none(p)) {
            return STEP_FAIL;
        }
        CALL_LIST(RULE_SELECT_ITEM, 0);
    } else if (!push_none(p) || !push_none(p)) {
        return STEP_FAIL;
    }
    if (f->place) {
        move_value(p, p->value_count - 1, f->base);
        move_value(p, p->value_count - 1, f->base);
    } else if (accept_keyword(p, KEYWORD_FROM)) {
        CALL_LIST(RULE_TABLE, 0);
    } else if (!push_none(p)) {
        return STEP_FAIL;
    }
    if (accept_keyword(p, KEYWORD_WHERE))
        CALL(RULE_EXPRESSION, 0);
    else if (!push_none(p))
        return STEP_FAIL;
    if (accept_keyword(p, KEYWORD_GROUP)) {
        if (!expect_keyword(p, KEYWORD_BY)) return STEP_FAIL;
        if (accept_keyword(p, KEYWORD_ALL)) {
            f->flags |= SYNTAX_FLAG_GROUP_ALL;
            if (!push_none(p)) return STEP_FAIL;
        } else {
            CALL_LIST(RULE_GROUP_ITEM, 0);
        }
    } else if (!push_none(p)) {
        return STEP_FAIL;
    }
    if (accept_keyword(p, KEYWORD_HAVING))
        CALL(RULE_EXPRESSION, 0);
    else if (!push_none(p))
        return STEP_FAIL;
    if (accept_keyword(p, KEYWORD_WINDOW))
        CALL_LIST(RULE_WINDOW_DEFINITION, 0);
    else if (!push_none(p))
        return STEP_FAIL;
    if (accept_keyword(p, KEYWORD_QUALIFY))
        CALL(RULE_EXPRESSION, 0);
    else if (!push_none(p))
        return STEP_FAIL;
    if (next_are(p, KEYWORD_USING, KEYWORD_SAMPLE)) {
        p->at += 2;
        CALL(RULE_SAMPLE, 0);
    }
    return reduce(p, f, SYNTAX_SELECT);
    RULE_END
}

/* expression [[AS] alias], or alias ":" expression */
step rule_select_item(parser *p, frame *f)
{
    RULE_BEGIN
    if (is_label(peek(p)) && peek_at(p, 1)->kind == ':') {
        f->name = p->at;
        p->at += 2;
        CALL(RULE_EXPRESSION, 0);
    } else {
        CALL(RULE_EXPRESSION, 0);
        if (accept_keyword(p, KEYWORD_AS)) {
            if (next_is_kind(p, TOKEN_STRING))
                f->name = p->at++;
            else if (!expect_label(p, &f->name, "an alias"))
                return STEP_FAIL;
        } else if (is_bare_alias(peek(p)) && p->tree->nodes[top_value(p)].kind != SYNTAX_STAR) {
            f->name = p->at++;
        } else {
            return STEP_DONE;
        }
    }
    f->flags = p->tokens[f->name].kind == TOKEN_WORD ? 0 : SYNTAX_FLAG_QUOTED;
    return reduce(p, f, SYNTAX_ALIAS);
    RULE_END
}

/* An expression, (), (a, b), ROLLUP (…), CUBE (…), GROUPING SETS (…). */
step rule_group_item(parser *p, frame *f)
{
    RULE_BEGIN
    f->option = UINT16_MAX;
    if (next_is(p, KEYWORD_ROLLUP) && peek_at(p, 1)->kind == '(')
        f->option = GROUPING_ROLLUP, p->at++;
    else if (next_is(p, KEYWORD_CUBE) && peek_at(p, 1)->kind == '(')
        f->option = GROUPING_CUBE, p->at++;
    else if (next_are(p, KEYWORD_GROUPING, KEYWORD_SETS))
        f->option = GROUPING_SETS, p->at += 2;
    if (f->option == UINT16_MAX) {
        CALL(RULE_EXPRESSION, 0);
        return STEP_DONE;
    }
    if (!expect(p, '(')) return STEP_FAIL;
    while (!next_is_kind(p, ')')) {
        CALL(RULE_GROUP_ITEM, 0);
        if (!accept(p, ',')) break;
    }
    if (!expect(p, ')')) return STEP_FAIL;
    return reduce(p, f, SYNTAX_GROUPING);
    RULE_END
}

/* WINDOW name AS "(" … ")" */
step rule_window_definition(parser *p, frame *f)
{
    RULE_BEGIN
    if (!expect_name(p, &f->name, "the name of a window") || !expect_keyword(p, KEYWORD_AS)) return STEP_FAIL;
    CALL(RULE_WINDOW, 1);
    return reduce(p, f, SYNTAX_WINDOW_DEFINITION);
    RULE_END
}

/* Size and what it counts; at the place behind USING SAMPLE, TABLESAMPLE, or a method's bracket. */
static bool take_sample_size(parser *p, frame *f)
{
    if (!next_is_kind(p, TOKEN_INTEGER) && !next_is_kind(p, TOKEN_DECIMAL) && !next_is_kind(p, TOKEN_DOUBLE))
        return failed_expected(p, "the size of the sample: 10 ROWS, 5 PERCENT, 5 %");
    if (!make_node(p, SYNTAX_NUMBER, (uint16_t)(peek(p)->kind - TOKEN_INTEGER), 0, p->at, peek(p)->begin, 0)) return false;
    p->at++;
    if (accept_operator(p, OPERATOR_MODULO) || accept_keyword(p, KEYWORD_PERCENT))
        f->flags = SYNTAX_FLAG_PERCENT;
    else
        (void)accept_keyword(p, KEYWORD_ROWS);
    return true;
}

static bool take_sample_seed(parser *p)
{
    if (!next_is_kind(p, TOKEN_INTEGER)) return failed_expected(p, "a seed");
    if (!make_node(p, SYNTAX_NUMBER, NUMBER_INTEGER, 0, p->at, peek(p)->begin, 0)) return false;
    p->at++;
    return true;
}

/* 10 ROWS, 5 %, 10 PERCENT (method, seed), method(10 ROWS), each with REPEATABLE (seed) */
step rule_sample(parser *p, frame *f)
{
    string_view method = {NULL, 0}, written;

    if (is_name(peek(p)) && peek_at(p, 1)->kind == '(') {
        if (!token_text(p, p->at, &written) || !lower_text(p, written, &method)) return STEP_FAIL;
        p->at += 2;
        if (!take_sample_size(p, f) || !expect(p, ')')) return STEP_FAIL;
    } else if (accept(p, '(')) {
        if (!take_sample_size(p, f) || !expect(p, ')')) return STEP_FAIL;
    } else {
        if (!take_sample_size(p, f)) return STEP_FAIL;
        if (accept(p, '(')) {
            if (!is_name(peek(p))) return unexpected(p, "a method: reservoir, bernoulli or system");
            if (!token_text(p, p->at, &written) || !lower_text(p, written, &method)) return STEP_FAIL;
            p->at++;
            if (accept(p, ',') && !take_sample_seed(p)) return STEP_FAIL;
            if (!expect(p, ')')) return STEP_FAIL;
        }
    }
    if (p->value_count == f->base + 1 && accept_word(p, "repeatable"))
        if (!expect(p, '(') || !take_sample_seed(p) || !expect(p, ')')) return STEP_FAIL;
    return make_node_text(p, SYNTAX_SAMPLE, 0, f->flags, method, f->begin, p->value_count - f->base) ? STEP_DONE : STEP_FAIL;
}

/* VALUES (a, b), (c, d) */
step rule_values(parser *p, frame *f)
{
    RULE_BEGIN
    p->at++;
    do {
        if (p->value_count > f->base && !next_is_kind(p, '(')) break;
        CALL(RULE_ROW, 0);
    } while (accept(p, ','));
    return reduce(p, f, SYNTAX_VALUES);
    RULE_END
}

step rule_row(parser *p, frame *f)
{
    RULE_BEGIN
    if (!expect(p, '(')) return STEP_FAIL;
    do {
        if (p->value_count > f->base && next_is_kind(p, ')')) break;
        CALL(RULE_EXPRESSION, 0);
    } while (accept(p, ','));
    if (!expect(p, ')')) return STEP_FAIL;
    return reduce(p, f, SYNTAX_ROW);
    RULE_END
}

/* DESCRIBE, SUMMARIZE, SHOW */
static step show(parser *p, frame *f)
{
    uint32_t first = p->at;
    string_view what = {NULL, 0}, lower;

    while (is_label(peek(p)) && p->at - first < 4) p->at++;
    if (p->at > first) what = string_view_slice(p->text, p->tokens[first].begin, p->tokens[p->at - 1].end);
    if (!lower_text(p, what, &lower)) return STEP_FAIL;
    return make_node_text(p, SYNTAX_SHOW, 0, 0, lower, f->begin, 0) ? STEP_DONE : STEP_FAIL;
}

/* SHOW TABLES and its like name a list; SHOW name is DESCRIBE name. */
static bool shows_list(const parser *p)
{
    const token *token = peek(p);

    if (token->kind == TOKEN_END || token->kind == ')' || next_is(p, KEYWORD_ALL)) return true;
    return next_is(p, KEYWORD_TABLES) || next_is(p, KEYWORD_SCHEMAS) || next_is_word(p, "databases") ||
           next_is_word(p, "variables") || next_is_word(p, "functions") || next_is_word(p, "settings");
}

step rule_describe(parser *p, frame *f)
{
    RULE_BEGIN
    f->option = next_is(p, KEYWORD_SUMMARIZE) ? SYNTAX_SUMMARIZE : SYNTAX_DESCRIBE;
    if (accept_keyword(p, KEYWORD_SHOW)) {
        if (shows_list(p)) return show(p, f);
    } else {
        p->at++;
    }
    if (next_is_kind(p, TOKEN_END) || next_is_kind(p, ')')) return show(p, f);
    (void)(peek(p)->kind == TOKEN_WORD && peek(p)->word == KEYWORD_TABLE && accept_keyword(p, KEYWORD_TABLE));
    if (query_at(p, p->at) || opens_query(p, p->at))
        CALL(RULE_QUERY, 0);
    else
        CALL(RULE_TABLE_NAME, 0);
    f->place = f->option;
    f->option = 0;
    return reduce(p, f, (syntax_kind)f->place);
    RULE_END
}
