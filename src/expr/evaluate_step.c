/* One step over the present rows of its set. Here NULLs, constants and dictionaries are dealt with, so that kernels see FLAT or CONSTANT
 * arguments and one validity. */
#include "evaluate_internal.h"

#include "base/error.h"
#include "compute/select.h"

static bp_status no_memory(evaluator *self, size_t size, bp_error *err)
{
    return error_no_memory(err, self->buffers.memory, size);
}

static const column *argument_at(const evaluator *self, const step *step, size_t index)
{
    return &self->slots[self->arguments[step->argument_begin + index]];
}

static void set_constant(column *out, const column *one, size_t rows)
{
    *out = *one;
    if (column_is_null(one, 0)) {
        *out = column_nulls(one->type, rows);
        return;
    }
    out->encoding = COLUMN_CONSTANT;
    out->length = rows;
    out->validity = NULL;
}

/* calls ---------------------------------------------------------------------------------------------------------------------------- */
/* AND of the arguments' validity, NULL: no NULLs; *all_null: a constant NULL among them. */
static bp_status combine_validity(evaluator *self, const column *arguments, size_t count, size_t rows, const uint64_t **out,
                                  bool *all_null, bp_error *err)
{
    uint64_t *made = NULL;

    *out = NULL;
    *all_null = false;
    for (size_t i = 0; i < count; i++) {
        const column *argument = &arguments[i];
        if (argument->encoding == COLUMN_CONSTANT || argument->type.id == TYPE_NULL) {
            if (column_is_null(argument, 0)) *all_null = true;
            continue;
        }
        if (!argument->validity) continue;
        if (!*out) {
            *out = argument->validity;
            continue;
        }
        if (!made && !(made = arena_allocate(&self->buffers, (bitmap_words(rows) + 1) * 8))) return no_memory(self, rows / 8, err);
        bitmap_and(made, *out, argument->validity, rows);
        *out = made;
    }
    return BP_OK;
}

bp_status step_run_kernel(evaluator *self, const step *step, column *arguments, size_t count, size_t rows, column *out,
                          bp_error *err)
{
    const scalar_overload *function = step->node->call.function;
    function_call call = {.context = self->context,
                          .arena = &self->buffers,
                          .bind_data = step->node->call.bind_data,
                          .state = step->state,
                          .rows = rows};
    bool all_null = false;
    bp_status status;

    if (function->flags & FUNCTION_STRICT) {
        if ((status = combine_validity(self, arguments, count, rows, &call.validity, &all_null, err))) return status;
        if (all_null) {
            *out = column_nulls(step->type, rows);
            return BP_OK;
        }
    }
    *out = (column){.type = step->type, .encoding = COLUMN_FLAT, .length = rows};
    if ((status = function->kernel(&call, arguments, count, out, err))) return status;
    if (!out->validity && out->encoding == COLUMN_FLAT) out->validity = call.validity;
    return BP_OK;
}

/* Run on the entries of the dictionary that is argument `place`: here when it has no more of them than there are rows, else once for many batches. */
static const column *run_on_entries(evaluator *self, const step *step, size_t place, size_t rows)
{
    const column *dictionary = &self->scratch[place].children[0];
    column *result;
    bp_error ignored;

    if (dictionary->length == 0) return NULL;
    if (step->entries && dictionary->owner) return entry_results_for(self, step, dictionary, place, rows);
    if (dictionary->length > rows || !(result = arena_new(&self->buffers, column))) return NULL;
    self->scratch[place] = *dictionary;
    if (step_run_kernel(self, step, self->scratch, step->argument_count, dictionary->length, result, &ignored)) return NULL;
    return result->encoding == COLUMN_FLAT ? result : NULL;
}

/* A dictionary has no NULL that a valid code points to: rows whose entry gave NULL become NULL. */
static bool fold_nulls(evaluator *self, const column *entries, size_t rows, column *out)
{
    const uint32_t *codes = out->values;
    uint64_t *validity;

    if (!entries->validity) return true;
    validity = arena_allocate_zeroed(&self->buffers, (bitmap_words(rows) + 1) * 8);
    if (!validity) return false;
    for (size_t i = 0; i < rows; i++)
        if (bitmap_get(entries->validity, codes[i]) && !column_is_null(out, i)) bitmap_set(validity, i);
    out->validity = validity;
    return true;
}

/* The one argument that is not constant is a dictionary: its codes go on, of the results for its entries. False: not so, not worth it, or the kernel
 * failed on an entry (which perhaps no row has). */
static bool run_on_dictionary(evaluator *self, const step *step, size_t rows, column *out)
{
    size_t place = SIZE_MAX;
    const column *entries;
    column whole;

    for (size_t i = 0; i < step->argument_count; i++) {
        if (self->scratch[i].encoding == COLUMN_CONSTANT) continue;
        if (place != SIZE_MAX || self->scratch[i].encoding != COLUMN_DICTIONARY) return false;
        place = i;
    }
    if (place == SIZE_MAX || step->node->is_volatile || !(step->node->call.function->flags & FUNCTION_STRICT)) return false;
    whole = self->scratch[place];
    entries = run_on_entries(self, step, place, rows);
    self->scratch[place] = whole;
    if (!entries) return false;
    *out = whole;
    out->type = entries->type;
    out->children = entries;
    out->child_count = 1;
    out->owner = NULL;
    return fold_nulls(self, entries, rows, out);
}

static bp_status run_call(evaluator *self, const step *step, size_t rows, column *out, bp_error *err)
{
    size_t count = step->argument_count;
    bool constant = !(step->node->call.function->flags & FUNCTION_VOLATILE), dictionary = false;
    column result;
    bp_status status;

    for (size_t i = 0; i < count; i++) {
        self->scratch[i] = *argument_at(self, step, i);
        if (self->scratch[i].encoding != COLUMN_CONSTANT) constant = false;
        if (self->scratch[i].encoding == COLUMN_DICTIONARY) dictionary = true;
    }
    if (dictionary && run_on_dictionary(self, step, rows, out)) return BP_OK;
    for (size_t i = 0; i < count; i++) {
        if (dictionary && self->scratch[i].encoding == COLUMN_DICTIONARY &&
            (status = column_flatten(&self->scratch[i], &self->scratch[i], &self->buffers, err)))
            return status;
        self->scratch[i].length = constant ? 1 : rows;
    }
    if ((status = step_run_kernel(self, step, self->scratch, count, constant ? 1 : rows, &result, err))) return status;
    if (constant)
        set_constant(out, &result, rows);
    else
        *out = result;
    return BP_OK;
}

/* other operations -------------------------------------------------------------------------------------------------------------------- */
/* Argument `index`, a dictionary written out. */
static bp_status plain_argument(evaluator *self, const step *step, size_t index, size_t rows, column *out, bp_error *err)
{
    const column *in = argument_at(self, step, index);

    *out = *in;
    if (in->encoding == COLUMN_CONSTANT) out->length = rows;
    if (in->encoding != COLUMN_DICTIONARY) return BP_OK;
    return column_flatten(out, in, &self->buffers, err);
}

static bp_status run_compare(evaluator *self, const step *step, size_t rows, column *out, bp_error *err)
{
    column left, right, one;
    bool constant;
    bp_status status;

    if ((status = plain_argument(self, step, 0, rows, &left, err))) return status;
    if ((status = plain_argument(self, step, 1, rows, &right, err))) return status;
    constant = left.encoding == COLUMN_CONSTANT && right.encoding == COLUMN_CONSTANT;
    if ((status = relation_compare(&one, step->op, &left, &right, constant ? 1 : rows, &self->buffers, err))) return status;
    if (constant)
        set_constant(out, &one, rows);
    else
        *out = one;
    return BP_OK;
}

static bool all_constant(const evaluator *self, const step *step)
{
    for (size_t i = 0; i < step->argument_count; i++)
        if (argument_at(self, step, i)->encoding != COLUMN_CONSTANT) return false;
    return true;
}

static bp_status run_logic(evaluator *self, const step *step, size_t rows, column *out, bp_error *err)
{
    const column *arguments[2] = {argument_at(self, step, 0), step->kind == STEP_NOT ? NULL : argument_at(self, step, 1)};
    bool constant = all_constant(self, step);
    size_t needed = constant ? 1 : rows;
    column one;
    bp_status status;

    if (step->kind == STEP_NOT)
        status = truth_not(&one, arguments[0], needed, &self->buffers, err);
    else
        status = truth_logic(&one, arguments, 2, step->kind == STEP_OR, needed, &self->buffers, err);
    if (status) return status;
    if (constant)
        set_constant(out, &one, rows);
    else
        *out = one;
    return BP_OK;
}

static bp_status run_is_null(evaluator *self, const step *step, size_t rows, column *out, bp_error *err)
{
    const column *in = argument_at(self, step, 0);
    uint64_t *bits;
    column flat = *in;
    bp_status status;

    if (in->encoding == COLUMN_DICTIONARY && in->children[0].validity) {
        if ((status = column_flatten(&flat, in, &self->buffers, err))) return status;
        in = &flat;
    }
    if (in->encoding != COLUMN_CONSTANT && in->type.id != TYPE_NULL && in->validity && step->op) {
        /* IS NOT NULL is the validity itself. */
        *out = (column){.type = type_of(TYPE_BOOLEAN), .encoding = COLUMN_FLAT, .length = rows, .values = in->validity};
        return BP_OK;
    }
    bits = arena_allocate(&self->buffers, (bitmap_words(rows) + 1) * 8);
    if (!bits) return no_memory(self, rows / 8, err);
    *out = (column){.type = type_of(TYPE_BOOLEAN), .encoding = COLUMN_FLAT, .length = rows, .values = bits};
    if (in->encoding == COLUMN_CONSTANT || in->type.id == TYPE_NULL || !in->validity) {
        bits[0] = column_is_null(in, 0) != (step->op == 1);
        out->encoding = COLUMN_CONSTANT;
        return BP_OK;
    }
    for (size_t i = 0; i < bitmap_words(rows); i++) bits[i] = ~in->validity[i];
    return BP_OK;
}

static bp_status run_cast(evaluator *self, const step *step, size_t rows, column *out, bp_error *err)
{
    column in, converted;
    bp_status status;

    if ((status = plain_argument(self, step, 0, rows, &in, err))) return status;
    if (in.encoding == COLUMN_CONSTANT) in.length = 1;
    status = convert_column(&converted, &in, step->type, step->op == 1, self->context, &self->buffers, err);
    if (status) return status;
    *out = converted;
    if (in.encoding == COLUMN_CONSTANT) set_constant(out, &converted, rows);
    return BP_OK;
}

static bp_status run_in(evaluator *self, const step *step, size_t rows, column *out, bp_error *err)
{
    column needle, one;
    bp_status status;

    if ((status = plain_argument(self, step, 0, rows, &needle, err))) return status;
    if (needle.encoding == COLUMN_CONSTANT) {
        needle.length = 1;
        if ((status = in_set_test(&one, step->values, &needle, step->op == 1, 1, &self->buffers, err))) return status;
        set_constant(out, &one, rows);
        return BP_OK;
    }
    return in_set_test(out, step->values, &needle, step->op == 1, rows, &self->buffers, err);
}

/* row sets ---------------------------------------------------------------------------------------------------------------------------- */
static bp_status run_gather(evaluator *self, const step *step, column *out, bp_error *err)
{
    const column *in = argument_at(self, step, 0);
    const row_set *set = &self->sets[step->set];

    *out = *in;
    if (in->encoding == COLUMN_CONSTANT || !set->absolute) {
        out->length = set->count;
        return BP_OK;
    }
    return column_gather(out, in, set->absolute, set->count, &self->buffers, err);
}

/* The condition over the rows of `base` (or of the set itself) as the bits to keep. */
static bp_status split_bits(evaluator *self, const step *step, const column *condition, size_t rows, uint64_t *keep, bp_error *err)
{
    size_t words = bitmap_words(rows);
    const uint64_t *values, *validity;
    bp_status status;

    if (step->op == SPLIT_NULL) {
        column flat = *condition;
        if (flat.encoding == COLUMN_DICTIONARY && (status = column_flatten(&flat, condition, &self->buffers, err))) return status;
        if (flat.encoding == COLUMN_CONSTANT || flat.type.id == TYPE_NULL || !flat.validity)
            memset(keep, column_is_null(&flat, 0) ? 0xff : 0, words * 8);
        else
            for (size_t i = 0; i < words; i++) keep[i] = ~flat.validity[i];
        return BP_OK;
    }
    if ((status = truth_words(condition, rows, &self->buffers, &values, &validity, err))) return status;
    for (size_t i = 0; i < words; i++) {
        uint64_t valid = validity ? validity[i] : ~(uint64_t)0;
        keep[i] = step->op == SPLIT_TRUE        ? values[i] & valid
                  : step->op == SPLIT_NOT_FALSE ? values[i] | ~valid
                                                : ~(values[i] & valid);
    }
    return BP_OK;
}

/* Rows of `from` (a set with the same base) whose bit is set, as a new set. */
static bp_status fill_set(evaluator *self, uint32_t index, const row_set *from, const uint64_t *bits, bool bits_of_base,
                          bp_error *err)
{
    row_set *set = &self->sets[index];
    const row_set *base = &self->sets[set->base];
    uint32_t *selection = arena_allocate(&self->buffers, (from->count + SELECT_ROOM) * sizeof *selection), *absolute;
    size_t count = 0;

    if (!selection) return no_memory(self, from->count * sizeof *selection, err);
    if (!from->selection) count = select_rows(selection, bits, from->count);
    for (size_t i = 0; from->selection && i < from->count; i++) {
        selection[count] = from->selection[i];
        count += bitmap_get(bits, bits_of_base ? from->selection[i] : i);
    }
    set->count = count;
    set->selection = count == base->count ? NULL : selection;
    set->absolute = set->selection ? selection : base->absolute;
    if (!set->selection || !base->absolute) return BP_OK;
    absolute = arena_allocate(&self->buffers, (count + 1) * sizeof *absolute);
    if (!absolute) return no_memory(self, count * sizeof *absolute, err);
    for (size_t i = 0; i < count; i++) absolute[i] = base->absolute[selection[i]];
    set->absolute = absolute;
    return BP_OK;
}

static bp_status run_split(evaluator *self, const step *step, bp_error *err)
{
    /* The set that is split has the same base as the sets made, or is that base. */
    uint32_t base_index = self->sets[step->set_true].base;
    row_set from = self->sets[step->set];
    size_t rows = step->in_base ? self->sets[base_index].count : from.count;
    uint64_t *keep = arena_allocate(&self->buffers, (bitmap_words(rows) + 1) * 8);
    bp_status status;

    if (!keep) return no_memory(self, rows / 8, err);
    if (step->set == base_index) from.selection = NULL;
    if ((status = split_bits(self, step, argument_at(self, step, 0), rows, keep, err))) return status;
    if ((status = fill_set(self, step->set_true, &from, keep, step->in_base, err)) || !step->set_rest) return status;
    for (size_t i = 0; i < bitmap_words(rows); i++) keep[i] = ~keep[i];
    return fill_set(self, step->set_rest, &from, keep, step->in_base, err);
}

static bp_status run_merge(evaluator *self, const step *step, size_t rows, column *out, bp_error *err)
{
    merge_piece *pieces = arena_new_array(&self->buffers, merge_piece, step->piece_count);
    size_t count = 0;

    if (!pieces) return no_memory(self, step->piece_count * sizeof *pieces, err);
    for (size_t i = 0; i < step->piece_count; i++) {
        const piece *piece = &self->pieces[step->piece_begin + i];
        const row_set *set = &self->sets[piece->set];
        bool whole = piece->set == step->set || !set->selection;
        if (!set->count && piece->set != step->set) continue;
        if (whole && (piece->set == step->set || set->count == rows)) {
            /* It covers every row: what lay below is gone. */
            count = 0;
            pieces[count++] = (merge_piece){.values = &self->slots[piece->slot], .count = rows};
            continue;
        }
        pieces[count++] = (merge_piece){.values = &self->slots[piece->slot],
                                        .count = set->count,
                                        .to = set->selection,
                                        .from = piece->in_base ? set->selection : NULL};
    }
    if (count == 1 && !pieces[0].to) {
        *out = *pieces[0].values;
        out->length = rows;
        return BP_OK;
    }
    for (size_t i = 0; i < count; i++) {
        column *flat;
        if (pieces[i].values->encoding != COLUMN_DICTIONARY) continue;
        if (!(flat = arena_new(&self->buffers, column))) return no_memory(self, sizeof *flat, err);
        bp_status status = column_flatten(flat, pieces[i].values, &self->buffers, err);
        if (status) return status;
        pieces[i].values = flat;
    }
    return merge_columns(out, step->type, pieces, count, rows, &self->buffers, err);
}

/* acc AND/OR a child that was evaluated where acc had not decided. Elsewhere the child counts as neutral. */
static bp_status run_logic_merge(evaluator *self, const step *step, size_t rows, column *out, bp_error *err)
{
    const piece *piece = &self->pieces[step->piece_begin];
    const row_set *set = &self->sets[piece->set];
    const column *child = &self->slots[piece->slot], *arguments[2] = {argument_at(self, step, 0), NULL};
    bool neutral = !step->op;
    uint64_t neutral_word = neutral;
    column constant = {.type = type_of(TYPE_BOOLEAN), .encoding = COLUMN_CONSTANT, .length = rows, .values = &neutral_word}, laid,
           flat;
    merge_piece pieces[2] = {{.values = &constant, .count = rows}, {.values = child, .to = set->selection, .count = set->count}};
    bp_status status;

    if (child->encoding == COLUMN_DICTIONARY) {
        if ((status = column_flatten(&flat, child, &self->buffers, err))) return status;
        pieces[1].values = &flat;
    }
    if (!set->count) {
        *out = *arguments[0];
        return BP_OK;
    }
    if ((status = merge_columns(&laid, constant.type, pieces, 2, rows, &self->buffers, err))) return status;
    arguments[1] = &laid;
    return truth_logic(out, arguments, 2, step->op == 1, rows, &self->buffers, err);
}

/* TRY ---------------------------------------------------------------------------------------------------------------------------------- */
static bool error_is_of_data(bp_status status)
{
    return status == BP_CONVERSION || status == BP_OUT_OF_RANGE || status == BP_BAD_ARGUMENT || status == BP_BAD_FORMAT;
}

typedef struct try_segment {
    size_t begin, count;
} try_segment;

/* Halve the rows until each half passes or is one row; pieces of the result are laid into *out. */
static bp_status try_halves(evaluator *self, const step *step, const batch *in, size_t rows, column *out, bp_error *err)
{
    try_segment stack[64] = {{0, rows}};
    size_t depth = 1, piece_count = 0;
    merge_piece *pieces = arena_new_array(&self->buffers, merge_piece, rows + 1);
    column *parts = arena_new_array(&self->buffers, column, rows + 1), result;
    bp_status status = BP_OK;

    if (!pieces || !parts) return no_memory(self, rows * sizeof *pieces, err);
    while (depth) {
        try_segment now = stack[--depth];
        batch half;
        uint32_t *to;
        if ((status = cancel_check(&self->context->cancel, err))) return status;
        if ((status = batch_slice(&half, in, now.begin, now.count, &self->buffers, err))) return status;
        status = evaluator_run(step->inner, &half, &result, err);
        if (status && !error_is_of_data(status)) return status;
        if (status && now.count > 1) {
            stack[depth++] = (try_segment){now.begin + now.count / 2, now.count - now.count / 2};
            stack[depth++] = (try_segment){now.begin, now.count / 2};
        }
        if (status) continue;
        to = arena_allocate(&self->buffers, now.count * sizeof *to);
        if (!to) return no_memory(self, now.count * sizeof *to, err);
        for (size_t i = 0; i < now.count; i++) to[i] = (uint32_t)(now.begin + i);
        if ((status = column_copy(&parts[piece_count], &result, &self->buffers, err))) return status;
        pieces[piece_count] = (merge_piece){.values = &parts[piece_count], .to = to, .count = now.count};
        piece_count++;
    }
    error_clear(err);
    return merge_columns(out, step->type, pieces, piece_count, rows, &self->buffers, err);
}

static bp_status run_try(evaluator *self, const step *step, size_t rows, column *out, bp_error *err)
{
    evaluator *inner = step->inner;
    batch in = {.row_count = rows, .column_count = inner->column_limit};
    const row_set *set = &self->sets[step->set];
    bp_status status;

    in.columns = arena_new_array(&self->buffers, column, in.column_count + 1);
    if (!in.columns) return no_memory(self, in.column_count * sizeof(column), err);
    for (size_t i = 0; i < in.column_count; i++) in.columns[i] = column_nulls(type_of(TYPE_NULL), rows);
    for (size_t i = 0; i < inner->input_count; i++) {
        uint32_t position = inner->slot_inputs[inner->inputs[i]];
        const column *input = argument_at(self, step, i);
        in.columns[position] = *input;
        if (set->absolute && (status = column_gather(&in.columns[position], input, set->absolute, rows, &self->buffers, err)))
            return status;
    }
    status = evaluator_run(inner, &in, out, err);
    if (!error_is_of_data(status)) return status;
    return try_halves(self, step, &in, rows, out, err);
}

bp_status step_run(evaluator *self, const step *step, bp_error *err)
{
    size_t rows = self->sets[step->set].count;
    column *out = &self->slots[step->slot];

    switch ((step_kind)step->kind) {
    case STEP_GATHER: return run_gather(self, step, out, err);
    case STEP_CALL: return run_call(self, step, rows, out, err);
    case STEP_COMPARE: return run_compare(self, step, rows, out, err);
    case STEP_AND:
    case STEP_OR:
    case STEP_NOT: return run_logic(self, step, rows, out, err);
    case STEP_IS_NULL: return run_is_null(self, step, rows, out, err);
    case STEP_CAST: return run_cast(self, step, rows, out, err);
    case STEP_IN: return run_in(self, step, rows, out, err);
    case STEP_TRY: return run_try(self, step, rows, out, err);
    case STEP_SPLIT: return run_split(self, step, err);
    case STEP_MERGE: return run_merge(self, step, rows, out, err);
    case STEP_LOGIC_MERGE: return run_logic_merge(self, step, rows, out, err);
    }
    return ERROR_INTERNAL(err, "an unknown step");
}
