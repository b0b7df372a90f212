/* The regexp_ functions: text/regex.h over rows. A pattern is compiled once and kept, with the states of its automata, in the evaluator's state of the
 * call as long as the next row has the same. Options as in DuckDB: c i l m n p s, and g for regexp_replace alone. */
#include "function_internal.h"
#include "text_list.h"

#include "text/regex.h"
#include "text/utf8.h"

#define REGEX_MOST_GROUPS 10 /* \0 … \9 */
#define NO_ARGUMENT SIZE_MAX

/* Options ------------------------------------------------------------------------------------------------------------------------------------- */
typedef struct regex_options {
    unsigned flags; /* REGEX_… */
    bool global;
} regex_options;

static bp_status parse_options(regex_options *out, string_view text, bool may_be_global, bp_error *err)
{
    *out = (regex_options){0};
    for (size_t i = 0; i < text.size; i++) {
        switch (text.data[i]) {
        case 'c': out->flags &= ~(unsigned)REGEX_NO_CASE; break;
        case 'i': out->flags |= REGEX_NO_CASE; break;
        case 'l': out->flags |= REGEX_LITERAL; break;
        case 'm':
        case 'n':
        case 'p': out->flags &= ~(unsigned)REGEX_DOT_NEWLINE; break;
        case 's': out->flags |= REGEX_DOT_NEWLINE; break;
        case 'g':
            if (!may_be_global)
                return error_set(err, BP_BAD_ARGUMENT, "Option 'g' (global replace) is only valid for regexp_replace");
            out->global = true;
            break;
        case ' ':
        case '\t':
        case '\n': break;
        default:
            return error_set(err, BP_BAD_ARGUMENT,
                             "Unrecognized Regex option %.*s: c, i, l, m, n, p, s are known, and g for regexp_replace",
                             (int)(utf8_next(text.data + i, text.data + text.size) - text.data) - (int)i, text.data + i);
        }
    }
    return BP_OK;
}

/* Binding: what is constant is checked before the first row. */
static bool is_null_literal(const function_binding *binding, size_t index)
{
    const expr_node *node = expr_at(binding->pool, binding->arguments[index]);

    return node->kind == EXPR_LITERAL && column_is_null(node->literal, 0);
}

static bp_status check_constants(const function_binding *binding, size_t options_index, bool may_be_global, bp_error *err)
{
    regex_options options = {0};
    string_view text;
    regex *compiled;
    bp_status status;

    if (options_index < binding->count) {
        if (is_null_literal(binding, options_index)) return error_set(err, BP_BAD_ARGUMENT, "Regex options field must not be NULL");
        if (binding_text(binding, options_index, &text) && (status = parse_options(&options, text, may_be_global, err)))
            return status;
    }
    if (!binding_text(binding, 1, &text)) return BP_OK;
    if ((status = regex_new(&compiled, binding->pool->context->memory, text, options.flags, err))) return status;
    regex_free(compiled);
    return BP_OK;
}

bp_status bind_regex(function_binding *binding, bp_error *err)
{
    return check_constants(binding, 2, false, err);
}
bp_status bind_regex_replace(function_binding *binding, bp_error *err)
{
    return check_constants(binding, 3, true, err);
}
/* (text, pattern, group, options) */
bp_status bind_regex_group(function_binding *binding, bp_error *err)
{
    int64_t group;

    if (binding_int64(binding, 2, &group) && (group < 0 || group >= REGEX_MOST_GROUPS))
        return error_set(err, BP_BAD_ARGUMENT, "Group index must be between 0 and 9!");
    return check_constants(binding, 3, false, err);
}

/* The pattern at hand ---------------------------------------------------------------------------------------------------------------------------- */
typedef struct regex_state {
    regex *compiled;
    builder pattern; /* of which it was made */
    unsigned flags;
} regex_state;
_Static_assert(sizeof(regex_state) <= REGEX_STATE_SIZE, "functions.def reserves the state");

void regex_state_clear(void *data, bp_context *context)
{
    regex_state *state = data;

    (void)context;
    regex_free(state->compiled);
    if (state->pattern.memory) builder_clear(&state->pattern);
}

/* What a kernel needs from row to row. */
typedef struct regex_run {
    const function_call *call;
    const column *arguments;
    size_t options_index; /* NO_ARGUMENT: none */
    bool may_be_global, whole;
    regex_options options;
    bool options_known;
    regex *regex;
    size_t meter;
    bp_error *err;
} regex_run;

static bp_status compile_pattern(regex_run *run, string_view pattern)
{
    regex_state *state = run->call->state;
    memory *memory = run->call->context->memory;
    unsigned flags = run->options.flags | (run->whole ? REGEX_WHOLE : 0);
    bp_status status;

    if (!state->pattern.memory) builder_init(&state->pattern, memory, UINT32_MAX);
    run->regex = state->compiled;
    if (state->compiled && state->flags == flags && string_equal(builder_view(&state->pattern), pattern)) return BP_OK;
    regex_free(state->compiled);
    state->compiled = NULL;
    builder_reset(&state->pattern);
    builder_text(&state->pattern, pattern);
    if ((status = builder_status(&state->pattern, run->err))) return status;
    state->flags = flags;
    if ((status = regex_new(&state->compiled, memory, pattern, flags, run->err))) return status;
    run->regex = state->compiled;
    return BP_OK;
}

static bool is_constant(const regex_run *run, size_t index)
{
    return index == NO_ARGUMENT || run->arguments[index].encoding == COLUMN_CONSTANT;
}

/* Make run->regex and run->options those of the row. */
static bp_status prepare_row(regex_run *run, size_t row)
{
    bp_status status;

    if (run->regex && is_constant(run, 1) && is_constant(run, run->options_index)) return BP_OK;
    if (run->options_index != NO_ARGUMENT && !(run->options_known && is_constant(run, run->options_index))) {
        status = parse_options(&run->options, text_value(&run->arguments[run->options_index], row), run->may_be_global, run->err);
        if (status) return status;
        run->options_known = true;
    }
    return compile_pattern(run, text_value(&run->arguments[1], row));
}

#define SEARCH_BYTES 64 /* what beginning a search costs, as bytes gone through */

static bp_status find_from(regex_run *run, string_view text, size_t from, regex_span *spans, size_t count, bool *found)
{
    bp_status status = regex_find(run->regex, text, from, spans, count, found, &run->call->context->cancel, run->err);

    if (status) return status;
    return call_worked(run->call, &run->meter, (*found ? spans[0].end : text.size) - from + SEARCH_BYTES, run->err);
}

/* Tests ------------------------------------------------------------------------------------------------------------------------------------------------- */
static bp_status test_rows(const function_call *call, const column *arguments, size_t count, column *out, bool whole, bool negated,
                           bp_error *err)
{
    uint64_t *bits = call_bits(call, out);
    regex_run run = {
        .call = call, .arguments = arguments, .options_index = count == 3 ? 2 : NO_ARGUMENT, .whole = whole, .err = err};

    if (!bits) return call_no_memory(call, call->rows / 8, err);
    for (size_t row = 0; row < call->rows; row++) {
        string_view text;
        bool found;
        bp_status status;
        if (call_skips(call, row)) continue;
        if ((status = prepare_row(&run, row))) return status;
        text = text_value(&arguments[0], row);
        if ((status = regex_test(run.regex, text, &found, &call->context->cancel, err))) return status;
        if ((status = call_worked(call, &run.meter, text.size + SEARCH_BYTES, err))) return status;
        if (found != negated) bitmap_set(bits, row);
    }
    return BP_OK;
}

KERNEL(regex_matches)
{
    return test_rows(call, arguments, count, out, false, false, err);
}
KERNEL(regex_not_matches)
{
    return test_rows(call, arguments, count, out, false, true, err);
}
KERNEL(regex_full_match)
{
    return test_rows(call, arguments, count, out, true, false, err);
}

/* ~* and !~*: the options are "i". */
static bp_status test_no_case(const function_call *call, const column *arguments, column *out, bool negated, bp_error *err)
{
    static const string_ref option = {.size = 1, .prefix = "i"};
    column with_options[3] = {arguments[0], arguments[1]};

    with_options[2] = (column){.type = type_of(TYPE_VARCHAR), .encoding = COLUMN_CONSTANT, .length = call->rows, .values = &option};
    return test_rows(call, with_options, 3, out, false, negated, err);
}
KERNEL(regex_matches_no_case)
{
    (void)count;
    return test_no_case(call, arguments, out, false, err);
}
KERNEL(regex_not_matches_no_case)
{
    (void)count;
    return test_no_case(call, arguments, out, true, err);
}

/* regexp_replace --------------------------------------------------------------------------------------------------------------------------------------- */
/* \0 … \9 and \\; anything else behind a backslash is an error, as is a group that the pattern has not. */
static bp_status check_replacement(const regex_run *run, string_view replacement, unsigned *most)
{
    *most = 0;
    for (size_t i = 0; i < replacement.size; i++) {
        char c;
        if (replacement.data[i] != '\\') continue;
        c = ++i < replacement.size ? replacement.data[i] : 0;
        if (c == '\\') continue;
        if (!ascii_is_digit((unsigned char)c))
            return error_set(run->err, BP_BAD_ARGUMENT,
                             "Invalid replacement string for regexp_replace: '\\' must be followed by a digit or '\\'");
        if ((unsigned)(c - '0') > *most) *most = (unsigned)(c - '0');
    }
    if (*most <= regex_group_count(run->regex)) return BP_OK;
    return error_set(run->err, BP_BAD_ARGUMENT,
                     "Invalid replacement string for regexp_replace: it asks for group %u, but the regular expression has only %u",
                     *most, regex_group_count(run->regex));
}

static void append_replacement(builder *out, string_view replacement, string_view text, const regex_span *spans)
{
    for (size_t i = 0; i < replacement.size; i++) {
        char c = replacement.data[i];
        if (c != '\\') {
            builder_byte(out, c);
            continue;
        }
        c = replacement.data[++i];
        if (c == '\\')
            builder_byte(out, c);
        else if (spans[c - '0'].begin != SIZE_MAX)
            builder_text(out, string_view_slice(text, spans[c - '0'].begin, spans[c - '0'].end));
    }
}

/* After a match, an empty one at its end does not count; after an empty one, one character is passed. */
static bp_status replace_all(regex_run *run, builder *out, string_view text, string_view replacement, size_t spans_wanted)
{
    regex_span spans[REGEX_MOST_GROUPS];
    size_t at = 0, copied = 0, last_end = SIZE_MAX;
    bool found;
    bp_status status;

    while (at <= text.size) {
        if ((status = find_from(run, text, at, spans, spans_wanted, &found))) return status;
        if (!found) break;
        if (spans[0].begin == spans[0].end && spans[0].begin == last_end) {
            if (at == text.size) break;
            at = (size_t)(utf8_next(text.data + at, text.data + text.size) - text.data);
            last_end = SIZE_MAX;
            continue;
        }
        builder_text(out, string_view_slice(text, copied, spans[0].begin));
        append_replacement(out, replacement, text, spans);
        if (out->status) return BP_OK; /* said where the text is stored */
        at = copied = last_end = spans[0].end;
        if (!run->options.global) break;
    }
    builder_text(out, string_view_slice(text, copied, text.size));
    return BP_OK;
}

KERNEL(regex_replace)
{
    string_ref *to = call_values(call, out, 16);
    text_room room = {.arena = call->arena};
    regex_run run = {
        .call = call, .arguments = arguments, .options_index = count == 4 ? 3 : NO_ARGUMENT, .may_be_global = true, .err = err};
    builder text;
    bp_status status = BP_OK;

    if (!to) return call_no_memory(call, call->rows * 16, err);
    builder_init(&text, call->context->memory, MOST_TEXT);
    for (size_t row = 0; row < call->rows && !status; row++) {
        unsigned most;
        if (call_skips(call, row)) continue;
        builder_reset(&text);
        if ((status = prepare_row(&run, row)) || (status = check_replacement(&run, TEXT(2), &most))) break;
        if ((status = replace_all(&run, &text, TEXT(0), TEXT(2), most + 1))) break;
        status = text_store(call, &room, &text, "regexp_replace", &to[row], err);
    }
    builder_clear(&text);
    return status;
}

/* regexp_extract ------------------------------------------------------------------------------------------------------------------------------------------ */
static string_view span_text(string_view text, regex_span span)
{
    return span.begin == SIZE_MAX ? (string_view){text.data, 0} : string_view_slice(text, span.begin, span.end);
}

static bp_status group_of(const column *arguments, size_t index, size_t row, size_t *group, bp_error *err)
{
    int32_t value = index == NO_ARGUMENT ? 0 : VALUE(&arguments[index], int32_t, row);

    *group = (size_t)value;
    if (value >= 0 && value < REGEX_MOST_GROUPS) return BP_OK;
    return error_set(err, BP_BAD_ARGUMENT, "Group index must be between 0 and 9!");
}

static bp_status extract_rows(const function_call *call, const column *arguments, size_t group_index, size_t options_index,
                              column *out, bp_error *err)
{
    string_ref *to = call_values(call, out, 16);
    regex_run run = {.call = call, .arguments = arguments, .options_index = options_index, .err = err};
    regex_span spans[REGEX_MOST_GROUPS];

    if (!to) return call_no_memory(call, call->rows * 16, err);
    for (size_t row = 0; row < call->rows; row++) {
        string_view text;
        size_t group;
        bool found;
        bp_status status;
        if (call_skips(call, row)) continue;
        if ((status = prepare_row(&run, row)) || (status = group_of(arguments, group_index, row, &group, err))) return status;
        text = TEXT(0);
        if ((status = find_from(&run, text, 0, spans, group + 1, &found))) return status;
        to[row] = text_ref(span_text(text, spans[group]));
    }
    return BP_OK;
}

/* (text, pattern), (text, pattern, options) */
KERNEL(regex_extract)
{
    return extract_rows(call, arguments, NO_ARGUMENT, count == 3 ? 2 : NO_ARGUMENT, out, err);
}
/* (text, pattern, group), (text, pattern, group, options) */
KERNEL(regex_extract_group)
{
    return extract_rows(call, arguments, 2, count == 4 ? 3 : NO_ARGUMENT, out, err);
}

/* Every match, one behind the other; an empty one passes a character. `each` is given the spans of one. */
typedef bp_status (*span_taker)(void *data, string_view text, const regex_span *spans, bp_error *err);

static bp_status find_all(regex_run *run, string_view text, size_t spans_wanted, span_taker each, void *data)
{
    regex_span spans[REGEX_MOST_GROUPS];
    bool found;
    bp_status status;

    for (size_t at = 0; at <= text.size;) {
        if ((status = find_from(run, text, at, spans, spans_wanted, &found))) return status;
        if (!found) return BP_OK;
        if ((status = each(data, text, spans, run->err))) return status;
        at = spans[0].end;
        if (spans[0].begin < spans[0].end) continue;
        if (at == text.size) return BP_OK;
        at = (size_t)(utf8_next(text.data + at, text.data + text.size) - text.data);
    }
    return BP_OK;
}

typedef struct take_group {
    text_list *list;
    size_t group;
} take_group;

static bp_status take_one_group(void *data, string_view text, const regex_span *spans, bp_error *err)
{
    take_group *take = data;

    if (spans[take->group].begin == SIZE_MAX) return text_list_add_null(take->list, err);
    return text_list_add(take->list, span_text(text, spans[take->group]), err);
}

/* (text, pattern [, group [, options]]) */
KERNEL(regex_extract_all)
{
    regex_run run = {.call = call, .arguments = arguments, .options_index = count == 4 ? 3 : NO_ARGUMENT, .err = err};
    text_list list;
    take_group take = {.list = &list};
    bp_status status;

    if ((status = text_list_init(&list, call->arena, call->rows, err))) return status;
    for (size_t row = 0; row < call->rows; row++, text_list_end_row(&list)) {
        if (call_skips(call, row)) continue;
        if ((status = prepare_row(&run, row))) return status;
        if ((status = group_of(arguments, count > 2 ? 2 : NO_ARGUMENT, row, &take.group, err))) return status;
        if (take.group > regex_group_count(run.regex))
            return error_set(err, BP_BAD_ARGUMENT, "Pattern has %u groups. Cannot access group %zu", regex_group_count(run.regex),
                             take.group);
        if ((status = find_all(&run, TEXT(0), take.group + 1, take_one_group, &take))) return status;
    }
    return text_list_finish(&list, out, err);
}

/* groups by name: STRUCT ---------------------------------------------------------------------------------------------------------------------------------- */
/* The names of the third argument, a constant list of texts, as the fields of a STRUCT of texts. */
static bp_status names_of(const function_binding *binding, data_type *out, bp_error *err)
{
    arena *arena = binding->pool->arena;
    expr_id id = binding->arguments[2];
    type_detail *detail = arena_new(arena, type_detail);
    const column *value;
    const list_entry *entry;
    bp_status status;

    if (!detail) return error_no_memory(err, arena->memory, sizeof *detail);
    if (!expr_is_constant(binding->pool, id)) return error_set(err, BP_BIND_ERROR, "Group name list must be a constant list");
    if ((status = expr_constant_value(&value, binding->pool, id, err))) return status;
    if (column_is_null(value, 0)) return error_set(err, BP_BIND_ERROR, "Group name list must not be NULL");
    entry = value->values;
    if (!entry->size) return error_set(err, BP_BIND_ERROR, "Group name list must be non-empty");
    if (entry->size >= REGEX_MOST_GROUPS) return error_set(err, BP_BIND_ERROR, "Group name list must have at most 9 names");
    string_view *names = arena_new_array(arena, string_view, entry->size);
    data_type *types = arena_new_array(arena, data_type, entry->size);
    if (!names || !types) return error_no_memory(err, arena->memory, entry->size * sizeof *types);
    for (size_t i = 0; i < entry->size; i++) {
        size_t row = entry->offset + i;
        if (value->children[0].type.id != TYPE_VARCHAR || column_is_null(&value->children[0], row))
            return error_set(err, BP_BIND_ERROR, "Group names must be texts, none of them NULL");
        names[i] = text_value(&value->children[0], row);
        types[i] = type_of(TYPE_VARCHAR);
        for (size_t k = 0; k < i; k++)
            if (string_equal_nocase(names[k], names[i]))
                return error_set(err, BP_BIND_ERROR, "Duplicate group name '%.*s' in the list of names",
                                 STRING_ARGUMENTS(names[i]));
    }
    *detail = (type_detail){.child_count = entry->size, .children = types, .names = names};
    *out = type_of(TYPE_STRUCT);
    out->detail = detail;
    return BP_OK;
}

static bp_status check_named(function_binding *binding, bp_error *err)
{
    string_view pattern;
    regex *compiled;
    size_t groups;
    bp_status status;

    if ((status = check_constants(binding, 3, false, err))) return status;
    if (is_null_literal(binding, 1)) return BP_OK;
    if (!binding_text(binding, 1, &pattern))
        return error_set(err, BP_BIND_ERROR, "the regular expression must be a constant when the groups are named");
    if ((status = regex_new(&compiled, binding->pool->context->memory, pattern, 0, err))) return status;
    groups = regex_group_count(compiled);
    regex_free(compiled);
    if (groups < binding->result.detail->child_count)
        return error_set(err, BP_BIND_ERROR, "Not enough capturing groups (%zu) for provided names (%zu)", groups,
                         binding->result.detail->child_count);
    return BP_OK;
}

bp_status bind_regex_names(function_binding *binding, bp_error *err)
{
    bp_status status;

    if ((status = names_of(binding, &binding->result, err))) return status;
    return check_named(binding, err);
}

bp_status bind_regex_names_all(function_binding *binding, bp_error *err)
{
    type_detail *detail = arena_new(binding->pool->arena, type_detail);
    data_type *element = arena_new(binding->pool->arena, data_type);
    bp_status status;

    if (!detail || !element) return error_no_memory(err, binding->pool->arena->memory, sizeof *detail);
    if ((status = bind_regex_names(binding, err))) return status;
    *element = binding->result;
    *detail = (type_detail){.child_count = 1, .children = element};
    binding->result = type_of(TYPE_LIST);
    binding->result.detail = detail;
    return BP_OK;
}

/* One list of texts a field; in each, one text a STRUCT. */
typedef struct take_fields {
    text_list *fields;
    size_t count;
    bool null_groups; /* a group that took no part is NULL, else empty */
} take_fields;

static bp_status take_named(void *data, string_view text, const regex_span *spans, bp_error *err)
{
    take_fields *take = data;
    bp_status status = BP_OK;

    for (size_t i = 0; i < take->count && !status; i++)
        status = spans[i + 1].begin == SIZE_MAX && take->null_groups
                     ? text_list_add_null(&take->fields[i], err)
                     : text_list_add(&take->fields[i], span_text(text, spans[i + 1]), err);
    return status;
}

static bp_status init_fields(take_fields *take, const function_call *call, data_type type, bp_error *err)
{
    bp_status status;

    take->count = type.detail->child_count;
    take->fields = arena_new_array(call->arena, text_list, take->count);
    if (!take->fields) return call_no_memory(call, take->count * sizeof *take->fields, err);
    for (size_t i = 0; i < take->count; i++)
        if ((status = text_list_init(&take->fields[i], call->arena, call->rows, err))) return status;
    return BP_OK;
}

static bp_status finish_fields(const take_fields *take, const function_call *call, column *out, bp_error *err)
{
    column *children = arena_new_array(call->arena, column, take->count);

    if (!children) return call_no_memory(call, take->count * sizeof *children, err);
    for (size_t i = 0; i < take->count; i++) children[i] = text_list_items(&take->fields[i], type_of(TYPE_VARCHAR));
    out->children = children;
    out->child_count = take->count;
    return BP_OK;
}

/* No match: every field is empty. */
KERNEL(regex_extract_names)
{
    regex_run run = {.call = call, .arguments = arguments, .options_index = count == 4 ? 3 : NO_ARGUMENT, .err = err};
    regex_span spans[REGEX_MOST_GROUPS];
    take_fields take = {0};
    bp_status status;

    if ((status = init_fields(&take, call, out->type, err))) return status;
    for (size_t row = 0; row < call->rows; row++) {
        string_view text = {"", 0};
        bool found;
        for (size_t i = 0; i < REGEX_MOST_GROUPS; i++) spans[i] = (regex_span){SIZE_MAX, SIZE_MAX};
        if (!call_skips(call, row)) {
            text = TEXT(0);
            if ((status = prepare_row(&run, row)) || (status = find_from(&run, text, 0, spans, take.count + 1, &found)))
                return status;
        }
        if ((status = take_named(&take, text, spans, err))) return status;
    }
    return finish_fields(&take, call, out, err);
}

KERNEL(regex_extract_all_names)
{
    regex_run run = {.call = call, .arguments = arguments, .options_index = count == 4 ? 3 : NO_ARGUMENT, .err = err};
    data_type element = out->type.detail->children[0];
    take_fields take = {.null_groups = true};
    column *structs = arena_new(call->arena, column);
    bp_status status;

    if (!structs) return call_no_memory(call, sizeof *structs, err);
    if ((status = init_fields(&take, call, element, err))) return status;
    for (size_t row = 0; row < call->rows; row++) {
        if (!call_skips(call, row)) {
            if ((status = prepare_row(&run, row))) return status;
            if ((status = find_all(&run, TEXT(0), take.count + 1, take_named, &take))) return status;
        }
        text_list_end_row(&take.fields[0]);
    }
    *structs = (column){.type = element, .encoding = COLUMN_FLAT, .length = take.fields[0].count};
    if ((status = finish_fields(&take, call, structs, err))) return status;
    out->values = take.fields[0].rows;
    out->children = structs;
    out->child_count = 1;
    return BP_OK;
}

/* splitting --------------------------------------------------------------------------------------------------------------------------------------------------- */
/* An empty match where a part begins makes that part one character long. */
static bp_status split_text(regex_run *run, text_list *list, string_view text)
{
    size_t at = 0;
    bp_status status;

    while (at < text.size) {
        regex_span span;
        bool found;
        if ((status = find_from(run, text, at, &span, 1, &found))) return status;
        if (!found) break;
        if (span.end == at) {
            span.begin = span.end = (size_t)(utf8_next(text.data + at, text.data + text.size) - text.data);
            if (span.end == text.size) break;
        }
        if ((status = text_list_add(list, string_view_slice(text, at, span.begin), run->err))) return status;
        at = span.end;
    }
    return text_list_add(list, string_view_slice(text, at, text.size), run->err);
}

/* A NULL pattern splits nothing; a NULL text gives NULL. */
KERNEL(regex_split)
{
    regex_run run = {.call = call, .arguments = arguments, .options_index = count == 3 ? 2 : NO_ARGUMENT, .err = err};
    uint64_t *validity = call_own_validity(call, out);
    text_list list;
    bp_status status;

    if (!validity) return call_no_memory(call, call->rows / 8, err);
    if ((status = text_list_init(&list, call->arena, call->rows, err))) return status;
    for (size_t row = 0; row < call->rows; row++, text_list_end_row(&list)) {
        if (column_is_null(&arguments[0], row)) {
            bitmap_unset(validity, row);
            continue;
        }
        if (column_is_null(&arguments[1], row)) {
            if ((status = text_list_add(&list, TEXT(0), err))) return status;
            continue;
        }
        if (count == 3 && column_is_null(&arguments[2], row))
            return error_set(err, BP_BAD_ARGUMENT, "Regex options field must not be NULL");
        if ((status = prepare_row(&run, row)) || (status = split_text(&run, &list, TEXT(0)))) return status;
    }
    return text_list_finish(&list, out, err);
}

TEXT_MADE(text_regexp_escape)
{
    return regex_append_escaped(text, TEXT(0));
}
