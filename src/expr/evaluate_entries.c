/* Calls on dictionaries that come batch after batch, as Parquet's do for a row group: once a dictionary has been met with as many rows as it has entries,
 * the call runs on all entries, and from then on rows only take over codes. So it never runs more than twice as often as it must. Which dictionary it is
 * tells the region that owns it, held as long as the results are. */
#include "column/column_builder.h"
#include "evaluate_internal.h"

#define PIECE 2048 /* entries between looks at cancel */

void entry_results_clear(entry_results *results)
{
    region_release(results->dictionary);
    region_release(results->made);
    *results = (entry_results){0};
}

/* Whether it is time for the entries; counts the rows. */
static bool is_due(entry_results *results, const column *dictionary, size_t rows)
{
    if (results->dictionary != dictionary->owner || results->values != dictionary->values) {
        entry_results_clear(results);
        results->dictionary = region_retain(dictionary->owner);
        results->values = dictionary->values;
    }
    results->rows += rows;
    return !results->failed && results->rows >= dictionary->length;
}

static bp_status run_pieces(evaluator *self, const step *step, const column *dictionary, size_t place, column_builder *to,
                            bp_error *err)
{
    size_t count = step->argument_count;
    bp_status status = BP_OK;

    for (size_t begin = 0; begin < dictionary->length && !status; begin += PIECE) {
        size_t rows = dictionary->length - begin < PIECE ? dictionary->length - begin : PIECE;
        column result;
        if ((status = cancel_check(&self->context->cancel, err))) return status;
        status = column_slice(&self->scratch[place], dictionary, begin, rows, &self->buffers, err);
        if (!status) status = step_run_kernel(self, step, self->scratch, count, rows, &result, err);
        if (!status) status = column_builder_append_rows(to, &result, 0, rows, err);
    }
    return status;
}

/* An entry that no row has may be one on which the call fails: then all goes row by row. */
static bool make_entries(evaluator *self, const step *step, const column *dictionary, size_t place)
{
    entry_results *results = step->entries;
    region *made = region_new(self->buffers.memory);
    column_builder builder;
    bp_status status;
    bp_error ignored;

    if (!made) return false;
    status = column_builder_init(&builder, step->type, region_arena(made), &ignored);
    if (!status) status = run_pieces(self, step, dictionary, place, &builder, &ignored);
    if (!status) status = column_builder_finish(&builder, &results->entries, &ignored);
    column_builder_clear(&builder);
    if (status) {
        results->failed = true;
        region_release(made);
        return false;
    }
    results->entries.owner = made;
    results->made = made;
    return true;
}

const column *entry_results_for(evaluator *self, const step *step, const column *dictionary, size_t place, size_t rows)
{
    if (!is_due(step->entries, dictionary, rows)) return NULL;
    if (!step->entries->made && !make_entries(self, step, dictionary, place)) return NULL;
    return &step->entries->entries;
}
