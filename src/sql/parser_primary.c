/* Operands: literals, names, brackets, CASE, CAST, and what follows a value directly: .name [index] ::type. */
#include "parser_internal.h"

/* Literals --------------------------------------------------------------------------------------------------------------------- */
static bool take_token(parser *p, syntax_kind kind, unsigned option, unsigned flags)
{
    uint32_t index = p->at++;

    return make_node(p, kind, (uint16_t)option, (uint16_t)flags, index, p->tokens[index].begin, 0);
}

static bool take_word(parser *p, syntax_kind kind, unsigned option)
{
    uint32_t begin = peek(p)->begin;

    p->at++;
    return make_node(p, kind, (uint16_t)option, 0, NO_TOKEN, begin, 0);
}

static bool fail_parameters(parser *p)
{
    fail_at(p, peek(p)->begin, BP_LIMIT, "a statement may have parameters 1 to %d", LIMIT_PARAMETERS);
    return false;
}

/* The number of $1 … or 0 for a name. */
static bool parameter_number(parser *p, string_view text, uint32_t *number)
{
    *number = 0;
    if (!ascii_is_digit((unsigned char)text.data[0])) return true;
    for (size_t i = 0; i < text.size; i++) {
        *number = *number * 10 + (uint32_t)(text.data[i] - '0');
        if (*number > LIMIT_PARAMETERS) return fail_parameters(p);
    }
    return *number > 0 || fail_parameters(p);
}

static bool take_parameter(parser *p)
{
    const token *token = peek(p);
    uint32_t number;
    string_view text;

    if (token->kind == '?') {
        if (p->question_count == LIMIT_PARAMETERS) return fail_parameters(p);
        number = ++p->question_count;
        text = arena_format(p->arena, "%u", number);
        if (!text.data) {
            p->status = error_no_memory(p->err, p->arena->memory, 8);
            return false;
        }
    } else if (!token_text(p, p->at, &text) || !parameter_number(p, text, &number)) {
        return false;
    }
    p->at++;
    if (number > p->tree->parameter_count) p->tree->parameter_count = number;
    return make_node_text(p, SYNTAX_PARAMETER, (uint16_t)number, 0, text, token->begin, 0);
}

/* #1 */
static bool take_position(parser *p)
{
    uint32_t begin = peek(p)->begin, index = p->at + 1;

    p->at++;
    if (!next_is_kind(p, TOKEN_INTEGER)) return failed_expected(p, "the number of a column");
    p->at++;
    return make_node(p, SYNTAX_POSITION, 0, 0, index, begin, 0);
}

/* The first token of an operand decides ---------------------------------------------------------------------------------------- */
enum { ATOM_FAIL = RULE_COUNT, ATOM_DONE }; /* beside the rules */

static unsigned atom_done(bool done)
{
    return done ? ATOM_DONE : ATOM_FAIL;
}

static unsigned atom_rule(frame *f, rule rule, uint32_t argument)
{
    f->place = argument;
    return rule;
}

static bool is_string(const token *token)
{
    return token->kind == TOKEN_STRING || token->kind == TOKEN_ESCAPED || token->kind == TOKEN_DOLLAR;
}

/* DATE '…', DECIMAL(4, 1) '…', TIMESTAMP WITH TIME ZONE '…': a type with a string behind it. */
static bool typed_literal_at(const parser *p)
{
    const token *token = peek(p);

    if (!is_function_name(token)) return false;
    if (is_string(token + 1)) return true;
    if (token[1].kind == '(') {
        uint32_t match = token[1].match;
        return match > p->at + 1 && is_string(&p->tokens[match + 1]) && p->tokens[match + 1].begin > p->tokens[match].end;
    }
    if (is_keyword(token, KEYWORD_DOUBLE)) return is_keyword(token + 1, KEYWORD_PRECISION) && is_string(token + 2);
    if (!is_keyword(token, KEYWORD_TIMESTAMP) && !is_keyword(token, KEYWORD_TIME)) return false;
    return (is_keyword(token + 1, KEYWORD_WITH) || is_keyword(token + 1, KEYWORD_WITHOUT)) &&
           is_keyword(peek_at(p, 2), KEYWORD_TIME) && is_keyword(peek_at(p, 3), KEYWORD_ZONE) && is_string(peek_at(p, 4));
}

/* A word that begins no construct of its own: a call, a literal with its type, or a name. */
static unsigned atom_name(parser *p, frame *f)
{
    const token *token = peek(p);

    if (typed_literal_at(p)) return atom_rule(f, RULE_CAST, 1);
    if (is_function_name(token) && token[1].kind == '(') return atom_rule(f, RULE_CALL, 0);
    if (is_name(token)) return atom_done(take_token(p, SYNTAX_COLUMN, 0, token->kind == TOKEN_QUOTED ? SYNTAX_FLAG_QUOTED : 0));
    failed_expected(p, "an expression");
    return ATOM_FAIL;
}

/* Keywords with '(' behind them. */
static unsigned atom_special(parser *p, frame *f)
{
    switch (peek(p)->word) {
    case KEYWORD_CAST:
    case KEYWORD_TRY_CAST: return atom_rule(f, RULE_CAST, 0);
    case KEYWORD_EXISTS:
    case KEYWORD_EXTRACT:
    case KEYWORD_SUBSTRING:
    case KEYWORD_POSITION:
    case KEYWORD_TRIM:
    case KEYWORD_OVERLAY:
    case KEYWORD_ARRAY:
    case KEYWORD_COLUMNS: return atom_rule(f, RULE_SPECIAL_CALL, 0);
    case KEYWORD_ROW: return atom_rule(f, RULE_PARENTHESES, 1);
    case KEYWORD_INTERVAL: return atom_rule(f, RULE_INTERVAL, 0);
    default: return atom_name(p, f);
    }
}

static unsigned atom_word(parser *p, frame *f)
{
    const token *token = peek(p), *next = token + 1;

    switch (token->word) {
    case KEYWORD_NULL: return atom_done(take_word(p, SYNTAX_NULL_VALUE, 0));
    case KEYWORD_TRUE: return atom_done(take_word(p, SYNTAX_BOOLEAN, 1));
    case KEYWORD_FALSE: return atom_done(take_word(p, SYNTAX_BOOLEAN, 0));
    case KEYWORD_DEFAULT: return atom_done(take_word(p, SYNTAX_DEFAULT, 0));
    case KEYWORD_CASE: return atom_rule(f, RULE_CASE, 0);
    case KEYWORD_LAMBDA: return atom_rule(f, RULE_LAMBDA, 0);
    case KEYWORD_ARRAY:
        if (next->kind != '[') break;
        p->at++;
        return atom_rule(f, RULE_BRACKETS, 0);
    case KEYWORD_MAP:
        if (next->kind == '{') return atom_rule(f, RULE_MAP, 0);
        break;
    case KEYWORD_INTERVAL:
        if (is_string(next) || next->kind == TOKEN_INTEGER || next->kind == TOKEN_DECIMAL || next->kind == TOKEN_DOUBLE ||
            next->kind == TOKEN_PARAMETER || next->kind == '?')
            return atom_rule(f, RULE_INTERVAL, 0);
        break;
    default: break;
    }
    return next->kind == '(' ? atom_special(p, f) : atom_name(p, f);
}

/* ATOM_DONE: the operand is made; else the rule that makes it, its argument in f->place. */
static unsigned atom(parser *p, frame *f)
{
    const token *token = peek(p);

    switch (token->kind) {
    case TOKEN_INTEGER:
    case TOKEN_DECIMAL:
    case TOKEN_DOUBLE: return atom_done(take_token(p, SYNTAX_NUMBER, token->kind - TOKEN_INTEGER, 0));
    case TOKEN_STRING:
    case TOKEN_ESCAPED:
    case TOKEN_DOLLAR: return atom_done(take_token(p, SYNTAX_STRING, 0, 0));
    case TOKEN_BLOB: return atom_done(take_token(p, SYNTAX_BLOB, 0, 0));
    case TOKEN_PARAMETER:
    case '?': return atom_done(take_parameter(p));
    case '#': return atom_done(take_position(p));
    case '(': return atom_rule(f, RULE_PARENTHESES, 0);
    case '[': return atom_rule(f, RULE_BRACKETS, 0);
    case '{': return atom_rule(f, RULE_BRACES, 0);
    case TOKEN_QUOTED: return atom_name(p, f);
    case TOKEN_WORD: return token->word == NO_KEYWORD ? atom_name(p, f) : atom_word(p, f);
    default: break;
    }
    if (next_is_operator(p, OPERATOR_MULTIPLY)) return atom_rule(f, RULE_STAR, 0);
    failed_expected(p, "an expression");
    return ATOM_FAIL;
}

/* .name behind a value; the dot is taken. */
static bool take_field(parser *p)
{
    uint32_t name;
    unsigned flags;

    if (!expect_label(p, &name, "a name or * behind the dot")) return false;
    flags = p->tokens[name].kind == TOKEN_QUOTED ? SYNTAX_FLAG_QUOTED : 0;
    return make_node(p, SYNTAX_FIELD, 0, (uint16_t)flags, name, p->tree->nodes[top_value(p)].begin, 1);
}

step rule_primary(parser *p, frame *f)
{
    RULE_BEGIN
    f->option = (uint16_t)atom(p, f);
    if (f->option == ATOM_FAIL) return STEP_FAIL;
    if (f->option != ATOM_DONE) CALL((rule)f->option, f->place);
    for (;;) {
        if (accept(p, '.')) {
            if (next_is_operator(p, OPERATOR_MULTIPLY))
                CALL_OVER(RULE_STAR, 1, 1);
            else if (is_label(peek(p)) && peek(p)[1].kind == '(')
                CALL_OVER(RULE_CALL, 1, 1);
            else if (!take_field(p))
                return STEP_FAIL;
        } else if (next_is_kind(p, '[')) {
            CALL_OVER(RULE_SUBSCRIPT, 0, 1);
        } else if (accept(p, TOKEN_CAST)) {
            CALL(RULE_TYPE, 0);
            if (!make_node(p, SYNTAX_CAST, 0, 0, NO_TOKEN, f->begin, 2)) return STEP_FAIL;
        } else {
            return STEP_DONE;
        }
    }
    RULE_END
}

/* value "[" index "]" or value "[" begin ":" end ":" step "]"; a part left out or written as - is open. */
step rule_subscript(parser *p, frame *f)
{
    RULE_BEGIN
    p->at++;
    if (accept(p, TOKEN_CAST)) { /* [::step]: two colons that were read as one token */
        if (!push_none(p) || !push_none(p)) return STEP_FAIL;
        f->place = 1;
    }
    for (;;) {
        if (next_is_operator(p, OPERATOR_SUBTRACT) && (peek_at(p, 1)->kind == ':' || peek_at(p, 1)->kind == ']')) p->at++;
        if (next_is_kind(p, ':') || next_is_kind(p, ']')) {
            if (p->value_count == f->base + 1 && next_is_kind(p, ']')) return unexpected(p, "an index");
            if (!push_none(p)) return STEP_FAIL;
        } else {
            CALL(RULE_EXPRESSION, 0);
        }
        if (p->value_count == f->base + 4 || !accept(p, ':')) break;
        f->place = 1; /* a colon: it is a slice */
    }
    if (!expect(p, ']')) return STEP_FAIL;
    return reduce(p, f, f->place ? SYNTAX_SLICE : SYNTAX_SUBSCRIPT);
    RULE_END
}

/* "(" … ")": a subquery, a value, or a row. argument 1: the word ROW stands before it. */
step rule_parentheses(parser *p, frame *f)
{
    RULE_BEGIN
    if (f->argument) {
        f->flags = SYNTAX_FLAG_ROW;
        p->at++;
    }
    if (opens_query(p, p->at) && !f->argument) {
        p->at++;
        CALL(RULE_QUERY, 0);
        if (!expect(p, ')')) return STEP_FAIL;
        return reduce(p, f, SYNTAX_SUBQUERY);
    }
    p->at++;
    f->place = f->argument;
    while (!next_is_kind(p, ')')) {
        CALL(RULE_EXPRESSION, 0);
        if (!accept(p, ',')) break;
        f->place = 1; /* a comma: it is a row */
    }
    if (!expect(p, ')')) return STEP_FAIL;
    return p->value_count == f->base + 1 && !f->place ? STEP_DONE : reduce(p, f, SYNTAX_ROW);
    RULE_END
}

step rule_case_when(parser *p, frame *f)
{
    RULE_BEGIN
    p->at++;
    if (next_is(p, KEYWORD_WHEN)) {
        if (!push_none(p)) return STEP_FAIL;
    } else {
        CALL(RULE_EXPRESSION, 0);
    }
    if (!next_is(p, KEYWORD_WHEN)) return unexpected(p, "WHEN");
    while (next_is(p, KEYWORD_WHEN)) {
        f->place = peek(p)->begin;
        p->at++;
        CALL(RULE_EXPRESSION, 0);
        if (!expect_keyword(p, KEYWORD_THEN)) return STEP_FAIL;
        CALL(RULE_EXPRESSION, 0);
        if (!make_node(p, SYNTAX_WHEN, 0, 0, NO_TOKEN, f->place, 2)) return STEP_FAIL;
    }
    if (accept_keyword(p, KEYWORD_ELSE)) {
        CALL(RULE_EXPRESSION, 0);
    } else if (!push_none(p)) {
        return STEP_FAIL;
    }
    move_value(p, p->value_count - 1, f->base + 1);
    if (!accept_keyword(p, KEYWORD_END)) return unexpected(p, "WHEN, ELSE or END");
    return reduce(p, f, SYNTAX_CASE);
    RULE_END
}

/* CAST "(" value AS type ")"; argument 1: type 'text'. */
step rule_cast(parser *p, frame *f)
{
    RULE_BEGIN
    if (f->argument) {
        CALL(RULE_TYPE, 0);
        if (!is_string(peek(p))) return unexpected(p, "a string in single quotes");
        if (!take_token(p, SYNTAX_STRING, 0, 0)) return STEP_FAIL;
        move_value(p, p->value_count - 1, p->value_count - 2);
        return reduce(p, f, SYNTAX_CAST);
    }
    f->flags = next_is(p, KEYWORD_TRY_CAST) ? SYNTAX_FLAG_TRY : 0;
    p->at += 2;
    CALL(RULE_EXPRESSION, 0);
    if (!expect_keyword(p, KEYWORD_AS)) return STEP_FAIL;
    CALL(RULE_TYPE, 0);
    if (!expect(p, ')')) return STEP_FAIL;
    return reduce(p, f, SYNTAX_CAST);
    RULE_END
}

/* Units as they are written, and as they are kept. */
static const char *const interval_units[][3] = {
    {"year", "years", "y"},
    {"quarter", "quarters", "quarters"},
    {"month", "months", "mon"},
    {"week", "weeks", "w"},
    {"day", "days", "d"},
    {"hour", "hours", "h"},
    {"minute", "minutes", "min"},
    {"second", "seconds", "s"},
    {"millisecond", "milliseconds", "ms"},
    {"microsecond", "microseconds", "us"},
    {"decade", "decades", "decades"},
    {"century", "centuries", "centuries"},
    {"millennium", "millennia", "millenniums"},
};

/* The unit that comes next, or NULL. Short forms only behind a number: INTERVAL '1 day' d is an alias. */
static const char *interval_unit(const parser *p)
{
    for (size_t i = 0; i < ARRAY_LENGTH(interval_units); i++)
        if (next_is_word(p, interval_units[i][0]) || next_is_word(p, interval_units[i][1])) return interval_units[i][0];
    return NULL;
}

/* INTERVAL amount unit; INTERVAL 'text' alone is a cast. */
step rule_interval_value(parser *p, frame *f)
{
    const char *unit;

    RULE_BEGIN
    p->at++;
    if (next_is_kind(p, '(')) {
        CALL(RULE_PARENTHESES, 0);
    } else {
        f->place = is_string(peek(p));
        if (next_is_kind(p, TOKEN_PARAMETER) || next_is_kind(p, '?')) {
            if (!take_parameter(p)) return STEP_FAIL;
        } else if (!take_token(p, f->place ? SYNTAX_STRING : SYNTAX_NUMBER, f->place ? 0 : peek(p)->kind - TOKEN_INTEGER, 0)) {
            return STEP_FAIL;
        }
    }
    unit = interval_unit(p);
    if (unit) {
        p->at++;
        return make_node_text(p, SYNTAX_INTERVAL, 0, 0, string_view_of(unit), f->begin, 1) ? STEP_DONE : STEP_FAIL;
    }
    if (!f->place) return unexpected(p, "a unit: YEAR, MONTH, DAY, HOUR, MINUTE, SECOND …");
    if (!make_node_text(p, SYNTAX_TYPE, SYNTAX_TYPE_PLAIN, 0, STRING_VIEW("INTERVAL"), f->begin, 0)) return STEP_FAIL;
    p->tree->nodes[top_value(p)].end = f->begin + (uint32_t)strlen("INTERVAL"); /* the word alone is the type */
    return reduce(p, f, SYNTAX_CAST);
    RULE_END
}

/* The names behind LAMBDA and FOR, without brackets. */
static bool take_names(parser *p, const char *what)
{
    uint32_t count = 0, name, begin = peek(p)->begin;

    do {
        if (!expect_name(p, &name, what)) return false;
        if (!make_node(p, SYNTAX_NAME, 0, 0, name, p->tokens[name].begin, 0)) return false;
        count++;
    } while (accept(p, ','));
    return make_node(p, SYNTAX_LIST, 0, 0, NO_TOKEN, begin, count);
}

/* "[" a, b "]" or "[" value FOR names IN list IF test "]" */
step rule_brackets(parser *p, frame *f)
{
    RULE_BEGIN
    p->at++;
    while (!next_is_kind(p, ']')) {
        CALL(RULE_EXPRESSION, 0);
        if (p->value_count == f->base + 1 && accept_keyword(p, KEYWORD_FOR)) {
            if (!take_names(p, "the name of an element")) return STEP_FAIL;
            if (!expect_keyword(p, KEYWORD_IN)) return STEP_FAIL;
            CALL(RULE_EXPRESSION, 0);
            if (accept_keyword(p, KEYWORD_IF)) CALL(RULE_EXPRESSION, 0);
            if (!expect(p, ']')) return STEP_FAIL;
            return reduce(p, f, SYNTAX_COMPREHENSION);
        }
        if (!accept(p, ',')) break;
    }
    if (!expect(p, ']')) return STEP_FAIL;
    return reduce(p, f, SYNTAX_LIST_VALUE);
    RULE_END
}

/* key ":" value */
step rule_struct_field(parser *p, frame *f)
{
    RULE_BEGIN
    if (!is_label(peek(p)) && !is_string(peek(p))) return unexpected(p, "the name of a field");
    f->name = p->at++;
    if (!accept(p, ':') && !accept(p, TOKEN_ASSIGN)) return unexpected(p, "\":\"");
    CALL(RULE_EXPRESSION, 0);
    return reduce(p, f, SYNTAX_ARGUMENT);
    RULE_END
}

step rule_braces(parser *p, frame *f)
{
    RULE_BEGIN
    p->at++;
    while (!next_is_kind(p, '}')) {
        CALL(RULE_STRUCT_FIELD, 0);
        if (!accept(p, ',')) break;
    }
    if (!expect(p, '}')) return STEP_FAIL;
    return reduce(p, f, SYNTAX_STRUCT_VALUE);
    RULE_END
}

step rule_map_value(parser *p, frame *f)
{
    RULE_BEGIN
    p->at += 2;
    while (!next_is_kind(p, '}')) {
        CALL(RULE_EXPRESSION, 0);
        if (!expect(p, ':')) return STEP_FAIL;
        CALL(RULE_EXPRESSION, 0);
        if (!accept(p, ',')) break;
    }
    if (!expect(p, '}')) return STEP_FAIL;
    return reduce(p, f, SYNTAX_MAP_VALUE);
    RULE_END
}

/* LAMBDA x, y ":" body */
step rule_lambda(parser *p, frame *f)
{
    RULE_BEGIN
    p->at++;
    if (next_is_kind(p, '(')) {
        CALL(RULE_NAME_LIST, 0);
    } else if (!take_names(p, "the name of a parameter")) {
        return STEP_FAIL;
    }
    if (!expect(p, ':')) return STEP_FAIL;
    CALL(RULE_EXPRESSION, 0);
    return reduce(p, f, SYNTAX_LAMBDA);
    RULE_END
}

/* a.b.c: a name with what stands before its dots, in lists of columns and behind USE. */
step rule_column_chain(parser *p, frame *f)
{
    uint32_t name;

    if (!expect_name(p, &name, "a name")) return STEP_FAIL;
    f->flags = p->tokens[name].kind == TOKEN_QUOTED ? SYNTAX_FLAG_QUOTED : 0;
    if (!make_node(p, SYNTAX_COLUMN, 0, f->flags, name, f->begin, 0)) return STEP_FAIL;
    while (accept(p, '.'))
        if (!take_field(p)) return STEP_FAIL;
    return STEP_DONE;
}
