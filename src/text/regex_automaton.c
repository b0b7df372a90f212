/* The deterministic automaton of a program, its states made when a text first asks for them and kept in a table.
 *
 *   state   the instructions where the program could be, in the order in which they would be preferred: the ranges of bytes that may come, assertions that
 *           wait for the next byte, and MATCH. Behind MATCH nothing is kept: it would be less preferred (in `longest` automata all is kept).
 *   table   state x class of byte -> state; one more class stands for the end of the text
 *   match   is noticed one byte late: whether $ or \b holds is known only when the next byte is
 *
 * The table has a limit. When it is full all states go and the present one is made again: time stays linear in the text, each byte costs one
 * step over the program at worst. One step of the scan is two loads: of the byte's class and of the table's entry. */
#include "regex_internal.h"

#include "base/error.h"

#define END_OF_TEXT 256u
#define SCAN_BYTES ((size_t)1 << 20) /* between two looks at cancel */

enum { CONTEXT_BEGIN, CONTEXT_LINE, CONTEXT_WORD, CONTEXT_OTHER };

/* memory -------------------------------------------------------------------------------------------------------------------------------------------- */
bp_status automaton_init(automaton *out, memory *memory, const program *program, bool longest, bp_error *err)
{
    size_t count = program->count;
    uint32_t *block;

    *out = (automaton){.memory = memory, .program = program, .longest = longest, .shift = 1};
    while ((1u << out->shift) < program->class_count + 1) out->shift++;
    out->work_size = (6 * count + 2) * sizeof *block;
    /* Sparse sets may hold anything at first, but reading what nobody wrote is no good manner. */
    if (!(block = memory_allocate_zeroed(memory, out->work_size))) {
        out->work_size = 0;
        return error_no_memory(err, memory, (6 * count + 2) * sizeof *block);
    }
    out->now = (sparse_set){.dense = block, .sparse = block + count};
    out->next = (sparse_set){.dense = block + 2 * count, .sparse = block + 3 * count};
    out->stack = block + 4 * count;
    return BP_OK;
}

void automaton_clear(automaton *self)
{
    memory_free(self->memory, self->now.dense, self->work_size);
    memory_free(self->memory, self->table, (self->table_capacity << self->shift) * sizeof *self->table);
    memory_free(self->memory, self->states, self->state_capacity * sizeof *self->states);
    memory_free(self->memory, self->lists, self->list_capacity * sizeof *self->lists);
    memory_free(self->memory, self->hash, self->hash_capacity * sizeof *self->hash);
    *self = (automaton){.memory = self->memory};
}

static void forget_states(automaton *self)
{
    self->state_count = 1;
    self->list_count = 0;
    self->skip = 0;
    self->flushes++;
    memset(self->starts, 0, sizeof self->starts);
    if (self->hash_capacity) memset(self->hash, 0, self->hash_capacity * sizeof *self->hash);
}

static bool grow_states(automaton *self)
{
    size_t room = self->state_capacity ? self->state_capacity * 2 : 16;
    uint32_t *table;
    automaton_state *states;

    table = memory_resize(self->memory, self->table, (self->table_capacity << self->shift) * sizeof *table,
                          (room << self->shift) * sizeof *table);
    if (!table) return false;
    self->table = table;
    self->table_capacity = room;
    states = memory_resize(self->memory, self->states, self->state_capacity * sizeof *states, room * sizeof *states);
    if (!states) return false;
    if (!self->state_capacity) self->state_count = 1;
    self->states = states;
    self->state_capacity = room;
    return true;
}

static bool grow_lists(automaton *self, size_t extra)
{
    size_t room = self->list_capacity ? self->list_capacity : 256;
    uint32_t *moved;

    if (self->list_count + extra <= self->list_capacity) return true;
    while (room < self->list_count + extra) room *= 2;
    moved = memory_resize(self->memory, self->lists, self->list_capacity * sizeof *moved, room * sizeof *moved);
    if (!moved) return false;
    self->lists = moved;
    self->list_capacity = room;
    return true;
}

/* closures ----------------------------------------------------------------------------------------------------------------------------------------------- */
/* Add an instruction and all that it reaches without a byte, while `holds` are the assertions that hold. */
static void add_closure(automaton *self, sparse_set *set, uint32_t id, unsigned holds)
{
    const instruction *code = self->program->code;
    uint32_t *stack = self->stack;
    size_t depth = 0;

    stack[depth++] = id;
    while (depth) {
        id = stack[--depth];
        while (!sparse_set_has(set, id)) {
            const instruction *at = &code[id];
            sparse_set_add(set, id);
            if (at->op == OP_SPLIT) {
                stack[depth++] = at->other;
                id = at->next;
            } else if (at->op == OP_SAVE || (at->op == OP_ASSERT && (at->assertion & holds))) {
                id = at->next;
            } else {
                break;
            }
        }
    }
}

/* states ----------------------------------------------------------------------------------------------------------------------------------------------------- */
/* What of `set` a state keeps, written over the set itself: BYTES, MATCH and the assertions that only the next byte decides. */
static size_t keep_of(const automaton *self, sparse_set *set, uint8_t *needed)
{
    const instruction *code = self->program->code;
    size_t kept = 0;

    *needed = 0;
    for (size_t i = 0; i < set->count; i++) {
        const instruction *at = &code[set->dense[i]];
        if (at->op == OP_ASSERT) {
            if (at->assertion & (ASSERT_BEGIN_TEXT | ASSERT_BEGIN_LINE)) continue;
            *needed |= at->assertion;
        } else if (at->op != OP_BYTES && at->op != OP_MATCH) {
            continue;
        }
        set->dense[kept++] = set->dense[i];
        if (at->op == OP_MATCH && !self->longest) break;
    }
    return kept;
}

static BP_WRAPS uint32_t state_hash(const uint32_t *list, size_t count, const automaton_state *made)
{
    uint32_t hash = (uint32_t)(made->before | made->after_word << 8 | made->match << 9);

    for (size_t i = 0; i < count; i++) hash = (hash ^ list[i]) * 0x9e3779b1u, hash ^= hash >> 15;
    return hash;
}

static bool state_is(const automaton *self, uint32_t state, const uint32_t *list, size_t count, const automaton_state *made)
{
    const automaton_state *other = &self->states[state];

    return other->list_count == count && other->before == made->before && other->after_word == made->after_word &&
           other->match == made->match && (!count || memcmp(self->lists + other->list_begin, list, count * sizeof *list) == 0);
}

/* The place in the hash table of the state, or the free one where it belongs. */
static uint32_t *hash_place(const automaton *self, const uint32_t *list, size_t count, const automaton_state *made)
{
    size_t at = state_hash(list, count, made) & (self->hash_capacity - 1);

    while (self->hash[at] && !state_is(self, self->hash[at], list, count, made)) at = (at + 1) & (self->hash_capacity - 1);
    return &self->hash[at];
}

static bool grow_hash(automaton *self)
{
    size_t room = self->hash_capacity ? self->hash_capacity * 2 : 64;
    uint32_t *hash;

    if (2 * (self->state_count + 1) <= self->hash_capacity) return true;
    if (!(hash = memory_allocate_array(self->memory, room, sizeof *hash))) return false;
    memory_free(self->memory, self->hash, self->hash_capacity * sizeof *hash);
    self->hash = hash;
    self->hash_capacity = room;
    for (uint32_t state = 1; state < self->state_count; state++) {
        const automaton_state *old = &self->states[state];
        *hash_place(self, self->lists + old->list_begin, old->list_count, old) = state;
    }
    return true;
}

static bool is_full(const automaton *self, size_t extra)
{
    size_t row = sizeof(automaton_state) + (sizeof(uint32_t) << self->shift) + 2 * sizeof(uint32_t);

    return self->state_count > 1 &&
           (self->state_count + 1) * row + (self->list_count + extra) * sizeof(uint32_t) > (size_t)LIMIT_REGEX_CACHE_SIZE;
}

/* The entry that leads to the state of `set`: AUTOMATON_DEAD when nothing is left. *flushed: older states are gone. */
static bp_status state_entry(automaton *self, sparse_set *set, unsigned before, bool after_word, bool match, uint32_t *entry,
                             bool *flushed, bp_error *err)
{
    automaton_state made = {.match = match};
    size_t count = keep_of(self, set, &made.needed);
    uint32_t *place, state;

    *entry = AUTOMATON_DEAD;
    if (!count && !match) return BP_OK;
    if (made.needed) made.before = (uint8_t)before, made.after_word = after_word;
    if (self->hash_capacity && (state = *hash_place(self, set->dense, count, &made))) goto known;
    if (is_full(self, count)) {
        forget_states(self);
        *flushed = true;
    }
    if ((self->state_count >= self->state_capacity && !grow_states(self)) || !grow_lists(self, count) || !grow_hash(self))
        return error_no_memory(err, self->memory, LIMIT_REGEX_CACHE_SIZE);
    place = hash_place(self, set->dense, count, &made);
    state = (uint32_t)self->state_count++;
    *place = state;
    made.list_begin = (uint32_t)self->list_count;
    made.list_count = (uint32_t)count;
    if (count) memcpy(self->lists + self->list_count, set->dense, count * sizeof *self->lists);
    self->list_count += count;
    self->states[state] = made;
    memset(self->table + ((size_t)state << self->shift), 0, sizeof(uint32_t) << self->shift);
known:
    *entry = state << self->shift;
    if (match || *entry == self->skip) *entry |= AUTOMATON_SPECIAL;
    return BP_OK;
}

/* The entry for `byte` (or END_OF_TEXT) in a state, which is made if need be. */
static bp_status step_state(automaton *self, uint32_t row, unsigned byte, uint32_t *entry, bp_error *err)
{
    const automaton_state state = self->states[row >> self->shift];
    const instruction *code = self->program->code;
    const uint32_t *list = self->lists + state.list_begin;
    size_t count = state.list_count, class = byte == END_OF_TEXT ? self->program->class_count : self->program->classes[byte];
    unsigned holds = state.before, after = byte == '\n' ? ASSERT_BEGIN_LINE : 0;
    bool word = byte != END_OF_TEXT && is_word_byte((unsigned char)byte), match = false, flushed = false;
    bp_status status;

    if (byte == '\n') holds |= ASSERT_END_LINE;
    if (byte == END_OF_TEXT) holds |= ASSERT_END_LINE | ASSERT_END_TEXT;
    holds |= word == state.after_word ? ASSERT_NO_WORD_BOUNDARY : ASSERT_WORD_BOUNDARY;
    if (state.needed & holds) {
        self->now.count = 0;
        for (size_t i = 0; i < count; i++) add_closure(self, &self->now, list[i], holds);
        list = self->now.dense;
        count = self->now.count;
    }
    self->next.count = 0;
    for (size_t i = 0; i < count; i++) {
        const instruction *at = &code[list[i]];
        if (at->op == OP_BYTES && byte != END_OF_TEXT && byte >= at->low && byte <= at->high)
            add_closure(self, &self->next, at->next, after);
        if (at->op != OP_MATCH) continue;
        match = true;
        if (!self->longest) break;
    }
    if ((status = state_entry(self, &self->next, after, word, match, entry, &flushed, err))) return status;
    if (!flushed) self->table[row + class] = *entry;
    return BP_OK;
}

/* The state in which a search begins, by what stands before. */
static bp_status start_state(automaton *self, bool anchored, int context, uint32_t *row, bp_error *err)
{
    static const uint8_t holds[] = {[CONTEXT_BEGIN] = ASSERT_BEGIN_TEXT | ASSERT_BEGIN_LINE, [CONTEXT_LINE] = ASSERT_BEGIN_LINE};
    uint32_t entry;
    unsigned before = context <= CONTEXT_LINE ? holds[context] : 0;
    bool flushed = false;
    bp_status status;

    if ((*row = self->starts[anchored][context])) return BP_OK;
    self->now.count = 0;
    add_closure(self, &self->now, anchored ? self->program->start : self->program->search, before);
    if ((status = state_entry(self, &self->now, before, context == CONTEXT_WORD, false, &entry, &flushed, err))) return status;
    *row = entry == AUTOMATON_DEAD ? entry : entry & ~AUTOMATON_SPECIAL;
    self->starts[anchored][context] = *row;
    return BP_OK;
}

static int context_of(int neighbour)
{
    if (neighbour < 0) return CONTEXT_BEGIN;
    return neighbour == '\n' ? CONTEXT_LINE : is_word_byte((unsigned char)neighbour) ? CONTEXT_WORD : CONTEXT_OTHER;
}

/* forwards ------------------------------------------------------------------------------------------------------------------------------------------------------ */
/* The scan. With a prefix, a search that fell back to its first state goes on at the prefix' next place. */
bp_status automaton_find_end(automaton *self, const automaton_search *search, size_t *end, bp_error *err)
{
    const unsigned char *text = (const unsigned char *)search->text.data, *classes = self->program->classes;
    size_t size = search->text.size, at = search->from, stop;
    uint32_t row, entry;
    bool skips = search->prefix.size && !search->anchored;
    bp_status status;

    *end = SIZE_MAX;
    if (skips && (at = regex_find_literal(search->text, at, search->prefix)) == SIZE_MAX) return BP_OK;
    if ((status = start_state(self, search->anchored, context_of(at ? text[at - 1] : -1), &row, err))) return status;
    if (row == AUTOMATON_DEAD) return BP_OK;
    if (skips) self->skip = row;
    while (at < size) {
        /* Who searches many short texts looks at the clock himself. */
        if (search->cancel && at - search->from >= SCAN_BYTES && (status = cancel_check(search->cancel, err))) return status;
        stop = size - at > SCAN_BYTES ? at + SCAN_BYTES : size;
        while (at < stop) {
            const uint32_t *table = self->table;
            while (at < stop && (int32_t)(entry = table[row + classes[text[at]]]) > 0) row = entry, at++;
            if (at == stop) break;
            if (!entry && (status = step_state(self, row, text[at], &entry, err))) return status;
            if (entry == AUTOMATON_DEAD) return BP_OK;
            row = entry & ~AUTOMATON_SPECIAL;
            if (entry & AUTOMATON_SPECIAL && self->states[row >> self->shift].match) {
                *end = at;
                if (search->any) return BP_OK;
            } else if (entry & AUTOMATON_SPECIAL && row == self->skip && skips && *end == SIZE_MAX) {
                at = regex_find_literal(search->text, at + 1, search->prefix);
                if (at == SIZE_MAX) return BP_OK;
                stop = size - at > SCAN_BYTES ? at + SCAN_BYTES : size;
                continue;
            }
            at++;
        }
    }
    entry = self->table[row + self->program->class_count];
    if (!entry && (status = step_state(self, row, END_OF_TEXT, &entry, err))) return status;
    if (entry != AUTOMATON_DEAD && self->states[(entry & ~AUTOMATON_SPECIAL) >> self->shift].match) *end = size;
    return BP_OK;
}

/* backwards ------------------------------------------------------------------------------------------------------------------------------------------------------ */
bp_status automaton_find_begin(automaton *self, string_view text, size_t from, size_t end, cancel *cancel, size_t *begin,
                               bp_error *err)
{
    const unsigned char *bytes = (const unsigned char *)text.data;
    uint32_t row, entry;
    bp_status status;

    *begin = SIZE_MAX;
    if ((status = start_state(self, true, context_of(end < text.size ? bytes[end] : -1), &row, err))) return status;
    if (row == AUTOMATON_DEAD) return BP_OK;
    for (size_t at = end;; at--) {
        /* The byte before `from` is looked at, but no match begins before it. */
        unsigned byte = at ? bytes[at - 1] : END_OF_TEXT;
        size_t class = at ? self->program->classes[byte] : self->program->class_count;
        if (at % SCAN_BYTES == 0 && at && cancel && (status = cancel_check(cancel, err))) return status;
        entry = self->table[row + class];
        if (!entry && (status = step_state(self, row, byte, &entry, err))) return status;
        if (entry == AUTOMATON_DEAD) return BP_OK;
        row = entry & ~AUTOMATON_SPECIAL;
        if (self->states[row >> self->shift].match) *begin = at;
        if (at == from) return BP_OK;
    }
}
