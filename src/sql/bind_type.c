/* Types as they are written in casts and CREATE TABLE: printed back to text and read by the one parser of type names. */
#include "binder.h"

bp_status bind_type(data_type *out, binder *binder, syntax_id type, bp_error *err)
{
    builder text;
    bp_status status;

    builder_init(&text, binder->context->memory, LIMIT_SQL_SIZE);
    if (!(status = syntax_print(&text, binder->tree, type, err))) status = type_parse(out, binder->arena, builder_view(&text), err);
    if (status && err) err->position = syntax_at(binder->tree, type)->begin;
    builder_clear(&text);
    return status;
}
