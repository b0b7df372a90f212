/* From expression trees to the flat program. An explicit stack of frames stands for the recursion; equal steps (same operation, same argument
 * slots, same row set) are made once, which is how common subexpressions are shared. */
#include "evaluate_internal.h"

#include "base/error.h"

typedef struct frame {
    expr_id id;
    uint32_t set; /* where the result is wanted */
    uint32_t phase; /* children begun so far */
    uint32_t values; /* height of the value stack when it began */
    uint32_t pieces; /* and of the piece stack */
    uint32_t rest; /* CASE, COALESCE: rows that no branch has taken yet */
    uint32_t branch; /* CASE: rows of the branch whose value is being compiled */
    uint32_t result; /* AND, OR: slot of the children so far */
    bool has_result;
    bool child_in_base;
} frame;

typedef struct compiling {
    evaluator *self;
    expr_stack frames, values /* uint32_t */, pieces /* piece */;
} compiling;

/* growing arrays in the program's arena ------------------------------------------------------------------------------------------- */
static bp_status grow(evaluator *self, void **items, size_t *capacity, size_t needed, size_t item_size, bp_error *err)
{
    size_t room = *capacity ? *capacity : 8;
    void *moved;

    if (needed <= *capacity) return BP_OK;
    while (room < needed) room *= 2;
    moved = arena_allocate_array(&self->program, room, item_size);
    if (!moved) return error_no_memory(err, self->program.memory, room * item_size);
    if (*capacity) memcpy(moved, *items, *capacity * item_size);
    *items = moved;
    *capacity = room;
    return BP_OK;
}

#define GROW(self, field, count_field, capacity_field, extra, err)                                                                 \
    grow(self, (void **)&(self)->field, &(self)->capacity_field, (self)->count_field + (extra), sizeof *(self)->field, err)

static bp_status new_slot(evaluator *self, uint32_t *out, bp_error *err)
{
    size_t capacity = self->slot_capacity;
    bp_status status;

    if ((status = GROW(self, slots, slot_count, slot_capacity, 1, err))) return status;
    if ((status = grow(self, (void **)&self->slot_inputs, &capacity, self->slot_capacity, sizeof *self->slot_inputs, err)))
        return status;
    self->slot_inputs[self->slot_count] = UINT32_MAX;
    *out = (uint32_t)self->slot_count++;
    return BP_OK;
}

static bp_status new_set(evaluator *self, uint32_t base, uint32_t *out, bp_error *err)
{
    bp_status status;

    if ((status = GROW(self, sets, set_count, set_capacity, 1, err))) return status;
    self->sets[self->set_count] = (row_set){.base = base};
    *out = (uint32_t)self->set_count++;
    return BP_OK;
}

/* memo: which slot a node has in a set ----------------------------------------------------------------------------------------------- */
static evaluator_memo *memo_place(const evaluator *self, expr_id id, uint32_t set)
{
    size_t mask = self->memo_capacity - 1, at = ((size_t)id * 0x9e3779b1u ^ (size_t)set * 0x85ebca6bu) & mask;

    while (self->memo[at].id && (self->memo[at].id != id || self->memo[at].set != set)) at = (at + 1) & mask;
    return &self->memo[at];
}

static bp_status memo_put(evaluator *self, expr_id id, uint32_t set, uint32_t slot, bp_error *err)
{
    evaluator_memo *place;

    if (2 * (self->memo_count + 1) > self->memo_capacity) {
        evaluator_memo *old = self->memo;
        size_t old_capacity = self->memo_capacity, room = old_capacity ? old_capacity * 2 : 32;
        self->memo = arena_new_array(&self->program, evaluator_memo, room);
        if (!self->memo) return error_no_memory(err, self->program.memory, room * sizeof *self->memo);
        self->memo_capacity = room;
        for (size_t i = 0; i < old_capacity; i++)
            if (old[i].id) *memo_place(self, old[i].id, old[i].set) = old[i];
    }
    place = memo_place(self, id, set);
    if (!place->id) self->memo_count++;
    *place = (evaluator_memo){id, set, slot};
    return BP_OK;
}

/* steps -------------------------------------------------------------------------------------------------------------------------- */
/* An equal step made before, or SIZE_MAX. Looks at the last 64 steps only: subexpressions repeat near each other, and long programs stay
 * linear in time. */
static size_t find_step(const evaluator *self, const step *wanted, const uint32_t *arguments)
{
    size_t oldest = self->step_count > 64 ? self->step_count - 64 : 0, bytes = wanted->argument_count * sizeof *arguments;

    if (wanted->kind == STEP_SPLIT || wanted->kind == STEP_TRY || wanted->kind == STEP_MERGE || wanted->kind == STEP_LOGIC_MERGE)
        return SIZE_MAX;
    for (size_t i = self->step_count; i > oldest; i--) {
        const step *other = &self->steps[i - 1];
        if (other->kind != wanted->kind || other->set != wanted->set || other->argument_count != wanted->argument_count) continue;
        if (bytes && memcmp(self->arguments + other->argument_begin, arguments, bytes) != 0) continue;
        if (wanted->kind == STEP_GATHER || (expr_same_node(other->node, wanted->node) && wanted->kind != STEP_IN)) return i - 1;
    }
    return SIZE_MAX;
}

static bp_status emit(evaluator *self, step made, const uint32_t *arguments, size_t count, uint32_t *slot, bp_error *err)
{
    size_t same;
    bp_status status;

    made.argument_count = (uint32_t)count;
    same = find_step(self, &made, arguments);
    if (same != SIZE_MAX) {
        *slot = self->steps[same].slot;
        return BP_OK;
    }
    if ((status = GROW(self, steps, step_count, step_capacity, 1, err))) return status;
    if ((status = GROW(self, arguments, argument_count, argument_capacity, count, err))) return status;
    if ((status = new_slot(self, &made.slot, err))) return status;
    if (count) memcpy(self->arguments + self->argument_count, arguments, count * sizeof *arguments);
    made.argument_begin = (uint32_t)self->argument_count;
    self->argument_count += count;
    if (count > self->scratch_count) self->scratch_count = count;
    self->steps[self->step_count++] = made;
    *slot = made.slot;
    return BP_OK;
}

static bp_status emit_pieces(evaluator *self, step made, const uint32_t *arguments, size_t count, const piece *pieces,
                             size_t piece_count, uint32_t *slot, bp_error *err)
{
    bp_status status;

    if ((status = GROW(self, pieces, piece_count, piece_capacity, piece_count, err))) return status;
    memcpy(self->pieces + self->piece_count, pieces, piece_count * sizeof *pieces);
    made.piece_begin = (uint32_t)self->piece_count;
    made.piece_count = (uint32_t)piece_count;
    self->piece_count += piece_count;
    return emit(self, made, arguments, count, slot, err);
}

/* Rows of `set` by the condition in `slot` (which has the rows of `set`, or, in_base, of its base). */
static bp_status emit_split(evaluator *self, uint32_t set, uint32_t base, uint32_t slot, bool in_base, split_mode mode,
                            uint32_t *set_true, uint32_t *set_rest, bp_error *err)
{
    step made = {.kind = STEP_SPLIT, .op = (uint8_t)mode, .set = set, .in_base = in_base, .position = UINT32_MAX};
    uint32_t ignored;
    bp_status status;

    if ((status = new_set(self, base, set_true, err))) return status;
    if (set_rest && (status = new_set(self, base, set_rest, err))) return status;
    made.set_true = *set_true;
    made.set_rest = set_rest ? *set_rest : 0;
    return emit(self, made, &slot, 1, &ignored, err);
}

/* leaves -------------------------------------------------------------------------------------------------------------------------- */
static bp_status compile_input(evaluator *self, expr_id id, uint32_t position, uint32_t *slot, bp_error *err)
{
    bp_status status;

    for (size_t i = 0; i < self->input_count; i++)
        if (self->slot_inputs[self->inputs[i]] == position) {
            *slot = self->inputs[i];
            return BP_OK;
        }
    if ((status = new_slot(self, slot, err))) return status;
    if ((status = GROW(self, inputs, input_count, input_capacity, 1, err))) return status;
    self->slot_inputs[*slot] = position;
    self->inputs[self->input_count++] = *slot;
    if (position >= self->column_limit) self->column_limit = (size_t)position + 1;
    (void)id;
    return BP_OK;
}

/* The same value among the last slots: two texts of one literal share their slot, and so the steps above it. */
static bool find_literal(const evaluator *self, const column *literal, uint32_t *slot)
{
    size_t oldest = self->slot_count > 64 ? self->slot_count - 64 : 0;
    expr_node wanted = {.kind = EXPR_LITERAL, .type = literal->type, .literal = literal};

    for (size_t i = self->slot_count; i > oldest; i--) {
        expr_node other = {.kind = EXPR_LITERAL, .type = self->slots[i - 1].type, .literal = &self->slots[i - 1]};
        if (!other.literal->length || !expr_same_node(&wanted, &other)) continue;
        *slot = (uint32_t)(i - 1);
        return true;
    }
    return false;
}

static bp_status compile_leaf(evaluator *self, expr_id id, uint32_t set, uint32_t *slot, bp_error *err)
{
    const expr_node *node = expr_at(self->pool, id);
    bp_status status;

    if (node->kind == EXPR_LITERAL) {
        if (find_literal(self, node->literal, slot)) return memo_put(self, id, 0, *slot, err);
        if ((status = new_slot(self, slot, err))) return status;
        self->slots[*slot] = *node->literal;
        return memo_put(self, id, 0, *slot, err);
    }
    if ((status = compile_input(self, id, node->column, slot, err))) return status;
    if (set) {
        step made = {.kind = STEP_GATHER, .set = set, .position = UINT32_MAX, .node = node, .type = node->type};
        uint32_t input = *slot;
        if ((status = emit(self, made, &input, 1, slot, err))) return status;
    }
    return memo_put(self, id, set, *slot, err);
}

/* frames --------------------------------------------------------------------------------------------------------------------------- */
static bp_status push_value(compiling *work, uint32_t slot, bp_error *err)
{
    uint32_t *value = expr_stack_push(&work->values);

    if (!value) return error_no_memory(err, work->values.memory, sizeof *value);
    *value = slot;
    return BP_OK;
}

static uint32_t pop_value(compiling *work)
{
    uint32_t value = *(uint32_t *)expr_stack_top(&work->values);

    work->values.count--;
    return value;
}

static bp_status push_piece(compiling *work, piece one, bp_error *err)
{
    piece *place = expr_stack_push(&work->pieces);

    if (!place) return error_no_memory(err, work->pieces.memory, sizeof *place);
    *place = one;
    return BP_OK;
}

/* Want the node's value in `set`: found, a leaf, or a new frame. */
static bp_status begin(compiling *work, expr_id id, uint32_t set, bp_error *err)
{
    evaluator *self = work->self;
    const expr_node *node = expr_at(self->pool, id);
    frame *made;
    uint32_t slot;
    bp_status status;

    if (self->memo_capacity) {
        const evaluator_memo *known = memo_place(self, id, node->kind == EXPR_LITERAL ? 0 : set);
        if (known->id && !node->is_volatile) return push_value(work, known->slot, err);
    }
    if (node->kind == EXPR_LITERAL || node->kind == EXPR_COLUMN) {
        if ((status = compile_leaf(self, id, set, &slot, err))) return status;
        return push_value(work, slot, err);
    }
    if (node->kind == EXPR_NONE || node->kind == EXPR_AGGREGATE || node->kind == EXPR_WINDOW)
        return ERROR_INTERNAL(err, "an aggregate or window function outside its operator");
    made = expr_stack_push(&work->frames);
    if (!made) return error_no_memory(err, work->frames.memory, sizeof *made);
    *made =
        (frame){.id = id, .set = set, .values = (uint32_t)work->values.count, .pieces = (uint32_t)work->pieces.count, .rest = set};
    return BP_OK;
}

/* The frame on top is done: its slot replaces its values. */
static bp_status end(compiling *work, uint32_t slot, bp_error *err)
{
    frame top = *(frame *)expr_stack_top(&work->frames);
    bp_status status;

    work->frames.count--;
    work->values.count = top.values;
    work->pieces.count = top.pieces;
    if ((status = memo_put(work->self, top.id, top.set, slot, err))) return status;
    return push_value(work, slot, err);
}

/* Cheap enough to compute on rows that need not have it, and safe there. */
static bool is_eager(const expr_pool *pool, expr_id id)
{
    const expr_node *node = expr_at(pool, id);

    return !node->can_fail && !node->is_volatile && node->depth <= 2;
}

/* Whether a call's result depends on one argument alone, the same in every batch. */
static bool runs_on_entries(const expr_pool *pool, expr_id id)
{
    const expr_node *node = expr_at(pool, id);
    size_t varying = 0;

    for (size_t i = 0; i < node->child_count; i++) varying += expr_at(pool, expr_child(pool, id, i))->kind != EXPR_LITERAL;
    return varying == 1 && !node->is_volatile && node->call.function->flags & FUNCTION_STRICT;
}

/* Nodes all of whose children are evaluated on the same rows. */
static bp_status compile_plain(compiling *work, frame *top, const expr_node *node, bp_error *err)
{
    static const uint8_t kinds[] = {[EXPR_CALL] = STEP_CALL,       [EXPR_COMPARE] = STEP_COMPARE, [EXPR_NOT] = STEP_NOT,
                                    [EXPR_IS_NULL] = STEP_IS_NULL, [EXPR_CAST] = STEP_CAST,       [EXPR_IN] = STEP_IN};
    evaluator *self = work->self;
    step made = {
        .kind = kinds[node->kind], .op = node->op, .set = top->set, .position = node->position, .node = node, .type = node->type};
    size_t wanted = node->kind == EXPR_IN ? 1 : node->child_count; /* IN's list goes into a set of its own */
    uint32_t slot;
    bp_status status;

    if (top->phase < wanted) {
        expr_id child = expr_child(self->pool, top->id, top->phase++);
        return begin(work, child, top->set, err);
    }
    if (made.kind == STEP_IN && (status = in_set_new(&made.values, self->pool, node, &self->program, err))) return status;
    if (made.kind == STEP_CALL && node->call.function->state_size) {
        made.state = arena_allocate_zeroed(&self->program, node->call.function->state_size);
        if (!made.state) return error_no_memory(err, self->program.memory, node->call.function->state_size);
    }
    if (made.kind == STEP_CALL && runs_on_entries(self->pool, top->id)) {
        made.entries = arena_new(&self->program, entry_results);
        if (!made.entries) return error_no_memory(err, self->program.memory, sizeof *made.entries);
    }
    if ((status = emit(self, made, (uint32_t *)work->values.items + top->values, wanted, &slot, err))) return status;
    return end(work, slot, err);
}

/* AND, OR: children that cannot fail are taken on all rows of the set, one that can on the rows still undecided. */
static bp_status take_logic_child(compiling *work, frame *top, const expr_node *node, bp_error *err)
{
    evaluator *self = work->self;
    bool is_or = node->kind == EXPR_OR;
    uint32_t arguments[2] = {top->result, pop_value(work)};
    step made = {.kind = is_or ? STEP_OR : STEP_AND, .set = top->set, .position = node->position, .node = node, .type = node->type};
    piece one = {.set = top->branch, .slot = arguments[1]};
    bp_status status;

    if (!top->has_result) {
        top->result = arguments[1];
        top->has_result = true;
        return BP_OK;
    }
    made.op = is_or;
    if (top->child_in_base) return emit(self, made, arguments, 2, &top->result, err);
    made.kind = STEP_LOGIC_MERGE;
    status = emit_pieces(self, made, arguments, 2, &one, 1, &top->result, err);
    return status;
}

static bp_status compile_logic(compiling *work, frame *top, const expr_node *node, bp_error *err)
{
    evaluator *self = work->self;
    expr_id child;
    bp_status status;

    if (work->values.count > top->values && (status = take_logic_child(work, top, node, err))) return status;
    if (top->phase == node->child_count) return end(work, top->result, err);
    child = expr_child(self->pool, top->id, top->phase++);
    top->child_in_base = !top->has_result || !expr_at(self->pool, child)->can_fail;
    if (top->child_in_base) return begin(work, child, top->set, err);
    status = emit_split(self, top->set, top->set, top->result, true, node->kind == EXPR_OR ? SPLIT_NOT_TRUE : SPLIT_NOT_FALSE,
                        &top->branch, NULL, err);
    return status ? status : begin(work, child, top->branch, err);
}

static bp_status merge_frame(compiling *work, frame *top, const expr_node *node, bp_error *err)
{
    step made = {.kind = STEP_MERGE, .set = top->set, .position = node->position, .node = node, .type = node->type};
    uint32_t slot;
    bp_status status;

    status = emit_pieces(work->self, made, NULL, 0, (piece *)work->pieces.items + top->pieces, work->pieces.count - top->pieces,
                         &slot, err);
    return status ? status : end(work, slot, err);
}

/* Begin a child in the base set when that is cheap and safe, else in `set`. */
static bp_status begin_in(compiling *work, frame *top, expr_id child, uint32_t set, bp_error *err)
{
    top->child_in_base = set == top->set || is_eager(work->self->pool, child);
    return begin(work, child, top->child_in_base ? top->set : set, err);
}

/* phase 2i: condition i wanted; 2i + 1: it is there, value i wanted. */
static bp_status compile_case(compiling *work, frame *top, const expr_node *node, bp_error *err)
{
    evaluator *self = work->self;
    expr_id child;
    bool is_condition;
    bp_status status;

    if (work->values.count > top->values) {
        uint32_t slot = pop_value(work), done = top->phase - 1;
        bool was_condition = done % 2 == 0 && done + 1 < node->child_count;
        if (was_condition) {
            uint32_t rest;
            status = emit_split(self, top->rest, top->set, slot, top->child_in_base, SPLIT_TRUE, &top->branch, &rest, err);
            if (status) return status;
            top->rest = rest;
        } else {
            uint32_t set = done + 1 == node->child_count ? top->rest : top->branch;
            if ((status = push_piece(work, (piece){set, slot, top->child_in_base}, err))) return status;
        }
    }
    if (top->phase == node->child_count) return merge_frame(work, top, node, err);
    is_condition = top->phase % 2 == 0;
    child = expr_child(self->pool, top->id, top->phase++);
    return begin_in(work, top, child, is_condition ? top->rest : top->branch, err);
}

static bp_status compile_coalesce(compiling *work, frame *top, const expr_node *node, bp_error *err)
{
    evaluator *self = work->self;
    expr_id child;
    bp_status status;

    if (work->values.count > top->values) {
        uint32_t slot = pop_value(work), rest;
        if ((status = push_piece(work, (piece){top->rest, slot, top->child_in_base}, err))) return status;
        if (top->phase < node->child_count) {
            status = emit_split(self, top->rest, top->set, slot, top->child_in_base, SPLIT_NULL, &rest, NULL, err);
            if (status) return status;
            top->rest = rest;
        }
    }
    if (top->phase == node->child_count) return merge_frame(work, top, node, err);
    child = expr_child(self->pool, top->id, top->phase++);
    return begin_in(work, top, child, top->rest, err);
}

static bp_status compile_try(compiling *work, frame *top, const expr_node *node, bp_error *err)
{
    evaluator *self = work->self;
    step made = {.kind = STEP_TRY, .set = top->set, .position = node->position, .node = node, .type = node->type};
    expr_id child = expr_child(self->pool, top->id, 0);
    uint32_t slot, *inputs = NULL;
    bp_status status;

    if (self->try_depth == EVALUATOR_TRY_DEPTH)
        return error_set_at(err, BP_LIMIT, node->position, "TRY nested deeper than %d levels", EVALUATOR_TRY_DEPTH);
    status = evaluator_new_nested(&made.inner, self->context, self->pool, &child, 1, self->try_depth + 1, err);
    if (status) return status;
    /* Its input columns are inputs of this program too. */
    inputs = arena_new_array(&self->program, uint32_t, made.inner->input_count + 1);
    if (!inputs) status = error_no_memory(err, self->program.memory, made.inner->input_count * sizeof *inputs);
    for (size_t i = 0; i < made.inner->input_count && !status; i++)
        status = compile_input(self, child, made.inner->slot_inputs[made.inner->inputs[i]], &inputs[i], err);
    if (!status) status = emit(self, made, inputs, made.inner->input_count, &slot, err);
    if (status) {
        evaluator_free(made.inner);
        return status;
    }
    return end(work, slot, err);
}

static bp_status compile_top(compiling *work, bp_error *err)
{
    frame *top = expr_stack_top(&work->frames);
    const expr_node *node = expr_at(work->self->pool, top->id);
    frame copy = *top;
    size_t depth = work->frames.count;
    bp_status status;

    switch (node->kind) {
    case EXPR_AND:
    case EXPR_OR: status = compile_logic(work, &copy, node, err); break;
    case EXPR_CASE: status = compile_case(work, &copy, node, err); break;
    case EXPR_COALESCE: status = compile_coalesce(work, &copy, node, err); break;
    case EXPR_TRY: status = compile_try(work, &copy, node, err); break;
    default: status = compile_plain(work, &copy, node, err); break;
    }
    /* A push may have moved the stack: write the frame back where it lies now, if it is still there. */
    if (work->frames.count >= depth) ((frame *)work->frames.items)[depth - 1] = copy;
    return status;
}

static bp_status compile_root(compiling *work, expr_id root, uint32_t *slot, bp_error *err)
{
    bp_status status = begin(work, root, 0, err);

    for (size_t turn = 1; !status && work->frames.count; turn++) {
        status = compile_top(work, err);
        if (!status && turn % 256 == 0) status = cancel_check(&work->self->context->cancel, err);
    }
    if (!status) *slot = pop_value(work);
    return status;
}

bp_status evaluator_compile(evaluator *self, const expr_id *roots, size_t root_count, bp_error *err)
{
    memory *memory = self->context->memory;
    compiling work = {.self = self,
                      .frames = expr_stack_of(memory, sizeof(frame)),
                      .values = expr_stack_of(memory, sizeof(uint32_t)),
                      .pieces = expr_stack_of(memory, sizeof(piece))};
    uint32_t whole;
    bp_status status = new_set(self, 0, &whole, err);

    self->roots = arena_new_array(&self->program, uint32_t, root_count + 1);
    if (!status && !self->roots) status = error_no_memory(err, memory, root_count * sizeof *self->roots);
    for (size_t i = 0; i < root_count && !status; i++) status = compile_root(&work, roots[i], &self->roots[i], err);
    self->root_count = root_count;
    if (!status) {
        self->scratch = arena_new_array(&self->program, column, self->scratch_count + 1);
        if (!self->scratch) status = error_no_memory(err, memory, self->scratch_count * sizeof(column));
    }
    expr_stack_clear(&work.frames);
    expr_stack_clear(&work.values);
    expr_stack_clear(&work.pieces);
    return status;
}
