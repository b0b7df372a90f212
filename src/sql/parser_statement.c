/* Statements that are no queries, but for CREATE (parser_create.c): which it is, changing rows, DROP, ALTER, COPY, settings, transactions. */
#include "parser_internal.h"

bool accept_if_exists(parser *p)
{
    return accept_keywords(p, KEYWORD_IF, KEYWORD_EXISTS);
}

bool accept_if_not_exists(parser *p)
{
    if (!next_are(p, KEYWORD_IF, KEYWORD_NOT) || !is_keyword(peek_at(p, 2), KEYWORD_EXISTS)) return false;
    p->at += 3;
    return true;
}

/* Which ------------------------------------------------------------------------------------------------------------------------ */
static const struct statement_row {
    uint16_t keyword;
    uint16_t rule;
} statement_rows[] = {
    {KEYWORD_INSERT, RULE_INSERT},
    {KEYWORD_UPDATE, RULE_UPDATE},
    {KEYWORD_DELETE, RULE_DELETE},
    {KEYWORD_MERGE, RULE_MERGE},
    {KEYWORD_CREATE, RULE_CREATE},
    {KEYWORD_DROP, RULE_DROP},
    {KEYWORD_ALTER, RULE_ALTER},
    {KEYWORD_COPY, RULE_COPY},
    {KEYWORD_EXPLAIN, RULE_EXPLAIN},
    {KEYWORD_SET, RULE_SET},
    {KEYWORD_RESET, RULE_SET},
    {KEYWORD_PRAGMA, RULE_PRAGMA},
    {KEYWORD_PREPARE, RULE_PREPARE},
    {KEYWORD_BEGIN, RULE_SMALL_STATEMENT},
    {KEYWORD_START, RULE_SMALL_STATEMENT},
    {KEYWORD_COMMIT, RULE_SMALL_STATEMENT},
    {KEYWORD_END, RULE_SMALL_STATEMENT},
    {KEYWORD_ROLLBACK, RULE_SMALL_STATEMENT},
    {KEYWORD_ABORT, RULE_SMALL_STATEMENT},
    {KEYWORD_CHECKPOINT, RULE_SMALL_STATEMENT},
    {KEYWORD_FORCE, RULE_SMALL_STATEMENT},
    {KEYWORD_EXECUTE, RULE_SMALL_STATEMENT},
    {KEYWORD_DEALLOCATE, RULE_SMALL_STATEMENT},
    {KEYWORD_USE, RULE_SMALL_STATEMENT},
    {KEYWORD_ATTACH, RULE_SMALL_STATEMENT},
    {KEYWORD_DETACH, RULE_SMALL_STATEMENT},
    {KEYWORD_CALL, RULE_SMALL_STATEMENT},
    {KEYWORD_LOAD, RULE_SMALL_STATEMENT},
    {KEYWORD_INSTALL, RULE_SMALL_STATEMENT},
    {KEYWORD_TRUNCATE, RULE_SMALL_STATEMENT},
};

static rule statement_rule(const parser *p)
{
    if (query_at(p, p->at) || next_is_kind(p, '(')) return RULE_QUERY;
    for (size_t i = 0; i < ARRAY_LENGTH(statement_rows); i++)
        if (next_is(p, (sql_keyword)statement_rows[i].keyword)) return (rule)statement_rows[i].rule;
    return RULE_COUNT;
}

/* argument 1: in WITH x AS ( … ). */
step rule_statement(parser *p, frame *f)
{
    RULE_BEGIN
    if (next_is(p, KEYWORD_WITH)) {
        CALL(RULE_WITH, 0);
        f->option = (uint16_t)statement_rule(p);
        if (f->option != RULE_INSERT && f->option != RULE_UPDATE && f->option != RULE_DELETE && f->option != RULE_MERGE)
            f->option = RULE_QUERY;
        CALL_OVER((rule)f->option, 1, 1);
        p->tree->nodes[top_value(p)].begin = f->begin;
        return STEP_DONE;
    }
    f->option = (uint16_t)statement_rule(p);
    if (f->option == RULE_COUNT) return unexpected(p, "a statement: SELECT, FROM, WITH, INSERT, CREATE …");
    CALL((rule)f->option, 0);
    return STEP_DONE;
    RULE_END
}

/* EXPLAIN [ANALYZE] [(options)] statement */
step rule_explain(parser *p, frame *f)
{
    RULE_BEGIN
    p->at++;
    if (accept_keyword(p, KEYWORD_ANALYZE)) f->flags = SYNTAX_FLAG_ANALYZE;
    if (next_is_kind(p, '(') && !opens_query(p, p->at)) {
        p->at++;
        CALL_LIST(RULE_OPTION, 0);
        if (!expect(p, ')')) return STEP_FAIL;
    } else if (!push_none(p)) {
        return STEP_FAIL;
    }
    CALL(RULE_STATEMENT, 0);
    move_value(p, p->value_count - 1, f->base);
    return reduce(p, f, SYNTAX_EXPLAIN);
    RULE_END
}

/* Changing rows ---------------------------------------------------------------------------------------------------------------- */
/* WITH read before, or none: the first value of INSERT UPDATE DELETE MERGE. */
static bool begin_change(parser *p, const frame *f)
{
    p->at++;
    return f->argument || push_none(p);
}

/* INSERT [OR …] INTO table [AS alias] [(columns)] [BY NAME] query | DEFAULT VALUES [ON CONFLICT …] [RETURNING …] */
step rule_insert(parser *p, frame *f)
{
    RULE_BEGIN
    if (!begin_change(p, f)) return STEP_FAIL;
    if (accept_keywords(p, KEYWORD_OR, KEYWORD_REPLACE))
        f->flags |= SYNTAX_FLAG_OR_REPLACE;
    else if (accept_keywords(p, KEYWORD_OR, KEYWORD_IGNORE))
        f->flags |= SYNTAX_FLAG_OR_IGNORE;
    if (!expect_keyword(p, KEYWORD_INTO)) return STEP_FAIL;
    CALL(RULE_TABLE_NAME, TABLE_NAME_AS_ALIAS);
    if (next_is_kind(p, '(') && !opens_query(p, p->at))
        CALL(RULE_NAME_LIST, 0);
    else if (!push_none(p))
        return STEP_FAIL;
    if (accept_keywords(p, KEYWORD_BY, KEYWORD_NAME))
        f->flags |= SYNTAX_FLAG_INSERT_BY_NAME;
    else
        (void)accept_keywords(p, KEYWORD_BY, KEYWORD_POSITION);
    if (accept_keywords(p, KEYWORD_DEFAULT, KEYWORD_VALUES)) {
        f->flags |= SYNTAX_FLAG_DEFAULT_VALUES;
        if (!push_none(p)) return STEP_FAIL;
    } else {
        if (!query_at(p, p->at) && !next_is_kind(p, '(')) return unexpected(p, "VALUES, SELECT or DEFAULT VALUES");
        CALL(RULE_QUERY, 0);
    }
    if (next_are(p, KEYWORD_ON, KEYWORD_CONFLICT))
        CALL(RULE_CONFLICT, 0);
    else if (!push_none(p))
        return STEP_FAIL;
    if (accept_keyword(p, KEYWORD_RETURNING)) CALL_LIST(RULE_SELECT_ITEM, 0);
    return reduce(p, f, SYNTAX_INSERT);
    RULE_END
}

/* ON CONFLICT [(columns) [WHERE …]] DO NOTHING | DO UPDATE SET … [WHERE …] */
step rule_conflict(parser *p, frame *f)
{
    RULE_BEGIN
    p->at += 2;
    if (next_is_kind(p, '('))
        CALL(RULE_NAME_LIST, 0);
    else if (!push_none(p))
        return STEP_FAIL;
    if (accept_keyword(p, KEYWORD_WHERE))
        CALL(RULE_EXPRESSION, 0);
    else if (!push_none(p))
        return STEP_FAIL;
    if (!expect_keyword(p, KEYWORD_DO)) return STEP_FAIL;
    if (accept_keyword(p, KEYWORD_NOTHING)) return reduce(p, f, SYNTAX_ON_CONFLICT);
    if (!accept_keywords(p, KEYWORD_UPDATE, KEYWORD_SET)) return unexpected(p, "NOTHING or UPDATE SET");
    f->flags = SYNTAX_FLAG_UPDATE;
    CALL_LIST(RULE_ASSIGNMENT, 0);
    if (accept_keyword(p, KEYWORD_WHERE)) CALL(RULE_EXPRESSION, 0);
    return reduce(p, f, SYNTAX_ON_CONFLICT);
    RULE_END
}

/* column = value */
step rule_assignment(parser *p, frame *f)
{
    RULE_BEGIN
    CALL(RULE_COLUMN_CHAIN, 0);
    if (!expect_operator(p, OPERATOR_EQUAL)) return STEP_FAIL;
    CALL(RULE_EXPRESSION, 0);
    return reduce(p, f, SYNTAX_ASSIGNMENT);
    RULE_END
}

step rule_update(parser *p, frame *f)
{
    RULE_BEGIN
    if (!begin_change(p, f)) return STEP_FAIL;
    CALL(RULE_TABLE_NAME, TABLE_NAME_ALIAS);
    if (!expect_keyword(p, KEYWORD_SET)) return STEP_FAIL;
    CALL_LIST(RULE_ASSIGNMENT, 0);
    if (accept_keyword(p, KEYWORD_FROM))
        CALL_LIST(RULE_TABLE, 0);
    else if (!push_none(p))
        return STEP_FAIL;
    if (accept_keyword(p, KEYWORD_WHERE))
        CALL(RULE_EXPRESSION, 0);
    else if (!push_none(p))
        return STEP_FAIL;
    if (accept_keyword(p, KEYWORD_RETURNING)) CALL_LIST(RULE_SELECT_ITEM, 0);
    return reduce(p, f, SYNTAX_UPDATE);
    RULE_END
}

step rule_delete_from(parser *p, frame *f)
{
    RULE_BEGIN
    if (!begin_change(p, f) || !expect_keyword(p, KEYWORD_FROM)) return STEP_FAIL;
    CALL(RULE_TABLE_NAME, TABLE_NAME_ALIAS);
    if (accept_keyword(p, KEYWORD_USING))
        CALL_LIST(RULE_TABLE, 0);
    else if (!push_none(p))
        return STEP_FAIL;
    if (accept_keyword(p, KEYWORD_WHERE))
        CALL(RULE_EXPRESSION, 0);
    else if (!push_none(p))
        return STEP_FAIL;
    if (accept_keyword(p, KEYWORD_RETURNING)) CALL_LIST(RULE_SELECT_ITEM, 0);
    return reduce(p, f, SYNTAX_DELETE);
    RULE_END
}

/* MERGE INTO table USING source ON condition | USING (columns) WHEN … */
step rule_merge(parser *p, frame *f)
{
    RULE_BEGIN
    if (!begin_change(p, f) || !expect_keyword(p, KEYWORD_INTO)) return STEP_FAIL;
    CALL(RULE_TABLE_NAME, TABLE_NAME_ALIAS);
    if (!expect_keyword(p, KEYWORD_USING)) return STEP_FAIL;
    CALL(RULE_TABLE, 0);
    if (accept_keyword(p, KEYWORD_ON)) {
        CALL(RULE_EXPRESSION, 0);
        if (!push_none(p)) return STEP_FAIL;
    } else {
        if (!accept_keyword(p, KEYWORD_USING)) return unexpected(p, "ON condition or USING (columns)");
        if (!push_none(p)) return STEP_FAIL;
        CALL(RULE_NAME_LIST, 0);
    }
    if (!next_is(p, KEYWORD_WHEN)) return unexpected(p, "WHEN MATCHED or WHEN NOT MATCHED");
    f->place = p->value_count;
    while (next_is(p, KEYWORD_WHEN)) CALL(RULE_MERGE_WHEN, 0);
    if (!make_node(p, SYNTAX_LIST, 0, 0, NO_TOKEN, f->begin, p->value_count - f->place)) return STEP_FAIL;
    if (accept_keyword(p, KEYWORD_RETURNING)) CALL_LIST(RULE_SELECT_ITEM, 0);
    return reduce(p, f, SYNTAX_MERGE);
    RULE_END
}

/* WHEN [NOT] MATCHED [BY SOURCE | BY TARGET] */
static bool take_matched(parser *p, frame *f)
{
    p->at++;
    if (accept_keyword(p, KEYWORD_NOT)) f->flags = SYNTAX_FLAG_NOT_MATCHED;
    if (!expect_keyword(p, KEYWORD_MATCHED)) return false;
    if (accept_keywords(p, KEYWORD_BY, KEYWORD_SOURCE))
        f->flags |= SYNTAX_FLAG_BY_SOURCE;
    else
        (void)accept_keywords(p, KEYWORD_BY, KEYWORD_TARGET);
    return true;
}

step rule_merge_when(parser *p, frame *f)
{
    RULE_BEGIN
    if (!take_matched(p, f)) return STEP_FAIL;
    if (accept_keyword(p, KEYWORD_AND))
        CALL(RULE_EXPRESSION, 0);
    else if (!push_none(p))
        return STEP_FAIL;
    if (!expect_keyword(p, KEYWORD_THEN)) return STEP_FAIL;
    if (accept_keyword(p, KEYWORD_UPDATE)) {
        f->option = MERGE_UPDATE;
        if (accept_keyword(p, KEYWORD_SET)) CALL_LIST(RULE_ASSIGNMENT, 0);
    } else if (accept_keyword(p, KEYWORD_INSERT)) {
        f->option = MERGE_INSERT;
        if (next_is_kind(p, '('))
            CALL(RULE_NAME_LIST, 0);
        else if (!push_none(p))
            return STEP_FAIL;
        if (accept_keyword(p, KEYWORD_VALUES)) CALL(RULE_ROW, 0);
    } else if (accept_keyword(p, KEYWORD_DELETE)) {
        f->option = MERGE_DELETE;
    } else if (accept_keywords(p, KEYWORD_DO, KEYWORD_NOTHING)) {
        f->option = MERGE_NOTHING;
    } else if (accept_keyword(p, KEYWORD_ERROR)) {
        f->option = MERGE_ERROR;
        if (!next_is(p, KEYWORD_WHEN) && !next_is_kind(p, TOKEN_END) && !next_is(p, KEYWORD_RETURNING)) CALL(RULE_EXPRESSION, 0);
    } else {
        return unexpected(p, "UPDATE, INSERT, DELETE, DO NOTHING or ERROR");
    }
    return reduce(p, f, SYNTAX_MERGE_WHEN);
    RULE_END
}

/* DROP, ALTER ------------------------------------------------------------------------------------------------------------------ */
static bool take_object(parser *p, uint16_t *object)
{
    if (accept_keyword(p, KEYWORD_TABLE))
        *object = OBJECT_TABLE;
    else if (accept_keyword(p, KEYWORD_VIEW))
        *object = OBJECT_VIEW;
    else if (accept_keyword(p, KEYWORD_SCHEMA))
        *object = OBJECT_SCHEMA;
    else if (accept_keywords(p, KEYWORD_MACRO, KEYWORD_TABLE) || accept_keywords(p, KEYWORD_FUNCTION, KEYWORD_TABLE))
        *object = OBJECT_MACRO_TABLE;
    else if (accept_keyword(p, KEYWORD_MACRO) || accept_keyword(p, KEYWORD_FUNCTION))
        *object = OBJECT_MACRO;
    else if (accept_keyword(p, KEYWORD_SEQUENCE))
        *object = OBJECT_SEQUENCE;
    else if (accept_keyword(p, KEYWORD_TYPE))
        *object = OBJECT_TYPE;
    else if (accept_keyword(p, KEYWORD_INDEX))
        *object = OBJECT_INDEX;
    else
        return failed_expected(p, "TABLE, VIEW, SCHEMA, MACRO, SEQUENCE, TYPE or INDEX");
    return true;
}

step rule_drop(parser *p, frame *f)
{
    RULE_BEGIN
    p->at++;
    if (!take_object(p, &f->option)) return STEP_FAIL;
    if (accept_if_exists(p)) f->flags = SYNTAX_FLAG_IF_EXISTS;
    do {
        CALL(RULE_TABLE_NAME, 0);
    } while (accept(p, ','));
    if (accept_keyword(p, KEYWORD_CASCADE))
        f->flags |= SYNTAX_FLAG_CASCADE;
    else
        (void)accept_keyword(p, KEYWORD_RESTRICT);
    return reduce(p, f, SYNTAX_DROP);
    RULE_END
}

static bool take_rename(parser *p, frame *f)
{
    uint32_t column;

    if (accept_keyword(p, KEYWORD_TO)) {
        f->option = ALTER_RENAME;
        return expect_label(p, &f->name, "the new name");
    }
    f->option = ALTER_RENAME_COLUMN;
    (void)accept_keyword(p, KEYWORD_COLUMN);
    if (!expect_label(p, &column, "TO or the name of a column")) return false;
    if (!make_node(p, SYNTAX_COLUMN, 0, p->tokens[column].kind == TOKEN_QUOTED ? SYNTAX_FLAG_QUOTED : 0, column,
                   p->tokens[column].begin, 0))
        return false;
    return expect_keyword(p, KEYWORD_TO) && expect_label(p, &f->name, "the new name of the column");
}

/* ALTER [COLUMN] name: what is done to it that needs no expression. False: SET DEFAULT, TYPE. */
static bool take_column_change(parser *p, frame *f)
{
    if (accept_keywords(p, KEYWORD_DROP, KEYWORD_DEFAULT)) return f->option = ALTER_DROP_DEFAULT, true;
    if (next_is(p, KEYWORD_SET) && is_keyword(peek_at(p, 1), KEYWORD_NOT) && is_keyword(peek_at(p, 2), KEYWORD_NULL))
        return p->at += 3, f->option = ALTER_SET_NOT_NULL, true;
    if (next_is(p, KEYWORD_DROP) && is_keyword(peek_at(p, 1), KEYWORD_NOT) && is_keyword(peek_at(p, 2), KEYWORD_NULL))
        return p->at += 3, f->option = ALTER_DROP_NOT_NULL, true;
    return false;
}

/* ALTER TABLE | VIEW name, then one action. Long: one state an action. */
step rule_alter(parser *p, frame *f)
{
    RULE_BEGIN
    p->at++;
    if (accept_keyword(p, KEYWORD_VIEW))
        f->flags = SYNTAX_FLAG_VIEW;
    else if (!accept_keyword(p, KEYWORD_TABLE))
        return unexpected(p, "TABLE or VIEW");
    if (accept_if_exists(p)) f->flags |= SYNTAX_FLAG_IF_EXISTS;
    CALL(RULE_TABLE_NAME, 0);
    if (accept_keyword(p, KEYWORD_RENAME)) {
        if (!take_rename(p, f)) return STEP_FAIL;
    } else if (accept_keyword(p, KEYWORD_ADD)) {
        if (next_is(p, KEYWORD_CONSTRAINT) || next_is(p, KEYWORD_PRIMARY) || next_is(p, KEYWORD_UNIQUE) ||
            next_is(p, KEYWORD_CHECK)) {
            f->option = ALTER_ADD_CONSTRAINT;
            CALL(RULE_CONSTRAINT, 1);
        } else {
            f->option = ALTER_ADD_COLUMN;
            (void)accept_keyword(p, KEYWORD_COLUMN);
            if (accept_if_not_exists(p)) f->flags |= SYNTAX_FLAG_IF_NOT_EXISTS;
            CALL(RULE_COLUMN_DEFINITION, 0);
        }
    } else if (accept_keyword(p, KEYWORD_DROP)) {
        f->option = ALTER_DROP_COLUMN;
        (void)accept_keyword(p, KEYWORD_COLUMN);
        if (accept_if_exists(p)) f->flags |= SYNTAX_FLAG_IF_NOT_EXISTS; /* of the column */
        if (!expect_label(p, &f->name, "the name of a column")) return STEP_FAIL;
        if (accept_keyword(p, KEYWORD_CASCADE))
            f->flags |= SYNTAX_FLAG_CASCADE;
        else
            (void)accept_keyword(p, KEYWORD_RESTRICT);
    } else if (accept_keyword(p, KEYWORD_ALTER)) {
        (void)accept_keyword(p, KEYWORD_COLUMN);
        if (!expect_label(p, &f->name, "the name of a column")) return STEP_FAIL;
        if (take_column_change(p, f)) return reduce(p, f, SYNTAX_ALTER);
        if (accept_keywords(p, KEYWORD_SET, KEYWORD_DEFAULT)) {
            f->option = ALTER_SET_DEFAULT;
            CALL(RULE_EXPRESSION, 0);
        } else {
            f->option = ALTER_TYPE;
            if (accept_keyword(p, KEYWORD_SET)) (void)accept_keyword(p, KEYWORD_DATA);
            if (!accept_keyword(p, KEYWORD_TYPE))
                return unexpected(p, "TYPE, SET DATA TYPE, SET DEFAULT, DROP DEFAULT, SET NOT NULL or DROP NOT NULL");
            CALL(RULE_TYPE, 0);
            if (accept_keyword(p, KEYWORD_USING)) CALL(RULE_EXPRESSION, 0);
        }
    } else {
        return unexpected(p, "ADD, DROP, ALTER or RENAME");
    }
    return reduce(p, f, SYNTAX_ALTER);
    RULE_END
}

/* COPY ------------------------------------------------------------------------------------------------------------------------- */
/* name [=] [value] */
step rule_option(parser *p, frame *f)
{
    RULE_BEGIN
    if (!expect_label(p, &f->name, "the name of an option")) return STEP_FAIL;
    (void)accept_operator(p, OPERATOR_EQUAL);
    if (!next_is_kind(p, ',') && !next_is_kind(p, ')') && !next_is_kind(p, TOKEN_END)) CALL(RULE_SET_VALUE, 0);
    return reduce(p, f, SYNTAX_OPTION);
    RULE_END
}

/* COPY table [(columns)] FROM path | COPY table | (query) TO path, then options in brackets */
step rule_copy(parser *p, frame *f)
{
    RULE_BEGIN
    p->at++;
    if (opens_query(p, p->at)) {
        p->at++;
        CALL(RULE_QUERY, 0);
        if (!expect(p, ')')) return STEP_FAIL;
    } else {
        CALL(RULE_TABLE_NAME, 0);
    }
    if (next_is_kind(p, '('))
        CALL(RULE_NAME_LIST, 0);
    else if (!push_none(p))
        return STEP_FAIL;
    if (accept_keyword(p, KEYWORD_FROM))
        f->flags = SYNTAX_FLAG_FROM;
    else if (!accept_keyword(p, KEYWORD_TO))
        return unexpected(p, "FROM or TO");
    CALL(RULE_EXPRESSION, 0);
    (void)accept_keyword(p, KEYWORD_WITH);
    if (accept(p, '(')) {
        CALL_LIST(RULE_OPTION, 0);
        if (!expect(p, ')')) return STEP_FAIL;
    }
    return reduce(p, f, SYNTAX_COPY);
    RULE_END
}

/* Settings --------------------------------------------------------------------------------------------------------------------- */
/* A value, or a bare word (on, csv, a reserved one too) as a COLUMN. */
step rule_set_value(parser *p, frame *f)
{
    const token *next = peek_at(p, 1);

    RULE_BEGIN
    if (peek(p)->kind == TOKEN_WORD && !is_name(peek(p)) && !next_is(p, KEYWORD_TRUE) && !next_is(p, KEYWORD_FALSE) &&
        !next_is(p, KEYWORD_NULL) && !next_is(p, KEYWORD_DEFAULT) &&
        (next->kind == TOKEN_END || next->kind == ',' || next->kind == ')')) {
        f->name = p->at++;
        return reduce(p, f, SYNTAX_COLUMN);
    }
    CALL(RULE_EXPRESSION, 0);
    return STEP_DONE;
    RULE_END
}

static syntax_scope take_scope(parser *p)
{
    if (accept_keyword(p, KEYWORD_GLOBAL)) return SCOPE_GLOBAL;
    if (accept_keyword(p, KEYWORD_LOCAL)) return SCOPE_LOCAL;
    if (accept_keyword(p, KEYWORD_SESSION)) return SCOPE_SESSION;
    if (accept_keyword(p, KEYWORD_VARIABLE)) return SCOPE_VARIABLE;
    return SCOPE_AUTOMATIC;
}

/* SET [scope] name = | TO value, …; RESET [scope] name */
step rule_set(parser *p, frame *f)
{
    RULE_BEGIN
    f->flags = next_is(p, KEYWORD_RESET); /* for a moment */
    p->at++;
    f->option = (uint16_t)take_scope(p);
    if (!f->flags && next_are(p, KEYWORD_TIME, KEYWORD_ZONE)) {
        p->at += 2;
        CALL_LIST(RULE_SET_VALUE, 0);
        return make_node_text(p, SYNTAX_SET, f->option, 0, STRING_VIEW("timezone"), f->begin, 1) ? STEP_DONE : STEP_FAIL;
    }
    if (!expect_label(p, &f->name, "the name of a setting")) return STEP_FAIL;
    if (f->flags) {
        f->flags = 0;
        return reduce(p, f, SYNTAX_RESET);
    }
    if (!accept_operator(p, OPERATOR_EQUAL) && !accept_keyword(p, KEYWORD_TO)) return unexpected(p, "= or TO");
    CALL_LIST(RULE_SET_VALUE, 0);
    return reduce(p, f, SYNTAX_SET);
    RULE_END
}

/* PRAGMA name [= value | (values)] */
step rule_pragma(parser *p, frame *f)
{
    RULE_BEGIN
    p->at++;
    if (!expect_label(p, &f->name, "the name of a pragma")) return STEP_FAIL;
    if (accept_operator(p, OPERATOR_EQUAL)) {
        f->flags = SYNTAX_FLAG_ASSIGN;
        CALL_LIST(RULE_SET_VALUE, 0);
    } else if (accept(p, '(')) {
        if (next_is_kind(p, ')')) {
            if (!make_node(p, SYNTAX_LIST, 0, 0, NO_TOKEN, f->begin, 0)) return STEP_FAIL;
        } else {
            CALL_LIST(RULE_ARGUMENT, ARGUMENT_OF_TABLE);
        }
        if (!expect(p, ')')) return STEP_FAIL;
    }
    return reduce(p, f, SYNTAX_PRAGMA);
    RULE_END
}

/* PREPARE name AS statement */
step rule_prepare(parser *p, frame *f)
{
    RULE_BEGIN
    p->at++;
    if (!expect_name(p, &f->name, "a name for the statement") || !expect_keyword(p, KEYWORD_AS)) return STEP_FAIL;
    CALL(RULE_STATEMENT, 0);
    return reduce(p, f, SYNTAX_PREPARE);
    RULE_END
}

/* Small ------------------------------------------------------------------------------------------------------------------------ */
static step transaction(parser *p, frame *f, syntax_transaction what)
{
    f->option = (uint16_t)what;
    p->at++;
    if (!accept_keyword(p, KEYWORD_TRANSACTION)) (void)accept_keyword(p, KEYWORD_WORK);
    return reduce(p, f, SYNTAX_TRANSACTION);
}

static step checkpoint(parser *p, frame *f)
{
    if (accept_keyword(p, KEYWORD_FORCE)) f->flags = SYNTAX_FLAG_FORCE;
    if (!expect_keyword(p, KEYWORD_CHECKPOINT)) return STEP_FAIL;
    if (is_label(peek(p))) f->name = p->at++;
    return reduce(p, f, SYNTAX_CHECKPOINT);
}

static step deallocate(parser *p, frame *f)
{
    p->at++;
    (void)accept_keyword(p, KEYWORD_PREPARE);
    if (!accept_keyword(p, KEYWORD_ALL) && !expect_name(p, &f->name, "the name of a prepared statement")) return STEP_FAIL;
    return reduce(p, f, SYNTAX_DEALLOCATE);
}

static step detach(parser *p, frame *f)
{
    p->at++;
    (void)accept_keyword(p, KEYWORD_DATABASE);
    if (accept_if_exists(p)) f->flags = SYNTAX_FLAG_IF_EXISTS;
    if (!expect_name(p, &f->name, "the name of a database")) return STEP_FAIL;
    return reduce(p, f, SYNTAX_DETACH);
}

static step load(parser *p, frame *f)
{
    if (next_is(p, KEYWORD_INSTALL)) f->flags = SYNTAX_FLAG_INSTALL;
    p->at++;
    if (!is_label(peek(p)) && !next_is_kind(p, TOKEN_STRING)) return unexpected(p, "the name of an extension");
    f->name = p->at++;
    return reduce(p, f, SYNTAX_LOAD);
}

/* The statements without parts that need a rule. STEP_CALL: it is none of them. */
static step plain_statement(parser *p, frame *f)
{
    switch (peek(p)->word) {
    case KEYWORD_BEGIN:
    case KEYWORD_START: return transaction(p, f, TRANSACTION_BEGIN);
    case KEYWORD_COMMIT:
    case KEYWORD_END: return transaction(p, f, TRANSACTION_COMMIT);
    case KEYWORD_ROLLBACK:
    case KEYWORD_ABORT: return transaction(p, f, TRANSACTION_ROLLBACK);
    case KEYWORD_FORCE:
    case KEYWORD_CHECKPOINT: return checkpoint(p, f);
    case KEYWORD_DEALLOCATE: return deallocate(p, f);
    case KEYWORD_DETACH: return detach(p, f);
    case KEYWORD_LOAD:
    case KEYWORD_INSTALL: return load(p, f);
    default: return STEP_CALL;
    }
}

/* ATTACH [OR REPLACE] [DATABASE] [IF NOT EXISTS] */
static void begin_attach(parser *p, frame *f)
{
    if (accept_keywords(p, KEYWORD_OR, KEYWORD_REPLACE)) f->flags |= SYNTAX_FLAG_OR_REPLACE;
    (void)accept_keyword(p, KEYWORD_DATABASE);
    if (accept_if_not_exists(p)) f->flags |= SYNTAX_FLAG_IF_NOT_EXISTS;
}

step rule_small_statement(parser *p, frame *f)
{
    step done;

    RULE_BEGIN
    done = plain_statement(p, f);
    if (done != STEP_CALL) return done;
    f->place = peek(p)->word;
    p->at++;
    if (f->place == KEYWORD_USE) {
        CALL(RULE_COLUMN_CHAIN, 0);
        return reduce(p, f, SYNTAX_USE);
    }
    if (f->place == KEYWORD_TRUNCATE) {
        (void)accept_keyword(p, KEYWORD_TABLE);
        CALL(RULE_TABLE_NAME, 0);
        return reduce(p, f, SYNTAX_TRUNCATE);
    }
    if (f->place == KEYWORD_CALL) {
        if (!is_function_name(peek(p)) || peek_at(p, 1)->kind != '(') return unexpected(p, "a table function with its arguments");
        CALL(RULE_CALL, 2);
        return reduce(p, f, SYNTAX_CALL_STATEMENT);
    }
    if (f->place == KEYWORD_EXECUTE) {
        if (!expect_name(p, &f->name, "the name of a prepared statement")) return STEP_FAIL;
        if (accept(p, '(') && !accept(p, ')')) {
            CALL_LIST(RULE_ARGUMENT, ARGUMENT_OF_TABLE);
            if (!expect(p, ')')) return STEP_FAIL;
        }
        return reduce(p, f, SYNTAX_EXECUTE);
    }
    begin_attach(p, f);
    CALL(RULE_EXPRESSION, 0);
    if (accept_keyword(p, KEYWORD_AS) && !expect_name(p, &f->name, "a name for the database")) return STEP_FAIL;
    if (accept(p, '(')) {
        CALL_LIST(RULE_OPTION, 0);
        if (!expect(p, ')')) return STEP_FAIL;
    }
    return reduce(p, f, SYNTAX_ATTACH);
    RULE_END
}
