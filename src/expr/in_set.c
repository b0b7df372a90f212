/* The right side of IN: literals in a small hash table (open addressing, rows of one FLAT column), or, up to eight of them, compared one by one
 * with the whole needle column, which is faster. x IN (a, NULL) is NULL where x is no member; so is NULL IN (…). */
#include "evaluate_internal.h"

#include "base/error.h"
#include "base/hash.h"
#include "column/concatenate.h"

#define FEW 8

struct in_set {
    column values; /* FLAT, without NULLs */
    bool has_null;
    uint32_t *table; /* row + 1, or 0; NULL: compare one by one */
    size_t mask;
};

static uint64_t hash_row(const column *column, size_t row)
{
    size_t width = physical_width(type_physical(column->type));
    const char *at = (const char *)column->values + row * width;
    uint64_t bits = 0;

    switch (type_physical(column->type)) {
    case PHYSICAL_STRING: {
        const string_ref *ref = (const string_ref *)(const void *)at;
        return hash_bytes(string_ref_data(ref), ref->size);
    }
    case PHYSICAL_FLOAT64: {
        double value;
        memcpy(&value, at, 8);
        return hash_double(value);
    }
    case PHYSICAL_FLOAT32: {
        float value;
        memcpy(&value, at, 4);
        return hash_double((double)value);
    }
    case PHYSICAL_INTERVAL: {
        interval value;
        memcpy(&value, at, sizeof value);
        value = interval_normalize(value);
        return hash_bytes(&value, sizeof value);
    }
    default:
        if (width > 8) return hash_bytes(at, width);
        memcpy(&bits, at, width);
        return hash_uint64(bits);
    }
}

/* Types whose values hash by hash_row(); others compare one by one however many they are. */
static bool hashes(data_type type)
{
    physical_type physical = type_physical(type);

    return physical != PHYSICAL_BIT && physical != PHYSICAL_FLOAT16 && physical != PHYSICAL_NONE && !type_is_nested(type);
}

static bp_status build_table(struct in_set *set, arena *arena, bp_error *err)
{
    size_t count = set->values.length, size = 16;

    while (size < 2 * count) size *= 2;
    set->table = arena_new_array(arena, uint32_t, size);
    if (!set->table) return error_no_memory(err, arena->memory, size * sizeof *set->table);
    set->mask = size - 1;
    for (size_t row = 0; row < count; row++) {
        size_t at = hash_row(&set->values, row) & set->mask;
        while (set->table[at]) at = (at + 1) & set->mask;
        set->table[at] = (uint32_t)row + 1;
    }
    return BP_OK;
}

bp_status in_set_new(struct in_set **out, const expr_pool *pool, const expr_node *node, arena *arena, bp_error *err)
{
    size_t count = node->child_count - 1, kept = 0;
    struct in_set *set = arena_new(arena, struct in_set);
    column *parts = arena_new_array(arena, column, count + 1);
    const column **list = arena_new_array(arena, const column *, count + 1);
    data_type type = expr_type(pool, pool->children[node->child_begin]);
    bp_status status;

    *out = set;
    if (!set || !parts || !list) return error_no_memory(err, arena->memory, count * sizeof *parts);
    for (size_t i = 0; i < count; i++) {
        const column *literal = expr_at(pool, pool->children[node->child_begin + 1 + i])->literal;
        if (column_is_null(literal, 0)) {
            set->has_null = true;
            continue;
        }
        parts[kept] = *literal;
        parts[kept].encoding = COLUMN_FLAT;
        list[kept] = &parts[kept];
        kept++;
    }
    if ((status = column_concatenate(&set->values, type, list, kept, arena, err))) return status;
    return kept > FEW && hashes(type) ? build_table(set, arena, err) : BP_OK;
}

static bool is_member(const struct in_set *set, const column *needle, size_t row)
{
    for (size_t at = hash_row(needle, row) & set->mask; set->table[at]; at = (at + 1) & set->mask)
        if (column_value_equal(&set->values, set->table[at] - 1, needle, row)) return true;
    return false;
}

/* bits |= needle = each value */
static bp_status test_few(const struct in_set *set, const column *needle, uint64_t *bits, size_t rows, arena *arena, bp_error *err)
{
    for (size_t i = 0; i < set->values.length; i++) {
        column one, equal;
        const uint64_t *words;
        bp_status status;
        if ((status = column_slice(&one, &set->values, i, 1, arena, err))) return status;
        one.encoding = COLUMN_CONSTANT;
        one.length = rows;
        if ((status = relation_compare(&equal, COMPARE_EQUAL, needle, &one, rows, arena, err))) return status;
        words = equal.values;
        for (size_t word = 0; word < bitmap_words(rows); word++) bits[word] |= words[word];
    }
    return BP_OK;
}

bp_status in_set_test(column *out, const struct in_set *set, const column *needle, bool negated, size_t rows, arena *arena,
                      bp_error *err)
{
    size_t words = bitmap_words(rows);
    uint64_t *bits = arena_allocate_zeroed(arena, (words + 1) * 16), *validity;
    column flat = *needle;
    bp_status status;

    if (!bits) return error_no_memory(err, arena->memory, words * 16);
    validity = bits + words + 1;
    *out = (column){.type = type_of(TYPE_BOOLEAN), .encoding = COLUMN_FLAT, .length = rows, .values = bits};
    if (needle->type.id == TYPE_NULL || (needle->encoding == COLUMN_CONSTANT && column_is_null(needle, 0))) {
        *out = column_nulls(out->type, rows);
        return BP_OK;
    }
    flat.encoding = COLUMN_FLAT; /* a constant comes with rows = 1 */
    if (!set->table && (status = test_few(set, &flat, bits, rows, arena, err))) return status;
    for (size_t row = 0; set->table && row < rows; row++)
        if (!column_is_null(&flat, row) && is_member(set, &flat, row)) bitmap_set(bits, row);
    out->validity = flat.validity;
    if (set->has_null) {
        /* No member: NULL. */
        for (size_t i = 0; i < words; i++) validity[i] = bits[i] & (flat.validity ? flat.validity[i] : ~(uint64_t)0);
        out->validity = validity;
    }
    if (negated)
        for (size_t i = 0; i < words; i++) bits[i] = ~bits[i];
    return BP_OK;
}
