/* Expressions and queries as SQL text, in DuckDB's spelling: operators in parentheses, functions in lower case, literals as written, keywords used as names in
 * double quotes. It names the columns of a result that have no alias: "(a + b)", "count_star()", "CAST(a AS double)".
 *
 * Without recursion: `work` is a stack of what is still to be written, texts and nodes. A node is taken from it and its pieces are put there in its place, first
 * part on top. A kind that has no spelling here (PIVOT, FRAME with EXCLUDE …) is written as its own source. */
#include "lexer.h"
#include "syntax.h"

typedef enum part_kind {
    PART_TEXT, /* as it is */
    PART_NODE,
    PART_NAME, /* an identifier, quoted where needed */
    PART_LOWER, /* a function's name */
    PART_STRING, /* in single quotes */
    PART_UPPER, /* the same in upper case */
    PART_INNER /* a CONJUNCTION inside one of its own kind: no parentheses */
} part_kind;

typedef struct part {
    part_kind kind;
    syntax_id node;
    string_view text;
} part;

typedef struct printer {
    const syntax *tree;
    builder *out;
    arena *arena;
    part *work;
    size_t count, capacity;
    bool failed; /* no memory */
} printer;

static void add(printer *printer, part part)
{
    if (printer->count == printer->capacity) {
        size_t wanted = printer->capacity ? printer->capacity * 2 : 64;
        struct part *larger = arena_new_array(printer->arena, struct part, wanted);
        if (!larger) {
            printer->failed = true;
            return;
        }
        if (printer->count) memcpy(larger, printer->work, printer->count * sizeof *larger);
        printer->work = larger;
        printer->capacity = wanted;
    }
    printer->work[printer->count++] = part;
}

static void add_text(printer *printer, const char *text)
{
    add(printer, (part){.kind = PART_TEXT, .text = string_view_of(text)});
}

static void add_node(printer *printer, syntax_id node)
{
    if (node) add(printer, (part){.kind = PART_NODE, .node = node});
}

static void add_name(printer *printer, string_view name)
{
    add(printer, (part){.kind = PART_NAME, .text = name});
}

static void add_source(printer *printer, syntax_id node)
{
    const syntax_node *syntax = syntax_at(printer->tree, node);
    add(printer, (part){.kind = PART_TEXT, .text = string_view_slice(printer->tree->source, syntax->begin, syntax->end)});
}

static void add_list(printer *printer, const syntax_id *nodes, size_t count, const char *separator)
{
    for (size_t i = 0; i < count; i++) {
        if (i) add_text(printer, separator);
        add_node(printer, nodes[i]);
    }
}

static void add_children(printer *printer, syntax_id list, const char *separator)
{
    if (list) add_list(printer, syntax_children(printer->tree, list), syntax_at(printer->tree, list)->count, separator);
}

/* " WORDS " before a clause that is there. */
static void add_clause(printer *printer, const char *words, syntax_id node)
{
    if (!node) return;
    add_text(printer, words);
    if (syntax_kind_of(printer->tree, node) == SYNTAX_LIST)
        add_children(printer, node, ", ");
    else
        add_node(printer, node);
}

/* names -------------------------------------------------------------------------------------------------------------------------------------------- */
static bool is_quoted_word(string_view name)
{
    static const char *const words[] = {
#define WORD(text) text,
#include "quoted_words.def"
#undef WORD
    };
    size_t low = 0, high = ARRAY_LENGTH(words);

    if (keyword_find(name) != NO_KEYWORD) return true;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = string_compare_nocase(name, string_view_of(words[middle]));
        if (order == 0) return true;
        if (order > 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

static bool is_plain_name(string_view name)
{
    for (size_t i = 0; i < name.size; i++) {
        unsigned char byte = (unsigned char)name.data[i];
        if (!ascii_is_alpha(byte) && byte != '_' && !(i && ascii_is_digit(byte))) return false;
    }
    return name.size && !is_quoted_word(name);
}

static void write_quoted(builder *out, string_view text, char quote)
{
    builder_byte(out, quote);
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == quote) builder_byte(out, quote);
        builder_byte(out, text.data[i]);
    }
    builder_byte(out, quote);
}

static void write_name(builder *out, string_view name)
{
    if (is_plain_name(name))
        builder_text(out, name);
    else
        write_quoted(out, name, '"');
}

static void write_lower(builder *out, string_view name)
{
    bool quoted = !is_plain_name(name);

    if (quoted) builder_byte(out, '"');
    for (size_t i = 0; i < name.size; i++) builder_byte(out, (char)ascii_lower((unsigned char)name.data[i]));
    if (quoted) builder_byte(out, '"');
}

/* operators ------------------------------------------------------------------------------------------------------------------------------------------ */
static void put_call_of(printer *printer, const char *function, const syntax_id *arguments, size_t count)
{
    add_text(printer, function);
    add_text(printer, "(");
    add_list(printer, arguments, count, ", ");
    add_text(printer, ")");
}

/* A minus before a number belongs to the number; two take each other away. */
static bool is_signed_number(const printer *printer, syntax_id id, bool *negative, syntax_id *number)
{
    const syntax *tree = printer->tree;

    for (*negative = false;; id = syntax_child(tree, id, 0)) {
        if (syntax_kind_of(tree, id) == SYNTAX_NUMBER) {
            *number = id;
            return true;
        }
        if (syntax_kind_of(tree, id) != SYNTAX_UNARY || syntax_at(tree, id)->option != OPERATOR_SUBTRACT) return false;
        *negative = !*negative;
    }
}

static void put_unary(printer *printer, syntax_id id)
{
    const syntax_node *node = syntax_at(printer->tree, id);
    syntax_id number;
    bool negative;

    if (node->option == OPERATOR_SUBTRACT && is_signed_number(printer, id, &negative, &number)) {
        if (negative) add_text(printer, "-");
        add_node(printer, number);
        return;
    }
    if (node->option == OPERATOR_FACTORIAL) {
        put_call_of(printer, "factorial", syntax_children(printer->tree, id), 1);
        return;
    }
    add_text(printer, "(");
    add_text(printer, syntax_operator_text((syntax_operator)node->option));
    add_text(printer, node->option == OPERATOR_NOT ? " " : "(");
    add_node(printer, syntax_child(printer->tree, id, 0));
    add_text(printer, node->option == OPERATOR_NOT ? ")" : "))");
}

static void put_infix(printer *printer, syntax_id left, const char *operator, syntax_id right)
{
    add_text(printer, "(");
    add_node(printer, left);
    add_text(printer, " ");
    add_text(printer, operator);
    add_text(printer, " ");
    add_node(printer, right);
    add_text(printer, ")");
}

static void put_negated(printer *printer, bool negated, bool open)
{
    if (negated) add_text(printer, open ? "(NOT " : ")");
}

/* The operator behind white space and parentheses. */
static bool is_written_twice(string_view text, char byte)
{
    size_t at = 0;

    while (at < text.size && (ascii_is_space((unsigned char)text.data[at]) || text.data[at] == ')')) at++;
    return at + 1 < text.size && text.data[at] == byte && text.data[at + 1] == byte;
}

static void put_binary(printer *printer, syntax_id id)
{
    const syntax_node *node = syntax_at(printer->tree, id);
    const syntax_id *children = syntax_children(printer->tree, id);
    string_view written = string_view_slice(printer->tree->source, syntax_at(printer->tree, children[0])->end, node->end);

    switch (node->option) {
    case OPERATOR_REGEX_MATCH:
    case OPERATOR_REGEX_NOT_MATCH:
        put_negated(printer, node->option == OPERATOR_REGEX_NOT_MATCH, true);
        put_call_of(printer, "regexp_matches", children, 2);
        put_negated(printer, node->option == OPERATOR_REGEX_NOT_MATCH, false);
        return;
    case OPERATOR_REGEX_MATCH_NOCASE:
    case OPERATOR_REGEX_NOT_MATCH_NOCASE:
        put_negated(printer, node->option == OPERATOR_REGEX_NOT_MATCH_NOCASE, true);
        add_text(printer, "regexp_matches(");
        add_list(printer, children, 2, ", ");
        add_text(printer, ", 'i')");
        put_negated(printer, node->option == OPERATOR_REGEX_NOT_MATCH_NOCASE, false);
        return;
    case OPERATOR_POWER: /* ** and ^ are one operator to the tree */
        put_infix(printer, children[0], is_written_twice(written, '*') ? "**" : "^", children[1]);
        return;
    default: put_infix(printer, children[0], syntax_operator_text((syntax_operator)node->option), children[1]);
    }
}

static void put_conjunction(printer *printer, syntax_id id, bool inner)
{
    const syntax_node *node = syntax_at(printer->tree, id);

    if (!inner) add_text(printer, "(");
    for (size_t i = 0; i < node->count; i++) {
        syntax_id child = syntax_children(printer->tree, id)[i];
        const syntax_node *below = syntax_at(printer->tree, child);
        bool same = below->kind == SYNTAX_CONJUNCTION && below->option == node->option;
        if (i) add_text(printer, node->option == OPERATOR_AND ? " AND " : " OR ");
        add(printer, (part){.kind = same ? PART_INNER : PART_NODE, .node = child});
    }
    if (!inner) add_text(printer, ")");
}

static void put_test(printer *printer, syntax_id id)
{
    const syntax_node *node = syntax_at(printer->tree, id);
    bool negated = node->flags & SYNTAX_FLAG_NOT;

    add_text(printer, "(");
    if (node->option == TEST_NULL || node->option == TEST_UNKNOWN) {
        add_node(printer, syntax_child(printer->tree, id, 0));
        add_text(printer, negated ? " IS NOT NULL)" : " IS NULL)");
        return;
    }
    add_text(printer, "CAST(");
    add_node(printer, syntax_child(printer->tree, id, 0));
    add_text(printer, negated ? " AS BOOLEAN) IS DISTINCT FROM " : " AS BOOLEAN) IS NOT DISTINCT FROM ");
    add_text(printer, node->option == TEST_TRUE ? "true)" : "false)");
}

static void put_between(printer *printer, syntax_id id)
{
    const syntax_id *children = syntax_children(printer->tree, id);
    bool negated = syntax_has(printer->tree, id, SYNTAX_FLAG_NOT);

    put_negated(printer, negated, true);
    add_text(printer, "(");
    add_node(printer, children[0]);
    add_text(printer, " BETWEEN ");
    add_node(printer, children[1]);
    add_text(printer, " AND ");
    add_node(printer, children[2]);
    add_text(printer, ")");
    put_negated(printer, negated, false);
}

static void put_like(printer *printer, syntax_id id)
{
    static const char *const operators[][2] = {{"~~", "!~~"}, {"~~*", "!~~*"}, {0}, {"~~~", "~~~"}};
    const syntax_node *node = syntax_at(printer->tree, id);
    const syntax_id *children = syntax_children(printer->tree, id);
    bool negated = node->flags & SYNTAX_FLAG_NOT, escaped = node->count > 2;

    if (!escaped && (node->option == LIKE_LIKE || node->option == LIKE_ILIKE)) {
        put_infix(printer, children[0], operators[node->option][negated], children[1]);
        return;
    }
    put_negated(printer, negated, true);
    if (escaped)
        put_call_of(printer, node->option == LIKE_ILIKE ? "ilike_escape" : "like_escape", children, 3);
    else if (node->option == LIKE_SIMILAR)
        put_call_of(printer, "regexp_full_match", children, 2);
    else
        put_infix(printer, children[0], operators[node->option][0], children[1]);
    put_negated(printer, negated, false);
}

static void put_in_list(printer *printer, syntax_id id)
{
    bool negated = syntax_has(printer->tree, id, SYNTAX_FLAG_NOT);

    put_negated(printer, negated, true);
    add_text(printer, "(");
    add_node(printer, syntax_child(printer->tree, id, 0));
    add_text(printer, " IN (");
    add_children(printer, syntax_child(printer->tree, id, 1), ", ");
    add_text(printer, "))");
    put_negated(printer, negated, false);
}

static void put_in_value(printer *printer, syntax_id id)
{
    bool negated = syntax_has(printer->tree, id, SYNTAX_FLAG_NOT);
    syntax_id turned[2] = {syntax_child(printer->tree, id, 1), syntax_child(printer->tree, id, 0)};

    put_negated(printer, negated, true);
    put_call_of(printer, "contains", turned, 2);
    put_negated(printer, negated, false);
}

static void put_any(printer *printer, syntax_id id, const char *operator, bool negated)
{
    syntax_id query = syntax_child(printer->tree, id, 1);
    bool list = syntax_kind_of(printer->tree, query) != SYNTAX_QUERY;

    put_negated(printer, negated, true);
    add_text(printer, "(");
    add_node(printer, syntax_child(printer->tree, id, 0));
    add_text(printer, " ");
    add_text(printer, operator);
    add_text(printer, list ? " ANY(SELECT unnest(" : " ANY(");
    add_node(printer, query);
    add_text(printer, list ? ")))" : "))");
    put_negated(printer, negated, false);
}

/* x < ALL (…) is NOT x >= ANY (…) */
static void put_quantified(printer *printer, syntax_id id)
{
    static const syntax_operator opposite[OPERATOR_COUNT] = {
        [OPERATOR_EQUAL] = OPERATOR_NOT_EQUAL,    [OPERATOR_NOT_EQUAL] = OPERATOR_EQUAL,
        [OPERATOR_LESS] = OPERATOR_GREATER_EQUAL, [OPERATOR_GREATER_EQUAL] = OPERATOR_LESS,
        [OPERATOR_GREATER] = OPERATOR_LESS_EQUAL, [OPERATOR_LESS_EQUAL] = OPERATOR_GREATER,
    };
    const syntax_node *node = syntax_at(printer->tree, id);
    bool all = node->flags & SYNTAX_FLAG_ALL;

    put_any(printer, id, syntax_operator_text(all ? opposite[node->option] : (syntax_operator)node->option), all);
}

/* calls ------------------------------------------------------------------------------------------------------------------------------------------------ */
static void put_order_key(printer *printer, syntax_id id)
{
    const syntax_node *node = syntax_at(printer->tree, id);

    if (node->flags & SYNTAX_FLAG_ALL) add_text(printer, "ALL");
    if (node->count) add_node(printer, syntax_child(printer->tree, id, 0));
    if (node->flags & SYNTAX_FLAG_ASCENDING) add_text(printer, " ASC");
    if (node->flags & SYNTAX_FLAG_DESCENDING) add_text(printer, " DESC");
    if (node->flags & SYNTAX_FLAG_NULLS_FIRST) add_text(printer, " NULLS FIRST");
    if (node->flags & SYNTAX_FLAG_NULLS_LAST) add_text(printer, " NULLS LAST");
}

static void put_window(printer *printer, syntax_id id)
{
    const syntax *tree = printer->tree;
    syntax_id partition = syntax_child(tree, id, SLOT_WINDOW_PARTITION), order = syntax_child(tree, id, SLOT_WINDOW_ORDER),
              frame = syntax_child(tree, id, SLOT_WINDOW_FRAME);

    add_text(printer, " OVER (");
    add_clause(printer, "PARTITION BY ", partition);
    add_clause(printer, partition ? " ORDER BY " : "ORDER BY ", order);
    if (frame) {
        if (partition || order) add_text(printer, " ");
        add_source(printer, frame);
    }
    add_text(printer, ")");
}

static bool is_call_of(string_view name, const char *wanted)
{
    return string_equal_nocase(name, string_view_of(wanted));
}

static void put_call_name(printer *printer, syntax_id id)
{
    const syntax_node *node = syntax_at(printer->tree, id);
    syntax_id arguments = syntax_child(printer->tree, id, SLOT_CALL_ARGUMENTS);
    bool empty = !arguments || syntax_at(printer->tree, arguments)->count == 0;

    if (is_call_of(node->text, "ifnull") || is_call_of(node->text, "coalesce"))
        add_text(printer, "COALESCE");
    else if (is_call_of(node->text, "grouping") || is_call_of(node->text, "grouping_id"))
        add_text(printer, "GROUPING");
    else if (is_call_of(node->text, "count") && empty)
        add_text(printer, "count_star");
    else
        add(printer, (part){.kind = PART_LOWER, .text = node->text});
}

/* EXTRACT(year FROM x) is date_part('YEAR', x): the unit stands without quotes in the source. */
static bool is_bare_unit(const printer *printer, syntax_id call, syntax_id argument)
{
    const syntax_node *node = syntax_at(printer->tree, argument);

    return is_call_of(syntax_at(printer->tree, call)->text, "date_part") && node->kind == SYNTAX_STRING &&
           ascii_is_alpha((unsigned char)printer->tree->source.data[node->begin]);
}

static void put_arguments(printer *printer, syntax_id id, syntax_id receiver)
{
    syntax_id list = syntax_child(printer->tree, id, SLOT_CALL_ARGUMENTS);
    size_t count = list ? syntax_at(printer->tree, list)->count : 0;

    if (receiver) {
        add_node(printer, receiver);
        if (count) add_text(printer, ", ");
    }
    for (size_t i = 0; i < count; i++) {
        syntax_id argument = syntax_children(printer->tree, list)[i];
        if (i) add_text(printer, ", ");
        if (i == 0 && is_bare_unit(printer, id, argument))
            add(printer, (part){.kind = PART_UPPER, .text = syntax_at(printer->tree, argument)->text});
        else
            add_node(printer, argument);
    }
}

static void put_call(printer *printer, syntax_id id)
{
    const syntax *tree = printer->tree;
    const syntax_node *node = syntax_at(tree, id);
    syntax_id receiver = syntax_child(tree, id, SLOT_CALL_RECEIVER), filter = syntax_child(tree, id, SLOT_CALL_FILTER),
              window = syntax_child(tree, id, SLOT_CALL_WINDOW);

    if (receiver && syntax_kind_of(tree, receiver) == SYNTAX_COLUMN) { /* it might be a schema */
        add_node(printer, receiver);
        add_text(printer, ".");
        receiver = 0;
    }
    put_call_name(printer, id);
    add_text(printer, node->flags & SYNTAX_FLAG_DISTINCT ? "(DISTINCT " : "(");
    put_arguments(printer, id, receiver);
    add_clause(printer, " ORDER BY ", syntax_child(tree, id, SLOT_CALL_ORDER));
    if (node->flags & SYNTAX_FLAG_IGNORE_NULLS) add_text(printer, " IGNORE NULLS");
    add_text(printer, ")");
    add_clause(printer, " WITHIN GROUP (ORDER BY ", syntax_child(tree, id, SLOT_CALL_WITHIN));
    if (syntax_child(tree, id, SLOT_CALL_WITHIN)) add_text(printer, ")");
    if (filter) {
        add_text(printer, " FILTER (WHERE ");
        add_node(printer, filter);
        add_text(printer, ")");
    }
    if (window) put_window(printer, window);
}

/* INTERVAL x DAY is a call of to_days(), whose argument a whole number must be, seconds and less apart. */
static void put_interval(printer *printer, syntax_id id)
{
    string_view unit = syntax_at(printer->tree, id)->text;
    bool fraction = is_call_of(unit, "second") || is_call_of(unit, "millisecond") || is_call_of(unit, "microsecond");
    bool wide = is_call_of(unit, "hour") || is_call_of(unit, "minute");
    bool plural = !is_call_of(unit, "century") && !is_call_of(unit, "millennium");

    add_text(printer, "to_");
    add(printer,
        (part){.kind = PART_TEXT, .text = plural ? unit : string_view_of(is_call_of(unit, "century") ? "centurie" : "millenni")});
    add_text(printer, is_call_of(unit, "millennium") ? "a" : "s");
    add_text(printer, fraction ? "(CAST(" : "(CAST(trunc(CAST(");
    add_node(printer, syntax_child(printer->tree, id, 0));
    add_text(printer, fraction ? " AS DOUBLE))" : wide ? " AS DOUBLE)) AS BIGINT))" : " AS DOUBLE)) AS INTEGER))");
}

static void put_case(printer *printer, syntax_id id)
{
    const syntax *tree = printer->tree;
    const syntax_node *node = syntax_at(tree, id);
    const syntax_id *children = syntax_children(tree, id);

    add_text(printer, "CASE ");
    for (size_t i = 2; i < node->count; i++) {
        syntax_id condition = syntax_child(tree, children[i], 0);
        add_text(printer, " WHEN (");
        if (children[0])
            put_infix(printer, children[0], "=", condition);
        else
            add_node(printer, condition);
        add_text(printer, ") THEN (");
        add_node(printer, syntax_child(tree, children[i], 1));
        add_text(printer, ")");
    }
    add_text(printer, " ELSE ");
    if (children[1])
        add_node(printer, children[1]);
    else
        add_text(printer, "NULL");
    add_text(printer, " END");
}

static void put_map(printer *printer, syntax_id id)
{
    const syntax_node *node = syntax_at(printer->tree, id);

    add_text(printer, "\"map\"(list_value(");
    for (size_t half = 0; half < 2; half++) {
        if (half) add_text(printer, "), list_value(");
        for (size_t i = half; i < node->count; i += 2) {
            if (i > half) add_text(printer, ", ");
            add_node(printer, syntax_children(printer->tree, id)[i]);
        }
    }
    add_text(printer, "))");
}

static void put_lambda(printer *printer, string_view words, syntax_id names, syntax_id body)
{
    add(printer, (part){.kind = PART_TEXT, .text = words});
    add_children(printer, names, ", ");
    add_text(printer, ": ");
    add_node(printer, body);
    add_text(printer, ")");
}

/* [v FOR x IN list]; with IF the source is the name. */
static void put_comprehension(printer *printer, syntax_id id)
{
    const syntax_id *children = syntax_children(printer->tree, id);

    if (syntax_at(printer->tree, id)->count > 3) {
        add_source(printer, id);
        return;
    }
    add_text(printer, "list_apply(");
    add_node(printer, children[2]);
    put_lambda(printer, STRING_VIEW(", (lambda "), children[1], children[0]);
    add_text(printer, ")");
}

static void put_slice(printer *printer, syntax_id id)
{
    const syntax_node *node = syntax_at(printer->tree, id);
    const syntax_id *children = syntax_children(printer->tree, id);

    add_node(printer, children[0]);
    add_text(printer, "[");
    for (size_t i = 1; i < 3 || i < node->count; i++) {
        if (i > 1) add_text(printer, ":");
        if (i < node->count && children[i])
            add_node(printer, children[i]);
        else if (node->count > 3 && i == 2)
            add_text(printer, "-");
    }
    add_text(printer, "]");
}

/* types ----------------------------------------------------------------------------------------------------------------------------------------------------- */
/* Types that are keywords have one spelling; all others keep the one they have. */
static void put_plain_type(printer *printer, syntax_id id)
{
    static const char *const spellings[][2] = {
        {"int", "INTEGER"},
        {"integer", "INTEGER"},
        {"bigint", "BIGINT"},
        {"smallint", "SMALLINT"},
        {"real", "FLOAT"},
        {"float", "FLOAT"},
        {"double precision", "DOUBLE"},
        {"decimal", "DECIMAL"},
        {"dec", "DECIMAL"},
        {"numeric", "DECIMAL"},
        {"boolean", "BOOLEAN"},
        {"varchar", "VARCHAR"},
        {"char", "VARCHAR"},
        {"character", "VARCHAR"},
        {"time", "TIME"},
        {"timestamp", "TIMESTAMP"},
        {"interval", "INTERVAL"},
        {"bit", "BIT"},
        {"timestamp with time zone", "TIMESTAMP WITH TIME ZONE"},
        {"time with time zone", "TIME WITH TIME ZONE"},
        {"timestamp without time zone", "TIMESTAMP"},
    };
    const syntax_node *node = syntax_at(printer->tree, id);
    string_view name = node->text;

    for (size_t i = 0; i < ARRAY_LENGTH(spellings); i++)
        if (is_call_of(node->text, spellings[i][0])) name = string_view_of(spellings[i][1]);
    add(printer, (part){.kind = PART_TEXT, .text = name});
    if (!node->count) return;
    add_text(printer, "(");
    add_list(printer, syntax_children(printer->tree, id), node->count, ", ");
    add_text(printer, ")");
}

static void put_type(printer *printer, syntax_id id)
{
    const syntax_node *node = syntax_at(printer->tree, id);
    const syntax_id *children = syntax_children(printer->tree, id);

    switch ((syntax_type)node->option) {
    case SYNTAX_TYPE_PLAIN: put_plain_type(printer, id); return;
    case SYNTAX_TYPE_LIST: add_node(printer, children[0]), add_text(printer, "[]"); return;
    case SYNTAX_TYPE_ARRAY:
        add_node(printer, children[0]);
        add_text(printer, "[");
        add(printer, (part){.kind = PART_TEXT, .text = node->text});
        add_text(printer, "]");
        return;
    default: break;
    }
    add_text(printer, node->option == SYNTAX_TYPE_MAP ? "MAP(" : node->option == SYNTAX_TYPE_UNION ? "UNION(" : "STRUCT(");
    add_list(printer, children, node->count, ", ");
    add_text(printer, ")");
}

/* queries ---------------------------------------------------------------------------------------------------------------------------------------------------- */
static void put_table_alias(printer *printer, syntax_id id)
{
    syntax_id alias = syntax_child(printer->tree, id, SLOT_TABLE_ALIAS);

    if (!alias) return;
    add_text(printer, " AS ");
    add_name(printer, syntax_at(printer->tree, alias)->text);
    if (!syntax_at(printer->tree, alias)->count) return;
    add_text(printer, "(");
    add_children(printer, alias, ", ");
    add_text(printer, ")");
}

static void put_table(printer *printer, syntax_id id)
{
    const syntax_node *node = syntax_at(printer->tree, id);
    syntax_id before = syntax_child(printer->tree, id, 0);

    switch (node->kind) {
    case SYNTAX_TABLE:
        if (before) add_node(printer, before), add_text(printer, ".");
        add(printer, (part){.kind = node->flags & SYNTAX_FLAG_PATH ? PART_STRING : PART_NAME, .text = node->text});
        break;
    case SYNTAX_TABLE_QUERY:
        add_text(printer, "(");
        add_node(printer, before);
        add_text(printer, ")");
        break;
    default: add_node(printer, before);
    }
    put_table_alias(printer, id);
}

static void put_join(printer *printer, syntax_id id)
{
    static const char *const words[] = {"INNER", "LEFT", "RIGHT", "FULL", "SEMI", "ANTI", "CROSS", "POSITIONAL"};
    const syntax_node *node = syntax_at(printer->tree, id);
    syntax_id on = syntax_child(printer->tree, id, SLOT_JOIN_ON), using_names = syntax_child(printer->tree, id, SLOT_JOIN_USING);

    add_text(printer, "(");
    add_node(printer, syntax_child(printer->tree, id, SLOT_JOIN_LEFT));
    add_text(printer, node->flags & SYNTAX_FLAG_NATURAL ? " NATURAL " : node->flags & SYNTAX_FLAG_ASOF ? " ASOF " : " ");
    add_text(printer, words[node->option]);
    add_text(printer, " JOIN ");
    add_node(printer, syntax_child(printer->tree, id, SLOT_JOIN_RIGHT));
    add_clause(printer, " ON (", on);
    add_clause(printer, " USING (", using_names);
    add_text(printer, on || using_names ? "))" : ")");
}

static void put_group(printer *printer, syntax_id id)
{
    if (syntax_has(printer->tree, id, SYNTAX_FLAG_GROUP_ALL))
        add_text(printer, " GROUP BY ALL");
    else
        add_clause(printer, " GROUP BY ", syntax_child(printer->tree, id, SLOT_SELECT_GROUP));
}

static void put_select(printer *printer, syntax_id id)
{
    const syntax *tree = printer->tree;
    syntax_id items = syntax_child(tree, id, SLOT_SELECT_ITEMS), on = syntax_child(tree, id, SLOT_SELECT_DISTINCT_ON);

    add_text(printer, "SELECT ");
    if (on) {
        add_clause(printer, "DISTINCT ON (", on);
        add_text(printer, ") ");
    } else if (syntax_has(tree, id, SYNTAX_FLAG_DISTINCT)) {
        add_text(printer, "DISTINCT ");
    }
    if (items)
        add_children(printer, items, ", ");
    else
        add_text(printer, "*");
    if (syntax_child(tree, id, SLOT_SELECT_FROM)) {
        add_text(printer, " FROM ");
        add_children(printer, syntax_child(tree, id, SLOT_SELECT_FROM), " , ");
    }
    add_clause(printer, " WHERE ", syntax_child(tree, id, SLOT_SELECT_WHERE));
    put_group(printer, id);
    add_clause(printer, " HAVING ", syntax_child(tree, id, SLOT_SELECT_HAVING));
    add_clause(printer, " QUALIFY ", syntax_child(tree, id, SLOT_SELECT_QUALIFY));
}

static void put_set_operation(printer *printer, syntax_id id)
{
    static const char *const words[] = {") UNION ", ") INTERSECT ", ") EXCEPT "};
    const syntax_node *node = syntax_at(printer->tree, id);

    for (size_t i = 0; i < node->count; i++) {
        if (i) {
            add_text(printer, words[node->option]);
            if (node->flags & SYNTAX_FLAG_ALL) add_text(printer, "ALL ");
            if (node->flags & SYNTAX_FLAG_BY_NAME) add_text(printer, "BY NAME ");
        }
        add_text(printer, "(");
        add_node(printer, syntax_children(printer->tree, id)[i]);
    }
    add_text(printer, ")");
}

static void put_values(printer *printer, syntax_id id)
{
    const syntax_node *node = syntax_at(printer->tree, id);

    add_text(printer, "SELECT * FROM (VALUES ");
    for (size_t i = 0; i < node->count; i++) {
        add_text(printer, i ? ", (" : "(");
        add_children(printer, syntax_children(printer->tree, id)[i], ", ");
        add_text(printer, ")");
    }
    add_text(printer, ") AS valueslist");
}

static void put_query(printer *printer, syntax_id id)
{
    const syntax *tree = printer->tree;
    syntax_id with = syntax_child(tree, id, SLOT_QUERY_WITH), limit = syntax_child(tree, id, SLOT_QUERY_LIMIT);

    if (with) {
        add_text(printer, syntax_has(tree, id, SYNTAX_FLAG_RECURSIVE) ? "WITH RECURSIVE " : "WITH ");
        add_children(printer, with, ", ");
        add_text(printer, " ");
    }
    add_node(printer, syntax_child(tree, id, SLOT_QUERY_BODY));
    add_clause(printer, " ORDER BY ", syntax_child(tree, id, SLOT_QUERY_ORDER));
    add_clause(printer, " LIMIT ", limit);
    if (limit && syntax_has(tree, id, SYNTAX_FLAG_PERCENT)) add_text(printer, " %");
    add_clause(printer, " OFFSET ", syntax_child(tree, id, SLOT_QUERY_OFFSET));
}

static void put_cte(printer *printer, syntax_id id)
{
    syntax_id columns = syntax_child(printer->tree, id, SLOT_CTE_COLUMNS);

    add_name(printer, syntax_at(printer->tree, id)->text);
    add_clause(printer, "(", columns);
    if (columns) add_text(printer, ")");
    add_text(printer, " AS ");
    if (syntax_has(printer->tree, id, SYNTAX_FLAG_MATERIALIZED)) add_text(printer, "MATERIALIZED ");
    if (syntax_has(printer->tree, id, SYNTAX_FLAG_NOT_MATERIALIZED)) add_text(printer, "NOT MATERIALIZED ");
    add_text(printer, "(");
    add_node(printer, syntax_child(printer->tree, id, SLOT_CTE_STATEMENT));
    add_text(printer, ")");
}

/* nodes --------------------------------------------------------------------------------------------------------------------------------------------------------- */
static void put_wrapped(printer *printer, const char *before, syntax_id id, const char *after)
{
    add_text(printer, before);
    add_list(printer, syntax_children(printer->tree, id), syntax_at(printer->tree, id)->count, ", ");
    add_text(printer, after);
}

/* As written, unless the parser made it up. */
static void put_number(printer *printer, syntax_id id)
{
    const syntax_node *node = syntax_at(printer->tree, id);
    char first = printer->tree->source.data[node->begin];

    if (node->end > node->begin && (ascii_is_digit((unsigned char)first) || first == '.'))
        add_source(printer, id);
    else
        add(printer, (part){.kind = PART_TEXT, .text = node->text});
}

static bool put_value(printer *printer, syntax_id id)
{
    const syntax_node *node = syntax_at(printer->tree, id);

    switch ((syntax_kind)node->kind) {
    case SYNTAX_NULL_VALUE: add_text(printer, "NULL"); return true;
    case SYNTAX_BOOLEAN: add_text(printer, node->option ? "true" : "false"); return true;
    case SYNTAX_NUMBER: put_number(printer, id); return true;
    case SYNTAX_STRING: add(printer, (part){.kind = PART_STRING, .text = node->text}); return true;
    case SYNTAX_BLOB:
        add_text(printer, "X");
        add(printer, (part){.kind = PART_STRING, .text = node->text});
        return true;
    case SYNTAX_NAME:
    case SYNTAX_COLUMN: add_name(printer, node->text); return true;
    case SYNTAX_FIELD:
        add_node(printer, syntax_child(printer->tree, id, 0));
        add_text(printer, ".");
        add_name(printer, node->text);
        return true;
    case SYNTAX_ARGUMENT:
        add_name(printer, node->text);
        add_text(printer, " := ");
        add_node(printer, syntax_child(printer->tree, id, 0));
        return true;
    case SYNTAX_ALIAS:
        add_node(printer, syntax_child(printer->tree, id, 0));
        add_text(printer, " AS ");
        add_name(printer, node->text);
        return true;
    case SYNTAX_TYPE_FIELD:
        add_name(printer, node->text);
        add_text(printer, " ");
        add_node(printer, syntax_child(printer->tree, id, 0));
        return true;
    case SYNTAX_LIST_VALUE: put_wrapped(printer, "list_value(", id, ")"); return true;
    case SYNTAX_STRUCT_VALUE: put_wrapped(printer, "struct_pack(", id, ")"); return true;
    case SYNTAX_ROW: put_wrapped(printer, node->count ? "\"row\"(" : "(", id, ")"); return true;
    case SYNTAX_MAP_VALUE: put_map(printer, id); return true;
    default: return false;
    }
}

static bool put_operator(printer *printer, syntax_id id)
{
    const syntax_node *node = syntax_at(printer->tree, id);
    const syntax_id *children = syntax_children(printer->tree, id);

    switch ((syntax_kind)node->kind) {
    case SYNTAX_UNARY: put_unary(printer, id); return true;
    case SYNTAX_BINARY: put_binary(printer, id); return true;
    case SYNTAX_CONJUNCTION: put_conjunction(printer, id, false); return true;
    case SYNTAX_IS_TEST: put_test(printer, id); return true;
    case SYNTAX_BETWEEN: put_between(printer, id); return true;
    case SYNTAX_LIKE: put_like(printer, id); return true;
    case SYNTAX_IN_LIST: put_in_list(printer, id); return true;
    case SYNTAX_IN_VALUE: put_in_value(printer, id); return true;
    case SYNTAX_IN_QUERY: put_any(printer, id, "=", node->flags & SYNTAX_FLAG_NOT); return true;
    case SYNTAX_QUANTIFIED: put_quantified(printer, id); return true;
    case SYNTAX_SUBQUERY: put_wrapped(printer, "(", id, ")"); return true;
    case SYNTAX_COLUMNS: put_wrapped(printer, "COLUMNS(", id, ")"); return true;
    case SYNTAX_EXISTS: put_wrapped(printer, "EXISTS(", id, ")"); return true;
    case SYNTAX_CAST:
        add_text(printer, node->flags & SYNTAX_FLAG_TRY ? "TRY_CAST(" : "CAST(");
        add_node(printer, children[0]);
        add_text(printer, " AS ");
        add_node(printer, children[1]);
        add_text(printer, ")");
        return true;
    case SYNTAX_COLLATE:
        add_node(printer, children[0]);
        add_text(printer, " COLLATE ");
        add(printer, (part){.kind = PART_TEXT, .text = node->text});
        return true;
    case SYNTAX_SUBSCRIPT:
        add_node(printer, children[0]);
        add_text(printer, "[");
        add_node(printer, children[1]);
        add_text(printer, "]");
        return true;
    case SYNTAX_SLICE: put_slice(printer, id); return true;
    case SYNTAX_CASE: put_case(printer, id); return true;
    case SYNTAX_CALL: put_call(printer, id); return true;
    case SYNTAX_INTERVAL: put_interval(printer, id); return true;
    case SYNTAX_LAMBDA: put_lambda(printer, STRING_VIEW("(lambda "), children[0], children[1]); return true;
    case SYNTAX_COMPREHENSION: put_comprehension(printer, id); return true;
    default: return false;
    }
}

static bool put_part_of_query(printer *printer, syntax_id id)
{
    switch (syntax_kind_of(printer->tree, id)) {
    case SYNTAX_QUERY: put_query(printer, id); return true;
    case SYNTAX_SELECT: put_select(printer, id); return true;
    case SYNTAX_VALUES: put_values(printer, id); return true;
    case SYNTAX_SET_OPERATION: put_set_operation(printer, id); return true;
    case SYNTAX_CTE: put_cte(printer, id); return true;
    case SYNTAX_ORDER_KEY: put_order_key(printer, id); return true;
    case SYNTAX_TABLE:
    case SYNTAX_TABLE_QUERY:
    case SYNTAX_TABLE_FUNCTION: put_table(printer, id); return true;
    case SYNTAX_JOIN: put_join(printer, id); return true;
    case SYNTAX_TYPE: put_type(printer, id); return true;
    default: return false;
    }
}

/* Put a node's pieces in its place, the first on top. */
static void take_node(printer *printer, const part *part)
{
    size_t first = printer->count;

    if (part->kind == PART_INNER)
        put_conjunction(printer, part->node, true);
    else if (!put_value(printer, part->node) && !put_operator(printer, part->node) && !put_part_of_query(printer, part->node))
        add_source(printer, part->node);
    for (size_t last = printer->count; last > first + 1; first++, last--) {
        struct part swap = printer->work[first];
        printer->work[first] = printer->work[last - 1];
        printer->work[last - 1] = swap;
    }
}

static void write_upper(builder *out, string_view text)
{
    builder_byte(out, '\'');
    for (size_t i = 0; i < text.size; i++) builder_byte(out, (char)ascii_upper((unsigned char)text.data[i]));
    builder_byte(out, '\'');
}

bp_status syntax_print(builder *out, const syntax *tree, syntax_id id, arena *arena, bp_error *err)
{
    printer printer = {.tree = tree, .out = out, .arena = arena};

    add_node(&printer, id);
    while (printer.count && !printer.failed) {
        part part = printer.work[--printer.count];
        switch (part.kind) {
        case PART_TEXT: builder_text(out, part.text); break;
        case PART_NAME: write_name(out, part.text); break;
        case PART_LOWER: write_lower(out, part.text); break;
        case PART_STRING: write_quoted(out, part.text, '\''); break;
        case PART_UPPER: write_upper(out, part.text); break;
        default: take_node(&printer, &part);
        }
    }
    return printer.failed ? error_no_memory(err, out->memory, printer.capacity * 2 * sizeof *printer.work)
                          : builder_status(out, err);
}
