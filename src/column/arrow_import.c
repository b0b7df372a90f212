/* Arrow in: this version only sends data out. */
#include "arrow.h"

static bp_status no_import(struct ArrowArray *array, bp_error *err)
{
    if (array && array->release) array->release(array);
    return error_set(err, BP_NOT_SUPPORTED, "Arrow data as input: this version does not have it yet; write it as CSV");
}

bp_status arrow_import_schema(schema *out, arena *arena, const struct ArrowSchema *in, bp_error *err)
{
    (void)arena, (void)in;
    *out = (schema){0};
    return no_import(NULL, err);
}

bp_status arrow_import_array(batch *out, region **owner, memory *memory, const schema *schema, struct ArrowArray *in, bp_error *err)
{
    (void)memory, (void)schema;
    *out = (batch){0};
    *owner = NULL;
    return no_import(in, err);
}

bp_status arrow_import_column(column *out, region **owner, memory *memory, const struct ArrowSchema *schema, struct ArrowArray *in,
                              bp_error *err)
{
    (void)memory, (void)schema;
    *out = (column){0};
    *owner = NULL;
    return no_import(in, err);
}

bp_status arrow_import_stream(table **out, memory *memory, struct ArrowArrayStream *in, bp_error *err)
{
    (void)memory;
    *out = NULL;
    if (in->release) in->release(in);
    return no_import(NULL, err);
}
