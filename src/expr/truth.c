/* Three-valued logic on words of 64 rows. A BOOLEAN column is (value bits, validity bits); with t = value and valid, f = valid and not value:
 * AND is true where all are true, false where one is false, else NULL; OR the other way round. */
#include "evaluate_internal.h"

#include "base/error.h"
#include "compute/boolean.h"

static bp_status no_memory(arena *arena, size_t size, bp_error *err)
{
    return error_no_memory(err, arena->memory, size);
}

bp_status truth_words(const column *in, size_t rows, arena *arena, const uint64_t **values, const uint64_t **validity,
                      bp_error *err)
{
    size_t words = bitmap_words(rows);
    uint64_t *made;
    column flat;
    bp_status status;

    *values = *validity = NULL;
    if (in->encoding == COLUMN_DICTIONARY) {
        if ((status = column_flatten(&flat, in, arena, err))) return status;
        in = &flat;
    }
    if (in->encoding == COLUMN_FLAT && in->type.id == TYPE_BOOLEAN) {
        *values = in->values;
        *validity = in->validity;
        return BP_OK;
    }
    made = arena_allocate(arena, (words + 1) * 8);
    if (!made) return no_memory(arena, words * 8, err);
    if (column_is_null(in, 0)) {
        memset(made, 0, (words + 1) * 8);
        *validity = made;
    } else {
        memset(made, bitmap_get(in->values, 0) ? 0xff : 0, (words + 1) * 8);
    }
    *values = made;
    return BP_OK;
}

bp_status truth_logic(column *out, const column *const *arguments, size_t count, bool is_or, size_t rows, arena *arena,
                      bp_error *err)
{
    size_t words = bitmap_words(rows);
    uint64_t *is_true = arena_allocate(arena, words * 16 + 16), *is_false;
    const uint64_t *values, *validity;
    bool nulls = false;
    bp_status status;

    if (!is_true) return no_memory(arena, words * 16, err);
    is_false = is_true + words;
    for (size_t i = 0; i < count; i++)
        nulls |=
            arguments[i]->validity != NULL || arguments[i]->type.id == TYPE_NULL || arguments[i]->encoding == COLUMN_DICTIONARY;
    memset(is_true, is_or ? 0 : 0xff, words * 8);
    if (nulls) memset(is_false, is_or ? 0xff : 0, words * 8);
    for (size_t i = 0; i < count; i++) {
        if ((status = truth_words(arguments[i], rows, arena, &values, &validity, err))) return status;
        if (nulls)
            boolean_step(is_true, is_false, values, validity, words, is_or);
        else
            boolean_join(is_true, values, words, is_or);
    }
    *out = (column){.type = type_of(TYPE_BOOLEAN), .encoding = COLUMN_FLAT, .length = rows, .values = is_true};
    if (!nulls) return BP_OK;
    boolean_join(is_false, is_true, words, true);
    out->validity = is_false;
    return BP_OK;
}

bp_status truth_not(column *out, const column *in, size_t rows, arena *arena, bp_error *err)
{
    const uint64_t *values, *validity;
    uint64_t *made = arena_allocate(arena, (bitmap_words(rows) + 1) * 8);
    bp_status status;

    if (!made) return no_memory(arena, bitmap_words(rows) * 8, err);
    if ((status = truth_words(in, rows, arena, &values, &validity, err))) return status;
    boolean_not(made, values, bitmap_words(rows));
    *out = (column){.type = type_of(TYPE_BOOLEAN), .encoding = COLUMN_FLAT, .length = rows, .values = made, .validity = validity};
    return BP_OK;
}
