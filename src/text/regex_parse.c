/* From a pattern to a tree. One pass, no recursion: an open parenthesis pushes a frame, its partner pops it.
 *
 * A frame gathers a sequence; at `|` the sequence so far becomes one of the alternatives. A quantifier takes the last item of the sequence. Children
 * are linked by `next`, so that a long sequence is not a deep tree: depth grows with parentheses alone, and those are limited. */
#include "regex_internal.h"

#include "base/error.h"
#include "unicode.h"

typedef struct open_group {
    uint32_t sequence; /* gathers the items */
    uint32_t alternatives; /* 0: no | so far */
    uint32_t group; /* its number, 0: it does not capture */
    unsigned flags; /* those before it */
} open_group;

enum { FLAG_MULTI_LINE = 256, FLAG_SWAP_LAZY = 512 };

typedef struct parsing {
    parsed_regex *out;
    string_view pattern;
    size_t at;
    unsigned flags;
    open_group open[LIMIT_REGEX_DEPTH + 1];
    size_t depth;
    uint32_t last; /* the item that a quantifier would take; 0: none */
    uint32_t before_last; /* the item before it in the sequence */
    bool repeated; /* the last item ended with a quantifier, which began at: */
    size_t repeat_begin;
    bp_error *err;
} parsing;

static bp_status pattern_error(const parsing *p, const char *what, size_t begin, size_t end)
{
    string_view part = string_view_slice(p->pattern, begin, end);

    if (part.size > 80) part.size = 80;
    return error_set(p->err, BP_BAD_ARGUMENT, "regular expression: %s: %.*s (at byte %zu)", what, STRING_ARGUMENTS(part),
                     begin + 1);
}

static bp_status pattern_no_memory(const parsing *p, size_t size)
{
    return error_no_memory(p->err, p->out->memory, size);
}

/* nodes ------------------------------------------------------------------------------------------------------------------------------------- */
static bp_status new_node(parsing *p, const regex_node *node, uint32_t *out)
{
    parsed_regex *parsed = p->out;

    if (parsed->node_count == parsed->node_capacity) {
        size_t room = parsed->node_capacity ? parsed->node_capacity * 2 : 32;
        regex_node *moved =
            memory_resize(parsed->memory, parsed->nodes, parsed->node_capacity * sizeof *moved, room * sizeof *moved);
        if (!moved) return pattern_no_memory(p, room * sizeof *moved);
        parsed->nodes = moved;
        parsed->node_capacity = room;
        if (!parsed->node_count) parsed->nodes[parsed->node_count++] = (regex_node){.kind = REGEX_EMPTY, .nullable = true};
    }
    parsed->nodes[parsed->node_count] = *node;
    *out = (uint32_t)parsed->node_count++;
    return BP_OK;
}

static void add_child(parsing *p, uint32_t parent, uint32_t child)
{
    regex_node *nodes = p->out->nodes, *to = &nodes[parent];

    if (to->first)
        nodes[to->last].next = child;
    else
        to->first = child;
    to->last = child;
    to->count++;
}

/* Whether the sequence may match nothing: asked when its last item is known, since a quantifier changes what came before it. */
static void end_sequence(parsing *p, uint32_t sequence)
{
    regex_node *nodes = p->out->nodes;

    nodes[sequence].nullable = true;
    for (uint32_t child = nodes[sequence].first; child; child = nodes[child].next)
        nodes[sequence].nullable &= nodes[child].nullable;
}

/* A sequence that has ended becomes one more alternative. */
static void add_alternative(parsing *p, const open_group *frame)
{
    regex_node *nodes = p->out->nodes;

    end_sequence(p, frame->sequence);
    add_child(p, frame->alternatives, frame->sequence);
    nodes[frame->alternatives].nullable |= nodes[frame->sequence].nullable;
}

static bp_status new_sequence(parsing *p, uint32_t *out)
{
    return new_node(p, &(regex_node){.kind = REGEX_SEQUENCE}, out);
}

static bp_status add_item(parsing *p, const regex_node *node)
{
    uint32_t id, sequence = p->open[p->depth].sequence;
    bp_status status;

    if ((status = new_node(p, node, &id))) return status;
    p->before_last = p->out->nodes[sequence].last;
    add_child(p, sequence, id);
    p->last = id;
    p->repeated = false;
    return BP_OK;
}

static bp_status add_assertion(parsing *p, unsigned assertion)
{
    return add_item(p, &(regex_node){.kind = REGEX_ASSERTION, .value = assertion, .nullable = true});
}

/* A class from the ranges that were added behind the first `begin`. */
static bp_status add_class(parsing *p, range_list *list)
{
    range_list *all = &p->out->ranges;
    size_t begin = all->count;

    for (size_t i = 0; i < list->count; i++) range_list_add(all, list->items[i].low, list->items[i].high);
    if (list->failed || all->failed) return pattern_no_memory(p, list->count * sizeof(code_range));
    return add_item(p, &(regex_node){.kind = REGEX_CLASS, .first = (uint32_t)begin, .count = (uint32_t)(all->count - begin)});
}

static bp_status add_character(parsing *p, uint32_t code_point)
{
    range_list list = {.memory = p->out->memory};
    bp_status status;

    if (!(p->flags & REGEX_NO_CASE) || unicode_fold_next(code_point) == code_point)
        return add_item(p, &(regex_node){.kind = REGEX_CHARACTER, .value = code_point});
    range_list_add(&list, code_point, code_point);
    range_list_fold(&list);
    status = add_class(p, &list);
    range_list_clear(&list);
    return status;
}

static bp_status add_dot(parsing *p)
{
    range_list list = {.memory = p->out->memory};
    bp_status status;

    range_list_add(&list, 0, p->flags & REGEX_DOT_NEWLINE ? UNICODE_LAST : '\n' - 1);
    if (!(p->flags & REGEX_DOT_NEWLINE)) range_list_add(&list, '\n' + 1, UNICODE_LAST);
    status = add_class(p, &list);
    range_list_clear(&list);
    return status;
}

/* reading ----------------------------------------------------------------------------------------------------------------------------------- */
static bool more(const parsing *p)
{
    return p->at < p->pattern.size;
}
static bool looks_at(const parsing *p, string_view text)
{
    return string_starts_with(string_view_slice(p->pattern, p->at, p->pattern.size), text);
}
static bool take(parsing *p, char c)
{
    if (!more(p) || p->pattern.data[p->at] != c) return false;
    p->at++;
    return true;
}
static uint32_t take_character(parsing *p)
{
    uint32_t code_point;

    p->at += utf8_decode(p->pattern.data + p->at, p->pattern.data + p->pattern.size, &code_point);
    return code_point;
}

static int hex_value(char c)
{
    if (ascii_is_digit((unsigned char)c)) return c - '0';
    c = (char)ascii_lower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* \x41 \x{1F600} */
static bool take_hex(parsing *p, uint32_t *out)
{
    bool braces = take(p, '{');
    size_t digits = 0;

    *out = 0;
    for (; more(p) && hex_value(p->pattern.data[p->at]) >= 0 && (braces || digits < 2); digits++) {
        *out = *out * 16 + (uint32_t)hex_value(p->pattern.data[p->at++]);
        if (*out > UNICODE_LAST) return false;
    }
    return braces ? digits > 0 && take(p, '}') : digits == 2;
}

/* \0 \012 \101: an octal number; one digit other than 0 would be a back reference. */
static bool take_octal(parsing *p, char first, uint32_t *out)
{
    size_t digits = 1;

    if (first != '0' && !(more(p) && p->pattern.data[p->at] >= '0' && p->pattern.data[p->at] <= '7')) return false;
    *out = (uint32_t)(first - '0');
    for (; digits < 3 && more(p) && p->pattern.data[p->at] >= '0' && p->pattern.data[p->at] <= '7'; digits++)
        *out = *out * 8 + (uint32_t)(p->pattern.data[p->at++] - '0');
    return true;
}

/* The character behind a backslash at `begin`, of which p->at is the next. */
static bp_status escaped_character(parsing *p, size_t begin, uint32_t *out)
{
    static const char names[] = "aftnrv", values[] = "\a\f\t\n\r\v";
    const char *name;
    char c;
    bool good;

    if (!more(p)) return pattern_error(p, "trailing \\", begin, p->pattern.size);
    c = p->pattern.data[p->at];
    name = memchr(names, c, sizeof names - 1);
    if (name) {
        p->at++;
        *out = (unsigned char)values[name - names];
        return BP_OK;
    }
    if (!(c & 0x80) && !ascii_is_alpha((unsigned char)c) && !ascii_is_digit((unsigned char)c)) {
        p->at++;
        *out = (unsigned char)c;
        return BP_OK;
    }
    *out = take_character(p);
    good = c == 'x' ? take_hex(p, out) : c >= '0' && c <= '7' ? take_octal(p, c, out) : false;
    return good ? BP_OK : pattern_error(p, "invalid escape sequence", begin, p->at);
}

/* \pL \p{Lu} \P{^N}; p->at is at the p. */
static bp_status take_category(parsing *p, size_t begin, range_list *list)
{
    bool negated = p->pattern.data[p->at++] == 'P';
    size_t from = p->at, to;

    if (take(p, '{')) {
        const char *close = memchr(p->pattern.data + p->at, '}', p->pattern.size - p->at);
        if (!close) return pattern_error(p, "invalid character class range", begin, p->pattern.size);
        from = p->at, to = (size_t)(close - p->pattern.data);
        p->at = to + 1;
    } else {
        if (!more(p)) return pattern_error(p, "invalid character class range", begin, p->pattern.size);
        take_character(p);
        to = p->at;
    }
    if (range_list_add_category(list, string_view_slice(p->pattern, from, to), negated, p->flags & REGEX_NO_CASE)) return BP_OK;
    return pattern_error(p, "invalid character class range (general categories are known, scripts are not)", begin, p->at);
}

static bool is_perl_class(char c)
{
    return c == 'd' || c == 'D' || c == 'w' || c == 'W' || c == 's' || c == 'S';
}

/* classes in brackets ----------------------------------------------------------------------------------------------------------------------- */
/* [:alpha:] at p->at; *done: it was one. */
static bp_status take_posix(parsing *p, range_list *list, bool *done)
{
    size_t begin = p->at, end = begin + 2;

    *done = false;
    if (!looks_at(p, STRING_VIEW("[:"))) return BP_OK;
    while (end + 1 < p->pattern.size && !(p->pattern.data[end] == ':' && p->pattern.data[end + 1] == ']')) end++;
    if (end + 1 >= p->pattern.size) return BP_OK;
    p->at = end + 2;
    *done = true;
    if (range_list_add_posix(list, string_view_slice(p->pattern, begin + 2, end), p->flags & REGEX_NO_CASE)) return BP_OK;
    return pattern_error(p, "invalid character class range", begin, p->at);
}

static bp_status class_character(parsing *p, size_t bracket, uint32_t *out)
{
    size_t begin = p->at;

    if (!more(p)) return pattern_error(p, "missing ]", bracket, p->pattern.size);
    if (take(p, '\\')) return escaped_character(p, begin, out);
    *out = take_character(p);
    return BP_OK;
}

/* One member: a class, a character or a range; p->at is before the closing bracket. */
static bp_status class_member(parsing *p, size_t bracket, range_list *list)
{
    size_t begin = p->at;
    uint32_t low, high;
    bool done;
    bp_status status;

    if ((status = take_posix(p, list, &done)) || done) return status;
    if (p->pattern.data[p->at] == '\\' && p->at + 1 < p->pattern.size) {
        char c = p->pattern.data[p->at + 1];
        if (is_perl_class(c)) {
            p->at += 2;
            range_list_add_perl(list, c, p->flags & REGEX_NO_CASE);
            return BP_OK;
        }
        if (c == 'p' || c == 'P') {
            p->at++;
            return take_category(p, begin, list);
        }
    }
    if ((status = class_character(p, bracket, &low))) return status;
    high = low;
    if (p->at + 1 < p->pattern.size && p->pattern.data[p->at] == '-' && p->pattern.data[p->at + 1] != ']') {
        p->at++;
        if ((status = class_character(p, bracket, &high))) return status;
        if (high < low) return pattern_error(p, "invalid character class range", begin, p->at);
    }
    range_list_add(list, low, high);
    if (p->flags & REGEX_NO_CASE) {
        range_list one = {.memory = list->memory};
        range_list_add(&one, low, high);
        range_list_fold(&one);
        for (size_t i = 0; i < one.count; i++) range_list_add(list, one.items[i].low, one.items[i].high);
        list->failed |= one.failed;
        range_list_clear(&one);
    }
    return BP_OK;
}

static bp_status parse_class(parsing *p)
{
    size_t bracket = p->at++;
    range_list list = {.memory = p->out->memory};
    bool negated = take(p, '^'), first = true;
    bp_status status = BP_OK;

    for (; more(p) && (first || p->pattern.data[p->at] != ']') && !status; first = false) status = class_member(p, bracket, &list);
    if (!status && !take(p, ']')) status = pattern_error(p, "missing ]", bracket, p->pattern.size);
    if (!status) {
        range_list_normalise(&list);
        if (negated) range_list_negate(&list);
        status = add_class(p, &list);
    }
    range_list_clear(&list);
    return status;
}

/* groups ------------------------------------------------------------------------------------------------------------------------------------- */
static bp_status name_group(parsing *p, uint32_t group, string_view name)
{
    parsed_regex *out = p->out;
    string_view copy = {NULL, 0};

    if (group >= out->name_capacity) {
        size_t room = out->name_capacity ? out->name_capacity * 2 : 16;
        string_view *moved = memory_resize(out->memory, out->names, out->name_capacity * sizeof *moved, room * sizeof *moved);
        if (!moved) return pattern_no_memory(p, room * sizeof *moved);
        out->names = moved;
        out->name_capacity = room;
        out->names[0] = copy;
    }
    if (name.size) {
        copy = arena_copy(&out->texts, name);
        if (!copy.data) return pattern_no_memory(p, name.size);
    }
    out->names[group] = copy;
    return BP_OK;
}

static bp_status push_group(parsing *p, uint32_t group, unsigned flags_before)
{
    uint32_t sequence;
    bp_status status;

    if (p->depth == LIMIT_REGEX_DEPTH)
        return error_set(p->err, BP_LIMIT, "regular expression: more than %d nested groups", LIMIT_REGEX_DEPTH);
    if ((status = new_sequence(p, &sequence))) return status;
    p->open[++p->depth] = (open_group){.sequence = sequence, .group = group, .flags = flags_before};
    p->last = 0;
    return BP_OK;
}

static bp_status push_capture(parsing *p, string_view name)
{
    uint32_t group = ++p->out->group_count;
    bp_status status;

    if ((status = name_group(p, group, name))) return status;
    return push_group(p, group, p->flags);
}

/* (?P<name> or (?<name>; p->at is behind the <. */
static bp_status named_group(parsing *p, size_t begin)
{
    size_t from = p->at;

    while (more(p) && is_word_byte((unsigned char)p->pattern.data[p->at])) p->at++;
    if (p->at == from || !more(p) || p->pattern.data[p->at] != '>')
        return pattern_error(p, "invalid named capture group", begin, p->at);
    string_view name = string_view_slice(p->pattern, from, p->at++);
    for (uint32_t i = 1; i <= p->out->group_count; i++)
        if (string_equal(p->out->names[i], name)) return pattern_error(p, "duplicate capture group name", from, p->at - 1);
    return push_capture(p, name);
}

static unsigned flag_of(char c)
{
    switch (c) {
    case 'i': return REGEX_NO_CASE;
    case 's': return REGEX_DOT_NEWLINE;
    case 'm': return FLAG_MULTI_LINE;
    case 'U': return FLAG_SWAP_LAZY;
    default: return 0;
    }
}

/* (?flags) for the rest of the group, (?flags:…) for what stands in it; p->at is behind the ?. */
static bp_status group_flags(parsing *p, size_t begin)
{
    unsigned flags = p->flags, before = p->flags;
    bool off = false, any = false;

    while (more(p)) {
        char c = p->pattern.data[p->at++];
        if (c == '-' && !off) {
            off = true, any = false;
        } else if (flag_of(c)) {
            flags = off ? flags & ~flag_of(c) : flags | flag_of(c);
            any = true;
        } else if ((c == ')' || c == ':') && (any || !off)) {
            p->flags = flags;
            return c == ':' ? push_group(p, 0, before) : BP_OK;
        } else {
            break;
        }
    }
    return pattern_error(p, "invalid perl operator", begin, p->at);
}

static bp_status parse_open(parsing *p)
{
    size_t begin = p->at++;

    if (!take(p, '?')) return push_capture(p, (string_view){NULL, 0});
    if (looks_at(p, STRING_VIEW("P<")) || looks_at(p, STRING_VIEW("<"))) {
        p->at += looks_at(p, STRING_VIEW("P<")) ? 2 : 1;
        if (more(p) && (p->pattern.data[p->at] == '=' || p->pattern.data[p->at] == '!'))
            return pattern_error(p, "invalid perl operator", begin, p->at + 1);
        return named_group(p, begin);
    }
    return group_flags(p, begin);
}

/* The sequence that was gathered, or the alternatives whose last one it is. */
static uint32_t close_alternatives(parsing *p, const open_group *frame)
{
    if (frame->alternatives) {
        add_alternative(p, frame);
        return frame->alternatives;
    }
    end_sequence(p, frame->sequence);
    return frame->sequence;
}

static bp_status parse_close(parsing *p)
{
    open_group frame = p->open[p->depth];
    uint32_t content;

    if (!p->depth) return pattern_error(p, "unexpected )", 0, p->pattern.size);
    p->at++;
    content = close_alternatives(p, &frame);
    p->depth--;
    p->flags = frame.flags;
    return add_item(p, &(regex_node){.kind = REGEX_GROUP,
                                     .value = frame.group,
                                     .first = content,
                                     .last = content,
                                     .count = 1,
                                     .nullable = p->out->nodes[content].nullable});
}

static bp_status parse_bar(parsing *p)
{
    open_group *frame = &p->open[p->depth];
    bp_status status;

    p->at++;
    if (!frame->alternatives && (status = new_node(p, &(regex_node){.kind = REGEX_ALTERNATIVES}, &frame->alternatives)))
        return status;
    add_alternative(p, frame);
    if ((status = new_sequence(p, &frame->sequence))) return status;
    p->last = 0;
    return BP_OK;
}

/* quantifiers ---------------------------------------------------------------------------------------------------------------------------------- */
static bool take_count(parsing *p, uint32_t *out)
{
    size_t begin = p->at;

    for (*out = 0; more(p) && ascii_is_digit((unsigned char)p->pattern.data[p->at]); p->at++)
        if (*out <= LIMIT_REGEX_REPEAT) *out = *out * 10 + (uint32_t)(p->pattern.data[p->at] - '0');
    return p->at > begin;
}

/* {2} {2,} {2,5}; false: the brace stands for itself, and p->at has not moved. */
static bool take_braces(parsing *p, uint32_t *least, uint32_t *most)
{
    size_t begin = p->at++;

    if (take_count(p, least)) {
        *most = *least;
        if (take(p, ',') && !take_count(p, most)) *most = REPEAT_NO_END;
        if (take(p, '}')) return true;
    }
    p->at = begin;
    return false;
}

/* The last item, put into a REPEAT that takes its place in the sequence. */
static bp_status repeat_last(parsing *p, size_t begin, uint32_t least, uint32_t most)
{
    uint32_t item = p->last, id, sequence = p->open[p->depth].sequence,
             factor = most == REPEAT_NO_END || most < least ? least : most;
    bool lazy = take(p, '?');
    regex_node *nodes;
    bp_status status;

    if (p->repeated) return pattern_error(p, "bad repetition operator", p->repeat_begin, p->at);
    if (!item) return pattern_error(p, "no argument for repetition operator", begin, p->at);
    if (most < least || factor > LIMIT_REGEX_REPEAT) return pattern_error(p, "invalid repetition size", begin, p->at);
    if (p->flags & FLAG_SWAP_LAZY) lazy = !lazy;
    status = new_node(p,
                      &(regex_node){.kind = REGEX_REPEAT,
                                    .lazy = lazy,
                                    .first = item,
                                    .last = item,
                                    .count = 1,
                                    .least = least,
                                    .most = most,
                                    .nullable = !least || p->out->nodes[item].nullable},
                      &id);
    if (status) return status;
    nodes = p->out->nodes;
    if (p->before_last)
        nodes[p->before_last].next = id;
    else
        nodes[sequence].first = id;
    nodes[sequence].last = id;
    p->last = id;
    p->repeated = true;
    p->repeat_begin = begin;
    return BP_OK;
}

/* * + ? or braces; *done: it was one. */
static bp_status parse_quantifier(parsing *p, bool *done)
{
    size_t begin = p->at;
    uint32_t least = 0, most = REPEAT_NO_END;

    *done = true;
    switch (p->pattern.data[p->at]) {
    case '*': p->at++; break;
    case '+': p->at++, least = 1; break;
    case '?': p->at++, most = 1; break;
    case '{':
        if (take_braces(p, &least, &most)) break;
        *done = false;
        return BP_OK;
    default: *done = false; return BP_OK;
    }
    return repeat_last(p, begin, least, most);
}

/* items ----------------------------------------------------------------------------------------------------------------------------------------- */
static bp_status add_listed(parsing *p, size_t begin, char perl)
{
    range_list list = {.memory = p->out->memory};
    bp_status status = BP_OK;

    if (perl)
        range_list_add_perl(&list, perl, p->flags & REGEX_NO_CASE);
    else
        status = take_category(p, begin, &list);
    range_list_normalise(&list);
    if (!status) status = add_class(p, &list);
    range_list_clear(&list);
    return status;
}

/* \Q…\E: plain characters. */
static bp_status parse_quoted(parsing *p)
{
    bp_status status = BP_OK;

    while (more(p) && !looks_at(p, STRING_VIEW("\\E")) && !status) status = add_character(p, take_character(p));
    if (more(p)) p->at += 2;
    return status;
}

static bp_status parse_escape(parsing *p)
{
    size_t begin = p->at++;
    char c = more(p) ? p->pattern.data[p->at] : 0;
    uint32_t code_point;
    bp_status status;

    if (c == 'p' || c == 'P') return add_listed(p, begin, 0);
    if (is_perl_class(c)) return p->at++, add_listed(p, begin, c);
    switch (c) {
    case 'b': p->at++; return add_assertion(p, ASSERT_WORD_BOUNDARY);
    case 'B': p->at++; return add_assertion(p, ASSERT_NO_WORD_BOUNDARY);
    case 'A': p->at++; return add_assertion(p, ASSERT_BEGIN_TEXT);
    case 'z': p->at++; return add_assertion(p, ASSERT_END_TEXT);
    case 'Q': p->at++; return parse_quoted(p);
    case 'C':
        return pattern_error(p, "\\C (any byte) is not supported: texts are matched character by character", begin, p->at + 1);
    default: break;
    }
    if ((status = escaped_character(p, begin, &code_point))) return status;
    return add_character(p, code_point);
}

static bp_status parse_item(parsing *p)
{
    bool multi_line = p->flags & FLAG_MULTI_LINE, done;
    bp_status status;

    if ((status = parse_quantifier(p, &done)) || done) return status;
    switch (p->pattern.data[p->at]) {
    case '(': return parse_open(p);
    case ')': return parse_close(p);
    case '|': return parse_bar(p);
    case '[': return parse_class(p);
    case '\\': return parse_escape(p);
    case '.': p->at++; return add_dot(p);
    case '^': p->at++; return add_assertion(p, multi_line ? ASSERT_BEGIN_LINE : ASSERT_BEGIN_TEXT);
    case '$': p->at++; return add_assertion(p, multi_line ? ASSERT_END_LINE : ASSERT_END_TEXT);
    default: return add_character(p, take_character(p));
    }
}

static bp_status parse_all(parsing *p)
{
    bp_status status = BP_OK;

    if ((status = name_group(p, 0, (string_view){NULL, 0}))) return status;
    if ((status = new_sequence(p, &p->open[0].sequence))) return status;
    while (more(p) && !status) status = p->flags & REGEX_LITERAL ? add_character(p, take_character(p)) : parse_item(p);
    if (status) return status;
    if (p->depth) return pattern_error(p, "missing )", 0, p->pattern.size);
    p->out->root = close_alternatives(p, &p->open[0]);
    return BP_OK;
}

bp_status regex_parse(parsed_regex *out, memory *memory, string_view pattern, unsigned flags, bp_error *err)
{
    parsing p = {.out = out, .pattern = pattern, .flags = flags, .err = err};

    *out = (parsed_regex){.memory = memory, .ranges = {.memory = memory}};
    arena_init(&out->texts, memory);
    if (pattern.size > LIMIT_REGEX_SIZE)
        return error_set(err, BP_LIMIT, "regular expression of %zu bytes: at most %d are allowed", pattern.size, LIMIT_REGEX_SIZE);
    return parse_all(&p);
}

void parsed_regex_clear(parsed_regex *parsed)
{
    memory_free(parsed->memory, parsed->nodes, parsed->node_capacity * sizeof *parsed->nodes);
    memory_free(parsed->memory, parsed->names, parsed->name_capacity * sizeof *parsed->names);
    range_list_clear(&parsed->ranges);
    arena_clear(&parsed->texts);
    *parsed = (parsed_regex){.memory = parsed->memory};
}

bool parsed_regex_loops_on_nothing(const parsed_regex *parsed)
{
    for (size_t i = 1; i < parsed->node_count; i++)
        if (parsed->nodes[i].kind == REGEX_REPEAT && parsed->nodes[parsed->nodes[i].first].nullable) return true;
    return false;
}
