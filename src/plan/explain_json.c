/* EXPLAIN (FORMAT json): an array of the plan's root, each node an object with its children.
 *
 *   [{"id": 3, "name": "FILTER", "details": "where x > 1", "estimated_rows": 30.0, "rows": 28, "milliseconds": 0.012, "children": [ … ]}]
 *
 * rows and milliseconds are there when the query has run. A node that several parents share is told in full once; where it comes again, its id stands for it
 * ("again": true). */
#include "base/json.h"
#include "explain_internal.h"

typedef struct json_plan {
    const plan *plan;
    json_writer writer;
    builder details; /* reused */
    plan_figures figures;
    void *data;
} json_plan;

static void write_text(json_writer *writer, const char *key, string_view text)
{
    json_write_key(writer, string_view_of(key));
    json_write_string(writer, text);
}

static void write_node(json_plan *out, plan_id id)
{
    const plan_node *node = plan_at(out->plan, id);
    plan_figure did;

    out->details.size = 0; /* no reset: a failure is remembered until somebody looks at the status */
    explain_details(out->plan, &out->details, node);
    write_text(&out->writer, "details", string_trim(builder_view(&out->details)));
    if (node->row_estimate >= 0) {
        json_write_key(&out->writer, STRING_VIEW("estimated_rows"));
        json_write_double(&out->writer, node->row_estimate);
    }
    if (!out->figures) return;
    out->figures(out->data, id, &did);
    json_write_key(&out->writer, STRING_VIEW("rows"));
    json_write_uint64(&out->writer, did.rows);
    json_write_key(&out->writer, STRING_VIEW("milliseconds"));
    json_write_double(&out->writer, (double)did.nanoseconds / 1e6);
    if (did.spilled_bytes == 0) return;
    json_write_key(&out->writer, STRING_VIEW("spilled_bytes"));
    json_write_uint64(&out->writer, did.spilled_bytes);
    json_write_key(&out->writer, STRING_VIEW("spilled_parts"));
    json_write_uint64(&out->writer, did.spilled_parts);
}

typedef struct open_node {
    plan_id id;
    size_t next_child;
} open_node;

/* Depth first without recursion: the open nodes are those between the root and the one that is written. */
static void write_nodes(json_plan *out, open_node *open, bool *told)
{
    json_writer *writer = &out->writer;
    plan_id next = out->plan->root;
    size_t depth = 0;

    while ((next || depth) && out->writer.out->status == BP_OK) {
        if (next) {
            json_write_object_begin(writer);
            json_write_key(writer, STRING_VIEW("id"));
            json_write_uint64(writer, next);
            write_text(writer, "name", explain_name(plan_at(out->plan, next)));
            if (told[next]) {
                json_write_key(writer, STRING_VIEW("again"));
                json_write_bool(writer, true);
                json_write_object_end(writer);
                next = 0;
                continue;
            }
            told[next] = true;
            write_node(out, next);
            json_write_key(writer, STRING_VIEW("children"));
            json_write_array_begin(writer);
            open[depth++] = (open_node){next, 0};
        }
        open_node *top = &open[depth - 1];
        for (next = 0; !next && top->next_child < 2;) next = plan_at(out->plan, top->id)->children[top->next_child++];
        if (next) continue;
        json_write_array_end(writer);
        json_write_object_end(writer);
        depth--;
    }
}

bp_status plan_explain_json(const plan *plan, builder *out, plan_figures figures, void *data, bp_error *err)
{
    memory *memory = plan->context->memory;
    size_t count = plan->node_count;
    open_node *open = memory_allocate_array(memory, count, sizeof *open);
    bool *told = memory_allocate_zeroed(memory, count * sizeof *told);
    json_plan writing = {.plan = plan, .figures = figures, .data = data};
    bp_status status;

    builder_init(&writing.details, memory, out->limit);
    if (!open || !told) {
        status = error_no_memory(err, memory, count * sizeof *open);
        goto done;
    }
    json_writer_init(&writing.writer, out, 2);
    json_write_array_begin(&writing.writer);
    write_nodes(&writing, open, told);
    json_write_array_end(&writing.writer);
    if (!(status = builder_status(&writing.details, err))) status = builder_status(out, err);
done:
    builder_clear(&writing.details);
    memory_free(memory, told, count * sizeof *told);
    memory_free(memory, open, count * sizeof *open);
    return status;
}
