/* Completion looks at the word before the cursor and at the last keyword: behind FROM, JOIN, INTO, TABLE come tables; elsewhere columns, functions, keywords. */
#include "complete.h"

#include "binder.h"
#include "lexer.h"

typedef struct completion {
    string_view prefix;
    size_t replace_from;
    void (*found)(void *data, const char *word, size_t replace_from);
    void *data;
    arena arena;
} completion;

static bool is_word_byte(unsigned char c)
{
    return ascii_is_alpha(c) || ascii_is_digit(c) || c == '_' || c >= 0x80;
}

static bp_status offer(completion *completion, string_view word, const char *suffix, bp_error *err)
{
    string_view text;

    if (word.size < completion->prefix.size ||
        !string_equal_nocase(string_view_slice(word, 0, completion->prefix.size), completion->prefix))
        return BP_OK;
    text = arena_format(&completion->arena, "%.*s%s", STRING_ARGUMENTS(word), suffix);
    if (!text.data) return error_no_memory(err, completion->arena.memory, word.size);
    completion->found(completion->data, text.data, completion->replace_from);
    return BP_OK;
}

static bool needs_quotes(string_view name)
{
    sql_keyword keyword = keyword_find(name);

    if (name.size == 0 || ascii_is_digit((unsigned char)name.data[0])) return true;
    for (size_t i = 0; i < name.size; i++)
        if (!is_word_byte((unsigned char)name.data[i])) return true;
    return keyword != NO_KEYWORD && keyword_class_of(keyword) == KEYWORD_RESERVED;
}

/* A name as it must be written: in quotes when it is no plain word. */
static bp_status offer_name(completion *completion, string_view name, bp_error *err)
{
    builder quoted;
    bp_status status;

    if (!needs_quotes(name)) return offer(completion, name, "", err);
    if (name.size < completion->prefix.size ||
        !string_equal_nocase(string_view_slice(name, 0, completion->prefix.size), completion->prefix))
        return BP_OK;
    builder_init(&quoted, completion->arena.memory, SIZE_MAX / 2);
    builder_byte(&quoted, '"');
    for (size_t i = 0; i < name.size; i++) {
        if (name.data[i] == '"') builder_byte(&quoted, '"');
        builder_byte(&quoted, name.data[i]);
    }
    builder_append(&quoted, "\"", 2); /* and the NUL */
    status = builder_status(&quoted, err);
    if (!status) completion->found(completion->data, quoted.data, completion->replace_from);
    builder_clear(&quoted);
    return status;
}

/* The word before `end`, behind white space. */
static string_view word_before(string_view text, size_t end)
{
    size_t begin;

    while (end && ascii_is_space((unsigned char)text.data[end - 1])) end--;
    for (begin = end; begin && is_word_byte((unsigned char)text.data[begin - 1]);) begin--;
    return string_view_slice(text, begin, end);
}

static bool wants_table(string_view word)
{
    sql_keyword keyword = keyword_find(word);

    return keyword == KEYWORD_FROM || keyword == KEYWORD_JOIN || keyword == KEYWORD_INTO || keyword == KEYWORD_TABLE ||
           keyword == KEYWORD_DESCRIBE || keyword == KEYWORD_SUMMARIZE;
}

static bp_status offer_tables(completion *completion, const session *session, bp_error *err)
{
    bp_status status = BP_OK;

    for (size_t i = 0; i < session->catalog.count && !status; i++)
        status = offer_name(completion, session->catalog.entries[i]->name, err);
    for (size_t i = 0; i < table_function_count() && !status; i++) status = offer(completion, table_function_name(i), "(", err);
    return status;
}

static bp_status offer_columns(completion *completion, const session *session, bp_error *err)
{
    bp_status status = BP_OK;

    for (size_t i = 0; i < session->catalog.count && !status; i++) {
        const catalog_entry *entry = session->catalog.entries[i];
        const schema *schema = entry->table ? table_schema(entry->table) : entry->source ? &entry->source->schema : NULL;
        for (size_t j = 0; schema && j < schema->count && !status; j++) status = offer_name(completion, schema->names[j], err);
    }
    return status;
}

static bp_status offer_functions(completion *completion, bp_error *err)
{
    const char *last = "";
    bp_status status = BP_OK;

    for (size_t i = 0; i < scalar_function_count() && !status; i++) {
        const char *name = scalar_function_at(i)->name;
        if (ascii_is_alpha((unsigned char)name[0]) && strcmp(name, last) != 0)
            status = offer(completion, string_view_of(name), "(", err);
        last = name;
    }
    for (size_t i = 0; i < aggregate_function_count() && !status; i++) {
        const char *name = aggregate_function_at(i)->name;
        if (strcmp(name, last) != 0) status = offer(completion, string_view_of(name), "(", err);
        last = name;
    }
    for (size_t i = 0; i < window_function_count() && !status; i++) {
        string_view name = string_view_of(window_function_at(i)->name);
        if (!aggregate_function_exists(name)) status = offer(completion, name, "(", err);
    }
    return status;
}

bp_status sql_complete(session *session, string_view text, size_t position,
                       void (*found)(void *data, const char *word, size_t replace_from), void *data, bp_error *err)
{
    completion completion = {.replace_from = position, .found = found, .data = data};
    bp_status status = BP_OK;

    while (completion.replace_from && is_word_byte((unsigned char)text.data[completion.replace_from - 1]))
        completion.replace_from--;
    completion.prefix = string_view_slice(text, completion.replace_from, position);
    arena_init(&completion.arena, session->context->memory);
    if (wants_table(word_before(text, completion.replace_from))) {
        status = offer_tables(&completion, session, err);
    } else {
        status = offer_columns(&completion, session, err);
        if (!status && completion.prefix.size) status = offer_functions(&completion, err);
        for (size_t i = 1; i < KEYWORD_COUNT && !status; i++) status = offer(&completion, keyword_text((sql_keyword)i), "", err);
    }
    arena_clear(&completion.arena);
    return status;
}
