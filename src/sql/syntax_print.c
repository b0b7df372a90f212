/* Expressions and queries as SQL text, in DuckDB's spelling: operators in parentheses, functions in lower case, literals as written, keywords used as names in
 * double quotes. It names the columns of a result that have no alias: "(a + b)", "count_star()", "CAST(a AS double)".
 *
 * Without recursion: `work` is a stack of what is still to be written, texts and nodes. A node is taken from it and its pieces are put there in its place, first
 * part on top. A kind that has no spelling here (PIVOT, FRAME with EXCLUDE …) is written as its own source. Here are the work and its parts, names, types and queries;
 * expressions are in syntax_print_expression.c. */
#include "lexer.h"
#include "syntax_print_internal.h"

void printer_add(printer *printer, part part)
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

void printer_text(printer *printer, const char *text)
{
    printer_add(printer, (part){.kind = PART_TEXT, .text = string_view_of(text)});
}

void printer_node(printer *printer, syntax_id node)
{
    if (node) printer_add(printer, (part){.kind = PART_NODE, .node = node});
}

void printer_name(printer *printer, string_view name)
{
    printer_add(printer, (part){.kind = PART_NAME, .text = name});
}

void printer_source(printer *printer, syntax_id node)
{
    const syntax_node *syntax = syntax_at(printer->tree, node);
    printer_add(printer, (part){.kind = PART_TEXT, .text = string_view_slice(printer->tree->source, syntax->begin, syntax->end)});
}

void printer_list(printer *printer, const syntax_id *nodes, size_t count, const char *separator)
{
    for (size_t i = 0; i < count; i++) {
        if (i) printer_text(printer, separator);
        printer_node(printer, nodes[i]);
    }
}

void printer_children(printer *printer, syntax_id list, const char *separator)
{
    if (list) printer_list(printer, syntax_children(printer->tree, list), syntax_at(printer->tree, list)->count, separator);
}

void printer_clause(printer *printer, const char *words, syntax_id node)
{
    if (!node) return;
    printer_text(printer, words);
    if (syntax_kind_of(printer->tree, node) == SYNTAX_LIST)
        printer_children(printer, node, ", ");
    else
        printer_node(printer, node);
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
        if (string_equal_nocase(node->text, string_view_of(spellings[i][0]))) name = string_view_of(spellings[i][1]);
    printer_add(printer, (part){.kind = PART_TEXT, .text = name});
    if (!node->count) return;
    printer_text(printer, "(");
    printer_list(printer, syntax_children(printer->tree, id), node->count, ", ");
    printer_text(printer, ")");
}

static void put_type(printer *printer, syntax_id id)
{
    const syntax_node *node = syntax_at(printer->tree, id);
    const syntax_id *children = syntax_children(printer->tree, id);

    switch ((syntax_type)node->option) {
    case SYNTAX_TYPE_PLAIN: put_plain_type(printer, id); return;
    case SYNTAX_TYPE_LIST: printer_node(printer, children[0]), printer_text(printer, "[]"); return;
    case SYNTAX_TYPE_ARRAY:
        printer_node(printer, children[0]);
        printer_text(printer, "[");
        printer_add(printer, (part){.kind = PART_TEXT, .text = node->text});
        printer_text(printer, "]");
        return;
    default: break;
    }
    printer_text(printer, node->option == SYNTAX_TYPE_MAP ? "MAP(" : node->option == SYNTAX_TYPE_UNION ? "UNION(" : "STRUCT(");
    printer_list(printer, children, node->count, ", ");
    printer_text(printer, ")");
}

/* queries ---------------------------------------------------------------------------------------------------------------------------------------------------- */
static void put_table_alias(printer *printer, syntax_id id)
{
    syntax_id alias = syntax_child(printer->tree, id, SLOT_TABLE_ALIAS);

    if (!alias) return;
    printer_text(printer, " AS ");
    printer_name(printer, syntax_at(printer->tree, alias)->text);
    if (!syntax_at(printer->tree, alias)->count) return;
    printer_text(printer, "(");
    printer_children(printer, alias, ", ");
    printer_text(printer, ")");
}

static void put_table(printer *printer, syntax_id id)
{
    const syntax_node *node = syntax_at(printer->tree, id);
    syntax_id before = syntax_child(printer->tree, id, 0);

    switch (node->kind) {
    case SYNTAX_TABLE:
        if (before) printer_node(printer, before), printer_text(printer, ".");
        printer_add(printer, (part){.kind = node->flags & SYNTAX_FLAG_PATH ? PART_STRING : PART_NAME, .text = node->text});
        break;
    case SYNTAX_TABLE_QUERY:
        printer_text(printer, "(");
        printer_node(printer, before);
        printer_text(printer, ")");
        break;
    default: printer_node(printer, before);
    }
    put_table_alias(printer, id);
}

static void put_join(printer *printer, syntax_id id)
{
    static const char *const words[] = {"INNER", "LEFT", "RIGHT", "FULL", "SEMI", "ANTI", "CROSS", "POSITIONAL"};
    const syntax_node *node = syntax_at(printer->tree, id);
    syntax_id on = syntax_child(printer->tree, id, SLOT_JOIN_ON), using_names = syntax_child(printer->tree, id, SLOT_JOIN_USING);

    printer_text(printer, "(");
    printer_node(printer, syntax_child(printer->tree, id, SLOT_JOIN_LEFT));
    printer_text(printer, node->flags & SYNTAX_FLAG_NATURAL ? " NATURAL " : node->flags & SYNTAX_FLAG_ASOF ? " ASOF " : " ");
    printer_text(printer, words[node->option]);
    printer_text(printer, " JOIN ");
    printer_node(printer, syntax_child(printer->tree, id, SLOT_JOIN_RIGHT));
    printer_clause(printer, " ON (", on);
    printer_clause(printer, " USING (", using_names);
    printer_text(printer, on || using_names ? "))" : ")");
}

static void put_group(printer *printer, syntax_id id)
{
    if (syntax_has(printer->tree, id, SYNTAX_FLAG_GROUP_ALL))
        printer_text(printer, " GROUP BY ALL");
    else
        printer_clause(printer, " GROUP BY ", syntax_child(printer->tree, id, SLOT_SELECT_GROUP));
}

static void put_select(printer *printer, syntax_id id)
{
    const syntax *tree = printer->tree;
    syntax_id items = syntax_child(tree, id, SLOT_SELECT_ITEMS), on = syntax_child(tree, id, SLOT_SELECT_DISTINCT_ON);

    printer_text(printer, "SELECT ");
    if (on) {
        printer_clause(printer, "DISTINCT ON (", on);
        printer_text(printer, ") ");
    } else if (syntax_has(tree, id, SYNTAX_FLAG_DISTINCT)) {
        printer_text(printer, "DISTINCT ");
    }
    if (items)
        printer_children(printer, items, ", ");
    else
        printer_text(printer, "*");
    if (syntax_child(tree, id, SLOT_SELECT_FROM)) {
        printer_text(printer, " FROM ");
        printer_children(printer, syntax_child(tree, id, SLOT_SELECT_FROM), " , ");
    }
    printer_clause(printer, " WHERE ", syntax_child(tree, id, SLOT_SELECT_WHERE));
    put_group(printer, id);
    printer_clause(printer, " HAVING ", syntax_child(tree, id, SLOT_SELECT_HAVING));
    printer_clause(printer, " QUALIFY ", syntax_child(tree, id, SLOT_SELECT_QUALIFY));
}

static void put_set_operation(printer *printer, syntax_id id)
{
    static const char *const words[] = {") UNION ", ") INTERSECT ", ") EXCEPT "};
    const syntax_node *node = syntax_at(printer->tree, id);

    for (size_t i = 0; i < node->count; i++) {
        if (i) {
            printer_text(printer, words[node->option]);
            if (node->flags & SYNTAX_FLAG_ALL) printer_text(printer, "ALL ");
            if (node->flags & SYNTAX_FLAG_BY_NAME) printer_text(printer, "BY NAME ");
        }
        printer_text(printer, "(");
        printer_node(printer, syntax_children(printer->tree, id)[i]);
    }
    printer_text(printer, ")");
}

static void put_values(printer *printer, syntax_id id)
{
    const syntax_node *node = syntax_at(printer->tree, id);

    printer_text(printer, "SELECT * FROM (VALUES ");
    for (size_t i = 0; i < node->count; i++) {
        printer_text(printer, i ? ", (" : "(");
        printer_children(printer, syntax_children(printer->tree, id)[i], ", ");
        printer_text(printer, ")");
    }
    printer_text(printer, ") AS valueslist");
}

static void put_query(printer *printer, syntax_id id)
{
    const syntax *tree = printer->tree;
    syntax_id with = syntax_child(tree, id, SLOT_QUERY_WITH), limit = syntax_child(tree, id, SLOT_QUERY_LIMIT);

    if (with) {
        printer_text(printer, syntax_has(tree, id, SYNTAX_FLAG_RECURSIVE) ? "WITH RECURSIVE " : "WITH ");
        printer_children(printer, with, ", ");
        printer_text(printer, " ");
    }
    printer_node(printer, syntax_child(tree, id, SLOT_QUERY_BODY));
    printer_clause(printer, " ORDER BY ", syntax_child(tree, id, SLOT_QUERY_ORDER));
    printer_clause(printer, " LIMIT ", limit);
    if (limit && syntax_has(tree, id, SYNTAX_FLAG_PERCENT)) printer_text(printer, " %");
    printer_clause(printer, " OFFSET ", syntax_child(tree, id, SLOT_QUERY_OFFSET));
}

static void put_cte(printer *printer, syntax_id id)
{
    syntax_id columns = syntax_child(printer->tree, id, SLOT_CTE_COLUMNS);

    printer_name(printer, syntax_at(printer->tree, id)->text);
    printer_clause(printer, "(", columns);
    if (columns) printer_text(printer, ")");
    printer_text(printer, " AS ");
    if (syntax_has(printer->tree, id, SYNTAX_FLAG_MATERIALIZED)) printer_text(printer, "MATERIALIZED ");
    if (syntax_has(printer->tree, id, SYNTAX_FLAG_NOT_MATERIALIZED)) printer_text(printer, "NOT MATERIALIZED ");
    printer_text(printer, "(");
    printer_node(printer, syntax_child(printer->tree, id, SLOT_CTE_STATEMENT));
    printer_text(printer, ")");
}

/* nodes --------------------------------------------------------------------------------------------------------------------------------------------------------- */
static bool put_part_of_query(printer *printer, syntax_id id)
{
    switch (syntax_kind_of(printer->tree, id)) {
    case SYNTAX_QUERY: put_query(printer, id); return true;
    case SYNTAX_SELECT: put_select(printer, id); return true;
    case SYNTAX_VALUES: put_values(printer, id); return true;
    case SYNTAX_SET_OPERATION: put_set_operation(printer, id); return true;
    case SYNTAX_CTE: put_cte(printer, id); return true;
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
        printer_conjunction(printer, part->node, true);
    else if (!printer_expression(printer, part->node) && !put_part_of_query(printer, part->node))
        printer_source(printer, part->node);
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

    printer_node(&printer, id);
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
