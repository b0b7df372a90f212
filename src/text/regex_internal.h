/* The parts of a regular expression between its files:
 *
 *   pattern --regex_parse--> syntax (nodes in an array) --regex_compile--> programs over bytes --regex_automaton, regex_capture--> spans
 *
 * A program is a graph of instructions: the classical nondeterministic automaton, with the parts of UTF-8 as byte ranges. Two are made of a
 * pattern: one that reads forwards and one that reads backwards (to find where a match begins once its end is known). */
#ifndef TEXT_REGEX_INTERNAL_H
#define TEXT_REGEX_INTERNAL_H

#include "base/arena.h"
#include "base/config.h"
#include "base/find_set.h"
#include "regex.h"

typedef struct code_range {
    uint32_t low, high; /* both included */
} code_range;

/* A growing array in heap memory. */
typedef struct range_list {
    memory *memory;
    code_range *items;
    size_t count, capacity;
    bool failed; /* memory was refused */
} range_list;

/* regex_class.c: sets of code points ------------------------------------------------------------------------------------------------------- */
void range_list_clear(range_list *list);
void range_list_add(range_list *list, uint32_t low, uint32_t high);
/* Sorted, without overlap. */
void range_list_normalise(range_list *list);
void range_list_negate(range_list *list); /* of a normalised one */
/* Add whatever differs in case only. */
void range_list_fold(range_list *list);
/* Add a class by its letter (d w s, D W S: the others). */
void range_list_add_perl(range_list *list, char letter, bool fold);
/* Add the class "alpha", "^digit" …; false: there is none of that name. */
bool range_list_add_posix(range_list *list, string_view name, bool fold);
/* Add general category "L", "Lu", "^N", "Any". */
bool range_list_add_category(range_list *list, string_view name, bool negated, bool fold);

/* Syntax ------------------------------------------------------------------------------------------------------------------------------------ */
typedef enum regex_kind {
    REGEX_EMPTY,
    REGEX_CHARACTER, /* value: code point */
    REGEX_CLASS, /* ranges [first, first + count) */
    REGEX_ASSERTION, /* value: assertion */
    REGEX_GROUP, /* value: its number; one child */
    REGEX_REPEAT, /* one child */
    REGEX_SEQUENCE,
    REGEX_ALTERNATIVES
} regex_kind;

typedef enum assertion {
    ASSERT_BEGIN_LINE = 1,
    ASSERT_END_LINE = 2,
    ASSERT_BEGIN_TEXT = 4,
    ASSERT_END_TEXT = 8,
    ASSERT_WORD_BOUNDARY = 16,
    ASSERT_NO_WORD_BOUNDARY = 32
} assertion;

#define REPEAT_NO_END UINT32_MAX

typedef struct regex_node {
    uint8_t kind;
    bool lazy; /* REPEAT: as few as possible */
    bool nullable; /* may match nothing */
    uint32_t value;
    uint32_t first, count; /* CLASS: ranges; else first: the first child (0: none) and count: how many */
    uint32_t last; /* the last child */
    uint32_t next; /* sibling; 0: none */
    uint32_t least, most; /* REPEAT */
} regex_node;

typedef struct parsed_regex {
    memory *memory;
    regex_node *nodes; /* [0] is unused */
    size_t node_count, node_capacity;
    range_list ranges; /* of all classes */
    string_view *names; /* of the groups, in `texts`; [0] is empty */
    size_t name_capacity;
    arena texts;
    uint32_t group_count;
    uint32_t root;
} parsed_regex;

MUST_USE bp_status regex_parse(parsed_regex *out, memory *memory, string_view pattern, unsigned flags, bp_error *err);
void parsed_regex_clear(parsed_regex *parsed);
/* Whether some repeated part may be empty. */
bool parsed_regex_loops_on_nothing(const parsed_regex *parsed);

/* regex_literals.c: what every match holds ---------------------------------------------------------------------------------------------------- */
typedef struct literal_set {
    uint8_t count; /* 0: nothing is known */
    uint8_t sizes[FIND_SET_NEEDLES];
    char texts[FIND_SET_NEEDLES][FIND_SET_BYTES];
} literal_set;

typedef enum literal_use {
    LITERALS_NONE, /* nothing that would be worth a search */
    LITERALS_INSIDE, /* somewhere in the match */
    LITERALS_PREFIX, /* the match begins with one */
    LITERALS_EXACT /* each is a match, and there are no others */
} literal_use;

/* Make `out` of the texts of which every match holds one. */
literal_use regex_literals(find_set *out, const parsed_regex *parsed);

/* Programs ---------------------------------------------------------------------------------------------------------------------------------- */
typedef enum opcode { OP_BYTES, OP_SPLIT, OP_SAVE, OP_ASSERT, OP_MATCH } opcode;

typedef struct instruction {
    uint8_t op, low, high; /* BYTES: low … high, then next */
    uint8_t assertion : 6;
    bool is_joined : 1; /* reached in two ways or more */
    bool spins_freely : 1; /* `spin` holds also where the match may end anywhere */
    uint32_t next; /* SPLIT: tried first */
    uint32_t other; /* SPLIT: tried then; SAVE: the slot */
    uint32_t place; /* SPLIT and joined ones: a number from 1 */
    uint64_t first; /* a bit for each class of bytes that may come next; FIRST_END, FIRST_TEXT_END: the match may end before it */
    uint64_t spin; /* SPLIT: classes of which a byte leads back here, and nowhere else */
} instruction;

#define FIRST_END (UINT64_C(1) << 63)
#define FIRST_TEXT_END (UINT64_C(1) << 62) /* only where the text ends */
#define FIRST_CLASSES 62 /* classes that have a bit */

typedef struct program {
    memory *memory;
    instruction *code;
    size_t count, capacity;
    uint32_t start; /* the match begins here and now */
    uint32_t search; /* the match begins here or later */
    uint32_t place_count;
    uint8_t assertions; /* those that occur */
    uint8_t classes[256]; /* bytes that no instruction tells apart share a class */
    unsigned class_count;
} program;

MUST_USE bp_status regex_compile(program *out, memory *memory, const parsed_regex *parsed, bool backwards, unsigned flags,
                                 bp_error *err);
void program_clear(program *program);

static inline bool is_word_byte(unsigned char c)
{
    return ascii_is_alpha(c) || ascii_is_digit(c) || c == '_';
}

/* A set of instruction numbers in the order of their coming; empty at once. */
typedef struct sparse_set {
    uint32_t *dense, *sparse;
    size_t count;
} sparse_set;

static inline bool sparse_set_has(const sparse_set *set, uint32_t value)
{
    return set->sparse[value] < set->count && set->dense[set->sparse[value]] == value;
}
static inline void sparse_set_add(sparse_set *set, uint32_t value)
{
    set->sparse[value] = (uint32_t)set->count;
    set->dense[set->count++] = value;
}

/* regex_automaton.c: deterministic, its states made as the text asks for them ---------------------------------------------------------------- */
#define AUTOMATON_SPECIAL UINT32_C(0x80000000) /* of a table entry: look at the state before going on */
#define AUTOMATON_DEAD AUTOMATON_SPECIAL

typedef struct automaton_state {
    uint32_t list_begin, list_count;
    uint8_t before; /* assertions known to hold when it was entered */
    uint8_t needed; /* assertions that wait for the next byte */
    bool after_word;
    bool match; /* a match ended before the byte that led here */
} automaton_state;

typedef struct automaton {
    memory *memory;
    const program *program;
    bool longest; /* the longest match of all, not the first alternative's */
    unsigned shift; /* a state's row has 1 << shift entries */
    uint32_t *table; /* 0: not yet known; else the state's number << shift, with AUTOMATON_SPECIAL where it is one */
    size_t table_capacity; /* rows */
    automaton_state *states; /* [0] is unused */
    size_t state_count, state_capacity;
    uint32_t *lists;
    size_t list_count, list_capacity;
    uint32_t *hash; /* state numbers; a power of two of places */
    size_t hash_capacity;
    uint32_t starts[2][4]; /* anchored, context */
    uint32_t skip; /* entries that lead to this state are special: a search may skip ahead there; 0: none */
    sparse_set now, next;
    uint32_t *stack;
    size_t work_size; /* bytes of the block that holds the three above */
    size_t flushes; /* for tests: how often the states were dropped */
} automaton;

MUST_USE bp_status automaton_init(automaton *out, memory *memory, const program *program, bool longest, bp_error *err);
void automaton_clear(automaton *automaton);

typedef struct automaton_search {
    string_view text;
    size_t from;
    string_view prefix; /* what every match begins with; empty: nothing known */
    bool anchored; /* the match begins at `from` */
    bool any; /* the first end will do, not that of the leftmost match */
    cancel *cancel; /* may be NULL */
} automaton_search;

/* Forwards: *end of the match, SIZE_MAX: there is none. */
MUST_USE bp_status automaton_find_end(automaton *self, const automaton_search *search, size_t *end, bp_error *err);
/* Backwards from byte `end` (a match ends there) and not below `from`: the begin furthest back. */
MUST_USE bp_status automaton_find_begin(automaton *self, string_view text, size_t from, size_t end, cancel *cancel, size_t *begin,
                                        bp_error *err);

/* The assertions that hold at a byte of the text. */
static inline unsigned regex_assertions_at(const unsigned char *text, size_t size, size_t at)
{
    bool word_before = at && is_word_byte(text[at - 1]), word_after = at < size && is_word_byte(text[at]);
    unsigned holds = word_before == word_after ? ASSERT_NO_WORD_BOUNDARY : ASSERT_WORD_BOUNDARY;

    if (!at) holds |= ASSERT_BEGIN_TEXT;
    if (!at || text[at - 1] == '\n') holds |= ASSERT_BEGIN_LINE;
    if (at == size) holds |= ASSERT_END_TEXT;
    if (at == size || text[at] == '\n') holds |= ASSERT_END_LINE;
    return holds;
}

/* regex_backtrack.c ------------------------------------------------------------------------------------------------------------------------------ */
/* The bytes of room that regex_backtrack() wants; 0: the match is too long for it. */
size_t regex_backtrack_room(const program *program, size_t begin, size_t end);
typedef enum backtrack_result { BACKTRACK_MATCH, BACKTRACK_NONE, BACKTRACK_GIVEN_UP } backtrack_result;
/* The slots of the match from `begin` to `*end`. *end SIZE_MAX: of the match from `begin` on, if there is one, to where it is preferred to end, which is then
 * in *end. `room` is for the match, or for all text behind `begin`. Given up: it would need too much, the automata and Pike's machine must do it. */
backtrack_result regex_backtrack(const program *program, void *room, string_view text, size_t begin, size_t *end, size_t *slots,
                                 size_t slot_count);

/* regex_capture.c: where the groups of a match lie --------------------------------------------------------------------------------------------- */
typedef struct capture_room {
    void *block;
    size_t size;
} capture_room;

/* A block of that size at least. */
MUST_USE bp_status capture_reserve(capture_room *room, memory *memory, size_t size, bp_error *err);
/* The match of `text` that begins at `begin` and ends at `end`; `slots` = 2 a group, SIZE_MAX where a group took no part. `room` is kept by the caller,
 * who frees its block in the end. */
MUST_USE bp_status regex_capture(const program *program, capture_room *room, memory *memory, string_view text, size_t begin,
                                 size_t end, size_t *slots, size_t slot_count, cancel *cancel, bp_error *err);
/* The same for matches of any length, by Pike's machine. */
MUST_USE bp_status regex_capture_by_threads(const program *program, capture_room *room, memory *memory, string_view text,
                                            size_t begin, size_t end, size_t *slots, size_t slot_count, cancel *cancel,
                                            bp_error *err);

/* The place of `needle` (not empty) in [from, text.size), SIZE_MAX: none. */
size_t regex_find_literal(string_view text, size_t from, string_view needle);

#endif
