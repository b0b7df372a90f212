/* Types as they are written in casts and CREATE TABLE: their source text is read by the one parser of type names. */
#include "binder.h"

bp_status bind_type(data_type *out, binder *binder, syntax_id type, bp_error *err)
{
    const syntax_node *node = syntax_at(binder->tree, type);
    bp_status status = type_parse(out, binder->arena, string_view_slice(binder->tree->source, node->begin, node->end), err);

    if (status && err) err->position = node->begin;
    return status;
}
