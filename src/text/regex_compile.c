/* From the tree to a program over bytes, written from the end to the beginning: compiling a node is told what comes after it and gives back where it
 * starts, so nothing is patched but loops. A program that reads backwards is the same with every sequence (of nodes, of the bytes of a character) turned
 * round and begin and end exchanged.
 *
 * A class becomes a tree of byte ranges, one way a UTF-8 sequence. Instructions that are equal are made once (a small table remembers the last ones), so
 * that the ends which sequences have in common are shared: \pL is about 700 instructions instead of 2,000.
 *
 * Recursion: some five calls a nested group, LIMIT_REGEX_DEPTH groups at most. */
#include "regex_internal.h"

#include "base/error.h"
#include "unicode.h"

#define REMEMBERED 1024

typedef struct byte_sequence {
    uint8_t size, low[UTF8_MAX_SIZE], high[UTF8_MAX_SIZE];
} byte_sequence;

typedef struct compiling {
    program *out;
    const parsed_regex *parsed;
    bool backwards;
    size_t work; /* nodes visited: bounds what nested counts of empty things could cost */
    byte_sequence *sequences;
    size_t sequence_count, sequence_capacity;
    uint32_t remembered[REMEMBERED]; /* instruction numbers by a hash of their content; 0: free */
    bp_status status;
    bp_error *err;
} compiling;

#define NOWHERE UINT32_MAX /* after an error, which c->status holds */

static uint32_t compile_failed(compiling *c, bp_status status)
{
    if (!c->status) c->status = status;
    return NOWHERE;
}

static uint32_t compile_too_large(compiling *c)
{
    return compile_failed(c, error_set(c->err, BP_LIMIT,
                                       "regular expression: too large, it would compile to more than %d instructions",
                                       LIMIT_REGEX_INSTRUCTIONS));
}

static uint32_t emit(compiling *c, instruction made)
{
    program *out = c->out;

    if (c->status) return NOWHERE;
    if (out->count == LIMIT_REGEX_INSTRUCTIONS) return compile_too_large(c);
    if (out->count == out->capacity) {
        size_t room = out->capacity ? out->capacity * 2 : 64;
        instruction *moved = memory_resize(out->memory, out->code, out->capacity * sizeof *moved, room * sizeof *moved);
        if (!moved) return compile_failed(c, error_no_memory(c->err, out->memory, room * sizeof *moved));
        out->code = moved;
        out->capacity = room;
    }
    out->code[out->count] = made;
    return (uint32_t)out->count++;
}

static BP_WRAPS uint32_t content_hash(const instruction *made)
{
    uint32_t hash = made->op + 4u * made->low + 1024u * made->high;

    hash = (hash * 0x9e3779b1u ^ made->next) * 0x85ebca6bu ^ made->other;
    return hash * 0x9e3779b1u >> 22;
}

/* An instruction of this content, made before or now. */
static uint32_t emit_once(compiling *c, instruction made)
{
    uint32_t *place = &c->remembered[content_hash(&made) % REMEMBERED];
    const instruction *old = &c->out->code[*place];

    if (*place && old->op == made.op && old->low == made.low && old->high == made.high && old->next == made.next &&
        old->other == made.other)
        return *place;
    uint32_t id = emit(c, made);
    if (id != NOWHERE) *place = id;
    return id;
}

static uint32_t emit_split(compiling *c, uint32_t first, uint32_t second, bool swapped)
{
    return emit(c, (instruction){.op = OP_SPLIT, .next = swapped ? second : first, .other = swapped ? first : second});
}

/* characters and classes ---------------------------------------------------------------------------------------------------------------------- */
static uint32_t compile_character(compiling *c, uint32_t code_point, uint32_t after)
{
    char bytes[UTF8_MAX_SIZE];
    unsigned size = utf8_encode(bytes, code_point);

    for (unsigned i = 0; i < size; i++) {
        uint8_t byte = (uint8_t)bytes[c->backwards ? i : size - 1 - i];
        after = emit(c, (instruction){.op = OP_BYTES, .low = byte, .high = byte, .next = after});
    }
    return after;
}

/* The largest end of a range from `low` on, at most `high`, whose UTF-8 is one sequence of byte ranges. */
static uint32_t sequence_end(uint32_t low, uint32_t high)
{
    static const uint32_t last[] = {0x7f, 0x7ff, 0xffff, UNICODE_LAST};
    unsigned size = low <= last[0] ? 1 : low <= last[1] ? 2 : low <= last[2] ? 3 : 4;
    uint32_t end = high < last[size - 1] ? high : last[size - 1];

    for (unsigned i = 1; i < size; i++) {
        uint32_t mask = ((uint32_t)1 << (6 * i)) - 1;
        if ((low & ~mask) == (end & ~mask)) break;
        if (low & mask) return low | mask;
        if ((end & mask) != mask) end = (end & ~mask) - 1;
    }
    return end;
}

static bool add_sequence(compiling *c, uint32_t low, uint32_t high)
{
    char from[UTF8_MAX_SIZE], to[UTF8_MAX_SIZE];
    byte_sequence *made;

    if (c->sequence_count == c->sequence_capacity) {
        size_t room = c->sequence_capacity ? c->sequence_capacity * 2 : 64;
        byte_sequence *moved =
            memory_resize(c->out->memory, c->sequences, c->sequence_capacity * sizeof *moved, room * sizeof *moved);
        if (!moved) {
            compile_failed(c, error_no_memory(c->err, c->out->memory, room * sizeof *moved));
            return false;
        }
        c->sequences = moved;
        c->sequence_capacity = room;
    }
    made = &c->sequences[c->sequence_count++];
    made->size = (uint8_t)utf8_encode(from, low);
    utf8_encode(to, high);
    for (unsigned i = 0; i < made->size; i++) {
        unsigned place = c->backwards ? made->size - 1u - i : i;
        made->low[place] = (uint8_t)from[i];
        made->high[place] = (uint8_t)to[i];
    }
    return true;
}

/* A range with the surrogates, which no text holds, cut out. */
static void add_sequences(compiling *c, code_range range)
{
    for (uint32_t low = range.low, end; low <= range.high; low = end + 1) {
        if (low >= 0xd800 && low <= 0xdfff) {
            end = 0xdfff;
            continue;
        }
        end = sequence_end(low, low < 0xd800 && range.high >= 0xd800 ? 0xd7ff : range.high);
        if (!add_sequence(c, low, end)) return;
    }
}

/* The sequences [begin, end) from byte `depth` on: neighbours with the same range there share its instruction. */
static uint32_t compile_sequences(compiling *c, size_t begin, size_t end, unsigned depth, uint32_t after)
{
    uint32_t all = NOWHERE;

    for (size_t last = end, first; last > begin; last = first) {
        const byte_sequence *sequence = &c->sequences[last - 1];
        uint32_t target = after, one;
        first = last - 1;
        if (depth + 1u < sequence->size) {
            while (first > begin && c->sequences[first - 1].low[depth] == sequence->low[depth] &&
                   c->sequences[first - 1].high[depth] == sequence->high[depth] && c->sequences[first - 1].size == sequence->size)
                first--;
            target = compile_sequences(c, first, last, depth + 1, after); /* at most 4 deep */
        }
        if (c->status) return NOWHERE;
        one =
            emit_once(c, (instruction){.op = OP_BYTES, .low = sequence->low[depth], .high = sequence->high[depth], .next = target});
        all = all == NOWHERE ? one : emit_once(c, (instruction){.op = OP_SPLIT, .next = one, .other = all});
        if (c->status) return NOWHERE;
    }
    return all;
}

/* An empty class matches nothing: a byte that UTF-8 does not have. */
static uint32_t compile_class(compiling *c, const regex_node *node, uint32_t after)
{
    c->sequence_count = 0;
    for (uint32_t i = 0; i < node->count && !c->status; i++) add_sequences(c, c->parsed->ranges.items[node->first + i]);
    if (c->status) return NOWHERE;
    if (!c->sequence_count) return emit(c, (instruction){.op = OP_BYTES, .low = 0xff, .high = 0xff, .next = after});
    return compile_sequences(c, 0, c->sequence_count, 0, after);
}

/* A character of whatever kind: what a search passes over. Whole characters, so that \B does not match inside of one. */
static uint32_t compile_any(compiling *c, uint32_t after)
{
    static const uint8_t leads[] = {0xc0, 0xe0, 0xf0, 0xff};
    uint32_t all = emit(c, (instruction){.op = OP_BYTES, .low = 0, .high = 0xbf, .next = after});

    for (unsigned i = 0; i < 3; i++) {
        uint8_t high = i == 2 ? 0xff : (uint8_t)(leads[i + 1] - 1);
        after = emit(c, (instruction){.op = OP_BYTES, .low = 0x80, .high = 0xbf, .next = after});
        all = emit_split(c, all, emit(c, (instruction){.op = OP_BYTES, .low = leads[i], .high = high, .next = after}), false);
    }
    return all;
}

/* nodes ------------------------------------------------------------------------------------------------------------------------------------------- */
static uint32_t compile_node(compiling *c, uint32_t id, uint32_t after);

static unsigned mirrored(unsigned assertion)
{
    switch (assertion) {
    case ASSERT_BEGIN_LINE: return ASSERT_END_LINE;
    case ASSERT_END_LINE: return ASSERT_BEGIN_LINE;
    case ASSERT_BEGIN_TEXT: return ASSERT_END_TEXT;
    case ASSERT_END_TEXT: return ASSERT_BEGIN_TEXT;
    default: return assertion;
    }
}

static uint32_t compile_assertion(compiling *c, unsigned assertion, uint32_t after)
{
    if (c->backwards) assertion = mirrored(assertion);
    c->out->assertions |= (uint8_t)assertion;
    return emit(c, (instruction){.op = OP_ASSERT, .assertion = assertion & 0x3f, .next = after});
}

/* x+ before `after`; *loop: where one goes on after an x. */
static uint32_t compile_loop(compiling *c, const regex_node *node, uint32_t after, uint32_t *loop)
{
    uint32_t body;

    *loop = emit_split(c, after, after, false);
    body = compile_node(c, node->first, *loop);
    if (c->status) return NOWHERE;
    c->out->code[*loop].next = node->lazy ? after : body;
    c->out->code[*loop].other = node->lazy ? body : after;
    return body;
}

/* x{least,most}: copies. x* of an x that may be empty is (x+)?, so that an empty x is tried once. */
static uint32_t compile_repeat(compiling *c, const regex_node *node, uint32_t after)
{
    uint32_t at = after, loop, copies = node->least;

    if (node->most == REPEAT_NO_END) {
        at = compile_loop(c, node, after, &loop);
        if (!node->least) return c->parsed->nodes[node->first].nullable ? emit_split(c, at, after, node->lazy) : loop;
        copies--;
    } else {
        for (uint32_t i = node->least; i < node->most && !c->status; i++)
            at = emit_split(c, compile_node(c, node->first, at), after, node->lazy);
    }
    for (; copies && !c->status; copies--) at = compile_node(c, node->first, at);
    return at;
}

static uint32_t compile_group(compiling *c, const regex_node *node, uint32_t after)
{
    bool saves = node->value && !c->backwards;

    if (saves) after = emit(c, (instruction){.op = OP_SAVE, .next = after, .other = 2 * node->value + 1});
    after = compile_node(c, node->first, after);
    return saves ? emit(c, (instruction){.op = OP_SAVE, .next = after, .other = 2 * node->value}) : after;
}

/* The children of a sequence or of alternatives; they are linked forwards, and a program is written from its end. */
static uint32_t compile_children(compiling *c, const regex_node *node, uint32_t after)
{
    memory *memory = c->out->memory;
    size_t size = (node->count + 1) * sizeof(uint32_t);
    uint32_t *children, all = NOWHERE, count = 0;

    if (!node->count) return after;
    if (!(children = memory_allocate(memory, size))) return compile_failed(c, error_no_memory(c->err, memory, size));
    for (uint32_t child = node->first; child; child = c->parsed->nodes[child].next) children[count++] = child;
    if (node->kind == REGEX_SEQUENCE) {
        all = after;
        for (uint32_t i = 0; i < count && !c->status; i++) all = compile_node(c, children[c->backwards ? i : count - 1 - i], all);
    } else {
        for (uint32_t i = count; i-- > 0 && !c->status;) {
            uint32_t one = compile_node(c, children[i], after);
            all = i + 1 == count ? one : emit_split(c, one, all, false);
        }
    }
    memory_free(memory, children, size);
    return all;
}

static uint32_t compile_node(compiling *c, uint32_t id, uint32_t after)
{
    const regex_node *node = &c->parsed->nodes[id];

    if (c->status) return NOWHERE;
    if (++c->work > 4 * (size_t)LIMIT_REGEX_INSTRUCTIONS) return compile_too_large(c);
    switch ((regex_kind)node->kind) {
    case REGEX_EMPTY: return after;
    case REGEX_CHARACTER: return compile_character(c, node->value, after);
    case REGEX_CLASS: return compile_class(c, node, after);
    case REGEX_ASSERTION: return compile_assertion(c, node->value, after);
    case REGEX_GROUP: return compile_group(c, node, after);
    case REGEX_REPEAT: return compile_repeat(c, node, after);
    case REGEX_SEQUENCE:
    case REGEX_ALTERNATIVES: return compile_children(c, node, after);
    }
    return NOWHERE;
}

/* Bytes fall into classes by the borders of all ranges; assertions look at line feeds and word characters besides. */
static void find_classes(program *out)
{
    bool begins[257] = {false};
    unsigned class = 0;

    for (size_t i = 0; i < out->count; i++) {
        if (out->code[i].op != OP_BYTES) continue;
        begins[out->code[i].low] = true;
        begins[out->code[i].high + 1] = true;
    }
    if (out->assertions & (ASSERT_BEGIN_LINE | ASSERT_END_LINE)) begins['\n'] = begins['\n' + 1] = true;
    if (out->assertions & (ASSERT_WORD_BOUNDARY | ASSERT_NO_WORD_BOUNDARY))
        for (unsigned byte = 1; byte < 256; byte++)
            begins[byte] |= is_word_byte((unsigned char)byte) != is_word_byte((unsigned char)(byte - 1));
    for (unsigned byte = 0; byte < 256; byte++) {
        if (byte && begins[byte]) class++;
        out->classes[byte] = (uint8_t)class;
    }
    out->class_count = class + 1;
}

/* Number the splits and what more than one instruction leads to. */
static void number_places(program *out)
{
    instruction *code = out->code;

    for (size_t i = 0; i < out->count; i++) code[i].place = 0;
    code[out->start].place = 1;
    for (size_t i = 0; i < out->count; i++) {
        code[code[i].next].place++;
        if (code[i].op == OP_SPLIT) code[code[i].other].place++;
    }
    for (size_t i = 0; i < out->count; i++) {
        code[i].is_joined = code[i].place > 1;
        code[i].place = code[i].op == OP_SPLIT || code[i].is_joined ? ++out->place_count : 0;
    }
}

static uint64_t first_of(const program *program, const instruction *at)
{
    unsigned low = program->classes[at->low], high = program->classes[at->high];

    switch ((opcode)at->op) {
    case OP_BYTES: return (UINT64_C(2) << high) - (UINT64_C(1) << low);
    case OP_SPLIT: return program->code[at->next].first | program->code[at->other].first;
    case OP_SAVE: return program->code[at->next].first;
    case OP_ASSERT:
        if (at->assertion != ASSERT_END_TEXT) return program->code[at->next].first;
        return program->code[at->next].first & (FIRST_END | FIRST_TEXT_END) ? FIRST_TEXT_END : 0;
    case OP_MATCH: return FIRST_END;
    }
    return 0;
}

#define MOST_FIRST_PASSES 64 /* loops within loops take one each; beyond, and with too many classes, nothing is known */

/* The program is written from its end, so most are known when they are asked for. */
static void find_first(program *out)
{
    bool changed = out->class_count <= FIRST_CLASSES;

    for (int pass = 0; changed && pass < MOST_FIRST_PASSES; pass++) {
        changed = false;
        for (size_t i = 0; i < out->count; i++) {
            uint64_t first = first_of(out, &out->code[i]);
            changed |= first != out->code[i].first;
            out->code[i].first = first;
        }
    }
    if (!changed && out->class_count <= FIRST_CLASSES) return;
    for (size_t i = 0; i < out->count; i++) out->code[i].first = ~UINT64_C(0);
}

/* Whether from the split on a byte of the class leads back to it, with no choice, mark or assertion on the way. */
static bool spins(const program *program, uint32_t split, uint64_t class)
{
    const instruction *code = program->code;
    uint32_t id = split;

    for (int steps = 0; steps < 32; steps++) {
        const instruction *at = &code[id];
        bool is_next, is_other;
        if (at->op == OP_BYTES) return at->next == split;
        if (at->op != OP_SPLIT) return false;
        is_next = code[at->next].first & class, is_other = code[at->other].first & class;
        if (is_next == is_other) return false;
        id = is_next ? at->next : at->other;
    }
    return false;
}

/* Whether the match ends, whatever comes, when a loop is left. */
static bool surely_ends(const program *program, uint32_t id)
{
    while (program->code[id].op == OP_SAVE) id = program->code[id].next; /* marks do not go round in a circle: loops have a split */
    return program->code[id].op == OP_MATCH;
}

/* When a match may end anywhere, a loop may be run through at once if it cannot end there, or if it would rather go on and can end behind the loop. */
static void find_spins(program *out)
{
    for (uint32_t id = 0; id < out->count; id++) {
        instruction *split = &out->code[id];
        if (split->op != OP_SPLIT || !split->is_joined) continue;
        for (unsigned class = 0; class < out->class_count && class < FIRST_CLASSES; class++)
            if (spins(out, id, UINT64_C(1) << class)) split->spin |= UINT64_C(1) << class;
        split->spins_freely = !(split->first & FIRST_END) || surely_ends(out, split->other);
    }
}

bp_status regex_compile(program *out, memory *memory, const parsed_regex *parsed, bool backwards, unsigned flags, bp_error *err)
{
    compiling c = {.out = out, .parsed = parsed, .backwards = backwards, .err = err};
    uint32_t at;

    *out = (program){.memory = memory};
    at = emit(&c, (instruction){.op = OP_MATCH});
    if (flags & REGEX_WHOLE) at = compile_assertion(&c, backwards ? ASSERT_BEGIN_TEXT : ASSERT_END_TEXT, at);
    at = compile_node(&c, parsed->root, at);
    if (flags & REGEX_WHOLE) at = compile_assertion(&c, backwards ? ASSERT_END_TEXT : ASSERT_BEGIN_TEXT, at);
    out->start = at;
    out->search = emit_split(&c, at, at, false);
    at = compile_any(&c, out->search);
    if (!c.status) out->code[out->search].other = at;
    if (!c.status) {
        find_classes(out);
        number_places(out);
        find_first(out);
        find_spins(out);
    }
    memory_free(memory, c.sequences, c.sequence_capacity * sizeof *c.sequences);
    return c.status;
}

void program_clear(program *program)
{
    memory_free(program->memory, program->code, program->capacity * sizeof *program->code);
    *program = (struct program){.memory = program->memory};
}
