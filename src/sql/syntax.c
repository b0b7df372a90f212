/* Names of kinds and operators, and comparing trees. */
#include "syntax.h"

static const char *const kind_names[SYNTAX_KIND_COUNT] = {
#define KIND(name, levels, text) #name,
#include "syntax.def"
#undef KIND
};
static const char *const operator_texts[OPERATOR_COUNT] = {
    "",
#define OPERATOR(name, text, precedence, prefix) text,
#include "operators.def"
#undef OPERATOR
};

const char *syntax_kind_name(syntax_kind kind)
{
    return kind < SYNTAX_KIND_COUNT ? kind_names[kind] : "?";
}

const char *syntax_operator_text(syntax_operator operator)
{
    return operator < OPERATOR_COUNT ? operator_texts[operator] : "?";
}

static bool same_node(const syntax_node *left, const syntax_node *right)
{
    return left->kind == right->kind && left->option == right->option && left->flags == right->flags &&
           left->count == right->count && string_equal(left->text, right->text);
}

/* Append the ids of a node's children in both trees. */
static bool push_children(builder *pairs, const syntax *left, syntax_id left_id, const syntax *right, syntax_id right_id)
{
    for (uint32_t i = 0; i < syntax_at(left, left_id)->count; i++) {
        syntax_id pair[2] = {syntax_child(left, left_id, i), syntax_child(right, right_id, i)};

        if ((pair[0] || pair[1]) && !builder_append(pairs, pair, sizeof pair)) return false;
    }
    return true;
}

bp_status syntax_equal(bool *out, const syntax *left, syntax_id left_id, const syntax *right, syntax_id right_id, memory *memory,
                       bp_error *err)
{
    builder pairs;
    syntax_id pair[2] = {left_id, right_id};
    bp_status status;

    *out = true;
    builder_init(&pairs, memory, SIZE_MAX);
    builder_append(&pairs, pair, sizeof pair);
    while (pairs.size && *out && pairs.status == BP_OK) {
        pairs.size -= sizeof pair;
        memcpy(pair, pairs.data + pairs.size, sizeof pair);
        *out = same_node(syntax_at(left, pair[0]), syntax_at(right, pair[1]));
        if (*out) push_children(&pairs, left, pair[0], right, pair[1]);
    }
    status = builder_status(&pairs, err);
    builder_clear(&pairs);
    return status;
}
