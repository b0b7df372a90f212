/* Expressions by operator precedence (shunting yard): operands go on the stack of values, operators wait on the stack of pendings until
 * one that binds no tighter, or the end, comes. Precedences stand in operators.def. A chain of one conjunction, a AND b AND c, becomes
 * one node. */
#include "parser_internal.h"

enum { LEVEL_AND = 3, LEVEL_IS = 5, LEVEL_DISTINCT = 6, LEVEL_COMPARE = 7, LEVEL_BETWEEN = 8, LEVEL_COLLATE = 14, LEVEL_ZONE = 15 };

static const uint8_t infix_levels[OPERATOR_COUNT] = {
#define OPERATOR(name, text, precedence, prefix) [OPERATOR_##name] = precedence,
#include "operators.def"
#undef OPERATOR
};
static const uint8_t prefix_levels[OPERATOR_COUNT] = {
#define OPERATOR(name, text, precedence, prefix) [OPERATOR_##name] = prefix,
#include "operators.def"
#undef OPERATOR
};

/* Applying --------------------------------------------------------------------------------------------------------------------- */
/* value, zone -> timezone(zone, value) */
static bool apply_zone(parser *p, uint32_t begin)
{
    move_value(p, p->value_count - 1, p->value_count - 2);
    if (!make_node(p, SYNTAX_LIST, 0, 0, NO_TOKEN, begin, 2) || !push_none(p)) return false;
    move_value(p, p->value_count - 1, p->value_count - 2);
    return make_node_text(p, SYNTAX_CALL, 0, 0, STRING_VIEW("timezone"), begin, 2);
}

/* Make a node of the operator on top and its operands. */
static bool apply(parser *p)
{
    pending top = p->pendings[--p->pending_count];
    uint32_t begin = top.prefix ? top.begin : p->tree->nodes[p->values[p->value_count - top.operands]].begin;

    switch (top.what) {
    case OPERATOR_AND:
    case OPERATOR_OR: return make_node(p, SYNTAX_CONJUNCTION, top.what, 0, NO_TOKEN, begin, top.operands);
    case PENDING_BETWEEN:
        if (top.open) return failed_expected(p, "AND and the upper bound of BETWEEN");
        return make_node(p, SYNTAX_BETWEEN, 0, top.flags, NO_TOKEN, begin, 3);
    case PENDING_LIKE: return make_node(p, SYNTAX_LIKE, top.option, top.flags, NO_TOKEN, begin, top.operands);
    case PENDING_IN: return make_node(p, SYNTAX_IN_VALUE, 0, top.flags, NO_TOKEN, begin, 2);
    case PENDING_ZONE: return apply_zone(p, begin);
    default: return make_node(p, top.prefix ? SYNTAX_UNARY : SYNTAX_BINARY, top.what, 0, NO_TOKEN, begin, top.operands);
    }
}

/* Apply the operators of this expression that bind at least as tightly as `level`. */
static bool apply_down_to(parser *p, const frame *f, unsigned level)
{
    while (p->pending_count > f->place && p->pendings[p->pending_count - 1].precedence >= level)
        if (!apply(p)) return false;
    return true;
}

/* What comes behind an operand ------------------------------------------------------------------------------------------------- */
typedef enum infix {
    INFIX_FAIL,
    INFIX_END, /* nothing of this expression */
    INFIX_OPERAND, /* an operator that wants an operand */
    INFIX_POSTFIX, /* an operator that is complete */
    INFIX_IN, /* IN, a bracket follows */
    INFIX_QUANTIFIED /* ANY or ALL, a bracket follows */
} infix;

static infix infix_push(parser *p, const frame *f, pending operator)
{
    if (!apply_down_to(p, f, operator.precedence)) return INFIX_FAIL;
    return push_pending(p, operator) ? INFIX_OPERAND : INFIX_FAIL;
}

/* `a AND b`: the second half of an open BETWEEN, one more of a chain, or a new conjunction. */
static infix infix_conjunction(parser *p, const frame *f, uint8_t operator, uint8_t level)
{
    pending *top;

    if (operator == OPERATOR_AND) {
        for (uint32_t i = p->pending_count; i > f->place; i--) {
            if (p->pendings[i - 1].what != PENDING_BETWEEN || !p->pendings[i - 1].open) continue;
            while (p->pending_count > i)
                if (!apply(p)) return INFIX_FAIL;
            p->pendings[i - 1].open = 0;
            p->pendings[i - 1].operands = 3;
            p->at++;
            return INFIX_OPERAND;
        }
    }
    if (!apply_down_to(p, f, level + 1u)) return INFIX_FAIL;
    p->at++;
    top = p->pending_count > f->place ? &p->pendings[p->pending_count - 1] : NULL;
    if (top && top->what == operator && !top->prefix && top->operands < UINT16_MAX) {
        top->operands++;
        return INFIX_OPERAND;
    }
    return infix_push(p, f, (pending){.what = operator, .precedence = level, .operands = 2});
}

static infix infix_comparison(parser *p, frame *f, uint8_t operator)
{
    const token *next = peek_at(p, 1);

    if (!apply_down_to(p, f, LEVEL_COMPARE + 1)) return INFIX_FAIL;
    if (p->pending_count > f->place && p->pendings[p->pending_count - 1].precedence == LEVEL_COMPARE) {
        fail_at(p, peek(p)->begin, BP_SYNTAX_ERROR, "comparisons do not chain: write a < b AND b < c, or put one in parentheses");
        return INFIX_FAIL;
    }
    p->at++;
    if ((is_keyword(next, KEYWORD_ANY) || is_keyword(next, KEYWORD_SOME) || is_keyword(next, KEYWORD_ALL)) && next[1].kind == '(') {
        f->option = operator;
        f->flags = is_keyword(next, KEYWORD_ALL) ? SYNTAX_FLAG_ALL : 0;
        p->at++;
        return INFIX_QUANTIFIED;
    }
    return infix_push(p, f, (pending){.what = operator, .precedence = LEVEL_COMPARE, .operands = 2});
}

/* Whether a token can begin no operand: then the % of LIMIT 10 % is no operator. */
static bool ends_limit(const token *token)
{
    if (token->kind == TOKEN_END || token->kind == ')') return true;
    return token->kind == TOKEN_WORD &&
           (token->word == KEYWORD_OFFSET || token->word == KEYWORD_UNION || token->word == KEYWORD_USING);
}

static infix infix_operator(parser *p, frame *f)
{
    uint8_t operator = (uint8_t)peek(p)->word, level = infix_levels[operator];

    if (operator == OPERATOR_MODULO && (f->argument & EXPRESSION_LIMIT) && ends_limit(peek(p) + 1)) return INFIX_END;
    if (level == 0) return INFIX_END;
    if (level == LEVEL_COMPARE) return infix_comparison(p, f, operator);
    if (!apply_down_to(p, f, level)) return INFIX_FAIL;
    if (operator == OPERATOR_FACTORIAL) {
        p->at++;
        return make_node(p, SYNTAX_UNARY, operator, 0, NO_TOKEN, p->tree->nodes[top_value(p)].begin, 1) ? INFIX_POSTFIX
                                                                                                        : INFIX_FAIL;
    }
    p->at++;
    return infix_push(p, f, (pending){.what = operator, .precedence = level, .operands = 2});
}

static infix infix_test(parser *p, const frame *f, unsigned test, unsigned flags, uint32_t words)
{
    if (!apply_down_to(p, f, LEVEL_IS)) return INFIX_FAIL;
    p->at += words;
    return make_node(p, SYNTAX_IS_TEST, (uint16_t)test, (uint16_t)flags, NO_TOKEN, p->tree->nodes[top_value(p)].begin, 1)
               ? INFIX_POSTFIX
               : INFIX_FAIL;
}

static infix infix_is(parser *p, const frame *f)
{
    uint32_t words = is_keyword(peek_at(p, 1), KEYWORD_NOT) ? 2 : 1;
    unsigned flags = words == 2 ? SYNTAX_FLAG_NOT : 0;
    const token *what = peek_at(p, words);

    switch (what->kind == TOKEN_WORD ? what->word : NO_KEYWORD) {
    case KEYWORD_NULL: return infix_test(p, f, TEST_NULL, flags, words + 1);
    case KEYWORD_TRUE: return infix_test(p, f, TEST_TRUE, flags, words + 1);
    case KEYWORD_FALSE: return infix_test(p, f, TEST_FALSE, flags, words + 1);
    case KEYWORD_UNKNOWN: return infix_test(p, f, TEST_UNKNOWN, flags, words + 1);
    case KEYWORD_DISTINCT:
        if (!is_keyword(what + 1, KEYWORD_FROM)) break;
        if (!apply_down_to(p, f, LEVEL_DISTINCT)) return INFIX_FAIL;
        p->at += words + 2;
        return infix_push(p, f,
                          (pending){.what = flags ? OPERATOR_IS_NOT_DISTINCT : OPERATOR_IS_DISTINCT,
                                    .precedence = LEVEL_DISTINCT,
                                    .operands = 2});
    default: break;
    }
    p->at += words;
    failed_expected(p, "NULL, TRUE, FALSE, UNKNOWN or DISTINCT FROM");
    return INFIX_FAIL;
}

static infix infix_in(parser *p, frame *f, unsigned flags)
{
    if (!apply_down_to(p, f, LEVEL_BETWEEN)) return INFIX_FAIL;
    p->at += flags ? 2 : 1;
    if (!next_is_kind(p, '('))
        return infix_push(p, f, (pending){.what = PENDING_IN, .precedence = LEVEL_BETWEEN, .flags = (uint8_t)flags, .operands = 2});
    f->flags = (uint16_t)flags;
    return INFIX_IN;
}

static infix infix_between(parser *p, const frame *f, unsigned flags)
{
    if (!apply_down_to(p, f, LEVEL_BETWEEN)) return INFIX_FAIL;
    p->at += flags ? 2 : 1;
    if (accept_keyword(p, KEYWORD_SYMMETRIC)) flags |= SYNTAX_FLAG_SYMMETRIC;
    return infix_push(
        p, f, (pending){.what = PENDING_BETWEEN, .precedence = LEVEL_BETWEEN, .flags = (uint8_t)flags, .open = 1, .operands = 2});
}

static infix infix_like(parser *p, const frame *f, syntax_like like, unsigned flags)
{
    if (!apply_down_to(p, f, LEVEL_BETWEEN)) return INFIX_FAIL;
    p->at += flags ? 2 : 1;
    if (like == LIKE_SIMILAR && !expect_keyword(p, KEYWORD_TO)) return INFIX_FAIL;
    return infix_push(p, f,
                      (pending){.what = PENDING_LIKE,
                                .precedence = LEVEL_BETWEEN,
                                .flags = (uint8_t)flags,
                                .option = (uint8_t)like,
                                .open = 1,
                                .operands = 2});
}

/* ESCAPE belongs to the LIKE before it. */
static infix infix_escape(parser *p, const frame *f)
{
    pending *top;

    if (!apply_down_to(p, f, LEVEL_BETWEEN + 1)) return INFIX_FAIL;
    top = p->pending_count > f->place ? &p->pendings[p->pending_count - 1] : NULL;
    if (!top || top->what != PENDING_LIKE || !top->open) return INFIX_END;
    top->open = 0;
    top->operands = 3;
    p->at++;
    return INFIX_OPERAND;
}

static infix infix_collate(parser *p, const frame *f)
{
    uint32_t first, last;
    string_view name;

    if (!apply_down_to(p, f, LEVEL_COLLATE)) return INFIX_FAIL;
    p->at++;
    if (!expect_label(p, &first, "the name of a collation") || !token_text(p, first, &name)) return INFIX_FAIL;
    while (accept(p, '.')) { /* nocase.noaccent is one name */
        if (!expect_label(p, &last, "the name of a collation")) return INFIX_FAIL;
        name = string_view_slice(p->text, p->tokens[first].begin, p->tokens[last].end);
    }
    return make_node_text(p, SYNTAX_COLLATE, 0, 0, name, p->tree->nodes[top_value(p)].begin, 1) ? INFIX_POSTFIX : INFIX_FAIL;
}

static infix infix_zone(parser *p, const frame *f)
{
    if (!next_are(p, KEYWORD_AT, KEYWORD_TIME) || !is_keyword(peek_at(p, 2), KEYWORD_ZONE)) return INFIX_END;
    if (!apply_down_to(p, f, LEVEL_ZONE)) return INFIX_FAIL;
    p->at += 3;
    return infix_push(p, f, (pending){.what = PENDING_ZONE, .precedence = LEVEL_ZONE, .operands = 2});
}

/* NOT behind an operand: NOT IN, NOT LIKE, NOT BETWEEN, NOT NULL. */
static infix infix_not(parser *p, frame *f)
{
    const token *next = peek_at(p, 1);

    switch (next->kind == TOKEN_WORD ? next->word : NO_KEYWORD) {
    case KEYWORD_IN: return infix_in(p, f, SYNTAX_FLAG_NOT);
    case KEYWORD_BETWEEN: return infix_between(p, f, SYNTAX_FLAG_NOT);
    case KEYWORD_LIKE: return infix_like(p, f, LIKE_LIKE, SYNTAX_FLAG_NOT);
    case KEYWORD_ILIKE: return infix_like(p, f, LIKE_ILIKE, SYNTAX_FLAG_NOT);
    case KEYWORD_SIMILAR: return infix_like(p, f, LIKE_SIMILAR, SYNTAX_FLAG_NOT);
    case KEYWORD_GLOB: return infix_like(p, f, LIKE_GLOB, SYNTAX_FLAG_NOT);
    case KEYWORD_NULL: return f->argument & EXPRESSION_NO_NOT_NULL ? INFIX_END : infix_test(p, f, TEST_NULL, SYNTAX_FLAG_NOT, 2);
    default: return INFIX_END;
    }
}

static infix infix_word(parser *p, frame *f)
{
    switch (peek(p)->word) {
    case KEYWORD_AND: return infix_conjunction(p, f, OPERATOR_AND, infix_levels[OPERATOR_AND]);
    case KEYWORD_OR: return infix_conjunction(p, f, OPERATOR_OR, infix_levels[OPERATOR_OR]);
    case KEYWORD_NOT: return infix_not(p, f);
    case KEYWORD_IS: return infix_is(p, f);
    case KEYWORD_ISNULL: return infix_test(p, f, TEST_NULL, 0, 1);
    case KEYWORD_NOTNULL: return infix_test(p, f, TEST_NULL, SYNTAX_FLAG_NOT, 1);
    case KEYWORD_IN: return f->argument & EXPRESSION_NO_IN ? INFIX_END : infix_in(p, f, 0);
    case KEYWORD_BETWEEN: return infix_between(p, f, 0);
    case KEYWORD_LIKE: return infix_like(p, f, LIKE_LIKE, 0);
    case KEYWORD_ILIKE: return infix_like(p, f, LIKE_ILIKE, 0);
    case KEYWORD_SIMILAR: return infix_like(p, f, LIKE_SIMILAR, 0);
    case KEYWORD_GLOB: return infix_like(p, f, LIKE_GLOB, 0);
    case KEYWORD_ESCAPE: return infix_escape(p, f);
    case KEYWORD_COLLATE: return infix_collate(p, f);
    case KEYWORD_AT: return infix_zone(p, f);
    default: return INFIX_END;
    }
}

static infix infix_next(parser *p, frame *f)
{
    switch (peek(p)->kind) {
    case TOKEN_OPERATOR: return infix_operator(p, f);
    case TOKEN_WORD: return peek(p)->word == NO_KEYWORD ? INFIX_END : infix_word(p, f);
    default: return INFIX_END;
    }
}

/* Operands --------------------------------------------------------------------------------------------------------------------- */
/* Take the operators before an operand. */
static bool take_prefixes(parser *p)
{
    for (;;) {
        const token *token = peek(p);
        uint8_t operator = OPERATOR_NONE;

        if (token->kind == TOKEN_OPERATOR)
            operator = (uint8_t)(token->word == OPERATOR_REGEX_MATCH ? OPERATOR_BIT_NOT : token->word);
        if (is_keyword(token, KEYWORD_NOT)) operator = OPERATOR_NOT;
        if (prefix_levels[operator] == 0) return true;
        p->at++;
        if (!push_pending(
                p, (pending){
                       .what = operator, .precedence = prefix_levels[operator], .prefix = 1, .operands = 1, .begin = token->begin}))
            return false;
    }
}

typedef enum simple { SIMPLE_FAIL, SIMPLE_MADE, SIMPLE_NOT } simple;

static simple made(bool done)
{
    return done ? SIMPLE_MADE : SIMPLE_FAIL;
}

/* The operands met most, a name or a literal that nothing follows which belongs to it, without a frame. */
static simple simple_operand(parser *p)
{
    const token *token = peek(p), *next = token + 1;
    uint32_t index = p->at;

    if (token->kind == TOKEN_END) return SIMPLE_NOT;
    switch (next->kind) {
    case '(':
    case '.':
    case '[':
    case TOKEN_CAST:
    case TOKEN_STRING:
    case TOKEN_ESCAPED:
    case TOKEN_DOLLAR: return SIMPLE_NOT;
    default: break;
    }
    switch (token->kind) {
    case TOKEN_INTEGER:
    case TOKEN_DECIMAL:
    case TOKEN_DOUBLE: p->at++; return made(make_node(p, SYNTAX_NUMBER, token->kind - TOKEN_INTEGER, 0, index, token->begin, 0));
    case TOKEN_STRING: p->at++; return made(make_node(p, SYNTAX_STRING, 0, 0, index, token->begin, 0));
    case TOKEN_QUOTED: p->at++; return made(make_node(p, SYNTAX_COLUMN, 0, SYNTAX_FLAG_QUOTED, index, token->begin, 0));
    case TOKEN_WORD:
        if (token->word != NO_KEYWORD) return SIMPLE_NOT;
        p->at++;
        return made(make_node(p, SYNTAX_COLUMN, 0, 0, index, token->begin, 0));
    default: return SIMPLE_NOT;
    }
}

/* An expression up to what cannot go on with it. argument: EXPRESSION_… */
step rule_expression(parser *p, frame *f)
{
    simple operand;
    infix next;

    RULE_BEGIN
    f->place = p->pending_count;
    do {
        if (!take_prefixes(p)) return STEP_FAIL;
        operand = simple_operand(p);
        if (operand == SIMPLE_FAIL) return STEP_FAIL;
        if (operand == SIMPLE_NOT) CALL(RULE_PRIMARY, 0);
        while ((next = infix_next(p, f)) > INFIX_OPERAND) {
            if (next == INFIX_IN)
                CALL_OVER(RULE_IN_TAIL, f->flags, 1);
            else if (next == INFIX_QUANTIFIED)
                CALL_OVER(RULE_QUANTIFIED_TAIL, f->option | (uint32_t)f->flags << 16, 1);
        }
        if (next == INFIX_FAIL) return STEP_FAIL;
    } while (next == INFIX_OPERAND);
    if (!apply_down_to(p, f, 0)) return STEP_FAIL;
    return STEP_DONE;
    RULE_END
}

/* value IN "(" … ")". argument: SYNTAX_FLAG_NOT or 0. */
step rule_in_tail(parser *p, frame *f)
{
    RULE_BEGIN
    f->flags = (uint16_t)f->argument;
    if (opens_query(p, p->at)) {
        p->at++;
        CALL(RULE_QUERY, 0);
        if (!expect(p, ')')) return STEP_FAIL;
        return reduce(p, f, SYNTAX_IN_QUERY);
    }
    p->at++;
    CALL_LIST(RULE_EXPRESSION, 0);
    if (!expect(p, ')')) return STEP_FAIL;
    return reduce(p, f, SYNTAX_IN_LIST);
    RULE_END
}

/* value = ANY "(" … ")". argument: the operator, and above it the flags. */
step rule_quantified_tail(parser *p, frame *f)
{
    RULE_BEGIN
    f->option = (uint16_t)f->argument;
    f->flags = (uint16_t)(f->argument >> 16);
    if (opens_query(p, p->at)) {
        p->at++;
        CALL(RULE_QUERY, 0);
    } else {
        p->at++;
        CALL(RULE_EXPRESSION, 0);
    }
    if (!expect(p, ')')) return STEP_FAIL;
    return reduce(p, f, SYNTAX_QUANTIFIED);
    RULE_END
}
