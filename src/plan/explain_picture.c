/* EXPLAIN (FORMAT svg) and (FORMAT html): the plan drawn as a tree of boxes, the root on top.
 *
 *     +-----------------+   A box has the node's name, the beginning of its details (all of them when the pointer rests on it) and, when the query has run,
 *     | JOIN            |   its rows and time, with a bar for its share of all time. Leaves stand side by side; a parent stands in the middle above its
 *     | INNER on a = b  |   children. A node that several parents share stands under the first, and lines lead to it from all.
 *     | 10 rows  0.1 ms |
 *     +-----------------+   The page is whole in itself: no script, no font, nothing to fetch. */
#include "explain_internal.h"

enum { BOX_WIDTH = 250, BOX_HEIGHT = 78, GAP_ACROSS = 24, GAP_DOWN = 34, MARGIN = 12, LINE_LETTERS = 36 };

typedef struct place {
    plan_id parent; /* the first of them, when several share the node: it stands below that one */
    uint32_t depth;
    uint32_t x; /* of the box's middle, in half boxes: the first leaf has 1, the second 3 */
    bool seen, placed;
} place;

typedef struct picture {
    const plan *plan;
    builder *out;
    builder details; /* reused */
    plan_figures figures;
    void *data;
    place *places; /* by node */
    plan_id *order; /* nodes, children before parents */
    size_t count;
    uint32_t leaves, depth_most;
    uint64_t nanoseconds; /* of all nodes */
} picture;

/* placing ----------------------------------------------------------------------------------------------------------------------------------------- */
static void place_node(picture *picture, plan_id id)
{
    const plan_node *node = plan_at(picture->plan, id);
    place *place = &picture->places[id];
    uint32_t sum = 0, children = 0;

    for (size_t i = 0; i < 2; i++) {
        if (!node->children[i] || picture->places[node->children[i]].parent != id) continue;
        sum += picture->places[node->children[i]].x;
        children++;
    }
    place->x = children ? sum / children : 2 * picture->leaves++ + 1;
    place->placed = true;
    picture->order[picture->count++] = id;
}

/* Depth first, with a stack of nodes; a node is placed when its children are. */
static void place_nodes(picture *picture, plan_id *stack)
{
    size_t count = 0;

    stack[count++] = picture->plan->root;
    picture->places[picture->plan->root].seen = true;
    while (count) {
        plan_id id = stack[count - 1], next = 0;
        const plan_node *node = plan_at(picture->plan, id);
        for (size_t i = 0; i < 2 && !next; i++)
            if (node->children[i] && !picture->places[node->children[i]].seen) next = node->children[i];
        if (next) {
            uint32_t depth = picture->places[id].depth + 1;
            picture->places[next] = (place){.parent = id, .depth = depth, .seen = true};
            if (depth > picture->depth_most) picture->depth_most = depth;
            stack[count++] = next;
            continue;
        }
        place_node(picture, id);
        count--;
    }
}

static unsigned middle_of(const place *place)
{
    return MARGIN + place->x * (BOX_WIDTH + GAP_ACROSS) / 2 - GAP_ACROSS / 2;
}

static unsigned top_of(const place *place)
{
    return MARGIN + place->depth * (BOX_HEIGHT + GAP_DOWN);
}

/* drawing ----------------------------------------------------------------------------------------------------------------------------------------- */
/* The text as XML; control characters, which XML does not have, become blanks. */
static void write_escaped(builder *out, string_view text)
{
    for (size_t i = 0; i < text.size; i++) {
        switch (text.data[i]) {
        case '<': builder_literal(out, "&lt;"); break;
        case '>': builder_literal(out, "&gt;"); break;
        case '&': builder_literal(out, "&amp;"); break;
        case '"': builder_literal(out, "&quot;"); break;
        default: builder_byte(out, (unsigned char)text.data[i] < ' ' ? ' ' : text.data[i]);
        }
    }
}

/* Where the code point behind the next `letters` ones begins. */
static size_t letters_end(string_view text, size_t begin, size_t letters)
{
    size_t at = begin;

    for (; at < text.size; at++)
        if (((unsigned char)text.data[at] & 0xc0) != 0x80 && letters-- == 0) break;
    return at;
}

static void draw_line(builder *out, unsigned x, unsigned y, string_view text, bool cut)
{
    builder_format(out, "<text x=\"%u\" y=\"%u\">", x, y);
    write_escaped(out, text);
    if (cut) builder_literal(out, "…");
    builder_literal(out, "</text>\n");
}

/* The first two lines of the details. */
static void draw_details(const picture *picture, unsigned x, unsigned y, string_view details)
{
    size_t begin = 0;

    for (unsigned line = 0; line < 2 && begin < details.size; line++) {
        size_t end = letters_end(details, begin, LINE_LETTERS);
        draw_line(picture->out, x, y + line * 14, string_view_slice(details, begin, end), line == 1 && end < details.size);
        begin = end;
    }
}

static void draw_figures(const picture *picture, plan_id id, unsigned left, unsigned top)
{
    const plan_node *node = plan_at(picture->plan, id);
    plan_figure did;
    builder *out = picture->out;

    if (!picture->figures) {
        if (node->row_estimate >= 0)
            builder_format(out, "<text class=\"figures\" x=\"%u\" y=\"%u\">about %.0f rows</text>\n", left + 10, top + 66,
                           node->row_estimate);
        return;
    }
    picture->figures(picture->data, id, &did);
    builder_format(out, "<text class=\"figures\" x=\"%u\" y=\"%u\">%llu rows, %.3f ms</text>\n", left + 10, top + 66,
                   (unsigned long long)did.rows, (double)did.nanoseconds / 1e6);
    if (picture->nanoseconds)
        builder_format(out, "<rect class=\"share\" x=\"%u\" y=\"%u\" width=\"%.1f\" height=\"4\"/>\n", left, top + BOX_HEIGHT - 4,
                       (double)did.nanoseconds / (double)picture->nanoseconds * (double)BOX_WIDTH);
}

static void draw_box(picture *picture, plan_id id)
{
    const plan_node *node = plan_at(picture->plan, id);
    unsigned left = middle_of(&picture->places[id]) - BOX_WIDTH / 2, top = top_of(&picture->places[id]);
    builder *out = picture->out;
    string_view details;

    picture->details.size = 0; /* no reset: a failure is remembered until somebody looks at the status */
    explain_details(picture->plan, &picture->details, node);
    details = string_trim(builder_view(&picture->details));
    builder_literal(out, "<g><title>");
    write_escaped(out, details);
    builder_format(out, "</title>\n<rect class=\"box\" x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\" rx=\"5\"/>\n", left, top,
                   (unsigned)BOX_WIDTH, (unsigned)BOX_HEIGHT);
    builder_format(out, "<text class=\"name\" x=\"%u\" y=\"%u\">", left + 10, top + 18);
    write_escaped(out, explain_name(node));
    builder_literal(out, "</text>\n");
    draw_details(picture, left + 10, top + 35, details);
    draw_figures(picture, id, left, top);
    builder_literal(out, "</g>\n");
}

static void draw_edges(const picture *picture, plan_id id)
{
    const plan_node *node = plan_at(picture->plan, id);
    const place *from = &picture->places[id];

    for (size_t i = 0; i < 2; i++) {
        const place *to = &picture->places[node->children[i]];
        if (!node->children[i]) continue;
        builder_format(picture->out, "<line x1=\"%u\" y1=\"%u\" x2=\"%u\" y2=\"%u\"/>\n", middle_of(from),
                       top_of(from) + BOX_HEIGHT, middle_of(to), top_of(to));
    }
}

static void draw_svg(picture *picture)
{
    unsigned width = 2 * MARGIN + picture->leaves * (BOX_WIDTH + GAP_ACROSS) - GAP_ACROSS;
    unsigned height = 2 * MARGIN + (picture->depth_most + 1) * (BOX_HEIGHT + GAP_DOWN) - GAP_DOWN;
    builder *out = picture->out;

    builder_format(out,
                   "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" viewBox=\"0 0 %u %u\" role=\"img\">\n",
                   width, height, width, height);
    builder_literal(
        out, "<style>.box{fill:#f8f9fa;stroke:#495057}line{stroke:#868e96}.share{fill:#e8590c}"
             "text{font:11px sans-serif;fill:#343a40}.name{font-weight:bold;font-size:13px}.figures{fill:#1864ab}</style>\n");
    for (size_t i = 0; i < picture->count; i++) draw_edges(picture, picture->order[i]);
    for (size_t i = picture->count; i-- > 0 && out->status == BP_OK;) draw_box(picture, picture->order[i]);
    builder_literal(out, "</svg>\n");
}

static void add_times(picture *picture)
{
    plan_figure did;

    for (size_t i = 0; picture->figures && i < picture->count; i++) {
        picture->figures(picture->data, picture->order[i], &did);
        picture->nanoseconds += did.nanoseconds;
    }
}

bp_status plan_explain_picture(const plan *plan, builder *out, bool page, plan_figures figures, void *data, bp_error *err)
{
    memory *memory = plan->context->memory;
    size_t count = plan->node_count;
    picture drawn = {.plan = plan, .out = out, .figures = figures, .data = data};
    plan_id *stack = memory_allocate_array(memory, count, sizeof *stack);
    bp_status status;

    drawn.places = memory_allocate_zeroed(memory, count * sizeof *drawn.places);
    drawn.order = memory_allocate_array(memory, count, sizeof *drawn.order);
    builder_init(&drawn.details, memory, out->limit);
    if (!stack || !drawn.places || !drawn.order) {
        status = error_no_memory(err, memory, count * sizeof *drawn.places);
        goto done;
    }
    place_nodes(&drawn, stack);
    add_times(&drawn);
    if (page)
        builder_literal(
            out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>Query plan</title></head>\n<body>\n");
    draw_svg(&drawn);
    if (page) builder_literal(out, "</body>\n</html>\n");
    if (!(status = builder_status(&drawn.details, err))) status = builder_status(out, err);
done:
    builder_clear(&drawn.details);
    memory_free(memory, drawn.order, count * sizeof *drawn.order);
    memory_free(memory, drawn.places, count * sizeof *drawn.places);
    memory_free(memory, stack, count * sizeof *stack);
    return status;
}
