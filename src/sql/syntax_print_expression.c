/* Expressions as SQL text: operators in parentheses, calls, literals. Each kind of node puts its pieces on the printer's work (syntax_print.c). */
#include "lexer.h"
#include "syntax_print_internal.h"

/* operators ------------------------------------------------------------------------------------------------------------------------------------------ */
static void put_call_of(printer *printer, const char *function, const syntax_id *arguments, size_t count)
{
    printer_text(printer, function);
    printer_text(printer, "(");
    printer_list(printer, arguments, count, ", ");
    printer_text(printer, ")");
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
        if (negative) printer_text(printer, "-");
        printer_node(printer, number);
        return;
    }
    if (node->option == OPERATOR_FACTORIAL) {
        put_call_of(printer, "factorial", syntax_children(printer->tree, id), 1);
        return;
    }
    printer_text(printer, "(");
    printer_text(printer, syntax_operator_text((syntax_operator)node->option));
    printer_text(printer, node->option == OPERATOR_NOT ? " " : "(");
    printer_node(printer, syntax_child(printer->tree, id, 0));
    printer_text(printer, node->option == OPERATOR_NOT ? ")" : "))");
}

static void put_infix(printer *printer, syntax_id left, const char *operator, syntax_id right)
{
    printer_text(printer, "(");
    printer_node(printer, left);
    printer_text(printer, " ");
    printer_text(printer, operator);
    printer_text(printer, " ");
    printer_node(printer, right);
    printer_text(printer, ")");
}

static void put_negated(printer *printer, bool negated, bool open)
{
    if (negated) printer_text(printer, open ? "(NOT " : ")");
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
        printer_text(printer, "regexp_matches(");
        printer_list(printer, children, 2, ", ");
        printer_text(printer, ", 'i')");
        put_negated(printer, node->option == OPERATOR_REGEX_NOT_MATCH_NOCASE, false);
        return;
    case OPERATOR_POWER: /* ** and ^ are one operator to the tree */
        put_infix(printer, children[0], is_written_twice(written, '*') ? "**" : "^", children[1]);
        return;
    default: put_infix(printer, children[0], syntax_operator_text((syntax_operator)node->option), children[1]);
    }
}

void printer_conjunction(printer *printer, syntax_id id, bool inner)
{
    const syntax_node *node = syntax_at(printer->tree, id);

    if (!inner) printer_text(printer, "(");
    for (size_t i = 0; i < node->count; i++) {
        syntax_id child = syntax_children(printer->tree, id)[i];
        const syntax_node *below = syntax_at(printer->tree, child);
        bool same = below->kind == SYNTAX_CONJUNCTION && below->option == node->option;
        if (i) printer_text(printer, node->option == OPERATOR_AND ? " AND " : " OR ");
        printer_add(printer, (part){.kind = same ? PART_INNER : PART_NODE, .node = child});
    }
    if (!inner) printer_text(printer, ")");
}

static void put_test(printer *printer, syntax_id id)
{
    const syntax_node *node = syntax_at(printer->tree, id);
    bool negated = node->flags & SYNTAX_FLAG_NOT;

    printer_text(printer, "(");
    if (node->option == TEST_NULL || node->option == TEST_UNKNOWN) {
        printer_node(printer, syntax_child(printer->tree, id, 0));
        printer_text(printer, negated ? " IS NOT NULL)" : " IS NULL)");
        return;
    }
    printer_text(printer, "CAST(");
    printer_node(printer, syntax_child(printer->tree, id, 0));
    printer_text(printer, negated ? " AS BOOLEAN) IS DISTINCT FROM " : " AS BOOLEAN) IS NOT DISTINCT FROM ");
    printer_text(printer, node->option == TEST_TRUE ? "true)" : "false)");
}

static void put_between(printer *printer, syntax_id id)
{
    const syntax_id *children = syntax_children(printer->tree, id);
    bool negated = syntax_has(printer->tree, id, SYNTAX_FLAG_NOT);

    put_negated(printer, negated, true);
    printer_text(printer, "(");
    printer_node(printer, children[0]);
    printer_text(printer, " BETWEEN ");
    printer_node(printer, children[1]);
    printer_text(printer, " AND ");
    printer_node(printer, children[2]);
    printer_text(printer, ")");
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
    printer_text(printer, "(");
    printer_node(printer, syntax_child(printer->tree, id, 0));
    printer_text(printer, " IN (");
    printer_children(printer, syntax_child(printer->tree, id, 1), ", ");
    printer_text(printer, "))");
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
    printer_text(printer, "(");
    printer_node(printer, syntax_child(printer->tree, id, 0));
    printer_text(printer, " ");
    printer_text(printer, operator);
    printer_text(printer, list ? " ANY(SELECT unnest(" : " ANY(");
    printer_node(printer, query);
    printer_text(printer, list ? ")))" : "))");
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

    if (node->flags & SYNTAX_FLAG_ALL) printer_text(printer, "ALL");
    if (node->count) printer_node(printer, syntax_child(printer->tree, id, 0));
    if (node->flags & SYNTAX_FLAG_ASCENDING) printer_text(printer, " ASC");
    if (node->flags & SYNTAX_FLAG_DESCENDING) printer_text(printer, " DESC");
    if (node->flags & SYNTAX_FLAG_NULLS_FIRST) printer_text(printer, " NULLS FIRST");
    if (node->flags & SYNTAX_FLAG_NULLS_LAST) printer_text(printer, " NULLS LAST");
}

static void put_bound(printer *printer, syntax_id id)
{
    static const char *const words[] = {[BOUND_UNBOUNDED_PRECEDING] = "UNBOUNDED PRECEDING",
                                        [BOUND_PRECEDING] = " PRECEDING",
                                        [BOUND_CURRENT_ROW] = "CURRENT ROW",
                                        [BOUND_FOLLOWING] = " FOLLOWING",
                                        [BOUND_UNBOUNDED_FOLLOWING] = "UNBOUNDED FOLLOWING"};
    const syntax_node *node = syntax_at(printer->tree, id);

    if (node->count) printer_node(printer, syntax_child(printer->tree, id, 0));
    printer_text(printer, words[node->option]);
}

/* Always with both bounds. */
static void put_frame(printer *printer, syntax_id id)
{
    static const char *const units[] = {[FRAME_ROWS] = "ROWS", [FRAME_RANGE] = "RANGE", [FRAME_GROUPS] = "GROUPS"};
    const syntax_node *node = syntax_at(printer->tree, id);
    syntax_id end = syntax_child(printer->tree, id, 1);

    printer_text(printer, units[node->option]);
    printer_text(printer, " BETWEEN ");
    put_bound(printer, syntax_child(printer->tree, id, 0));
    printer_text(printer, " AND ");
    if (end)
        put_bound(printer, end);
    else
        printer_text(printer, "CURRENT ROW");
    if (node->flags & SYNTAX_FLAG_EXCLUDE_CURRENT_ROW) printer_text(printer, " EXCLUDE CURRENT ROW");
    if (node->flags & SYNTAX_FLAG_EXCLUDE_GROUP) printer_text(printer, " EXCLUDE GROUP");
    if (node->flags & SYNTAX_FLAG_EXCLUDE_TIES) printer_text(printer, " EXCLUDE TIES");
}

static void put_window(printer *printer, syntax_id id)
{
    const syntax *tree = printer->tree;
    syntax_id partition = syntax_child(tree, id, SLOT_WINDOW_PARTITION), order = syntax_child(tree, id, SLOT_WINDOW_ORDER),
              frame = syntax_child(tree, id, SLOT_WINDOW_FRAME);

    printer_text(printer, " OVER (");
    printer_clause(printer, "PARTITION BY ", partition);
    printer_clause(printer, partition ? " ORDER BY " : "ORDER BY ", order);
    if (frame) {
        if (partition || order) printer_text(printer, " ");
        put_frame(printer, frame);
    }
    printer_text(printer, ")");
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
        printer_text(printer, "COALESCE");
    else if (is_call_of(node->text, "grouping") || is_call_of(node->text, "grouping_id"))
        printer_text(printer, "GROUPING");
    else if (is_call_of(node->text, "count") && empty && !syntax_child(printer->tree, id, SLOT_CALL_WINDOW))
        printer_text(printer, "count_star");
    else
        printer_add(printer, (part){.kind = PART_LOWER, .text = node->text});
}

/* EXTRACT(year FROM x) is date_part('YEAR', x), and of epoch, which is no keyword, date_part('epoch', x): the unit stands without quotes in the source. */
static bool is_bare_unit(const printer *printer, syntax_id call, syntax_id argument)
{
    const syntax_node *node = syntax_at(printer->tree, argument);

    return is_call_of(syntax_at(printer->tree, call)->text, "date_part") && node->kind == SYNTAX_STRING &&
           ascii_is_alpha((unsigned char)printer->tree->source.data[node->begin]) && keyword_find(node->text) != NO_KEYWORD;
}

static void put_arguments(printer *printer, syntax_id id, syntax_id receiver)
{
    syntax_id list = syntax_child(printer->tree, id, SLOT_CALL_ARGUMENTS);
    size_t count = list ? syntax_at(printer->tree, list)->count : 0;

    if (receiver) {
        printer_node(printer, receiver);
        if (count) printer_text(printer, ", ");
    }
    for (size_t i = 0; i < count; i++) {
        syntax_id argument = syntax_children(printer->tree, list)[i];
        if (i) printer_text(printer, ", ");
        if (i == 0 && is_bare_unit(printer, id, argument))
            printer_add(printer, (part){.kind = PART_UPPER, .text = syntax_at(printer->tree, argument)->text});
        else
            printer_node(printer, argument);
    }
}

static void put_call(printer *printer, syntax_id id)
{
    const syntax *tree = printer->tree;
    const syntax_node *node = syntax_at(tree, id);
    syntax_id receiver = syntax_child(tree, id, SLOT_CALL_RECEIVER), filter = syntax_child(tree, id, SLOT_CALL_FILTER),
              window = syntax_child(tree, id, SLOT_CALL_WINDOW);

    if (receiver && syntax_kind_of(tree, receiver) == SYNTAX_COLUMN) { /* it might be a schema */
        printer_node(printer, receiver);
        printer_text(printer, ".");
        receiver = 0;
    }
    put_call_name(printer, id);
    printer_text(printer, node->flags & SYNTAX_FLAG_DISTINCT ? "(DISTINCT " : "(");
    put_arguments(printer, id, receiver);
    printer_clause(printer, " ORDER BY ", syntax_child(tree, id, SLOT_CALL_ORDER));
    if (node->flags & SYNTAX_FLAG_IGNORE_NULLS) printer_text(printer, " IGNORE NULLS");
    printer_text(printer, ")");
    printer_clause(printer, " WITHIN GROUP (ORDER BY ", syntax_child(tree, id, SLOT_CALL_WITHIN));
    if (syntax_child(tree, id, SLOT_CALL_WITHIN)) printer_text(printer, ")");
    if (filter) {
        printer_text(printer, " FILTER (WHERE ");
        printer_node(printer, filter);
        printer_text(printer, ")");
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

    printer_text(printer, "to_");
    printer_add(printer, (part){.kind = PART_TEXT,
                                .text = plural ? unit : string_view_of(is_call_of(unit, "century") ? "centurie" : "millenni")});
    printer_text(printer, is_call_of(unit, "millennium") ? "a" : "s");
    printer_text(printer, fraction ? "(CAST(" : "(CAST(trunc(CAST(");
    printer_node(printer, syntax_child(printer->tree, id, 0));
    printer_text(printer, fraction ? " AS DOUBLE))" : wide ? " AS DOUBLE)) AS BIGINT))" : " AS DOUBLE)) AS INTEGER))");
}

static void put_case(printer *printer, syntax_id id)
{
    const syntax *tree = printer->tree;
    const syntax_node *node = syntax_at(tree, id);
    const syntax_id *children = syntax_children(tree, id);

    printer_text(printer, "CASE ");
    for (size_t i = 2; i < node->count; i++) {
        syntax_id condition = syntax_child(tree, children[i], 0);
        printer_text(printer, " WHEN (");
        if (children[0])
            put_infix(printer, children[0], "=", condition);
        else
            printer_node(printer, condition);
        printer_text(printer, ") THEN (");
        printer_node(printer, syntax_child(tree, children[i], 1));
        printer_text(printer, ")");
    }
    printer_text(printer, " ELSE ");
    if (children[1])
        printer_node(printer, children[1]);
    else
        printer_text(printer, "NULL");
    printer_text(printer, " END");
}

static void put_map(printer *printer, syntax_id id)
{
    const syntax_node *node = syntax_at(printer->tree, id);

    printer_text(printer, "\"map\"(list_value(");
    for (size_t half = 0; half < 2; half++) {
        if (half) printer_text(printer, "), list_value(");
        for (size_t i = half; i < node->count; i += 2) {
            if (i > half) printer_text(printer, ", ");
            printer_node(printer, syntax_children(printer->tree, id)[i]);
        }
    }
    printer_text(printer, "))");
}

static void put_lambda(printer *printer, string_view words, syntax_id names, syntax_id body)
{
    printer_add(printer, (part){.kind = PART_TEXT, .text = words});
    printer_children(printer, names, ", ");
    printer_text(printer, ": ");
    printer_node(printer, body);
    printer_text(printer, ")");
}

/* [v FOR x IN list]; with IF the source is the name. */
static void put_comprehension(printer *printer, syntax_id id)
{
    const syntax_id *children = syntax_children(printer->tree, id);

    if (syntax_at(printer->tree, id)->count > 3) {
        printer_source(printer, id);
        return;
    }
    printer_text(printer, "list_apply(");
    printer_node(printer, children[2]);
    put_lambda(printer, STRING_VIEW(", (lambda "), children[1], children[0]);
    printer_text(printer, ")");
}

static void put_slice(printer *printer, syntax_id id)
{
    const syntax_node *node = syntax_at(printer->tree, id);
    const syntax_id *children = syntax_children(printer->tree, id);

    printer_node(printer, children[0]);
    printer_text(printer, "[");
    for (size_t i = 1; i < 3 || i < node->count; i++) {
        if (i > 1) printer_text(printer, ":");
        if (i < node->count && children[i])
            printer_node(printer, children[i]);
        else if (node->count > 3 && i == 2)
            printer_text(printer, "-");
    }
    printer_text(printer, "]");
}

/* kinds ----------------------------------------------------------------------------------------------------------------------------------------------------- */
static void put_wrapped(printer *printer, const char *before, syntax_id id, const char *after)
{
    printer_text(printer, before);
    printer_list(printer, syntax_children(printer->tree, id), syntax_at(printer->tree, id)->count, ", ");
    printer_text(printer, after);
}

/* As written, unless the parser made it up. */
static void put_number(printer *printer, syntax_id id)
{
    const syntax_node *node = syntax_at(printer->tree, id);
    char first = printer->tree->source.data[node->begin];

    if (node->end > node->begin && (ascii_is_digit((unsigned char)first) || first == '.'))
        printer_source(printer, id);
    else
        printer_add(printer, (part){.kind = PART_TEXT, .text = node->text});
}

static bool put_value(printer *printer, syntax_id id)
{
    const syntax_node *node = syntax_at(printer->tree, id);

    switch ((syntax_kind)node->kind) {
    case SYNTAX_NULL_VALUE: printer_text(printer, "NULL"); return true;
    case SYNTAX_BOOLEAN: printer_text(printer, node->option ? "true" : "false"); return true;
    case SYNTAX_NUMBER: put_number(printer, id); return true;
    case SYNTAX_STRING: printer_add(printer, (part){.kind = PART_STRING, .text = node->text}); return true;
    case SYNTAX_BLOB:
        printer_text(printer, "X");
        printer_add(printer, (part){.kind = PART_STRING, .text = node->text});
        return true;
    case SYNTAX_NAME:
    case SYNTAX_COLUMN: printer_name(printer, node->text); return true;
    case SYNTAX_FIELD:
        printer_node(printer, syntax_child(printer->tree, id, 0));
        printer_text(printer, ".");
        printer_name(printer, node->text);
        return true;
    case SYNTAX_ARGUMENT:
        printer_name(printer, node->text);
        printer_text(printer, " := ");
        printer_node(printer, syntax_child(printer->tree, id, 0));
        return true;
    case SYNTAX_ALIAS:
        printer_node(printer, syntax_child(printer->tree, id, 0));
        printer_text(printer, " AS ");
        printer_name(printer, node->text);
        return true;
    case SYNTAX_TYPE_FIELD:
        printer_name(printer, node->text);
        printer_text(printer, " ");
        printer_node(printer, syntax_child(printer->tree, id, 0));
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
    case SYNTAX_CONJUNCTION: printer_conjunction(printer, id, false); return true;
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
        printer_text(printer, node->flags & SYNTAX_FLAG_TRY ? "TRY_CAST(" : "CAST(");
        printer_node(printer, children[0]);
        printer_text(printer, " AS ");
        printer_node(printer, children[1]);
        printer_text(printer, ")");
        return true;
    case SYNTAX_COLLATE:
        printer_node(printer, children[0]);
        printer_text(printer, " COLLATE ");
        printer_add(printer, (part){.kind = PART_TEXT, .text = node->text});
        return true;
    case SYNTAX_SUBSCRIPT:
        printer_node(printer, children[0]);
        printer_text(printer, "[");
        printer_node(printer, children[1]);
        printer_text(printer, "]");
        return true;
    case SYNTAX_SLICE: put_slice(printer, id); return true;
    case SYNTAX_CASE: put_case(printer, id); return true;
    case SYNTAX_CALL: put_call(printer, id); return true;
    case SYNTAX_INTERVAL: put_interval(printer, id); return true;
    case SYNTAX_LAMBDA: put_lambda(printer, STRING_VIEW("(lambda "), children[0], children[1]); return true;
    case SYNTAX_COMPREHENSION: put_comprehension(printer, id); return true;
    case SYNTAX_ORDER_KEY: put_order_key(printer, id); return true;
    default: return false;
    }
}

bool printer_expression(printer *printer, syntax_id id)
{
    return put_value(printer, id) || put_operator(printer, id);
}
