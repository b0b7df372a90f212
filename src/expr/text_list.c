/* Lists of texts, grown by doubling inside the arena of the call: what is left behind goes when the arena is reset, a batch later. */
#include "text_list.h"

#include "base/error.h"

bp_status text_list_init(text_list *list, arena *arena, size_t rows, bp_error *err)
{
    *list = (text_list){.arena = arena};
    list->rows = arena_allocate_zeroed(arena, (rows + 1) * sizeof *list->rows);
    return list->rows ? BP_OK : error_no_memory(err, arena->memory, rows * sizeof *list->rows);
}

static bp_status grow(text_list *list, bp_error *err)
{
    size_t room = list->capacity ? list->capacity * 2 : 64;
    string_ref *items;
    uint64_t *validity;

    if (list->count < list->capacity) return BP_OK;
    if (room > UINT32_MAX) return error_set(err, BP_OUT_OF_RANGE, "the lists of a batch would hold more than 2^32 texts");
    if (!(items = arena_allocate(list->arena, room * sizeof *items))) goto no_memory;
    if (list->count) memcpy(items, list->items, list->count * sizeof *items);
    list->items = items;
    if (list->validity) {
        if (!(validity = arena_allocate(list->arena, bitmap_words(room) * 8))) goto no_memory;
        memset(validity, 0xff, bitmap_words(room) * 8);
        memcpy(validity, list->validity, bitmap_words(list->count) * 8);
        list->validity = validity;
    }
    list->capacity = room;
    return BP_OK;
no_memory:
    return error_no_memory(err, list->arena->memory, room * sizeof *items);
}

bp_status text_list_add(text_list *list, string_view text, bp_error *err)
{
    bp_status status;

    if ((status = grow(list, err))) return status;
    if (list->validity) bitmap_set(list->validity, list->count);
    list->items[list->count++] = string_ref_of(text.data, text.size);
    return BP_OK;
}

bp_status text_list_add_null(text_list *list, bp_error *err)
{
    bp_status status;

    if ((status = grow(list, err))) return status;
    if (!list->validity) {
        list->validity = arena_allocate(list->arena, bitmap_words(list->capacity) * 8);
        if (!list->validity) return error_no_memory(err, list->arena->memory, list->capacity / 8);
        memset(list->validity, 0xff, bitmap_words(list->capacity) * 8);
    }
    bitmap_unset(list->validity, list->count);
    list->items[list->count++] = string_ref_of("", 0);
    return BP_OK;
}

void text_list_end_row(text_list *list)
{
    size_t begin = list->row_count ? (size_t)list->rows[list->row_count - 1].offset + list->rows[list->row_count - 1].size : 0;

    list->rows[list->row_count++] = (list_entry){.offset = (uint32_t)begin, .size = (uint32_t)(list->count - begin)};
}

column text_list_items(const text_list *list, data_type type)
{
    static const string_ref nothing;

    return (column){.type = type,
                    .encoding = COLUMN_FLAT,
                    .length = list->count,
                    .values = list->count ? list->items : &nothing,
                    .validity = list->validity};
}

bp_status text_list_finish(text_list *list, column *out, bp_error *err)
{
    column *child = arena_new(list->arena, column);

    if (!child) return error_no_memory(err, list->arena->memory, sizeof *child);
    *child = text_list_items(list, out->type.detail->children[0]);
    out->values = list->rows;
    out->children = child;
    out->child_count = 1;
    return BP_OK;
}
