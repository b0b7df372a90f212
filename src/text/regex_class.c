/* Sets of code points as sorted ranges: what stands between brackets, behind \p, and what ignoring case adds. */
#include "regex_internal.h"
#include "unicode.h"

void range_list_clear(range_list *list)
{
    memory_free(list->memory, list->items, list->capacity * sizeof *list->items);
    *list = (range_list){.memory = list->memory};
}

void range_list_add(range_list *list, uint32_t low, uint32_t high)
{
    if (list->count == list->capacity) {
        size_t room = list->capacity ? list->capacity * 2 : 16;
        code_range *moved = memory_resize(list->memory, list->items, list->capacity * sizeof *moved, room * sizeof *moved);
        if (!moved) {
            list->failed = true;
            return;
        }
        list->items = moved;
        list->capacity = room;
    }
    list->items[list->count++] = (code_range){low, high};
}

/* Heap sort by the lower end: no extra memory, no recursion, and n log n whatever comes. */
static void sift_down(code_range *items, size_t root, size_t count)
{
    for (size_t child; (child = 2 * root + 1) < count; root = child) {
        code_range swap;
        if (child + 1 < count && items[child + 1].low > items[child].low) child++;
        if (items[root].low >= items[child].low) return;
        swap = items[root], items[root] = items[child], items[child] = swap;
    }
}

static void sort_ranges(code_range *items, size_t count)
{
    for (size_t i = count / 2; i-- > 0;) sift_down(items, i, count);
    for (size_t end = count; end-- > 1;) {
        code_range swap = items[0];
        items[0] = items[end], items[end] = swap;
        sift_down(items, 0, end);
    }
}

static bool is_normal(const range_list *list)
{
    for (size_t i = 1; i < list->count; i++)
        if (list->items[i].low <= list->items[i - 1].high + 1) return false;
    return true;
}

void range_list_normalise(range_list *list)
{
    size_t kept = 0;

    if (is_normal(list)) return;
    sort_ranges(list->items, list->count);
    for (size_t i = 1; i < list->count; i++) {
        code_range *last = &list->items[kept];
        if (list->items[i].low > last->high + 1)
            list->items[++kept] = list->items[i];
        else if (list->items[i].high > last->high)
            last->high = list->items[i].high;
    }
    list->count = kept + 1;
}

void range_list_negate(range_list *list)
{
    size_t count = list->count;
    uint32_t from = 0;

    /* The gaps are one more than the ranges at most: the room for the last one is made first. */
    range_list_add(list, 0, 0);
    if (list->failed) return;
    list->count = 0;
    for (size_t i = 0; i < count; i++) {
        code_range range = list->items[i];
        if (range.low > from) list->items[list->count++] = (code_range){from, range.low - 1};
        from = range.high + 1;
    }
    if (from <= UNICODE_LAST) list->items[list->count++] = (code_range){from, UNICODE_LAST};
}

void range_list_fold(range_list *list)
{
    size_t count = list->count;

    for (size_t i = 0; i < count && !list->failed; i++) {
        code_range range = list->items[i];
        for (uint32_t at = unicode_fold_after(range.low); at <= range.high; at = unicode_fold_after(at + 1))
            for (uint32_t other = unicode_fold_next(at); other != at; other = unicode_fold_next(other))
                range_list_add(list, other, other);
    }
    range_list_normalise(list);
}

/* Add `part` (which ends here) to the list: folded, negated. */
static void add_part(range_list *list, range_list *part, bool negated, bool fold)
{
    if (fold) range_list_fold(part);
    range_list_normalise(part);
    if (negated) range_list_negate(part);
    for (size_t i = 0; i < part->count; i++) range_list_add(list, part->items[i].low, part->items[i].high);
    if (part->failed) list->failed = true;
    range_list_clear(part);
}

static void add_pairs(range_list *list, const char *pairs)
{
    for (; *pairs; pairs += 2) range_list_add(list, (unsigned char)pairs[0], (unsigned char)pairs[1]);
}

void range_list_add_perl(range_list *list, char letter, bool fold)
{
    range_list part = {.memory = list->memory};
    unsigned char lower = ascii_lower((unsigned char)letter);

    add_pairs(&part, lower == 'd' ? "09" : lower == 's' ? "\t\n\f\r  " : "09AZ__az");
    add_part(list, &part, letter != (char)lower, fold);
}

bool range_list_add_posix(range_list *list, string_view name, bool fold)
{
    static const struct {
        const char *name, *pairs; /* NULL pairs: from 0 on */
    } classes[] = {
        {"alnum", "09AZaz"}, {"alpha", "AZaz"}, {"ascii", NULL},      {"blank", "\t\t  "},  {"cntrl", NULL},
        {"digit", "09"},     {"graph", "!~"},   {"lower", "az"},      {"print", " ~"},      {"punct", "!/:@[`{~"},
        {"space", "\t\r  "}, {"upper", "AZ"},   {"word", "09AZ__az"}, {"xdigit", "09AFaf"},
    };
    bool negated = name.size && name.data[0] == '^';
    range_list part = {.memory = list->memory};

    name = string_view_slice(name, negated, name.size);
    for (size_t i = 0; i < ARRAY_LENGTH(classes); i++) {
        if (!string_equal(name, string_view_of(classes[i].name))) continue;
        if (classes[i].pairs) {
            add_pairs(&part, classes[i].pairs);
        } else {
            range_list_add(&part, 0, classes[i].name[0] == 'a' ? 0x7f : 0x1f);
            range_list_add(&part, 0x7f, 0x7f);
        }
        add_part(list, &part, negated, fold);
        return true;
    }
    return false;
}

static bool category_is_named(unsigned category, string_view name)
{
    const char *letters = unicode_category_name(category);

    /* C without Cn, as in RE2: what is not assigned is in no class of one letter. */
    if (name.size == 1) return letters[0] == name.data[0] && !(letters[0] == 'C' && letters[1] == 'n');
    return letters[0] == name.data[0] && letters[1] == name.data[1];
}

bool range_list_add_category(range_list *list, string_view name, bool negated, bool fold)
{
    range_list part = {.memory = list->memory};
    bool wanted[UNICODE_CATEGORIES] = {false}, any = false;

    if (name.size && name.data[0] == '^') {
        negated = !negated;
        name = string_view_slice(name, 1, name.size);
    }
    if (string_equal(name, STRING_VIEW("Any"))) {
        range_list_add(&part, 0, UNICODE_LAST);
        add_part(list, &part, negated, fold);
        return true;
    }
    if (name.size < 1 || name.size > 2) return false;
    for (unsigned i = 0; i < UNICODE_CATEGORIES; i++) any |= wanted[i] = category_is_named(i, name);
    if (!any) return false;
    for (uint32_t at = 0, end; at <= UNICODE_LAST; at = end) {
        end = unicode_category_run(at);
        if (!wanted[unicode_category(at)]) continue;
        if (part.count && part.items[part.count - 1].high + 1 == at)
            part.items[part.count - 1].high = end - 1;
        else
            range_list_add(&part, at, end - 1);
    }
    add_part(list, &part, negated, fold);
    return true;
}
