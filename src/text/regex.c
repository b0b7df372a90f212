/* Searching: literal text where that is all, else the automata: one forwards to the end of the leftmost match, one backwards to its begin, and the
 * groups, when they are wanted, in a third walk over the match alone. */
#include "regex_internal.h"

#include "base/error.h"
#include "base/find.h"
#include "utf8.h"

struct regex {
    memory *memory;
    uint32_t group_count;
    string_view *names;
    size_t name_capacity;
    arena texts; /* the names and the prefix */
    program forwards, backwards;
    automaton search, reverse;
    capture_room room;
    string_view prefix; /* what every match begins with */
    find_set literals; /* of which every match holds one, as the next says */
    literal_use literal_use;
    bool is_literal; /* nothing but the prefix matches */
    bool at_begin; /* only at the begin of the text */
    bool loops_on_nothing; /* some repeated part may be empty: which way is preferred then, only the automata say */
};

/* what every match begins with ------------------------------------------------------------------------------------------------------------------ */
typedef struct prefix_walk {
    const parsed_regex *parsed;
    builder *out;
    bool whole; /* so far the prefix is all */
} prefix_walk;

/* Append a node's leading characters; false: what follows the node is not known to come next. */
static bool append_prefix(prefix_walk *walk, uint32_t id)
{
    const regex_node *nodes = walk->parsed->nodes, *node = &nodes[id];
    char bytes[UTF8_MAX_SIZE];

    switch ((regex_kind)node->kind) {
    case REGEX_EMPTY: return true;
    case REGEX_CHARACTER: return builder_append(walk->out, bytes, utf8_encode(bytes, node->value));
    case REGEX_SEQUENCE:
        for (uint32_t child = node->first; child; child = nodes[child].next)
            if (!append_prefix(walk, child)) return false;
        return true;
    case REGEX_GROUP: return append_prefix(walk, node->first); /* at most LIMIT_REGEX_DEPTH groups deep */
    case REGEX_REPEAT:
        walk->whole = false;
        if (node->least) append_prefix(walk, node->first);
        return false;
    default: walk->whole = false; return false;
    }
}

static bool begins_at_begin(const parsed_regex *parsed)
{
    const regex_node *node = &parsed->nodes[parsed->root];

    while ((node->kind == REGEX_SEQUENCE || node->kind == REGEX_GROUP) && node->first) node = &parsed->nodes[node->first];
    return node->kind == REGEX_ASSERTION && node->value == ASSERT_BEGIN_TEXT;
}

static bp_status find_prefix(regex *self, const parsed_regex *parsed, unsigned flags, bp_error *err)
{
    builder text;
    prefix_walk walk = {.parsed = parsed, .out = &text, .whole = true};
    bp_status status;

    self->at_begin = (flags & REGEX_WHOLE) || begins_at_begin(parsed);
    if (self->at_begin) return BP_OK;
    builder_init(&text, self->memory, UINT32_MAX);
    append_prefix(&walk, parsed->root);
    if (!(status = builder_status(&text, err)) && text.size) {
        self->prefix = arena_copy(&self->texts, builder_view(&text));
        if (!self->prefix.data) status = error_no_memory(err, self->memory, text.size);
        self->is_literal = walk.whole;
    }
    builder_clear(&text);
    return status;
}

/* life ---------------------------------------------------------------------------------------------------------------------------------------------- */
/* The names move from the parsed pattern to the regex. */
static void take_names(regex *self, parsed_regex *parsed)
{
    self->group_count = parsed->group_count;
    self->names = parsed->names;
    self->name_capacity = parsed->name_capacity;
    self->texts = parsed->texts;
    parsed->names = NULL;
    parsed->name_capacity = 0;
    arena_init(&parsed->texts, parsed->memory);
}

static bp_status regex_build(regex *self, parsed_regex *parsed, unsigned flags, bp_error *err)
{
    bp_status status;

    take_names(self, parsed);
    self->loops_on_nothing = parsed_regex_loops_on_nothing(parsed);
    if ((status = find_prefix(self, parsed, flags, err))) return status;
    if (!self->is_literal) self->literal_use = regex_literals(&self->literals, parsed);
    if (self->at_begin && self->literal_use == LITERALS_EXACT)
        self->literal_use = LITERALS_PREFIX; /* the text may have to end there */
    if ((status = regex_compile(&self->forwards, self->memory, parsed, false, flags, err))) return status;
    if ((status = regex_compile(&self->backwards, self->memory, parsed, true, flags, err))) return status;
    if ((status = automaton_init(&self->search, self->memory, &self->forwards, false, err))) return status;
    return automaton_init(&self->reverse, self->memory, &self->backwards, true, err);
}

bp_status regex_new(regex **out, memory *memory, string_view pattern, unsigned flags, bp_error *err)
{
    regex *self = memory_new(memory, regex);
    parsed_regex parsed = {.memory = memory};
    bp_status status;

    *out = NULL;
    if (!self) return error_no_memory(err, memory, sizeof *self);
    self->memory = self->forwards.memory = self->backwards.memory = self->search.memory = self->reverse.memory = memory;
    arena_init(&self->texts, memory);
    if ((status = regex_parse(&parsed, memory, pattern, flags, err))) goto done;
    if ((status = regex_build(self, &parsed, flags, err))) goto done;
    *out = self;
    self = NULL;
done:
    parsed_regex_clear(&parsed);
    regex_free(self);
    return status;
}

void regex_free(regex *self)
{
    if (!self) return;
    automaton_clear(&self->search);
    automaton_clear(&self->reverse);
    memory_free(self->memory, self->room.block, self->room.size);
    program_clear(&self->forwards);
    program_clear(&self->backwards);
    memory_free(self->memory, self->names, self->name_capacity * sizeof *self->names);
    arena_clear(&self->texts);
    memory_delete(self->memory, self);
}

unsigned regex_group_count(const regex *self)
{
    return self->group_count;
}

string_view regex_group_name(const regex *self, unsigned group)
{
    return group <= self->group_count ? self->names[group] : (string_view){NULL, 0};
}

#define PIECE ((size_t)1 << 20) /* bytes between two looks at cancel */

/* searching ------------------------------------------------------------------------------------------------------------------------------------------ */
size_t regex_find_literal(string_view text, size_t from, string_view needle)
{
    size_t found = from > text.size ? SIZE_MAX : string_find(string_view_slice(text, from, text.size), needle);

    return found == SIZE_MAX ? found : from + found;
}

static bp_status check_size(string_view text, bp_error *err)
{
    if (text.size < UINT32_MAX) return BP_OK;
    return error_set(err, BP_LIMIT, "regular expressions search texts of less than 4 GiB; this one has %zu bytes", text.size);
}

/* The first of the literals from `from` on, SIZE_MAX: none. */
static bp_status find_literals(const regex *self, string_view text, size_t from, size_t *place, cancel *cancel, bp_error *err)
{
    for (*place = SIZE_MAX; from < text.size && *place == SIZE_MAX; from += PIECE) {
        size_t end = text.size - from > PIECE + FIND_SET_BYTES ? from + PIECE + FIND_SET_BYTES : text.size; /* what stands across */
        bp_status status;
        *place = find_set_place(&self->literals, string_view_slice(text, from, end));
        if (*place != SIZE_MAX) *place += from;
        if (end < text.size && cancel && (status = cancel_check(cancel, err))) return status;
        if (end == text.size) break;
    }
    return BP_OK;
}

/* A place before which no match begins that begins at `from` or later, SIZE_MAX: there is none. */
static bp_status find_start(const regex *self, string_view text, size_t from, size_t *place, cancel *cancel, bp_error *err)
{
    const find_set *set = &self->literals;
    bp_status status;

    *place = from;
    if (self->at_begin && from) *place = SIZE_MAX;
    if (*place == SIZE_MAX || self->literal_use == LITERALS_NONE) return BP_OK;
    if (self->at_begin && self->literal_use == LITERALS_PREFIX) {
        if (text.size < set->least || !find_set_has(set, text.data, text.size, 0)) *place = SIZE_MAX;
        return BP_OK;
    }
    if ((status = find_literals(self, text, from, place, cancel, err))) return status;
    if (*place != SIZE_MAX && self->literal_use == LITERALS_INSIDE) *place = from;
    return BP_OK;
}

/* Where the leftmost match from `from` on ends; any: where some match does. */
static bp_status find_end(regex *self, string_view text, size_t from, bool any, size_t *end, cancel *cancel, bp_error *err)
{
    automaton_search search = {.text = text, .prefix = self->prefix, .anchored = self->at_begin, .any = any, .cancel = cancel};
    bp_status status;

    *end = SIZE_MAX;
    if ((status = find_start(self, text, from, &search.from, cancel, err)) || search.from == SIZE_MAX) return status;
    if (any && self->literal_use == LITERALS_EXACT) {
        *end = search.from; /* one ends behind it, which is all that is asked */
        return BP_OK;
    }
    return automaton_find_end(&self->search, &search, end, err);
}

bp_status regex_test(regex *self, string_view text, bool *found, cancel *cancel, bp_error *err)
{
    size_t end;
    bp_status status;

    *found = false;
    if ((status = check_size(text, err))) return status;
    if (self->is_literal) {
        *found = regex_find_literal(text, 0, self->prefix) != SIZE_MAX;
        return BP_OK;
    }
    status = find_end(self, text, 0, true, &end, cancel, err);
    *found = !status && end != SIZE_MAX;
    return status;
}

static bp_status find_whole(regex *self, string_view text, size_t from, regex_span *span, bool *found, cancel *cancel,
                            bp_error *err)
{
    bp_status status;

    *span = (regex_span){SIZE_MAX, SIZE_MAX};
    if (self->is_literal) {
        span->begin = regex_find_literal(text, from, self->prefix);
        span->end = span->begin + (span->begin == SIZE_MAX ? 0 : self->prefix.size);
        *found = span->begin != SIZE_MAX;
        return BP_OK;
    }
    if ((status = find_end(self, text, from, false, &span->end, cancel, err)) || span->end == SIZE_MAX) return status;
    *found = true;
    span->begin = from;
    if (self->at_begin) return BP_OK;
    if ((status = automaton_find_begin(&self->reverse, text, from, span->end, cancel, &span->begin, err))) return status;
    return span->begin == SIZE_MAX ? ERROR_INTERNAL(err, "a regular expression's automata do not agree") : BP_OK;
}

#define MOST_OPEN 512 /* bytes behind the begin of a match: the automata go through more of them faster */

/* Where a match can begin at one place alone, or begins at the first of the literals, the backtracking search tells all in one walk. *told false: it does
 * not, or could not. */
static bp_status find_at_once(regex *self, string_view text, size_t from, regex_span *spans, size_t groups, bool *found, bool *told,
                              cancel *cancel, bp_error *err)
{
    bool leads = !self->at_begin && (self->literal_use == LITERALS_PREFIX || self->literal_use == LITERALS_EXACT);
    size_t begin, end = SIZE_MAX, room;
    bp_status status;

    *told = false;
    if (self->is_literal || self->loops_on_nothing || (!leads && (!self->at_begin || groups < 2))) return BP_OK;
    if ((status = find_start(self, text, from, &begin, cancel, err))) return status;
    *told = begin == SIZE_MAX;
    if (*told || text.size - begin > MOST_OPEN || !(room = regex_backtrack_room(&self->forwards, begin, text.size))) return BP_OK;
    if ((status = capture_reserve(&self->room, self->memory, room, err))) return status;
    switch (regex_backtrack(&self->forwards, self->room.block, text, begin, &end, &spans[0].begin, 2 * groups)) {
    case BACKTRACK_MATCH:
        spans[0] = (regex_span){begin, end};
        *found = *told = true;
        break;
    case BACKTRACK_NONE: *told = !leads; break;
    case BACKTRACK_GIVEN_UP: break;
    }
    return BP_OK;
}

bp_status regex_find(regex *self, string_view text, size_t from, regex_span *spans, size_t count, bool *found, cancel *cancel,
                     bp_error *err)
{
    size_t groups = count > self->group_count + 1 ? self->group_count + 1 : count;
    regex_span whole;
    bool told;
    bp_status status;

    _Static_assert(sizeof(regex_span) == 2 * sizeof(size_t), "a span is two slots");
    *found = false;
    for (size_t i = 0; i < count; i++) spans[i] = (regex_span){SIZE_MAX, SIZE_MAX};
    if ((status = check_size(text, err)) || from > text.size) return status;
    if ((status = find_at_once(self, text, from, spans, groups, found, &told, cancel, err)) || told) return status;
    if ((status = find_whole(self, text, from, &spans[0], found, cancel, err)) || !*found || groups < 2) return status;
    whole = spans[0];
    status = regex_capture(&self->forwards, &self->room, self->memory, text, whole.begin, whole.end, &spans[0].begin, 2 * groups,
                           cancel, err);
    spans[0] = whole;
    return status;
}

bool regex_append_escaped(builder *out, string_view text)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        bool plain = (c & 0x80) || is_word_byte(c);
        if (!c) {
            builder_literal(out, "\\x00");
            continue;
        }
        if (!plain) builder_byte(out, '\\');
        builder_byte(out, (char)c);
    }
    return out->status == BP_OK;
}
