/* What stands in FROM: names, files, functions, subqueries, their aliases and samples, joins, PIVOT and UNPIVOT. */
#include "parser_internal.h"

/* Names ------------------------------------------------------------------------------------------------------------------------ */
bool take_qualified(parser *p, frame *f, const char *what)
{
    uint32_t part;

    if (!is_name(peek(p)) && !(is_label(peek(p)) && peek_at(p, 1)->kind == '.')) return failed_expected(p, what);
    f->name = p->at++;
    if (!push_none(p)) return false;
    while (accept(p, '.')) {
        bool first = top_value(p) == 0;

        if (!expect_label(p, &part, "a name behind the dot")) return false;
        if (first) p->value_count--;
        if (!make_node(p, first ? SYNTAX_COLUMN : SYNTAX_FIELD, 0, p->tokens[f->name].kind == TOKEN_QUOTED ? SYNTAX_FLAG_QUOTED : 0,
                       f->name, p->tokens[f->name].begin, first ? 0 : 1))
            return false;
        f->name = part;
    }
    if (p->tokens[f->name].kind == TOKEN_QUOTED) f->flags |= SYNTAX_FLAG_QUOTED;
    return true;
}

bool alias_follows(const parser *p)
{
    return next_is(p, KEYWORD_AS) || is_bare_alias(peek(p));
}

/* A table by name or path. argument: TABLE_NAME_ALIAS, TABLE_NAME_AS_ALIAS. */
step rule_table_name(parser *p, frame *f)
{
    RULE_BEGIN
    if (next_is_kind(p, TOKEN_STRING)) {
        f->name = p->at++;
        f->flags = SYNTAX_FLAG_PATH;
        if (!push_none(p)) return STEP_FAIL;
    } else if (!take_qualified(p, f, "the name of a table")) {
        return STEP_FAIL;
    }
    if ((f->argument & TABLE_NAME_AS_ALIAS && next_is(p, KEYWORD_AS)) || (f->argument & TABLE_NAME_ALIAS && alias_follows(p)))
        CALL(RULE_TABLE_ALIAS, 0);
    return reduce(p, f, SYNTAX_TABLE);
    RULE_END
}

/* [AS] name [(columns)] */
step rule_table_alias(parser *p, frame *f)
{
    uint32_t column;

    (void)accept_keyword(p, KEYWORD_AS);
    if (next_is_kind(p, TOKEN_STRING))
        f->name = p->at++;
    else if (!expect_label(p, &f->name, "an alias"))
        return STEP_FAIL;
    if (!accept(p, '(')) return reduce(p, f, SYNTAX_TABLE_ALIAS);
    do {
        if (!expect_label(p, &column, "the name of a column")) return STEP_FAIL;
        if (!make_node(p, SYNTAX_NAME, 0, 0, column, p->tokens[column].begin, 0)) return STEP_FAIL;
    } while (accept(p, ',') && !next_is_kind(p, ')'));
    if (!expect(p, ')')) return STEP_FAIL;
    return reduce(p, f, SYNTAX_TABLE_ALIAS);
}

/* Joins ------------------------------------------------------------------------------------------------------------------------ */
/* The words of a join, if one comes: its kind and flags go into the frame, f->place says whether it needs a condition. */
static bool take_join(parser *p, frame *f)
{
    uint32_t ahead = 0;
    bool kind = false;

    f->option = SYNTAX_JOIN_INNER;
    f->flags = 0;
    for (;; ahead++) {
        const token *token = peek_at(p, ahead);

        switch (token->kind == TOKEN_WORD ? token->word : NO_KEYWORD) {
        case KEYWORD_NATURAL: f->flags |= SYNTAX_FLAG_NATURAL; continue;
        case KEYWORD_ASOF: f->flags |= SYNTAX_FLAG_ASOF; continue;
        case KEYWORD_OUTER:
        case KEYWORD_INNER: continue;
        case KEYWORD_LEFT: f->option = SYNTAX_JOIN_LEFT; break;
        case KEYWORD_RIGHT: f->option = SYNTAX_JOIN_RIGHT; break;
        case KEYWORD_FULL: f->option = SYNTAX_JOIN_FULL; break;
        case KEYWORD_SEMI: f->option = SYNTAX_JOIN_SEMI; break;
        case KEYWORD_ANTI: f->option = SYNTAX_JOIN_ANTI; break;
        case KEYWORD_CROSS: f->option = SYNTAX_JOIN_CROSS; break;
        case KEYWORD_POSITIONAL: f->option = SYNTAX_JOIN_POSITIONAL; break;
        case KEYWORD_JOIN:
            p->at += ahead + 1;
            f->place = f->option != SYNTAX_JOIN_CROSS && f->option != SYNTAX_JOIN_POSITIONAL && !(f->flags & SYNTAX_FLAG_NATURAL);
            return true;
        default: return false;
        }
        if (kind) return false;
        kind = true;
    }
}

/* One element of FROM: a table and what is joined to it, from the left. */
step rule_table(parser *p, frame *f)
{
    RULE_BEGIN
    CALL(RULE_TABLE_PRIMARY, 0);
    while (take_join(p, f)) {
        if (!push_none(p) || !push_none(p)) return STEP_FAIL;
        CALL(RULE_TABLE_PRIMARY, 0);
        if (f->place && accept_keyword(p, KEYWORD_ON)) {
            CALL(RULE_EXPRESSION, 0);
        } else if (f->place && next_is(p, KEYWORD_USING) && peek_at(p, 1)->kind == '(') {
            p->at++;
            if (!push_none(p)) return STEP_FAIL;
            CALL(RULE_NAME_LIST, 0);
        } else if (f->place) {
            return unexpected(p, "ON condition or USING (columns)");
        }
        if (!make_node(p, SYNTAX_JOIN, f->option, f->flags, NO_TOKEN, f->begin, p->value_count - f->base)) return STEP_FAIL;
    }
    return STEP_DONE;
    RULE_END
}

/* One table -------------------------------------------------------------------------------------------------------------------- */
/* Whether name "(" or a.b.name "(" comes. */
static bool function_follows(const parser *p)
{
    uint32_t ahead = 0;

    if (!is_function_name(peek(p))) return false;
    while (is_label(peek_at(p, ahead)) && peek_at(p, ahead + 1)->kind == '.') ahead += 2;
    return is_label(peek_at(p, ahead)) && peek_at(p, ahead + 1)->kind == '(';
}

/* a.b. before a function's name, as one value. */
static bool take_function_qualifier(parser *p)
{
    uint32_t first = p->at;

    while (peek_at(p, 1)->kind == '.') {
        bool head = p->at == first;

        if (!make_node(p, head ? SYNTAX_COLUMN : SYNTAX_FIELD, 0, 0, p->at, peek(p)->begin, head ? 0 : 1)) return false;
        p->at += 2;
    }
    return true;
}

/* (a JOIN b) AS x: a query over the join, so that x can have the alias. */
static bool wrap_in_query(parser *p, uint32_t begin)
{
    return make_node(p, SYNTAX_LIST, 0, 0, NO_TOKEN, begin, 1) && push_none(p) && push_none(p) &&
           (move_value(p, p->value_count - 1, p->value_count - 3), move_value(p, p->value_count - 1, p->value_count - 3), true) &&
           make_node(p, SYNTAX_SELECT, 0, 0, NO_TOKEN, begin, 3) && push_none(p) &&
           (move_value(p, p->value_count - 1, p->value_count - 2), true) && make_node(p, SYNTAX_QUERY, 0, 0, NO_TOKEN, begin, 2);
}

/* The first token decides what kind of table it is; f->option remembers the kind, then alias and sample follow. Long: one state a kind. */
step rule_table_primary(parser *p, frame *f)
{
    RULE_BEGIN
    f->place = NO_TOKEN; /* the token of an alias before a colon */
    if (is_label(peek(p)) && peek_at(p, 1)->kind == ':') {
        f->place = p->at;
        p->at += 2;
    }
    if (accept_keyword(p, KEYWORD_LATERAL)) f->flags = SYNTAX_FLAG_LATERAL;
    if (opens_query(p, p->at)) {
        p->at++;
        CALL(RULE_QUERY, 0);
        if (!expect(p, ')')) return STEP_FAIL;
        f->option = SYNTAX_TABLE_QUERY;
    } else if (accept(p, '(')) {
        CALL(RULE_TABLE, 0);
        if (!expect(p, ')')) return STEP_FAIL;
        if (!alias_follows(p) && f->place == NO_TOKEN && !next_is(p, KEYWORD_TABLESAMPLE)) goto made;
        if (!wrap_in_query(p, f->begin)) return STEP_FAIL;
        f->option = SYNTAX_TABLE_QUERY;
    } else if (next_is(p, KEYWORD_VALUES) && peek_at(p, 1)->kind == '(') {
        if (!push_none(p)) return STEP_FAIL;
        CALL(RULE_VALUES, 0);
        if (!make_node(p, SYNTAX_QUERY, 0, 0, NO_TOKEN, f->begin, 2)) return STEP_FAIL;
        f->option = SYNTAX_TABLE_QUERY;
    } else if (next_is_kind(p, TOKEN_STRING)) {
        f->name = p->at++;
        f->flags |= SYNTAX_FLAG_PATH;
        if (!push_none(p)) return STEP_FAIL;
        f->option = SYNTAX_TABLE;
    } else if (function_follows(p)) {
        if (!take_function_qualifier(p)) return STEP_FAIL;
        CALL_OVER(RULE_CALL, p->value_count > f->base ? 3 : 2, p->value_count - f->base);
        if (next_are(p, KEYWORD_WITH, KEYWORD_ORDINALITY)) {
            p->at += 2;
            f->flags |= SYNTAX_FLAG_ORDINALITY;
        }
        f->option = SYNTAX_TABLE_FUNCTION;
    } else {
        if (!take_qualified(p, f, "a table: a name, 'a file', a function or (a query)")) return STEP_FAIL;
        f->option = SYNTAX_TABLE;
    }
    if (f->place != NO_TOKEN) {
        if (!make_node(p, SYNTAX_TABLE_ALIAS, 0, 0, f->place, p->tokens[f->place].begin, 0)) return STEP_FAIL;
    } else if (alias_follows(p)) {
        CALL(RULE_TABLE_ALIAS, 0);
    } else if (!push_none(p)) {
        return STEP_FAIL;
    }
    if (accept_keyword(p, KEYWORD_TABLESAMPLE)) CALL(RULE_SAMPLE, 0);
    if (!make_node(p, (syntax_kind)f->option, 0, f->flags, f->name, f->begin, p->value_count - f->base)) return STEP_FAIL;
made:
    while (next_is(p, KEYWORD_PIVOT) || next_is(p, KEYWORD_UNPIVOT)) {
        if (next_is(p, KEYWORD_PIVOT))
            CALL_OVER(RULE_PIVOT, 0, 1);
        else
            CALL_OVER(RULE_UNPIVOT, 0, 1);
    }
    return STEP_DONE;
    RULE_END
}

/* Pivot ------------------------------------------------------------------------------------------------------------------------ */
/* expression [IN values] */
step rule_pivot_column(parser *p, frame *f)
{
    RULE_BEGIN
    CALL(RULE_EXPRESSION, EXPRESSION_NO_IN);
    if (!accept_keyword(p, KEYWORD_IN)) return reduce(p, f, SYNTAX_PIVOT_COLUMN);
    if (opens_query(p, p->at)) {
        p->at++;
        CALL(RULE_QUERY, 0);
        if (!expect(p, ')')) return STEP_FAIL;
    } else if (accept(p, '(')) {
        CALL_LIST(RULE_SELECT_ITEM, 0);
        if (!expect(p, ')')) return STEP_FAIL;
    } else {
        CALL(RULE_COLUMN_CHAIN, 0);
    }
    return reduce(p, f, SYNTAX_PIVOT_COLUMN);
    RULE_END
}

/* Behind a table: PIVOT "(" aggregates FOR column IN (…) column IN (…) GROUP BY … ")" alias */
step rule_pivot(parser *p, frame *f)
{
    RULE_BEGIN
    p->at++;
    if (!expect(p, '(')) return STEP_FAIL;
    CALL_LIST(RULE_SELECT_ITEM, 0);
    if (!expect_keyword(p, KEYWORD_FOR)) return STEP_FAIL;
    do {
        CALL(RULE_PIVOT_COLUMN, 0);
    } while (!next_is(p, KEYWORD_GROUP) && !next_is_kind(p, ')') && !next_is_kind(p, TOKEN_END));
    if (!make_node(p, SYNTAX_LIST, 0, 0, NO_TOKEN, f->begin, p->value_count - f->base - 2)) return STEP_FAIL;
    if (accept_keywords(p, KEYWORD_GROUP, KEYWORD_BY))
        CALL_LIST(RULE_EXPRESSION, 0);
    else if (!push_none(p))
        return STEP_FAIL;
    if (!expect(p, ')')) return STEP_FAIL;
    if (alias_follows(p))
        CALL(RULE_TABLE_ALIAS, 0);
    else if (!push_none(p))
        return STEP_FAIL;
    move_value(p, p->value_count - 1, f->base + SLOT_PIVOT_ALIAS);
    if (!push_none(p)) return STEP_FAIL;
    move_value(p, p->value_count - 1, f->base + SLOT_PIVOT_SAMPLE);
    move_value(p, f->base + SLOT_PIVOT_USING, f->base + SLOT_PIVOT_ON);
    return reduce(p, f, SYNTAX_PIVOT);
    RULE_END
}

static bool accept_nulls_choice(parser *p, frame *f)
{
    if (accept_keywords(p, KEYWORD_INCLUDE, KEYWORD_NULLS))
        f->flags = SYNTAX_FLAG_INCLUDE_NULLS;
    else
        return accept_keywords(p, KEYWORD_EXCLUDE, KEYWORD_NULLS);
    return true;
}

static bool take_name_list_of_one(parser *p, const char *what)
{
    uint32_t name;

    return expect_label(p, &name, what) && make_node(p, SYNTAX_NAME, 0, 0, name, p->tokens[name].begin, 0) &&
           make_node(p, SYNTAX_LIST, 0, 0, NO_TOKEN, p->tokens[name].begin, 1);
}

/* Behind a table: UNPIVOT [INCLUDE NULLS] "(" values FOR name IN "(" columns ")" ")" alias */
step rule_unpivot(parser *p, frame *f)
{
    uint32_t name;

    RULE_BEGIN
    p->at++;
    (void)accept_nulls_choice(p, f);
    if (!expect(p, '(')) return STEP_FAIL;
    if (next_is_kind(p, '('))
        CALL(RULE_NAME_LIST, 0);
    else if (!take_name_list_of_one(p, "a name for the values"))
        return STEP_FAIL;
    if (!expect_keyword(p, KEYWORD_FOR) || !expect_label(p, &name, "a name for the names")) return STEP_FAIL;
    if (!make_node(p, SYNTAX_NAME, 0, 0, name, p->tokens[name].begin, 0)) return STEP_FAIL;
    if (!expect_keyword(p, KEYWORD_IN) || !expect(p, '(')) return STEP_FAIL;
    CALL_LIST(RULE_SELECT_ITEM, 0);
    if (!expect(p, ')') || !expect(p, ')')) return STEP_FAIL;
    if (alias_follows(p))
        CALL(RULE_TABLE_ALIAS, 0);
    else if (!push_none(p))
        return STEP_FAIL;
    move_value(p, p->value_count - 1, f->base + SLOT_UNPIVOT_ALIAS);
    if (!push_none(p)) return STEP_FAIL;
    move_value(p, p->value_count - 1, f->base + SLOT_UNPIVOT_SAMPLE);
    move_value(p, p->value_count - 1, f->base + SLOT_UNPIVOT_ON);
    move_value(p, p->value_count - 1, f->base + SLOT_UNPIVOT_NAME);
    return reduce(p, f, SYNTAX_UNPIVOT);
    RULE_END
}

/* The values above the base are table and parts: make them `kind`, and that a query's body, FROM it alone. */
static step finish_pivot_statement(parser *p, frame *f, syntax_kind kind)
{
    if (!push_none(p)) return STEP_FAIL;
    move_value(p, p->value_count - 1, f->base + SLOT_PIVOT_ALIAS);
    if (!push_none(p)) return STEP_FAIL;
    move_value(p, p->value_count - 1, f->base + SLOT_PIVOT_SAMPLE);
    if (reduce(p, f, kind) == STEP_FAIL) return STEP_FAIL;
    f->flags = 0;
    if (!make_node(p, SYNTAX_LIST, 0, 0, NO_TOKEN, f->begin, 1) || !push_none(p) || !push_none(p)) return STEP_FAIL;
    move_value(p, p->value_count - 1, f->base);
    move_value(p, p->value_count - 1, f->base);
    return reduce(p, f, SYNTAX_SELECT);
}

/* PIVOT table ON columns USING aggregates GROUP BY … */
step rule_pivot_statement(parser *p, frame *f)
{
    RULE_BEGIN
    p->at++;
    CALL(RULE_TABLE, 0);
    if (accept_keyword(p, KEYWORD_ON))
        CALL_LIST(RULE_PIVOT_COLUMN, 0);
    else if (!push_none(p))
        return STEP_FAIL;
    if (accept_keyword(p, KEYWORD_USING))
        CALL_LIST(RULE_SELECT_ITEM, 0);
    else if (!push_none(p))
        return STEP_FAIL;
    if (accept_keywords(p, KEYWORD_GROUP, KEYWORD_BY))
        CALL_LIST(RULE_EXPRESSION, 0);
    else if (!push_none(p))
        return STEP_FAIL;
    if (p->values[f->base + 1] == 0) return unexpected(p, "ON and the columns to pivot");
    if (p->values[f->base + 2] == 0) { /* without USING: count(*) */
        uint32_t begin = peek(p)->begin;

        if (!push_none(p) || !make_node(p, SYNTAX_LIST, 0, 0, NO_TOKEN, begin, 0)) return STEP_FAIL;
        if (!make_node_text(p, SYNTAX_CALL, 0, SYNTAX_FLAG_STAR, STRING_VIEW("count"), begin, 2)) return STEP_FAIL;
        if (!make_node(p, SYNTAX_LIST, 0, 0, NO_TOKEN, begin, 1)) return STEP_FAIL;
        p->values[f->base + 2] = top_value(p);
        p->value_count--;
    }
    return finish_pivot_statement(p, f, SYNTAX_PIVOT);
    RULE_END
}

/* The names that UNPIVOT gives when INTO does not. */
static bool push_default_names(parser *p)
{
    uint32_t begin = peek(p)->begin;

    return make_node_text(p, SYNTAX_NAME, 0, 0, STRING_VIEW("name"), begin, 0) &&
           make_node_text(p, SYNTAX_NAME, 0, 0, STRING_VIEW("value"), begin, 0) &&
           make_node(p, SYNTAX_LIST, 0, 0, NO_TOKEN, begin, 1);
}

/* UNPIVOT table ON columns INTO NAME name VALUE values */
step rule_unpivot_statement(parser *p, frame *f)
{
    uint32_t name;

    RULE_BEGIN
    p->at++;
    (void)accept_nulls_choice(p, f);
    CALL(RULE_TABLE, 0);
    (void)accept_nulls_choice(p, f);
    if (!expect_keyword(p, KEYWORD_ON)) return STEP_FAIL;
    CALL_LIST(RULE_SELECT_ITEM, 0);
    if (!accept_keyword(p, KEYWORD_INTO)) {
        if (!push_default_names(p)) return STEP_FAIL;
        return finish_pivot_statement(p, f, SYNTAX_UNPIVOT);
    }
    if (!expect_keyword(p, KEYWORD_NAME) || !expect_label(p, &name, "a name for the names")) return STEP_FAIL;
    if (!make_node(p, SYNTAX_NAME, 0, 0, name, p->tokens[name].begin, 0) || !expect_keyword(p, KEYWORD_VALUE)) return STEP_FAIL;
    f->place = p->value_count;
    do {
        if (!expect_label(p, &name, "a name for the values")) return STEP_FAIL;
        if (!make_node(p, SYNTAX_NAME, 0, 0, name, p->tokens[name].begin, 0)) return STEP_FAIL;
    } while (accept(p, ','));
    if (!make_node(p, SYNTAX_LIST, 0, 0, NO_TOKEN, f->begin, p->value_count - f->place)) return STEP_FAIL;
    return finish_pivot_statement(p, f, SYNTAX_UNPIVOT);
    RULE_END
}
