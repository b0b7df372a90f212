/* Unicode's properties by table, and what is built from them.
 *
 * Two tries of blocks of 128 code points (about 80 KB in all): one for class (category, grapheme break, width, white space), one for case
 * (differences to the upper, lower and title form). An entry is the number of a row. Base letters and rings of case folding are sorted lists. */
#include "unicode.h"

#include "ascii_case.h"

typedef struct class_row {
    uint8_t category;
    uint8_t grapheme; /* BREAK_… */
    uint8_t flags;    /* bit 0: white space; then the width */
} class_row;

typedef struct case_row {
    int32_t upper, lower, title;
} case_row;

typedef struct base_row {
    uint32_t code_point, base; /* base 0: nothing is left */
} base_row;

typedef struct orbit_row {
    uint32_t code_point, next;
} orbit_row;

#include "unicode_tables.inc"

const char unicode_version[] = TABLES_VERSION;

static const class_row *class_of(uint32_t code_point)
{
    if (code_point > 0x10ffff) code_point = UTF8_REPLACEMENT;
    return &class_rows[class_indexes[class_blocks[code_point / BLOCK_SIZE] * BLOCK_SIZE + code_point % BLOCK_SIZE]];
}

static const case_row *case_of(uint32_t code_point)
{
    if (code_point > 0x10ffff) code_point = UTF8_REPLACEMENT;
    return &case_rows[case_indexes[case_blocks[code_point / BLOCK_SIZE] * BLOCK_SIZE + code_point % BLOCK_SIZE]];
}

uint32_t unicode_upper(uint32_t code_point)
{
    return code_point + (uint32_t)case_of(code_point)->upper;
}

uint32_t unicode_lower(uint32_t code_point)
{
    return code_point + (uint32_t)case_of(code_point)->lower;
}

uint32_t unicode_title(uint32_t code_point)
{
    return code_point + (uint32_t)case_of(code_point)->title;
}

unsigned unicode_category(uint32_t code_point)
{
    return class_of(code_point)->category;
}

const char *unicode_category_name(unsigned category)
{
    static const char names[UNICODE_CATEGORIES][3] = {"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl",
                                                      "No", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc",
                                                      "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co", "Cn"};

    return names[category];
}

uint32_t unicode_category_run(uint32_t begin)
{
    unsigned category = unicode_category(begin);
    uint32_t end = begin + 1;

    while (end % BLOCK_SIZE && unicode_category(end) == category) end++;
    return end;
}

/* The first row of orbit_rows that is not before the code point. */
static size_t orbit_place(uint32_t code_point)
{
    size_t low = 0, high = ARRAY_LENGTH(orbit_rows);

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (orbit_rows[middle].code_point < code_point)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint32_t unicode_fold_next(uint32_t code_point)
{
    size_t place = orbit_place(code_point);

    return place < ARRAY_LENGTH(orbit_rows) && orbit_rows[place].code_point == code_point ? orbit_rows[place].next : code_point;
}

uint32_t unicode_fold_after(uint32_t from)
{
    size_t place = orbit_place(from);

    return place < ARRAY_LENGTH(orbit_rows) ? orbit_rows[place].code_point : UINT32_MAX;
}

static bool in_categories(uint32_t code_point, unsigned first, unsigned last)
{
    unsigned category = class_of(code_point)->category;

    return category >= first && category <= last;
}

bool unicode_is_alpha(uint32_t code_point)
{
    return in_categories(code_point, CATEGORY_LU, CATEGORY_LO) || in_categories(code_point, CATEGORY_NL, CATEGORY_NL);
}

bool unicode_is_digit(uint32_t code_point)
{
    return in_categories(code_point, CATEGORY_ND, CATEGORY_ND);
}

bool unicode_is_numeric(uint32_t code_point)
{
    return in_categories(code_point, CATEGORY_ND, CATEGORY_NO);
}

bool unicode_is_space(uint32_t code_point)
{
    return class_of(code_point)->flags & 1;
}

bool unicode_is_upper(uint32_t code_point)
{
    return in_categories(code_point, CATEGORY_LU, CATEGORY_LU);
}

bool unicode_is_lower(uint32_t code_point)
{
    return in_categories(code_point, CATEGORY_LL, CATEGORY_LL);
}

bool unicode_is_punctuation(uint32_t code_point)
{
    return in_categories(code_point, CATEGORY_PC, CATEGORY_PO);
}

bool unicode_is_mark(uint32_t code_point)
{
    return in_categories(code_point, CATEGORY_MN, CATEGORY_ME);
}

unsigned unicode_width(uint32_t code_point)
{
    return class_of(code_point)->flags >> 1;
}

/* Grapheme clusters ------------------------------------------------------------------------------------------------------------ */

/* What decides beyond two neighbours. */
typedef struct cluster_state {
    unsigned previous;
    bool pictographic; /* a pictograph and extenders (joiners are none) came before … */
    bool joined; /* … and then a zero-width joiner */
    unsigned regionals; /* regional indicators in a row before */
} cluster_state;

static void cluster_step(cluster_state *state, unsigned next)
{
    state->joined = state->pictographic && next == BREAK_ZWJ;
    state->pictographic = next == BREAK_PICTOGRAPHIC || (state->pictographic && next == BREAK_EXTEND);
    state->regionals = next == BREAK_REGIONAL ? state->regionals + 1 : 0;
    state->previous = next;
}

static bool is_control(unsigned class)
{
    return class == BREAK_CR || class == BREAK_LF || class == BREAK_CONTROL;
}

/* The rules GB3 to GB13 of UAX #29, in their order. */
static bool is_boundary(const cluster_state *state, unsigned next)
{
    unsigned previous = state->previous;

    if (previous == BREAK_CR && next == BREAK_LF) return false;
    if (is_control(previous) || is_control(next)) return true;
    if (previous == BREAK_L && (next == BREAK_L || next == BREAK_V || next == BREAK_LV || next == BREAK_LVT)) return false;
    if ((previous == BREAK_LV || previous == BREAK_V) && (next == BREAK_V || next == BREAK_T)) return false;
    if ((previous == BREAK_LVT || previous == BREAK_T) && next == BREAK_T) return false;
    if (next == BREAK_EXTEND || next == BREAK_ZWJ || next == BREAK_SPACING) return false;
    if (previous == BREAK_PREPEND) return false;
    if (state->joined && next == BREAK_PICTOGRAPHIC) return false;
    if (previous == BREAK_REGIONAL && next == BREAK_REGIONAL) return state->regionals % 2 == 0;
    return true;
}

size_t unicode_grapheme_end(string_view text, size_t begin)
{
    const char *at = text.data + begin, *end = text.data + text.size;
    cluster_state state = {0, false, false, 0};
    uint32_t code_point;
    unsigned next;

    if (begin >= text.size) return text.size;
    /* ASCII before ASCII: only CR LF holds together. */
    if (end - at >= 2 && !((at[0] | at[1]) & 0x80) && at[0] != '\r') return begin + 1;
    at += utf8_decode(at, end, &code_point);
    cluster_step(&state, class_of(code_point)->grapheme);
    while (at < end) {
        unsigned size = utf8_decode(at, end, &code_point);

        next = class_of(code_point)->grapheme;
        if (is_boundary(&state, next)) break;
        cluster_step(&state, next);
        at += size;
    }
    return (size_t)(at - text.data);
}

size_t unicode_grapheme_count(string_view text)
{
    size_t count = 0;

    for (size_t at = 0; at < text.size; count++) at = unicode_grapheme_end(text, at);
    return count;
}

/* The widest character of a cluster; 2 when a variation selector asks for an emoji, or for a flag. */
static unsigned cluster_width(const char *at, const char *end)
{
    unsigned width = 0;
    uint32_t code_point, first = 0;

    while (at < end) {
        at += utf8_decode(at, end, &code_point);
        if (unicode_width(code_point) > width) width = unicode_width(code_point);
        if (code_point == 0xfe0f && class_of(first)->grapheme == BREAK_PICTOGRAPHIC) width = 2;
        if (first && class_of(code_point)->grapheme == BREAK_REGIONAL) width = 2;
        if (!first) first = code_point;
    }
    return width;
}

size_t unicode_text_width(string_view text)
{
    size_t width = 0, end;

    for (size_t at = 0; at < text.size; at = end) {
        end = unicode_grapheme_end(text, at);
        width += cluster_width(text.data + at, text.data + end);
    }
    return width;
}

#define CHECK_CLUSTERS 65536
#define PIECE_SIZE ((size_t)1 << 20)

bool unicode_append_reversed(builder *out, string_view text)
{
    size_t end;
    char *target;

    if (text.size == 0) return true;
    if (!builder_reserve(out, text.size)) return false;
    target = out->data + out->size;
    for (size_t at = 0, turn = 1; at < text.size; at = end, turn++) {
        end = unicode_grapheme_end(text, at);
        memcpy(target + text.size - end, text.data + at, end - at);
        if (turn % CHECK_CLUSTERS == 0 && !builder_goes_on(out)) return false;
    }
    out->size += text.size;
    return true;
}

/* Mapping text ---------------------------------------------------------------------------------------------------------------- */

typedef uint32_t (*map_function)(uint32_t code_point);

/* ASCII words at once, all else by `map`; what is no character stays as it is. `first`: the first ASCII letter that changes. */
static bool append_mapped_piece(builder *out, string_view text, map_function map, unsigned char first)
{
    const char *at = text.data, *end = at + text.size;
    uint64_t word;
    uint32_t code_point;

    if (text.size && !builder_reserve(out, text.size)) return false;
    if (text.size && ascii_flip(out->data + out->size, text.data, text.size, first)) {
        out->size += text.size;
        return true;
    }
    while (at < end) {
        if (end - at >= 8 && (memcpy(&word, at, 8), !(word & UINT64_C(0x8080808080808080)))) {
            word = ascii_flip8(word, first);
            if (!builder_append(out, &word, 8)) return false;
            at += 8;
            continue;
        }
        if (!(*at & 0x80)) {
            if (!builder_byte(out, *at >= (char)first && *at < (char)(first + 26) ? (char)(*at ^ 0x20) : *at)) return false;
            at++;
            continue;
        }
        char mapped[UTF8_MAX_SIZE];
        unsigned size = utf8_decode(at, end, &code_point);
        bool bad = code_point == UTF8_REPLACEMENT;
        bool done = bad ? builder_append(out, at, size) : builder_append(out, mapped, utf8_encode(mapped, map(code_point)));

        if (!done) return false;
        at += size;
    }
    return true;
}

/* Piece by piece, between which the builder is asked whether it goes on. */
static bool append_mapped(builder *out, string_view text, map_function map, unsigned char first)
{
    for (size_t begin = 0, end; begin < text.size; begin = end) {
        end = text.size - begin > PIECE_SIZE ? begin + PIECE_SIZE : text.size;
        while (end < text.size && ((unsigned char)text.data[end] & 0xc0) == 0x80) end++;
        if (!append_mapped_piece(out, string_view_slice(text, begin, end), map, first)) return false;
        if (end < text.size && !builder_goes_on(out)) return false;
    }
    return true;
}

bool unicode_append_upper(builder *out, string_view text)
{
    return append_mapped(out, text, unicode_upper, 'a');
}

bool unicode_append_lower(builder *out, string_view text)
{
    return append_mapped(out, text, unicode_lower, 'A');
}

/* The base letter of a code point, itself when it has none other, 0 when nothing is left. */
static uint32_t base_of(uint32_t code_point)
{
    size_t low = 0, high = ARRAY_LENGTH(base_rows);

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (base_rows[middle].code_point < code_point)
            low = middle + 1;
        else
            high = middle;
    }
    return low < ARRAY_LENGTH(base_rows) && base_rows[low].code_point == code_point ? base_rows[low].base : code_point;
}

bool unicode_append_unaccented(builder *out, string_view text)
{
    const char *at = text.data, *end = at + text.size, *plain;
    uint32_t code_point;
    char base[UTF8_MAX_SIZE];

    for (size_t turn = 1; at < end; turn++) {
        if (turn % CHECK_CLUSTERS == 0 && !builder_goes_on(out)) return false;
        for (plain = at; at < end && !(*at & 0x80);) at++;
        if (at > plain && !builder_append(out, plain, (size_t)(at - plain))) return false;
        if (at == end) break;
        unsigned size = utf8_decode(at, end, &code_point);

        if (code_point == UTF8_REPLACEMENT) {
            if (!builder_append(out, at, size)) return false;
        } else if (!unicode_is_mark(code_point) && (code_point = base_of(code_point)) != 0) {
            if (!builder_append(out, base, utf8_encode(base, code_point))) return false;
        }
        at += size;
    }
    return true;
}
