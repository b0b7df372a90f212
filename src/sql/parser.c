/* The machine below the grammar: frames, values, nodes, errors, and the two entry points. How rules are written: parser_internal.h. */
#include "parser_internal.h"

#include <stdarg.h>
#include <stdio.h>

/* Growing ---------------------------------------------------------------------------------------------------------------------- */
static bool fail_memory(parser *p, size_t size)
{
    p->status = error_no_memory(p->err, p->arena->memory, size);
    return false;
}

/* Twice the room for an array of the parser's or the tree's; the old one stays in the arena. */
static bool grow(parser *p, void **array, uint32_t count, uint32_t *capacity, size_t size)
{
    uint32_t wanted = *capacity ? *capacity * 2 : 32;
    void *block = arena_allocate(p->arena, wanted * size);

    if (!block) return fail_memory(p, wanted * size);
    if (count) memcpy(block, *array, count * size);
    *array = block;
    *capacity = wanted;
    return true;
}

#define GROW(p, array, count, capacity) grow(p, (void **)&(array), count, &(capacity), sizeof *(array))

bool push_value(parser *p, syntax_id id)
{
    if (UNLIKELY(p->value_count == p->value_capacity) && !GROW(p, p->values, p->value_count, p->value_capacity)) return false;
    p->values[p->value_count++] = id;
    return true;
}

bool push_pending(parser *p, pending operator)
{
    if (UNLIKELY(p->pending_count == p->pending_capacity) && !GROW(p, p->pendings, p->pending_count, p->pending_capacity))
        return false;
    p->pendings[p->pending_count++] = operator;
    return true;
}

void move_value(parser *p, uint32_t from, uint32_t to)
{
    syntax_id moved = p->values[from];

    CHECK(to <= from && from < p->value_count);
    memmove(p->values + to + 1, p->values + to, (from - to) * sizeof *p->values);
    p->values[to] = moved;
}

/* Nodes ------------------------------------------------------------------------------------------------------------------------ */
static const uint8_t kind_levels[SYNTAX_KIND_COUNT] = {
#define KIND(name, levels, text) [SYNTAX_##name] = levels,
#include "syntax.def"
#undef KIND
};

static bool fail_depth(parser *p, size_t position)
{
    p->status = error_set_at(p->err, BP_LIMIT, position,
                             "the SQL text nests deeper than %d levels at byte %zu; split it into parts (WITH, views)",
                             LIMIT_EXPRESSION_DEPTH, position);
    return false;
}

/* Copy the top `count` values to the links; returns 1 more than the greatest height among them, 0 when there is no memory. */
static bool link_children(parser *p, uint32_t count, uint32_t *height)
{
    syntax *tree = p->tree;
    const syntax_id *values = p->values + p->value_count - count;

    while (tree->link_capacity - tree->link_count < count)
        if (!GROW(p, tree->links, tree->link_count, tree->link_capacity)) return false;
    for (uint32_t i = 0; i < count; i++) {
        tree->links[tree->link_count + i] = values[i];
        if (tree->nodes[values[i]].height > *height) *height = tree->nodes[values[i]].height;
    }
    tree->link_count += count;
    return true;
}

bool make_node_text(parser *p, syntax_kind kind, uint16_t option, uint16_t flags, string_view text, uint32_t begin, uint32_t count)
{
    syntax *tree = p->tree;
    uint32_t height = 0, first = tree->link_count, kept = count;
    const syntax_id *values = p->values + p->value_count - count;

    CHECK(count <= p->value_count);
    if (UNLIKELY(tree->node_count == tree->node_capacity) && !GROW(p, tree->nodes, tree->node_count, tree->node_capacity))
        return false;
    while (kept > 0 && values[kept - 1] == 0) kept--;
    p->value_count -= count - kept;
    if (kept && !link_children(p, kept, &height)) return false;
    p->value_count -= kept;
    height += kind_levels[kind];
    if (UNLIKELY(height > LIMIT_EXPRESSION_DEPTH)) return fail_depth(p, begin);
    tree->nodes[tree->node_count] = (syntax_node){
        .kind = (uint16_t)kind,
        .option = option,
        .flags = flags,
        .height = (uint16_t)height,
        .begin = begin,
        .end = p->at ? p->tokens[p->at - 1].end : 0,
        .first = first,
        .count = kept,
        .text = text,
    };
    return push_value(p, tree->node_count++);
}

bool make_node(parser *p, syntax_kind kind, uint16_t option, uint16_t flags, uint32_t name, uint32_t begin, uint32_t count)
{
    string_view text = {NULL, 0};

    if (name != NO_TOKEN && !token_text(p, name, &text)) return false;
    return make_node_text(p, kind, option, flags, text, begin, count);
}

step reduce(parser *p, const frame *f, syntax_kind kind)
{
    return make_node(p, kind, f->option, f->flags, f->name, f->begin, p->value_count - f->base) ? STEP_DONE : STEP_FAIL;
}

bool token_text(parser *p, uint32_t index, string_view *out)
{
    bp_status status = token_decode(out, &p->tokens[index], p->text, p->arena, p->err);

    if (status != BP_OK) p->status = status;
    return status == BP_OK;
}

bool lower_text(parser *p, string_view text, string_view *out)
{
    char *copy = arena_allocate_aligned(p->arena, text.size + 1, 1);

    if (!copy) return fail_memory(p, text.size + 1);
    for (size_t i = 0; i < text.size; i++) copy[i] = (char)ascii_lower((unsigned char)text.data[i]);
    *out = (string_view){copy, text.size};
    return true;
}

/* Frames ----------------------------------------------------------------------------------------------------------------------- */
static const struct rule_row {
    step (*function)(parser *p, frame *f);
    uint8_t levels;
} rules[RULE_COUNT] = {
#define RULE(name, function, levels) [RULE_##name] = {rule_##function, levels},
    RULES(RULE)
#undef RULE
};

step call_rule(parser *p, rule rule, uint32_t argument, uint32_t over)
{
    frame *f;
    uint32_t begin = peek(p)->begin;

    if (UNLIKELY(p->frame_count == p->frame_capacity) && !GROW(p, p->frames, p->frame_count, p->frame_capacity)) return STEP_FAIL;
    p->levels += rules[rule].levels;
    if (UNLIKELY(p->levels > LIMIT_EXPRESSION_DEPTH)) {
        fail_depth(p, begin);
        return STEP_FAIL;
    }
    if (over && p->values[p->value_count - over]) begin = p->tree->nodes[p->values[p->value_count - over]].begin;
    f = &p->frames[p->frame_count++];
    *f = (frame){.rule = (uint8_t)rule,
                 .levels = rules[rule].levels,
                 .argument = argument,
                 .base = p->value_count - over,
                 .begin = begin,
                 .name = NO_TOKEN};
    return STEP_CALL;
}

/* Run the rule on top until the stack is empty. */
static bp_status run(parser *p, rule rule)
{
    if (call_rule(p, rule, 0, 0) == STEP_FAIL) return p->status;
    while (p->frame_count) {
        frame *f = &p->frames[p->frame_count - 1];
        uint8_t levels = f->levels;
        uint32_t expected UNUSED = f->base + 1;

        switch (rules[f->rule].function(p, f)) {
        case STEP_FAIL: CHECK(p->status != BP_OK); return p->status;
        case STEP_CALL: break;
        case STEP_DONE:
            CHECK(p->value_count == expected);
            p->frame_count--;
            p->levels -= levels;
            break;
        }
    }
    return BP_OK;
}

step rule_list(parser *p, frame *f)
{
    RULE_BEGIN
    do {
        if (p->value_count > f->base && at_list_end(p)) break; /* the comma was one too many, which is allowed */
        CALL((rule)(f->argument & 0xffff), f->argument >> 16);
    } while (accept(p, ','));
    return reduce(p, f, SYNTAX_LIST);
    RULE_END
}

/* Names in parentheses: "(" a, b ")". */
step rule_name_list(parser *p, frame *f)
{
    uint32_t name = 0;

    if (!expect(p, '(')) return STEP_FAIL;
    do {
        if (p->value_count > f->base && next_is_kind(p, ')')) break;
        if (!expect_label(p, &name, "a name")) return STEP_FAIL;
        if (!make_node(p, SYNTAX_NAME, 0, 0, name, p->tokens[name].begin, 0)) return STEP_FAIL;
    } while (accept(p, ','));
    if (!expect(p, ')')) return STEP_FAIL;
    return reduce(p, f, SYNTAX_LIST);
}

/* Errors ----------------------------------------------------------------------------------------------------------------------- */
/* Words that begin a statement or a clause: what a misspelt word may have been. */
static const uint16_t suggested[] = {
    KEYWORD_SELECT, KEYWORD_FROM,    KEYWORD_WHERE,     KEYWORD_GROUP,    KEYWORD_HAVING,    KEYWORD_ORDER,    KEYWORD_LIMIT,
    KEYWORD_OFFSET, KEYWORD_UNION,   KEYWORD_INTERSECT, KEYWORD_EXCEPT,   KEYWORD_JOIN,      KEYWORD_LEFT,     KEYWORD_RIGHT,
    KEYWORD_INNER,  KEYWORD_USING,   KEYWORD_VALUES,    KEYWORD_INSERT,   KEYWORD_INTO,      KEYWORD_UPDATE,   KEYWORD_DELETE,
    KEYWORD_CREATE, KEYWORD_TABLE,   KEYWORD_VIEW,      KEYWORD_DROP,     KEYWORD_ALTER,     KEYWORD_DESCRIBE, KEYWORD_EXPLAIN,
    KEYWORD_SHOW,   KEYWORD_WITH,    KEYWORD_QUALIFY,   KEYWORD_WINDOW,   KEYWORD_SUMMARIZE, KEYWORD_PRAGMA,   KEYWORD_COPY,
    KEYWORD_PIVOT,  KEYWORD_UNPIVOT, KEYWORD_DISTINCT,  KEYWORD_BETWEEN,  KEYWORD_CASE,      KEYWORD_WHEN,     KEYWORD_THEN,
    KEYWORD_COMMIT, KEYWORD_BEGIN,   KEYWORD_ROLLBACK,  KEYWORD_TRUNCATE, KEYWORD_RETURNING,
};

static string_view suggestion_name(const void *data, size_t index)
{
    (void)data;
    return keyword_text((sql_keyword)suggested[index]);
}

/* Add "did you mean" when a word is near a keyword: the one that was found, else the one before it, which may have been taken for an
 * alias (SELECT a FORM t fails at t). Two letters are too few to say. */
static void suggest_keyword(parser *p)
{
    for (uint32_t back = 0; back < 2 && back <= p->at; back++) {
        const token *token = &p->tokens[p->at - back];
        string_view word = string_view_slice(p->text, token->begin, token->end);
        char before[BP_ERROR_MESSAGE_SIZE];

        if (token->kind != TOKEN_WORD || token->word != NO_KEYWORD || word.size < 3 || word.size > 16) continue;
        memcpy(before, p->err->message, sizeof before);
        error_suggest(p->err, word, suggestion_name, NULL, ARRAY_LENGTH(suggested));
        if (strcmp(before, p->err->message) == 0) continue;
        if (back) p->err->position = token->begin;
        return;
    }
}

bool failed_expected(parser *p, const char *expected)
{
    const token *found = peek(p);
    string_view text = string_view_slice(p->text, found->begin, found->end);

    if (found->kind == TOKEN_END)
        p->status =
            error_set_at(p->err, BP_SYNTAX_ERROR, found->begin, "syntax error at the end of the statement: expected %s", expected);
    else
        p->status = error_set_at(p->err, BP_SYNTAX_ERROR, found->begin, "syntax error at \"%.*s%s\": expected %s",
                                 text.size > 60 ? 57 : STRING_ARGUMENTS(text), text.size > 60 ? "..." : "", expected);
    if (p->err) suggest_keyword(p);
    return false;
}

step unexpected(parser *p, const char *expected)
{
    failed_expected(p, expected);
    return STEP_FAIL;
}

step fail_at(parser *p, size_t position, bp_status status, const char *format, ...)
{
    char message[256];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    p->status = error_set_at(p->err, status, position, "%s", message);
    return STEP_FAIL;
}

step fail_internal(parser *p)
{
    p->status = ERROR_INTERNAL(p->err, "a grammar rule was resumed where it does not wait");
    return STEP_FAIL;
}

/* Tokens ----------------------------------------------------------------------------------------------------------------------- */
static bool token_is_word(const parser *p, const token *token, const char *word)
{
    return token->kind == TOKEN_WORD &&
           string_equal_nocase(string_view_slice(p->text, token->begin, token->end), string_view_of(word));
}

bool next_is_word(const parser *p, const char *word)
{
    return token_is_word(p, peek(p), word);
}

bool accept_word(parser *p, const char *word)
{
    if (!next_is_word(p, word)) return false;
    p->at++;
    return true;
}

bool is_name(const token *token)
{
    if (token->kind != TOKEN_WORD) return token->kind == TOKEN_QUOTED;
    return token->word == NO_KEYWORD || keyword_class_of((sql_keyword)token->word) <= KEYWORD_COLUMN_CLASS;
}

bool is_function_name(const token *token)
{
    if (token->kind != TOKEN_WORD) return token->kind == TOKEN_QUOTED;
    return token->word == NO_KEYWORD || keyword_class_of((sql_keyword)token->word) != KEYWORD_RESERVED;
}

bool is_label(const token *token)
{
    return token->kind == TOKEN_WORD || token->kind == TOKEN_QUOTED;
}

bool is_bare_alias(const token *token)
{
    if (!is_name(token)) return false;
    if (token->kind == TOKEN_QUOTED) return true;
    switch (token->word) {
    case KEYWORD_SET:
    case KEYWORD_OVER:
    case KEYWORD_FILTER:
    case KEYWORD_WITHIN:
    case KEYWORD_IGNORE:
    case KEYWORD_RESPECT:
    case KEYWORD_ESCAPE: return false;
    default: return true;
    }
}

static const char *kind_text(unsigned kind)
{
    switch (kind) {
    case '(': return "\"(\"";
    case ')': return "\")\"";
    case ']': return "\"]\"";
    case '}': return "\"}\"";
    case '{': return "\"{\"";
    case '[': return "\"[\"";
    case ',': return "\",\"";
    case ':': return "\":\"";
    case '.': return "\".\"";
    case TOKEN_INTEGER: return "an integer";
    case TOKEN_STRING: return "a string in single quotes";
    default: return "another token";
    }
}

bool expect(parser *p, unsigned kind)
{
    return accept(p, kind) || failed_expected(p, kind_text(kind));
}

bool expect_keyword(parser *p, sql_keyword keyword)
{
    return accept_keyword(p, keyword) || failed_expected(p, keyword_text(keyword).data);
}

bool expect_operator(parser *p, syntax_operator operator)
{
    return accept_operator(p, operator) || failed_expected(p, syntax_operator_text(operator));
}

bool expect_name(parser *p, uint32_t *index, const char *what)
{
    if (!is_name(peek(p))) return failed_expected(p, what);
    *index = p->at++;
    return true;
}

bool expect_label(parser *p, uint32_t *index, const char *what)
{
    if (!is_label(peek(p))) return failed_expected(p, what);
    *index = p->at++;
    return true;
}

bool at_list_end(const parser *p)
{
    const token *next = peek(p);

    switch (next->kind) {
    case TOKEN_END:
    case ')':
    case ']':
    case '}': return true;
    case TOKEN_WORD: break;
    default: return false;
    }
    switch (next->word) {
    case KEYWORD_FROM:
    case KEYWORD_WHERE:
    case KEYWORD_GROUP:
    case KEYWORD_HAVING:
    case KEYWORD_WINDOW:
    case KEYWORD_QUALIFY:
    case KEYWORD_ORDER:
    case KEYWORD_LIMIT:
    case KEYWORD_OFFSET:
    case KEYWORD_FETCH:
    case KEYWORD_UNION:
    case KEYWORD_INTERSECT:
    case KEYWORD_EXCEPT:
    case KEYWORD_USING:
    case KEYWORD_SELECT:
    case KEYWORD_RETURNING: return true;
    default: return false;
    }
}

bool query_at(const parser *p, uint32_t index)
{
    const token *token = &p->tokens[index];

    if (token->kind != TOKEN_WORD) return false;
    switch (token->word) {
    case KEYWORD_SELECT:
    case KEYWORD_FROM:
    case KEYWORD_WITH:
    case KEYWORD_DESCRIBE:
    case KEYWORD_DESC:
    case KEYWORD_SUMMARIZE:
    case KEYWORD_SHOW:
    case KEYWORD_PIVOT:
    case KEYWORD_UNPIVOT: return true;
    case KEYWORD_VALUES: return token[1].kind == '(';
    case KEYWORD_TABLE: return is_name(token + 1);
    default: return false;
    }
}

/* What may stand behind a bracket that holds a query, inside a bracket that then holds one too. */
static bool goes_on_as_query(const token *token)
{
    if (token->kind == ')') return true;
    if (token->kind != TOKEN_WORD) return false;
    switch (token->word) {
    case KEYWORD_UNION:
    case KEYWORD_INTERSECT:
    case KEYWORD_EXCEPT:
    case KEYWORD_ORDER:
    case KEYWORD_LIMIT:
    case KEYWORD_OFFSET:
    case KEYWORD_FETCH: return true;
    default: return false;
    }
}

bool opens_query(const parser *p, uint32_t index)
{
    uint32_t inner = index;

    while (p->tokens[inner].kind == '(' && inner - index <= LIMIT_EXPRESSION_DEPTH) inner++;
    if (inner == index || !query_at(p, inner)) return false;
    for (uint32_t i = inner - 1; i > index; i--) { /* ((SELECT 1) + 1): the outer bracket holds no query */
        uint32_t match = p->tokens[i].match;

        if (match <= i || !goes_on_as_query(&p->tokens[match + 1])) return false;
    }
    return true;
}

/* Entry ------------------------------------------------------------------------------------------------------------------------ */
static bp_status check_size(string_view text, bp_error *err)
{
    if (text.size <= LIMIT_SQL_SIZE) return BP_OK;
    return error_set_at(err, BP_LIMIT, LIMIT_SQL_SIZE, "the SQL text has %zu bytes; at most %d are allowed", text.size,
                        LIMIT_SQL_SIZE);
}

/* A tree with node 0, its text in the arena. The first arrays are sized by the text, so most trees never grow theirs. */
static bp_status tree_new(syntax **out, parser *p, string_view text, uint32_t token_count)
{
    syntax *tree = arena_new(p->arena, syntax);

    if (!tree) goto no_memory;
    tree->source = arena_copy(p->arena, text);
    if (!tree->source.data) goto no_memory;
    tree->node_capacity = (token_count < 65536 ? token_count : 65536) + 8;
    tree->link_capacity = tree->node_capacity + 8;
    tree->nodes = arena_allocate(p->arena, tree->node_capacity * sizeof *tree->nodes);
    tree->links = arena_allocate(p->arena, tree->link_capacity * sizeof *tree->links);
    if (!tree->nodes || !tree->links) goto no_memory;
    tree->nodes[0] = (syntax_node){.kind = SYNTAX_NONE};
    tree->node_count = 1;
    *out = tree;
    return BP_OK;
no_memory:
    fail_memory(p, text.size + token_count * (sizeof *tree->nodes + sizeof *tree->links));
    return p->status;
}

static bp_status parse(syntax **out, arena *arena, string_view text, size_t *consumed, rule rule, bp_error *err)
{
    token tokens[INLINE_TOKENS];
    frame frames[INLINE_FRAMES];
    syntax_id values[INLINE_VALUES];
    pending pendings[INLINE_PENDING];
    token_list list = {.tokens = tokens, .capacity = INLINE_TOKENS};
    bp_error local;
    parser p = {.arena = arena,
                .err = err ? err : &local,
                .frames = frames,
                .frame_capacity = INLINE_FRAMES,
                .values = values,
                .value_capacity = INLINE_VALUES,
                .pendings = pendings,
                .pending_capacity = INLINE_PENDING};
    bp_status status;

    *out = NULL;
    if (consumed) *consumed = text.size;
    if ((status = check_size(text, p.err))) return status;
    status = lexer_run(&list, arena, text, p.err);
    if (consumed) *consumed = list.consumed;
    if (status) return status;
    if ((status = tree_new(&p.tree, &p, string_view_slice(text, 0, list.consumed), list.count))) return status;
    p.text = p.tree->source;
    p.tokens = list.tokens;
    if (list.count > 1 || rule != RULE_STATEMENT) {
        if ((status = run(&p, rule))) return status;
        if (!next_is_kind(&p, TOKEN_END)) {
            unexpected(&p, "an operator, a further clause, or the end of the statement");
            return p.status;
        }
        p.tree->root = p.values[0];
    }
    *out = p.tree;
    return BP_OK;
}

bp_status sql_parse_statement(syntax **out, arena *arena, string_view text, size_t *consumed, bp_error *err)
{
    return parse(out, arena, text, consumed, RULE_STATEMENT, err);
}

bp_status sql_parse_expression(syntax **out, arena *arena, string_view text, bp_error *err)
{
    size_t consumed;
    bp_status status = parse(out, arena, text, &consumed, RULE_EXPRESSION, err);

    if (status == BP_OK && consumed > 0 && text.data[consumed - 1] == ';') {
        *out = NULL;
        return error_set_at(err, BP_SYNTAX_ERROR, consumed - 1, "syntax error at \";\": expected one expression");
    }
    return status;
}
