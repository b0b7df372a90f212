/* Calls and what belongs to them: arguments, FILTER, OVER, windows, sort keys; the calls with words between their arguments; *; types. */
#include "parser_internal.h"

/* Arguments -------------------------------------------------------------------------------------------------------------------- */
/* name := value, name => value; in a table function (ARGUMENT_OF_TABLE) also name = value. */
step rule_argument(parser *p, frame *f)
{
    const token *next = peek(p);

    RULE_BEGIN
    if (is_label(next) &&
        (next[1].kind == TOKEN_ASSIGN || next[1].kind == TOKEN_ARROW ||
         ((f->argument & ARGUMENT_OF_TABLE) && next[1].kind == TOKEN_OPERATOR && next[1].word == OPERATOR_EQUAL))) {
        f->name = p->at;
        p->at += 2;
        CALL(RULE_EXPRESSION, 0);
        return reduce(p, f, SYNTAX_ARGUMENT);
    }
    CALL(RULE_EXPRESSION, 0);
    return STEP_DONE;
    RULE_END
}

static bool accept_nulls(parser *p, frame *f)
{
    if (accept_keywords(p, KEYWORD_IGNORE, KEYWORD_NULLS))
        f->flags |= SYNTAX_FLAG_IGNORE_NULLS;
    else if (accept_keywords(p, KEYWORD_RESPECT, KEYWORD_NULLS))
        f->flags |= SYNTAX_FLAG_RESPECT_NULLS;
    else
        return false;
    return true;
}

/* Name and bracket; DISTINCT or ALL. True: a list of arguments comes. */
static bool begin_call(parser *p, frame *f)
{
    f->name = p->at;
    if (peek(p)->kind == TOKEN_QUOTED) f->flags |= SYNTAX_FLAG_QUOTED;
    p->at += 2;
    if (accept_keyword(p, KEYWORD_DISTINCT))
        f->flags |= SYNTAX_FLAG_DISTINCT;
    else
        (void)accept_keyword(p, KEYWORD_ALL);
    if (next_is_operator(p, OPERATOR_MULTIPLY) && peek_at(p, 1)->kind == ')') {
        f->flags |= SYNTAX_FLAG_STAR;
        p->at++;
        return false;
    }
    return !next_is_kind(p, ')') && !next_is(p, KEYWORD_ORDER);
}

/* A function call from its name on. argument: bit 0: what stands before the dot is the first value; bit 1: a table function. */
step rule_call(parser *p, frame *f)
{
    RULE_BEGIN
    if (!(f->argument & 1) && !push_none(p)) return STEP_FAIL;
    if (begin_call(p, f))
        CALL_LIST(RULE_ARGUMENT, f->argument & 2 ? ARGUMENT_OF_TABLE : 0);
    else if (!make_node(p, SYNTAX_LIST, 0, 0, NO_TOKEN, peek(p)->begin, 0))
        return STEP_FAIL;
    if (accept_keywords(p, KEYWORD_ORDER, KEYWORD_BY))
        CALL_LIST(RULE_ORDER_KEY, 0);
    else if (!push_none(p))
        return STEP_FAIL;
    (void)accept_nulls(p, f);
    if (!accept(p, ')')) return unexpected(p, "\",\" or \")\"");
    if (accept_keywords(p, KEYWORD_WITHIN, KEYWORD_GROUP)) {
        if (!expect(p, '(') || !expect_keyword(p, KEYWORD_ORDER) || !expect_keyword(p, KEYWORD_BY)) return STEP_FAIL;
        CALL_LIST(RULE_ORDER_KEY, 0);
        if (!expect(p, ')')) return STEP_FAIL;
    } else if (!push_none(p)) {
        return STEP_FAIL;
    }
    if (next_is(p, KEYWORD_FILTER) && peek_at(p, 1)->kind == '(') {
        p->at += 2;
        (void)accept_keyword(p, KEYWORD_WHERE);
        CALL(RULE_EXPRESSION, 0);
        if (!expect(p, ')')) return STEP_FAIL;
    } else if (!push_none(p)) {
        return STEP_FAIL;
    }
    (void)accept_nulls(p, f);
    if (accept_keyword(p, KEYWORD_OVER)) CALL(RULE_WINDOW, 0);
    return reduce(p, f, SYNTAX_CALL);
    RULE_END
}

/* Calls with words between their arguments ------------------------------------------------------------------------------------- */
/* The values above `from` become the list of arguments of a call of `name`, which takes the place of everything of the frame. */
static step finish_special(parser *p, frame *f, string_view name)
{
    uint32_t count = p->value_count - f->base - 1;

    if (!expect(p, ')')) return STEP_FAIL;
    if (!make_node(p, SYNTAX_LIST, 0, 0, NO_TOKEN, f->begin, count)) return STEP_FAIL;
    return make_node_text(p, SYNTAX_CALL, 0, 0, name, f->begin, 2) ? STEP_DONE : STEP_FAIL;
}

static bool take_extract_unit(parser *p)
{
    string_view text, lower;
    uint32_t begin = peek(p)->begin;

    if (!is_label(peek(p)) && !next_is_kind(p, TOKEN_STRING)) return failed_expected(p, "a part of a date: YEAR, MONTH, DAY …");
    if (!token_text(p, p->at, &text) || !lower_text(p, text, &lower)) return false;
    p->at++;
    return make_node_text(p, SYNTAX_STRING, 0, 0, lower, begin, 0) && expect_keyword(p, KEYWORD_FROM);
}

static void take_trim_side(parser *p, frame *f)
{
    if (accept_keyword(p, KEYWORD_LEADING))
        f->option = 1;
    else if (accept_keyword(p, KEYWORD_TRAILING))
        f->option = 2;
    else
        (void)accept_keyword(p, KEYWORD_BOTH);
}

static string_view special_name(const frame *f)
{
    switch (f->place) {
    case KEYWORD_EXTRACT: return STRING_VIEW("date_part");
    case KEYWORD_SUBSTRING: return STRING_VIEW("substring");
    case KEYWORD_POSITION: return STRING_VIEW("position");
    case KEYWORD_OVERLAY: return STRING_VIEW("overlay");
    default: return f->option == 1 ? STRING_VIEW("ltrim") : f->option == 2 ? STRING_VIEW("rtrim") : STRING_VIEW("trim");
    }
}

/* The number 1, for SUBSTRING(text FOR 3). */
static bool push_one(parser *p)
{
    return make_node_text(p, SYNTAX_NUMBER, NUMBER_INTEGER, 0, STRING_VIEW("1"), peek(p)->begin, 0);
}

/* EXISTS EXTRACT SUBSTRING POSITION TRIM OVERLAY ARRAY COLUMNS with a bracket behind. More than 40 lines: one state a kind of word. */
step rule_special_call(parser *p, frame *f)
{
    RULE_BEGIN
    f->place = peek(p)->word;
    if (f->place == KEYWORD_EXISTS || f->place == KEYWORD_ARRAY) {
        if (!opens_query(p, p->at + 1)) {
            p->at += 2;
            return unexpected(p, "a query: SELECT …");
        }
        p->at += 2;
        CALL(RULE_QUERY, 0);
        if (!expect(p, ')')) return STEP_FAIL;
        return reduce(p, f, f->place == KEYWORD_EXISTS ? SYNTAX_EXISTS : SYNTAX_ARRAY_QUERY);
    }
    p->at += 2;
    if (f->place == KEYWORD_COLUMNS) {
        CALL(RULE_EXPRESSION, 0);
        if (!expect(p, ')')) return STEP_FAIL;
        return reduce(p, f, SYNTAX_COLUMNS);
    }
    if (!push_none(p)) return STEP_FAIL;
    if (f->place == KEYWORD_EXTRACT && !take_extract_unit(p)) return STEP_FAIL;
    if (f->place == KEYWORD_TRIM) take_trim_side(p, f);
    if (!(f->place == KEYWORD_TRIM && next_is(p, KEYWORD_FROM)))
        CALL(RULE_EXPRESSION, f->place == KEYWORD_POSITION ? EXPRESSION_NO_IN : 0);
    if (f->place == KEYWORD_TRIM && accept_keyword(p, KEYWORD_FROM)) {
        CALL(RULE_EXPRESSION, 0);
        move_value(p, p->value_count - 1, f->base + 1); /* TRIM(characters FROM text) is trim(text, characters) */
    } else if (f->place == KEYWORD_POSITION && accept_keyword(p, KEYWORD_IN)) {
        CALL(RULE_EXPRESSION, 0);
        move_value(p, p->value_count - 1, f->base + 1); /* POSITION(part IN text) is position(text, part) */
    } else if (f->place == KEYWORD_SUBSTRING || f->place == KEYWORD_OVERLAY) {
        if (f->place == KEYWORD_OVERLAY && accept_keyword(p, KEYWORD_PLACING)) CALL(RULE_EXPRESSION, 0);
        if (accept_keyword(p, KEYWORD_FROM))
            CALL(RULE_EXPRESSION, 0);
        else if (next_is(p, KEYWORD_FOR) && !push_one(p))
            return STEP_FAIL;
        if (accept_keyword(p, KEYWORD_FOR)) CALL(RULE_EXPRESSION, 0);
    }
    while (f->place != KEYWORD_EXTRACT && accept(p, ',')) CALL(RULE_EXPRESSION, 0);
    return finish_special(p, f, special_name(f));
    RULE_END
}

/* Star ------------------------------------------------------------------------------------------------------------------------- */
/* EXCLUDE and its like take one element or several in parentheses: whether `rule` elements in brackets come. */
static bool opens_list(parser *p)
{
    return accept(p, '(');
}

/* * with EXCLUDE, REPLACE, RENAME; the star is next. argument 1: what stands before the dot is the first value. *COLUMNS(…) is COLUMNS. */
step rule_star(parser *p, frame *f)
{
    RULE_BEGIN
    p->at++;
    if (!f->argument && next_is(p, KEYWORD_COLUMNS) && peek_at(p, 1)->kind == '(') {
        p->at += 2;
        CALL(RULE_EXPRESSION, 0);
        if (!expect(p, ')')) return STEP_FAIL;
        f->flags = SYNTAX_FLAG_UNPACK;
        return reduce(p, f, SYNTAX_COLUMNS);
    }
    if (!f->argument && !push_none(p)) return STEP_FAIL;
    if (accept_keyword(p, KEYWORD_EXCLUDE)) {
        if (opens_list(p)) {
            CALL_LIST(RULE_COLUMN_CHAIN, 0);
            if (!expect(p, ')')) return STEP_FAIL;
        } else {
            CALL(RULE_COLUMN_CHAIN, 0);
            if (!make_node(p, SYNTAX_LIST, 0, 0, NO_TOKEN, f->begin, 1)) return STEP_FAIL;
        }
    } else if (!push_none(p)) {
        return STEP_FAIL;
    }
    if (accept_keyword(p, KEYWORD_REPLACE)) {
        if (opens_list(p)) {
            CALL_LIST(RULE_REPLACE_ITEM, 0);
            if (!expect(p, ')')) return STEP_FAIL;
        } else {
            CALL(RULE_REPLACE_ITEM, 0);
            if (!make_node(p, SYNTAX_LIST, 0, 0, NO_TOKEN, f->begin, 1)) return STEP_FAIL;
        }
    } else if (!push_none(p)) {
        return STEP_FAIL;
    }
    if (accept_keyword(p, KEYWORD_RENAME)) {
        if (opens_list(p)) {
            CALL_LIST(RULE_RENAME_ITEM, 0);
            if (!expect(p, ')')) return STEP_FAIL;
        } else {
            CALL(RULE_RENAME_ITEM, 0);
            if (!make_node(p, SYNTAX_LIST, 0, 0, NO_TOKEN, f->begin, 1)) return STEP_FAIL;
        }
    }
    return reduce(p, f, SYNTAX_STAR);
    RULE_END
}

/* expression AS column */
step rule_replace_item(parser *p, frame *f)
{
    RULE_BEGIN
    CALL(RULE_EXPRESSION, 0);
    if (!expect_keyword(p, KEYWORD_AS) || !expect_label(p, &f->name, "the name of the column to replace")) return STEP_FAIL;
    f->flags = p->tokens[f->name].kind == TOKEN_QUOTED ? SYNTAX_FLAG_QUOTED : 0;
    return reduce(p, f, SYNTAX_ALIAS);
    RULE_END
}

/* column AS name */
step rule_rename_item(parser *p, frame *f)
{
    RULE_BEGIN
    CALL(RULE_COLUMN_CHAIN, 0);
    if (!expect_keyword(p, KEYWORD_AS) || !expect_label(p, &f->name, "the new name of the column")) return STEP_FAIL;
    return reduce(p, f, SYNTAX_RENAME);
    RULE_END
}

/* Windows and order ------------------------------------------------------------------------------------------------------------ */
static bool frame_follows(const parser *p)
{
    return next_is(p, KEYWORD_ROWS) || next_is(p, KEYWORD_RANGE) || next_is(p, KEYWORD_GROUPS);
}

/* Behind OVER: a name, or "(" base PARTITION BY … ORDER BY … frame ")". argument 1: behind WINDOW x AS. */
step rule_window(parser *p, frame *f)
{
    RULE_BEGIN
    if (!f->argument && is_name(peek(p))) {
        f->name = p->at++;
        f->flags = SYNTAX_FLAG_REFERENCE;
        return reduce(p, f, SYNTAX_WINDOW);
    }
    if (!accept(p, '(')) return unexpected(p, "\"(\" or the name of a window");
    if (is_name(peek(p)) && !next_is(p, KEYWORD_PARTITION) && !frame_follows(p)) f->name = p->at++;
    if (accept_keywords(p, KEYWORD_PARTITION, KEYWORD_BY))
        CALL_LIST(RULE_EXPRESSION, 0);
    else if (!push_none(p))
        return STEP_FAIL;
    if (accept_keywords(p, KEYWORD_ORDER, KEYWORD_BY))
        CALL_LIST(RULE_ORDER_KEY, 0);
    else if (!push_none(p))
        return STEP_FAIL;
    if (frame_follows(p)) CALL(RULE_FRAME, 0);
    if (!accept(p, ')')) return unexpected(p, "PARTITION BY, ORDER BY, ROWS, RANGE, GROUPS or \")\"");
    return reduce(p, f, SYNTAX_WINDOW);
    RULE_END
}

static bool take_exclude(parser *p, frame *f)
{
    if (!accept_keyword(p, KEYWORD_EXCLUDE)) return true;
    if (accept_keywords(p, KEYWORD_CURRENT, KEYWORD_ROW))
        f->flags = SYNTAX_FLAG_EXCLUDE_CURRENT_ROW;
    else if (accept_keyword(p, KEYWORD_GROUP))
        f->flags = SYNTAX_FLAG_EXCLUDE_GROUP;
    else if (accept_keyword(p, KEYWORD_TIES))
        f->flags = SYNTAX_FLAG_EXCLUDE_TIES;
    else if (accept_keyword(p, KEYWORD_NO) && accept_word(p, "others"))
        f->flags = SYNTAX_FLAG_EXCLUDE_NO_OTHERS;
    else
        return failed_expected(p, "CURRENT ROW, GROUP, TIES or NO OTHERS");
    return true;
}

step rule_window_frame(parser *p, frame *f)
{
    RULE_BEGIN
    f->option = next_is(p, KEYWORD_ROWS) ? FRAME_ROWS : next_is(p, KEYWORD_RANGE) ? FRAME_RANGE : FRAME_GROUPS;
    p->at++;
    if (accept_keyword(p, KEYWORD_BETWEEN)) {
        CALL(RULE_BOUND, 0);
        if (!expect_keyword(p, KEYWORD_AND)) return STEP_FAIL;
        CALL(RULE_BOUND, 0);
    } else {
        CALL(RULE_BOUND, 0);
    }
    if (!take_exclude(p, f)) return STEP_FAIL;
    return reduce(p, f, SYNTAX_FRAME);
    RULE_END
}

step rule_window_bound(parser *p, frame *f)
{
    RULE_BEGIN
    if (accept_keywords(p, KEYWORD_CURRENT, KEYWORD_ROW)) {
        f->option = BOUND_CURRENT_ROW;
        return reduce(p, f, SYNTAX_BOUND);
    }
    if (next_are(p, KEYWORD_UNBOUNDED, KEYWORD_PRECEDING) || next_are(p, KEYWORD_UNBOUNDED, KEYWORD_FOLLOWING)) {
        f->option = is_keyword(peek_at(p, 1), KEYWORD_PRECEDING) ? BOUND_UNBOUNDED_PRECEDING : BOUND_UNBOUNDED_FOLLOWING;
        p->at += 2;
        return reduce(p, f, SYNTAX_BOUND);
    }
    CALL(RULE_EXPRESSION, 0);
    if (accept_keyword(p, KEYWORD_PRECEDING))
        f->option = BOUND_PRECEDING;
    else if (accept_keyword(p, KEYWORD_FOLLOWING))
        f->option = BOUND_FOLLOWING;
    else
        return unexpected(p, "PRECEDING or FOLLOWING");
    return reduce(p, f, SYNTAX_BOUND);
    RULE_END
}

/* ORDER BY ALL stands alone. */
static bool order_all(const parser *p)
{
    const token *next = peek_at(p, 1);

    return next_is(p, KEYWORD_ALL) && next->kind != '(';
}

step rule_order_key(parser *p, frame *f)
{
    RULE_BEGIN
    if (order_all(p)) {
        p->at++;
        f->flags |= SYNTAX_FLAG_ALL;
    } else {
        CALL(RULE_EXPRESSION, 0);
    }
    if (accept_keyword(p, KEYWORD_ASC))
        f->flags |= SYNTAX_FLAG_ASCENDING;
    else if (accept_keyword(p, KEYWORD_DESC))
        f->flags |= SYNTAX_FLAG_DESCENDING;
    if (accept_keywords(p, KEYWORD_NULLS, KEYWORD_FIRST))
        f->flags |= SYNTAX_FLAG_NULLS_FIRST;
    else if (accept_keywords(p, KEYWORD_NULLS, KEYWORD_LAST))
        f->flags |= SYNTAX_FLAG_NULLS_LAST;
    else if (next_is(p, KEYWORD_NULLS))
        return p->at++, unexpected(p, "FIRST or LAST");
    return reduce(p, f, SYNTAX_ORDER_KEY);
    RULE_END
}

/* Types ------------------------------------------------------------------------------------------------------------------------ */
/* Names of several words: what they are kept as, NULL: one word. The words are taken. */
static const char *take_long_type(parser *p)
{
    bool with = is_keyword(peek_at(p, 1), KEYWORD_WITH),
         zone = is_keyword(peek_at(p, 2), KEYWORD_TIME) && is_keyword(peek_at(p, 3), KEYWORD_ZONE);

    if (next_are(p, KEYWORD_DOUBLE, KEYWORD_PRECISION)) return p->at += 2, "DOUBLE PRECISION";
    if (next_are(p, KEYWORD_CHARACTER, KEYWORD_VARYING)) return p->at += 2, "CHARACTER VARYING";
    if (next_is(p, KEYWORD_TIMESTAMP) && with && zone) return p->at += 4, "TIMESTAMP WITH TIME ZONE";
    if (next_is(p, KEYWORD_TIME) && with && zone) return p->at += 4, "TIME WITH TIME ZONE";
    return NULL;
}

static bool wraps_types(const parser *p)
{
    return peek_at(p, 1)->kind == '(' &&
           (next_is(p, KEYWORD_STRUCT) || next_is(p, KEYWORD_ROW) || next_is(p, KEYWORD_UNION) || next_is(p, KEYWORD_MAP));
}

/* What may stand behind a plain type's modifiers and says what is so anyway. */
static void skip_without_zone(parser *p)
{
    if (next_are(p, KEYWORD_WITHOUT, KEYWORD_TIME) && is_keyword(peek_at(p, 2), KEYWORD_ZONE)) p->at += 3;
}

/* [] and [3] behind a type, any number of times. */
static bool take_array_suffixes(parser *p, uint32_t begin)
{
    while (next_is_kind(p, '[') || next_is(p, KEYWORD_ARRAY)) {
        uint32_t size = NO_TOKEN;

        if (accept_keyword(p, KEYWORD_ARRAY) && !next_is_kind(p, '[')) {
            if (!make_node(p, SYNTAX_TYPE, SYNTAX_TYPE_LIST, 0, NO_TOKEN, begin, 1)) return false;
            continue;
        }
        p->at++;
        if (next_is_kind(p, TOKEN_INTEGER)) size = p->at++;
        if (!expect(p, ']')) return false;
        if (!make_node(p, SYNTAX_TYPE, size == NO_TOKEN ? SYNTAX_TYPE_LIST : SYNTAX_TYPE_ARRAY, 0, size, begin, 1)) return false;
    }
    return true;
}

/* A plain type's name: a word, several words, or schema.name as one text. */
static bool take_type_name(parser *p, string_view *name)
{
    const char *words = take_long_type(p);
    uint32_t first, last;

    *name = string_view_of(words);
    if (words) return true;
    if (!is_function_name(peek(p))) return failed_expected(p, "a type");
    first = p->at++;
    if (!token_text(p, first, name)) return false;
    while (accept(p, '.')) {
        if (!expect_label(p, &last, "the name of a type")) return false;
        *name = string_view_slice(p->text, p->tokens[first].begin, p->tokens[last].end);
    }
    return true;
}

/* "(" 10, 2 ")" and "(" 'a', 'b' ")"; STRUCT(…) and its like; then [] suffixes. */
step rule_type(parser *p, frame *f)
{
    string_view name;

    RULE_BEGIN
    if (wraps_types(p)) {
        f->option = next_is(p, KEYWORD_MAP) ? SYNTAX_TYPE_MAP : next_is(p, KEYWORD_UNION) ? SYNTAX_TYPE_UNION : SYNTAX_TYPE_STRUCT;
        p->at += 2;
        do {
            if (f->option == SYNTAX_TYPE_MAP)
                CALL(RULE_TYPE, 0);
            else
                CALL(RULE_TYPE_FIELD, 0);
        } while (accept(p, ','));
        if (!expect(p, ')')) return STEP_FAIL;
        if (f->option == SYNTAX_TYPE_MAP && p->value_count != f->base + 2)
            return fail_at(p, f->begin, BP_SYNTAX_ERROR, "a MAP has two types: MAP(key, value)");
        if (reduce(p, f, SYNTAX_TYPE) == STEP_FAIL) return STEP_FAIL;
        return take_array_suffixes(p, f->begin) ? STEP_DONE : STEP_FAIL;
    }
    if (!take_type_name(p, &name)) return STEP_FAIL;
    if (accept(p, '(')) {
        do {
            if (next_is_kind(p, TOKEN_INTEGER)) {
                if (!make_node(p, SYNTAX_NUMBER, 0, 0, p->at, peek(p)->begin, 0)) return STEP_FAIL;
            } else if (next_is_kind(p, TOKEN_STRING)) {
                if (!make_node(p, SYNTAX_STRING, 0, 0, p->at, peek(p)->begin, 0)) return STEP_FAIL;
            } else {
                return unexpected(p, "a number, or a string of an ENUM");
            }
            p->at++;
        } while (accept(p, ','));
        if (!expect(p, ')')) return STEP_FAIL;
    }
    skip_without_zone(p);
    if (!make_node_text(p, SYNTAX_TYPE, SYNTAX_TYPE_PLAIN, 0, name, f->begin, p->value_count - f->base)) return STEP_FAIL;
    return take_array_suffixes(p, f->begin) ? STEP_DONE : STEP_FAIL;
    RULE_END
}

step rule_type_field(parser *p, frame *f)
{
    RULE_BEGIN
    if (!expect_label(p, &f->name, "the name of a field")) return STEP_FAIL;
    CALL(RULE_TYPE, 0);
    return reduce(p, f, SYNTAX_TYPE_FIELD);
    RULE_END
}
