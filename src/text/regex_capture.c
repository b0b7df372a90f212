/* Where the groups of a match lie: short ones by regex_backtrack.c; else all threads of the program run side by side over the match, in the order of preference, each with its own marks
 * (Pike's machine). Asked only when groups are wanted, on the bytes of the match alone, whose ends the automata have found. */
#include "regex_internal.h"

#include "base/error.h"

#define NO_MARK UINT32_MAX

/* What is to be done when the stack comes back: go on at an instruction, or take a mark back. */
typedef struct capture_task {
    uint32_t id; /* NO_MARK: restore `slot` to `old` */
    uint32_t slot, old;
} capture_task;

typedef struct thread_list {
    sparse_set set;
    uint32_t *marks; /* slot_count for each instruction number */
} thread_list;

typedef struct capturing {
    const program *program;
    const unsigned char *text;
    size_t size, begin, end;
    size_t slot_count;
    capture_task *stack;
    uint32_t *present; /* the marks of the thread that is being followed */
} capturing;

/* Follow a thread from `id` with the marks in c->present until its branches stand at bytes or MATCH. */
static void add_thread(capturing *c, thread_list *list, uint32_t id, size_t at, unsigned holds)
{
    size_t depth = 0;

    c->stack[depth++] = (capture_task){.id = id};
    while (depth) {
        capture_task task = c->stack[--depth];
        if (task.id == NO_MARK) {
            c->present[task.slot] = task.old;
            continue;
        }
        for (id = task.id; !sparse_set_has(&list->set, id);) {
            const instruction *code = &c->program->code[id];
            sparse_set_add(&list->set, id);
            if (code->op == OP_SPLIT) {
                c->stack[depth++] = (capture_task){.id = code->other};
            } else if (code->op == OP_SAVE) {
                if (code->other < c->slot_count) {
                    c->stack[depth++] = (capture_task){.id = NO_MARK, .slot = code->other, .old = c->present[code->other]};
                    c->present[code->other] = (uint32_t)at;
                }
            } else if (code->op != OP_ASSERT || !(code->assertion & holds)) {
                if (code->op != OP_ASSERT) memcpy(list->marks + id * c->slot_count, c->present, c->slot_count * sizeof *c->present);
                break;
            }
            id = code->next;
        }
    }
}

/* One byte for all threads; true: MATCH was met at `at`, and the marks of its thread are in c->present. */
static bool step_threads(capturing *c, const thread_list *now, thread_list *next, size_t at)
{
    unsigned holds = at < c->end ? regex_assertions_at(c->text, c->size, at + 1) : 0;

    next->set.count = 0;
    for (size_t i = 0; i < now->set.count; i++) {
        uint32_t id = now->set.dense[i];
        const instruction *code = &c->program->code[id];
        if (code->op == OP_MATCH && at == c->end) {
            memcpy(c->present, now->marks + id * c->slot_count, c->slot_count * sizeof *c->present);
            return true;
        }
        if (code->op != OP_BYTES || at == c->end || c->text[at] < code->low || c->text[at] > code->high) continue;
        memcpy(c->present, now->marks + id * c->slot_count, c->slot_count * sizeof *c->present);
        add_thread(c, next, code->next, at + 1, holds);
    }
    return false;
}

static bp_status run_threads(capturing *c, thread_list lists[2], cancel *cancel, bp_error *err)
{
    thread_list *now = &lists[0], *next = &lists[1];
    bp_status status;

    for (size_t i = 0; i < c->slot_count; i++) c->present[i] = NO_MARK;
    now->set.count = 0;
    add_thread(c, now, c->program->start, c->begin, regex_assertions_at(c->text, c->size, c->begin));
    for (size_t at = c->begin; !step_threads(c, now, next, at); at++) {
        thread_list *swap = now;
        now = next, next = swap;
        if (at == c->end) return ERROR_INTERNAL(err, "a regular expression's automata do not agree");
        if (at % 4096 == 0 && cancel && (status = cancel_check(cancel, err))) return status;
    }
    return BP_OK;
}

/* The block for `slot_count` marks, kept from call to call: sparse sets may begin with anything, marks are written before they are read. */
bp_status capture_reserve(capture_room *room, memory *memory, size_t size, bp_error *err)
{
    void *block;

    if (size <= room->size) return BP_OK;
    if (!(block = memory_allocate_zeroed(memory, size))) return error_no_memory(err, memory, size);
    memory_free(memory, room->block, room->size);
    *room = (capture_room){.block = block, .size = size};
    return BP_OK;
}

bp_status regex_capture_by_threads(const program *program, capture_room *room, memory *memory, string_view text, size_t begin,
                                   size_t end, size_t *slots, size_t slot_count, cancel *cancel, bp_error *err)
{
    size_t count = program->count, stack_size = 2 * count + 2;
    size_t numbers = 4 * count + 2 * count * slot_count + slot_count, size = stack_size * sizeof(capture_task) + numbers * 4;
    capturing c = {.program = program,
                   .text = (const unsigned char *)text.data,
                   .size = text.size,
                   .begin = begin,
                   .end = end,
                   .slot_count = slot_count};
    uint32_t *block;
    bp_status status;

    if ((status = capture_reserve(room, memory, size, err))) return status;
    c.stack = room->block;
    block = (uint32_t *)(c.stack + stack_size);
    thread_list lists[2] = {
        {.set = {.dense = block, .sparse = block + count}, .marks = block + 4 * count},
        {.set = {.dense = block + 2 * count, .sparse = block + 3 * count}, .marks = block + 4 * count + count * slot_count}};
    c.present = block + 4 * count + 2 * count * slot_count;
    if (!(status = run_threads(&c, lists, cancel, err)))
        for (size_t i = 0; i < slot_count; i++) slots[i] = c.present[i] == NO_MARK ? SIZE_MAX : c.present[i];
    return status;
}

bp_status regex_capture(const program *program, capture_room *room, memory *memory, string_view text, size_t begin, size_t end,
                        size_t *slots, size_t slot_count, cancel *cancel, bp_error *err)
{
    size_t size = regex_backtrack_room(program, begin, end);
    bp_status status;

    if (size) {
        if ((status = capture_reserve(room, memory, size, err))) return status;
        if (regex_backtrack(program, room->block, text, begin, &end, slots, slot_count) == BACKTRACK_MATCH) return BP_OK;
    }
    return regex_capture_by_threads(program, room, memory, text, begin, end, slots, slot_count, cancel, err);
}
