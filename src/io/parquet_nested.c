/* Lists, maps and structs from the levels of their leaves.
 *
 * A leaf has an entry for each of its values, and for each list or struct above it that is NULL or empty: a definition level (how far down the path
 * there is something) and a repetition level (the list that goes on; 0: a new row). An entry is a slot of a node when it begins one of the elements
 * that the node is in: its repetition level is at most that of the innermost list around the node, and its definition level says that the element is there.
 *
 *   leaf       slot -> value, when the definition level is the leaf's highest
 *   STRUCT     slot -> there, when the definition level reaches the struct's; slots of its first leaf
 *   LIST       slot -> offset and size; elements are the slots of what is in it
 *
 * Leaves of one struct could disagree in a damaged file; lengths are compared. */
#include "parquet_internal.h"

static bp_status disagree(bp_error *err)
{
    return error_set(err, BP_BAD_FORMAT, "its levels do not fit those of the columns beside it");
}

/* Reading levels -------------------------------------------------------------------------------------------------------------------- */
static bp_status grow(memory *memory, void **block, size_t *capacity, size_t wanted, bp_error *err)
{
    size_t size = *capacity * 2 > wanted ? *capacity * 2 : wanted + 1024;
    void *larger;

    if (wanted <= *capacity) return BP_OK;
    if (!(larger = memory_resize(memory, *block, *capacity, size))) return error_no_memory(err, memory, size);
    *block = larger;
    *capacity = size;
    return BP_OK;
}

static bp_status grow_levels(parquet_reader *reader, size_t wanted, bp_error *err)
{
    size_t size = reader->level_capacity * 2 > wanted ? reader->level_capacity * 2 : wanted + 1024;
    uint8_t *definitions, *repetitions;

    if (wanted <= reader->level_capacity) return BP_OK;
    definitions = memory_allocate(reader->memory, size);
    repetitions = memory_allocate(reader->memory, size);
    if (!definitions || !repetitions) {
        memory_free(reader->memory, definitions, size);
        memory_free(reader->memory, repetitions, size);
        return error_no_memory(err, reader->memory, size);
    }
    if (reader->level_count) {
        memcpy(definitions, reader->definition_levels, reader->level_count);
        memcpy(repetitions, reader->repetition_levels, reader->level_count);
    }
    memory_free(reader->memory, reader->definition_levels, reader->level_capacity);
    memory_free(reader->memory, reader->repetition_levels, reader->level_capacity);
    reader->definition_levels = definitions;
    reader->repetition_levels = repetitions;
    reader->level_capacity = size;
    return BP_OK;
}

/* The next levels of the page, up to PARQUET_AHEAD. */
static bp_status refill(parquet_reader *reader, bp_error *err)
{
    const parquet_leaf *leaf = reader->leaf;
    size_t count = reader->page_left < PARQUET_AHEAD ? (size_t)reader->page_left : PARQUET_AHEAD;
    uint8_t *repetitions;

    if (!reader->ahead && !(reader->ahead = memory_allocate(reader->memory, PARQUET_AHEAD_BYTES)))
        return error_no_memory(err, reader->memory, PARQUET_AHEAD_BYTES);
    repetitions = reader->ahead + PARQUET_AHEAD;
    if (leaf->max_definition == 0)
        memset(reader->ahead, 0, count);
    else if (!parquet_runs_read_bytes(&reader->definitions, reader->ahead, count))
        return error_set(err, BP_BAD_FORMAT, "it has fewer definition levels than values");
    if (leaf->max_repetition == 0)
        memset(repetitions, 0, count);
    else if (!parquet_runs_read_bytes(&reader->repetitions, repetitions, count))
        return error_set(err, BP_BAD_FORMAT, "it has fewer repetition levels than values");
    for (size_t i = 0; i < count; i++)
        if (reader->ahead[i] > leaf->max_definition || repetitions[i] > leaf->max_repetition)
            return error_set(err, BP_BAD_FORMAT, "it has a level that its column cannot have");
    reader->ahead_at = 0;
    reader->ahead_count = count;
    reader->page_left -= count;
    return BP_OK;
}

/* Take over `count` levels and read their values. */
static bp_status take_levels(parquet_reader *reader, const parquet_target *target, size_t count, bp_error *err)
{
    const uint8_t *definitions = reader->ahead + reader->ahead_at;
    size_t dense = 0, width = reader->leaf->width, before = reader->dense_count;
    bp_status status;

    if (count == 0) return BP_OK;
    for (size_t i = 0; i < count; i++) dense += definitions[i] == reader->leaf->max_definition;
    if (target) {
        if ((status = grow_levels(reader, reader->level_count + count, err))) return status;
        memcpy(reader->definition_levels + reader->level_count, definitions, count);
        memcpy(reader->repetition_levels + reader->level_count, definitions + PARQUET_AHEAD, count);
        reader->level_count += count;
        if ((status = grow(reader->memory, &reader->dense, &reader->dense_capacity,
                           width ? (before + dense) * width + 16 : bitmap_words(before + dense) * 8 + 16, err)))
            return status;
        status = parquet_values_read(reader, target, dense, (char *)reader->dense + before * width, width ? 0 : before, err);
        reader->dense_count += dense;
    } else {
        status = parquet_values_skip(reader, dense, err);
    }
    reader->ahead_at += count;
    return status;
}

/* Levels and values of the next `rows` rows; without a target they are passed over. A row may go on in the next page. */
static bp_status read_rows(parquet_reader *reader, const parquet_target *target, size_t rows, bp_error *err)
{
    uint64_t skipped;
    size_t found = 0;
    bp_status status;

    reader->level_count = 0;
    reader->dense_count = 0;
    for (;;) {
        const uint8_t *repetitions;
        size_t at;
        if (reader->ahead_at == reader->ahead_count) {
            if (reader->page_left == 0) {
                if (reader->values_seen == reader->chunk.value_count && found == rows) break;
                if ((status = parquet_page_next(reader, 0, &skipped, err))) return status;
            }
            if ((status = refill(reader, err))) return status;
        }
        repetitions = reader->ahead + PARQUET_AHEAD;
        if (found == 0 && repetitions[reader->ahead_at] != 0)
            return error_set(err, BP_BAD_FORMAT, "it begins in the midst of a row");
        for (at = reader->ahead_at; at < reader->ahead_count; at++) {
            if (repetitions[at] == 0 && found == rows) break;
            found += repetitions[at] == 0;
        }
        if ((status = take_levels(reader, target, at - reader->ahead_at, err))) return status;
        if (at < reader->ahead_count) break;
    }
    reader->row += rows;
    return BP_OK;
}

bp_status parquet_nested_settle(parquet_reader *reader, bp_error *err)
{
    uint64_t skipped;
    bp_status status;

    while (reader->skip) {
        size_t rows = reader->skip < 1024 ? (size_t)reader->skip : 1024;
        if (reader->page_left == 0 && reader->ahead_at == reader->ahead_count) {
            if ((status = parquet_page_next(reader, reader->skip, &skipped, err))) return status;
            reader->skip -= skipped;
            reader->row += skipped;
            if (reader->page_left == 0) continue;
        }
        if ((status = read_rows(reader, NULL, rows, err))) return status;
        reader->skip -= rows;
    }
    return BP_OK;
}

/* Assembly ---------------------------------------------------------------------------------------------------------------------------- */
typedef struct assembly {
    const parquet_footer *footer;
    parquet_reader *readers; /* of the leaves from first_leaf on */
    uint32_t first_leaf;
    const parquet_target *target;
} assembly;

/* The innermost list around a node. */
typedef struct around {
    uint8_t definition, repetition;
} around;

static inline bool is_slot(const parquet_reader *reader, size_t entry, around in)
{
    return reader->repetition_levels[entry] <= in.repetition && reader->definition_levels[entry] >= in.definition;
}

static size_t count_slots(const parquet_reader *reader, around in)
{
    size_t count = 0;

    for (size_t i = 0; i < reader->level_count; i++) count += is_slot(reader, i, in);
    return count;
}

/* Which slots reach the level; NULL in *out when all do. */
static bp_status validity_of(const assembly *self, const parquet_reader *reader, around in, uint8_t definition, size_t slots,
                             uint64_t **out, bp_error *err)
{
    uint64_t *bits = arena_allocate(self->target->arena, bitmap_words(slots) * 8 + 8);
    size_t at = 0, there = 0;

    if (!bits) return error_no_memory(err, self->target->arena->memory, slots / 8);
    memset(bits, 0, bitmap_words(slots) * 8 + 8);
    for (size_t i = 0; i < reader->level_count; i++) {
        if (!is_slot(reader, i, in)) continue;
        if (reader->definition_levels[i] >= definition) {
            bitmap_set(bits, at);
            there++;
        }
        at++;
    }
    *out = there == slots ? NULL : bits;
    return BP_OK;
}

static bp_status leaf_values(const assembly *self, const parquet_node *node, around in, column *out, bp_error *err)
{
    const parquet_reader *reader = &self->readers[node->first_leaf - self->first_leaf];
    const parquet_leaf *leaf = reader->leaf;
    size_t slots = count_slots(reader, in), size = leaf->width ? slots * leaf->width : bitmap_words(slots) * 8 + 8;
    size_t held = leaf->width ? reader->dense_count * leaf->width : bitmap_words(reader->dense_count) * 8;
    void *values = arena_allocate_aligned(self->target->arena, size + 16, 64);
    uint64_t *validity;
    bp_status status;

    if (!values) return error_no_memory(err, self->target->arena->memory, size);
    if ((status = validity_of(self, reader, in, leaf->max_definition, slots, &validity, err))) return status;
    if (reader->dense_count > slots) return disagree(err);
    if (held) memcpy(values, reader->dense, held);
    if (validity) parquet_spread(values, leaf->width, validity, 0, slots, reader->dense_count);
    *out = (column){.type = node->type, .length = slots, .values = values, .validity = validity, .owner = self->target->owner};
    return BP_OK;
}

static bp_status list_entries(const assembly *self, const parquet_node *node, around in, list_entry *entries, size_t *elements,
                              bp_error *err)
{
    const parquet_reader *reader = &self->readers[node->first_leaf - self->first_leaf];
    around inside = {node->element_definition, node->element_repetition};
    size_t at = 0;

    (void)self;
    *elements = 0;
    for (size_t i = 0; i < reader->level_count; i++) {
        if (is_slot(reader, i, in)) entries[at++] = (list_entry){(uint32_t)*elements, 0};
        if (!is_slot(reader, i, inside)) continue;
        if (at == 0) return disagree(err);
        entries[at - 1].size++;
        if (++*elements > UINT32_MAX) return error_set(err, BP_LIMIT, "the lists of a batch have over 4 billion elements");
    }
    return BP_OK;
}

static bp_status assemble(const assembly *self, uint32_t id, around in, column *out, bp_error *err);

static bp_status list_values(const assembly *self, const parquet_node *node, around in, column *out, bp_error *err)
{
    const parquet_reader *reader = &self->readers[node->first_leaf - self->first_leaf];
    size_t slots = count_slots(reader, in), elements;
    list_entry *entries = arena_allocate_array(self->target->arena, slots + 1, sizeof *entries);
    column *child = arena_new(self->target->arena, column);
    uint64_t *validity;
    bp_status status;

    if (!entries || !child) return error_no_memory(err, self->target->arena->memory, slots * sizeof *entries);
    if ((status = validity_of(self, reader, in, node->definition, slots, &validity, err))) return status;
    if ((status = list_entries(self, node, in, entries, &elements, err))) return status;
    if ((status = assemble(self, node->children[0], (around){node->element_definition, node->element_repetition}, child, err)))
        return status;
    if (child->length != elements) return disagree(err);
    *out = (column){.type = node->type,
                    .length = slots,
                    .values = entries,
                    .validity = validity,
                    .children = child,
                    .child_count = 1,
                    .owner = self->target->owner};
    return BP_OK;
}

static bp_status struct_values(const assembly *self, const parquet_node *node, around in, column *out, bp_error *err)
{
    const parquet_reader *reader = &self->readers[node->first_leaf - self->first_leaf];
    size_t slots = count_slots(reader, in);
    column *children = arena_new_array(self->target->arena, column, node->child_count);
    uint64_t *validity;
    bp_status status;

    if (!children) return error_no_memory(err, self->target->arena->memory, node->child_count * sizeof *children);
    if ((status = validity_of(self, reader, in, node->definition, slots, &validity, err))) return status;
    for (size_t i = 0; i < node->child_count; i++) {
        if ((status = assemble(self, node->children[i], in, &children[i], err))) return status;
        if (children[i].length != slots) return disagree(err);
    }
    *out = (column){.type = node->type,
                    .length = slots,
                    .validity = validity,
                    .children = children,
                    .child_count = node->child_count,
                    .owner = self->target->owner};
    return BP_OK;
}

/* As deep as the schema, which LIMIT_TYPE_DEPTH bounds. */
static bp_status assemble(const assembly *self, uint32_t id, around in, column *out, bp_error *err)
{
    const parquet_node *node = &self->footer->nodes[id];

    switch (node->kind) {
    case PARQUET_NODE_LIST: return list_values(self, node, in, out, err);
    case PARQUET_NODE_STRUCT: return struct_values(self, node, in, out, err);
    default: return leaf_values(self, node, in, out, err);
    }
}

bp_status parquet_nested_read(const parquet_footer *footer, uint32_t node, parquet_reader *readers, const parquet_target *target,
                              size_t rows, column *out, bp_error *err)
{
    const parquet_node *top = &footer->nodes[node];
    assembly self = {.footer = footer, .readers = readers, .first_leaf = top->first_leaf, .target = target};
    bp_status status;

    for (size_t i = 0; i < top->leaf_count; i++) {
        if ((status = parquet_nested_settle(&readers[i], err)) || (status = read_rows(&readers[i], target, rows, err)))
            return parquet_reader_blame(&readers[i], status, err);
    }
    if ((status = assemble(&self, node, (around){0, 0}, out, err)) || out->length != rows)
        return parquet_reader_blame(&readers[0], status ? status : disagree(err), err);
    return BP_OK;
}
