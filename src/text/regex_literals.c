/* What literal text every match of a pattern must hold, taken from its tree: searches look for that first (base/find_set.h), which goes through sixty bytes
 * in the time in which an automaton takes two.
 *
 *   exact    the node matches one of these texts and nothing else; assertions are not looked at
 *   prefix   every match begins with one of them
 *   inside   every match holds one of them: the best of those met, the longer and fewer the better
 *
 * A sequence multiplies the sets of its children as long as they are exact and the product is small; then it begins again behind them. A class with both
 * cases of a letter, which is what (?i) makes of one, counts as the small letter, and then the texts are looked for without case: more may be found than
 * the pattern matches, never less. */
#include "regex_internal.h"

#include "utf8.h"

#define MOST_NESTING 12 /* nodes within nodes; of deeper ones nothing is known */
#define LEAST_USEFUL 2 /* bytes of the shortest */

typedef struct literals {
    literal_set exact, prefix, inside; /* count 0: nothing is known */
} literals;

static bool add_text(literal_set *set, const char *bytes, size_t size)
{
    if (set->count == FIND_SET_NEEDLES || size > FIND_SET_BYTES) return false;
    memcpy(set->texts[set->count], bytes, size);
    set->sizes[set->count++] = (uint8_t)size;
    return true;
}

/* Each of `left` with each of `right` behind it; false: too many or too long. */
static bool multiply(literal_set *out, const literal_set *left, const literal_set *right)
{
    char bytes[2 * FIND_SET_BYTES];

    out->count = 0;
    for (size_t i = 0; i < left->count; i++)
        for (size_t k = 0; k < right->count; k++) {
            memcpy(bytes, left->texts[i], left->sizes[i]);
            memcpy(bytes + left->sizes[i], right->texts[k], right->sizes[k]);
            if (!add_text(out, bytes, (size_t)left->sizes[i] + right->sizes[k])) return false;
        }
    return true;
}

/* Add the texts of `more`; nothing is left when they are too many, or when there are none: nothing is known of that one. */
static void unite(literal_set *set, const literal_set *more)
{
    bool fits = more->count > 0;

    for (size_t i = 0; i < more->count && fits; i++) fits = add_text(set, more->texts[i], more->sizes[i]);
    if (!fits) set->count = 0;
}

static size_t least_of(const literal_set *set)
{
    size_t least = set->count ? FIND_SET_BYTES : 0;

    for (size_t i = 0; i < set->count; i++)
        if (set->sizes[i] < least) least = set->sizes[i];
    return least;
}

/* A byte more is worth as much as all but one of eight texts less. */
static void offer(literal_set *best, const literal_set *other)
{
    size_t value = least_of(best) * FIND_SET_NEEDLES - best->count, offered = least_of(other) * FIND_SET_NEEDLES - other->count;

    if (!least_of(other)) return;
    if (!least_of(best) || offered > value) *best = *other;
}

static void literals_of(literals *out, const parsed_regex *parsed, uint32_t id, unsigned nesting);

static void set_exact(literals *out, const literal_set *exact)
{
    out->exact = out->prefix = out->inside = *exact;
}

static bool class_has(const parsed_regex *parsed, const regex_node *node, uint32_t point)
{
    for (uint32_t i = 0; i < node->count; i++) {
        code_range range = parsed->ranges.items[node->first + i];
        if (point >= range.low && point <= range.high) return true;
    }
    return false;
}

/* Whether a character is a capital of which the class has the small letter too. */
static bool is_other_case(const parsed_regex *parsed, const regex_node *node, uint32_t point)
{
    return point >= 'A' && point <= 'Z' && class_has(parsed, node, point | 0x20);
}

/* The class as its characters; false: they are too many. */
static bool class_literals(literal_set *out, const parsed_regex *parsed, const regex_node *node)
{
    char bytes[UTF8_MAX_SIZE];

    if (node->count > 2 * FIND_SET_NEEDLES) return false;
    for (uint32_t i = 0; i < node->count; i++) {
        code_range range = parsed->ranges.items[node->first + i];
        if (range.high - range.low >= 2 * FIND_SET_NEEDLES) return false;
        for (uint32_t point = range.low; point <= range.high; point++) {
            if (is_other_case(parsed, node, point)) continue;
            if ((point >= 0xd800 && point <= 0xdfff) || !add_text(out, bytes, utf8_encode(bytes, point))) return false;
        }
    }
    return true;
}

/* A sequence being gone through: what stands side by side so far, and whether that is from the begin. */
typedef struct sequence_walk {
    literals *out;
    literal_set run;
    bool leads;
} sequence_walk;

/* What comes now does not follow the run in a known way. */
static void end_run(sequence_walk *walk, const literal_set *run)
{
    offer(&walk->out->inside, run);
    if (walk->leads) walk->out->prefix = *run;
    walk->leads = false;
}

static void add_child(sequence_walk *walk, const literals *child)
{
    literal_set product;

    if (child->exact.count) {
        if (multiply(&product, &walk->run, &child->exact)) {
            walk->run = product;
            return;
        }
        end_run(walk, &walk->run);
        walk->run = child->exact;
        return;
    }
    end_run(walk, child->prefix.count && multiply(&product, &walk->run, &child->prefix) ? &product : &walk->run);
    offer(&walk->out->inside, &child->inside);
    walk->run = (literal_set){.count = 1};
}

static void sequence_literals(literals *out, const parsed_regex *parsed, const regex_node *node, unsigned nesting)
{
    sequence_walk walk = {.out = out, .run = {.count = 1}, .leads = true};

    for (uint32_t id = node->first; id; id = parsed->nodes[id].next) {
        literals child;
        literals_of(&child, parsed, id, nesting);
        add_child(&walk, &child);
    }
    if (walk.leads)
        set_exact(out, &walk.run);
    else
        offer(&out->inside, &walk.run);
}

static void alternative_literals(literals *out, const parsed_regex *parsed, const regex_node *node, unsigned nesting)
{
    bool first = true;

    for (uint32_t id = node->first; id; id = parsed->nodes[id].next, first = false) {
        literals child;
        literals_of(&child, parsed, id, nesting);
        if (first) {
            *out = child;
            continue;
        }
        if (out->exact.count) unite(&out->exact, &child.exact);
        if (out->prefix.count) unite(&out->prefix, &child.prefix);
        if (out->inside.count) unite(&out->inside, &child.inside);
    }
}

static void repeat_literals(literals *out, const parsed_regex *parsed, const regex_node *node, unsigned nesting)
{
    static const literal_set empty = {.count = 1};
    literal_set exact;

    if (!node->least && node->most != 1) return;
    literals_of(out, parsed, node->first, nesting);
    if (node->least && node->most == 1) return;
    if (node->least) {
        out->exact.count = 0;
        return;
    }
    exact = out->exact;
    if (exact.count) unite(&exact, &empty);
    set_exact(out, &exact);
}

/* At most MOST_NESTING deep. */
static void literals_of(literals *out, const parsed_regex *parsed, uint32_t id, unsigned nesting)
{
    const regex_node *node = &parsed->nodes[id];
    literal_set one = {0};
    char bytes[UTF8_MAX_SIZE];

    *out = (literals){0};
    if (nesting == MOST_NESTING) return;
    switch ((regex_kind)node->kind) {
    case REGEX_EMPTY:
    case REGEX_ASSERTION: one.count = 1; break;
    case REGEX_CHARACTER: add_text(&one, bytes, utf8_encode(bytes, node->value)); break;
    case REGEX_CLASS:
        if (!class_literals(&one, parsed, node)) return;
        break;
    case REGEX_GROUP: literals_of(out, parsed, node->first, nesting + 1); return;
    case REGEX_REPEAT: repeat_literals(out, parsed, node, nesting + 1); return;
    case REGEX_SEQUENCE: sequence_literals(out, parsed, node, nesting + 1); return;
    case REGEX_ALTERNATIVES: alternative_literals(out, parsed, node, nesting + 1); return;
    }
    set_exact(out, &one);
}

static bool has_assertions(const parsed_regex *parsed)
{
    for (size_t i = 1; i < parsed->node_count; i++)
        if (parsed->nodes[i].kind == REGEX_ASSERTION) return true;
    return false;
}

/* Whether some class, of those small enough to become texts, has both cases of a letter. */
static bool has_both_cases(const parsed_regex *parsed)
{
    for (size_t i = 1; i < parsed->node_count; i++) {
        const regex_node *node = &parsed->nodes[i];
        if (node->kind != REGEX_CLASS || node->count > 2 * FIND_SET_NEEDLES) continue;
        for (uint32_t point = 'A'; point <= 'Z'; point++)
            if (class_has(parsed, node, point) && is_other_case(parsed, node, point)) return true;
    }
    return false;
}

literal_use regex_literals(find_set *out, const parsed_regex *parsed)
{
    literals all;
    literal_set *best;
    string_view needles[FIND_SET_NEEDLES];
    bool leads, no_case = has_both_cases(parsed);

    literals_of(&all, parsed, parsed->root, 0);
    leads = least_of(&all.prefix) >= LEAST_USEFUL && least_of(&all.prefix) + 1 >= least_of(&all.inside);
    best = leads ? &all.prefix : &all.inside;
    if (least_of(best) < LEAST_USEFUL) return LITERALS_NONE;
    for (size_t i = 0; i < best->count; i++) needles[i] = (string_view){best->texts[i], best->sizes[i]};
    find_set_init(out, needles, best->count, no_case);
    if (all.exact.count && !no_case && !has_assertions(parsed)) return LITERALS_EXACT;
    return leads ? LITERALS_PREFIX : LITERALS_INSIDE;
}
