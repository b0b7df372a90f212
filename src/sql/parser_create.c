/* CREATE: tables with columns and constraints, views, macros, schemas, sequences, types, indexes. */
#include "parser_internal.h"

/* CREATE [OR REPLACE] [TEMP] what; the rest by what it is, its node reaching back to CREATE. argument of the rules below: the flags. */
step rule_create(parser *p, frame *f)
{
    RULE_BEGIN
    p->at++;
    if (accept_keywords(p, KEYWORD_OR, KEYWORD_REPLACE)) f->flags |= SYNTAX_FLAG_OR_REPLACE;
    if (accept_keyword(p, KEYWORD_TEMP) || accept_keyword(p, KEYWORD_TEMPORARY)) f->flags |= SYNTAX_FLAG_TEMPORARY;
    if (next_is(p, KEYWORD_TABLE))
        CALL(RULE_CREATE_TABLE, f->flags);
    else
        CALL(RULE_CREATE_OTHER, f->flags);
    p->tree->nodes[top_value(p)].begin = f->begin;
    return STEP_DONE;
    RULE_END
}

/* IF NOT EXISTS and the name. */
static bool begin_create(parser *p, frame *f, const char *what)
{
    uint16_t flags = (uint16_t)(f->flags | f->argument);

    if (accept_if_not_exists(p)) flags |= SYNTAX_FLAG_IF_NOT_EXISTS;
    if (!take_qualified(p, f, what)) return false;
    f->flags = flags; /* not QUOTED, which only a TABLE has */
    return true;
}

/* TABLE name (elements) | [(names)] AS query [WITH [NO] DATA] */
step rule_create_table(parser *p, frame *f)
{
    RULE_BEGIN
    p->at++;
    if (!begin_create(p, f, "the name of the table")) return STEP_FAIL;
    if (accept(p, '(')) {
        CALL_LIST(RULE_TABLE_ELEMENT, 0);
        if (!accept(p, ')')) return unexpected(p, "\",\", a constraint or \")\"");
    } else if (!push_none(p)) {
        return STEP_FAIL;
    }
    if (accept_keyword(p, KEYWORD_AS)) {
        CALL(RULE_QUERY, 0);
        if (next_are(p, KEYWORD_WITH, KEYWORD_NO)) f->flags |= SYNTAX_FLAG_NO_DATA;
        if (accept_keyword(p, KEYWORD_WITH)) {
            (void)accept_keyword(p, KEYWORD_NO);
            if (!expect_keyword(p, KEYWORD_DATA)) return STEP_FAIL;
        }
    } else if (top_value(p) == 0) {
        return unexpected(p, "\"(\" and columns, or AS and a query");
    }
    return reduce(p, f, SYNTAX_CREATE_TABLE);
    RULE_END
}

static bool constraint_follows(const parser *p)
{
    switch (peek(p)->kind == TOKEN_WORD ? peek(p)->word : NO_KEYWORD) {
    case KEYWORD_CONSTRAINT:
    case KEYWORD_NOT:
    case KEYWORD_NULL:
    case KEYWORD_PRIMARY:
    case KEYWORD_UNIQUE:
    case KEYWORD_CHECK:
    case KEYWORD_DEFAULT:
    case KEYWORD_REFERENCES:
    case KEYWORD_COLLATE:
    case KEYWORD_GENERATED:
    case KEYWORD_AS: return true;
    default: return false;
    }
}

step rule_table_element(parser *p, frame *f)
{
    RULE_BEGIN
    if (next_is(p, KEYWORD_CONSTRAINT) || next_is(p, KEYWORD_PRIMARY) || next_is(p, KEYWORD_UNIQUE) || next_is(p, KEYWORD_CHECK) ||
        next_is(p, KEYWORD_FOREIGN))
        CALL(RULE_CONSTRAINT, 1);
    else
        CALL(RULE_COLUMN_DEFINITION, 0);
    return STEP_DONE;
    RULE_END
}

/* name [type] constraints */
step rule_column_definition(parser *p, frame *f)
{
    RULE_BEGIN
    if (!expect_name(p, &f->name, "the name of a column")) return STEP_FAIL;
    if (constraint_follows(p) || next_is_kind(p, ',') || next_is_kind(p, ')') || next_is_kind(p, TOKEN_END)) {
        if (!push_none(p)) return STEP_FAIL;
    } else {
        CALL(RULE_TYPE, 0);
    }
    while (constraint_follows(p)) CALL(RULE_CONSTRAINT, 0);
    return reduce(p, f, SYNTAX_COLUMN_DEFINITION);
    RULE_END
}

/* ON DELETE …, ON UPDATE … behind REFERENCES: only what does nothing is taken. */
static bool take_reference_actions(parser *p)
{
    while (next_is(p, KEYWORD_ON)) {
        p->at++;
        if (!accept_keyword(p, KEYWORD_DELETE) && !accept_keyword(p, KEYWORD_UPDATE)) return failed_expected(p, "DELETE or UPDATE");
        if (accept_keyword(p, KEYWORD_RESTRICT)) continue;
        if (accept_keyword(p, KEYWORD_NO) && accept_word(p, "action")) continue;
        return failed_expected(p, "RESTRICT or NO ACTION (no other is supported)");
    }
    return true;
}

/* Which constraint comes; its words are taken. */
static bool take_constraint_kind(parser *p, frame *f)
{
    if (accept_keywords(p, KEYWORD_NOT, KEYWORD_NULL))
        f->option = CONSTRAINT_NOT_NULL;
    else if (accept_keyword(p, KEYWORD_NULL))
        f->option = CONSTRAINT_NULL;
    else if (accept_keywords(p, KEYWORD_PRIMARY, KEYWORD_KEY))
        f->option = CONSTRAINT_PRIMARY_KEY;
    else if (accept_keyword(p, KEYWORD_UNIQUE))
        f->option = CONSTRAINT_UNIQUE;
    else if (accept_keyword(p, KEYWORD_CHECK))
        f->option = CONSTRAINT_CHECK;
    else if (accept_keyword(p, KEYWORD_DEFAULT))
        f->option = CONSTRAINT_DEFAULT;
    else if (accept_keyword(p, KEYWORD_REFERENCES))
        f->option = CONSTRAINT_REFERENCES;
    else if (accept_keywords(p, KEYWORD_FOREIGN, KEYWORD_KEY))
        f->option = CONSTRAINT_FOREIGN_KEY;
    else if (accept_keyword(p, KEYWORD_COLLATE))
        f->option = CONSTRAINT_COLLATE;
    else if (accept_keyword(p, KEYWORD_AS))
        f->option = CONSTRAINT_GENERATED;
    else if (accept_keywords(p, KEYWORD_GENERATED, KEYWORD_ALWAYS) && accept_keyword(p, KEYWORD_AS))
        f->option = CONSTRAINT_GENERATED;
    else
        return failed_expected(p, "a constraint: NOT NULL, PRIMARY KEY, UNIQUE, CHECK, DEFAULT …");
    return true;
}

/* A constraint of a column, or (argument 1) of the table. Children in the order of SLOT_CONSTRAINT_…. */
step rule_constraint(parser *p, frame *f)
{
    RULE_BEGIN
    if (accept_keyword(p, KEYWORD_CONSTRAINT) && !expect_name(p, &f->name, "the name of the constraint")) return STEP_FAIL;
    if (!take_constraint_kind(p, f)) return STEP_FAIL;
    if (f->option == CONSTRAINT_COLLATE) {
        if (!expect_label(p, &f->name, "the name of a collation")) return STEP_FAIL;
    } else if (f->option == CONSTRAINT_DEFAULT) {
        CALL(RULE_EXPRESSION, EXPRESSION_NO_NOT_NULL);
    } else if (f->option == CONSTRAINT_CHECK || f->option == CONSTRAINT_GENERATED) {
        if (!expect(p, '(')) return STEP_FAIL;
        CALL(RULE_EXPRESSION, 0);
        if (!expect(p, ')')) return STEP_FAIL;
        if (f->option == CONSTRAINT_GENERATED && accept_keyword(p, KEYWORD_STORED))
            f->flags = SYNTAX_FLAG_STORED;
        else if (f->option == CONSTRAINT_GENERATED)
            (void)accept_word(p, "virtual");
    } else if (f->argument && f->option != CONSTRAINT_NOT_NULL && f->option != CONSTRAINT_NULL) {
        if (!push_none(p)) return STEP_FAIL;
        CALL(RULE_NAME_LIST, 0);
    }
    if (f->option == CONSTRAINT_FOREIGN_KEY && !expect_keyword(p, KEYWORD_REFERENCES)) return STEP_FAIL;
    if (f->option == CONSTRAINT_FOREIGN_KEY || f->option == CONSTRAINT_REFERENCES) {
        while (p->value_count < f->base + SLOT_CONSTRAINT_TABLE)
            if (!push_none(p)) return STEP_FAIL;
        CALL(RULE_TABLE_NAME, 0);
        if (next_is_kind(p, '(')) CALL(RULE_NAME_LIST, 0);
        if (!take_reference_actions(p)) return STEP_FAIL;
    }
    return reduce(p, f, SYNTAX_CONSTRAINT);
    RULE_END
}

/* Macros ----------------------------------------------------------------------------------------------------------------------- */
/* name, name := default */
step rule_macro_parameter(parser *p, frame *f)
{
    RULE_BEGIN
    if (!expect_name(p, &f->name, "the name of a parameter")) return STEP_FAIL;
    if (!accept(p, TOKEN_ASSIGN) && !accept(p, TOKEN_ARROW)) return reduce(p, f, SYNTAX_NAME);
    CALL(RULE_EXPRESSION, 0);
    return reduce(p, f, SYNTAX_ARGUMENT);
    RULE_END
}

/* (parameters) AS expression | AS TABLE query */
step rule_macro_body(parser *p, frame *f)
{
    RULE_BEGIN
    if (!expect(p, '(')) return STEP_FAIL;
    if (next_is_kind(p, ')')) {
        if (!make_node(p, SYNTAX_LIST, 0, 0, NO_TOKEN, f->begin, 0)) return STEP_FAIL;
    } else {
        CALL_LIST(RULE_MACRO_PARAMETER, 0);
    }
    if (!expect(p, ')') || !expect_keyword(p, KEYWORD_AS)) return STEP_FAIL;
    if (accept_keyword(p, KEYWORD_TABLE)) {
        f->flags = SYNTAX_FLAG_TABLE;
        CALL(RULE_QUERY, 0);
    } else {
        CALL(RULE_EXPRESSION, 0);
    }
    return reduce(p, f, SYNTAX_MACRO_BODY);
    RULE_END
}

/* Others ----------------------------------------------------------------------------------------------------------------------- */
/* START [WITH] 1, INCREMENT [BY] 1, [NO] MINVALUE 1, [NO] MAXVALUE 1, [NO] CYCLE as OPTIONs named start, increment, minvalue, maxvalue, cycle;
 * NO leaves the option out. */
static bool take_sequence_option(parser *p, bool *taken)
{
    static const char *const names[] = {"start", "increment", "minvalue", "maxvalue", "cycle"};
    bool no = accept_keyword(p, KEYWORD_NO);
    uint32_t begin = peek(p)->begin, count = 0;

    *taken = false;
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        if (!accept_word(p, names[i])) continue;
        *taken = true;
        if (no) return true;
        if (!accept_keyword(p, KEYWORD_WITH)) (void)accept_keyword(p, KEYWORD_BY);
        if (i < 4) {
            bool negative = accept_operator(p, OPERATOR_SUBTRACT);

            if (!next_is_kind(p, TOKEN_INTEGER)) return failed_expected(p, "an integer");
            p->at++;
            if (!make_node(p, SYNTAX_NUMBER, NUMBER_INTEGER, 0, p->at - 1, begin, 0)) return false;
            if (negative && !make_node(p, SYNTAX_UNARY, OPERATOR_SUBTRACT, 0, NO_TOKEN, begin, 1)) return false;
            count = 1;
        }
        return make_node_text(p, SYNTAX_OPTION, 0, 0, string_view_of(names[i]), begin, count);
    }
    return !no || failed_expected(p, "MINVALUE, MAXVALUE or CYCLE");
}

static step finish_sequence(parser *p, frame *f)
{
    bool taken;

    do {
        if (!take_sequence_option(p, &taken)) return STEP_FAIL;
    } while (taken);
    if (p->value_count > f->base + 1 && !make_node(p, SYNTAX_LIST, 0, 0, NO_TOKEN, f->begin, p->value_count - f->base - 1))
        return STEP_FAIL;
    return reduce(p, f, SYNTAX_CREATE_SEQUENCE);
}

/* VIEW, MACRO, SCHEMA, SEQUENCE, TYPE, INDEX. Long: one state a kind. */
step rule_create_other(parser *p, frame *f)
{
    RULE_BEGIN
    if (accept_keyword(p, KEYWORD_UNIQUE)) {
        if (!next_is(p, KEYWORD_INDEX)) return unexpected(p, "INDEX");
        f->flags = SYNTAX_FLAG_UNIQUE;
    }
    f->option = peek(p)->kind == TOKEN_WORD ? peek(p)->word : NO_KEYWORD;
    p->at++;
    if (f->option == KEYWORD_VIEW) {
        f->option = 0;
        if (!begin_create(p, f, "the name of the view")) return STEP_FAIL;
        if (next_is_kind(p, '('))
            CALL(RULE_NAME_LIST, 0);
        else if (!push_none(p))
            return STEP_FAIL;
        if (!expect_keyword(p, KEYWORD_AS)) return STEP_FAIL;
        CALL(RULE_QUERY, 0);
        return reduce(p, f, SYNTAX_CREATE_VIEW);
    }
    if (f->option == KEYWORD_MACRO || f->option == KEYWORD_FUNCTION) {
        f->option = 0;
        if (!begin_create(p, f, "the name of the macro")) return STEP_FAIL;
        CALL_LIST(RULE_MACRO_BODY, 0);
        return reduce(p, f, SYNTAX_CREATE_MACRO);
    }
    if (f->option == KEYWORD_TYPE) {
        f->option = 0;
        if (!begin_create(p, f, "the name of the type") || !expect_keyword(p, KEYWORD_AS)) return STEP_FAIL;
        CALL(RULE_TYPE, 0);
        return reduce(p, f, SYNTAX_CREATE_TYPE);
    }
    if (f->option == KEYWORD_INDEX) {
        f->option = 0;
        f->flags |= (uint16_t)f->argument;
        if (accept_if_not_exists(p)) f->flags |= SYNTAX_FLAG_IF_NOT_EXISTS;
        if (is_name(peek(p))) f->name = p->at++;
        if (!expect_keyword(p, KEYWORD_ON)) return STEP_FAIL;
        CALL(RULE_TABLE_NAME, 0);
        if (!expect(p, '(')) return STEP_FAIL;
        CALL_LIST(RULE_EXPRESSION, 0);
        if (!expect(p, ')')) return STEP_FAIL;
        return reduce(p, f, SYNTAX_CREATE_INDEX);
    }
    if (f->option == KEYWORD_SCHEMA) {
        f->option = 0;
        return begin_create(p, f, "the name of the schema") ? reduce(p, f, SYNTAX_CREATE_SCHEMA) : STEP_FAIL;
    }
    if (f->option == KEYWORD_SEQUENCE) {
        f->option = 0;
        return begin_create(p, f, "the name of the sequence") ? finish_sequence(p, f) : STEP_FAIL;
    }
    p->at--;
    return unexpected(p, "TABLE, VIEW, MACRO, SCHEMA, SEQUENCE, TYPE or INDEX");
    RULE_END
}
