/* LIKE and ILIKE.
 *
 * A constant pattern is looked at once a batch. Without _ and escapes it goes to compute/match.h. With _ that tells which rows come into question at all;
 * without case that is told by the longest piece of ASCII text in the pattern, looked for in the texts as they are. What is left takes the two-pointer
 * matcher, which remembers the last % alone and so takes at most pattern times text steps. */
#include "base/find.h"
#include "base/find_set.h"
#include "function_internal.h"

#include "text/utf8.h"

typedef struct like_pattern {
    bool plain; /* literal parts and %, few enough */
    match_pattern parts;
    string_view text;
    int escape; /* a byte, or -1 */
} like_pattern;

static like_pattern like_look(string_view text, int escape)
{
    like_pattern pattern = {.plain = true, .text = text, .escape = escape};

    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] == '_' || (unsigned char)text.data[i] == escape) pattern.plain = false;
    if (pattern.plain) pattern.plain = match_parse(&pattern.parts, text);
    return pattern;
}

/* The bytes from `p` on that stand for themselves. */
static string_view literal_run(const char *p, const char *end, int escape)
{
    const char *begin = p;

    while (p < end && *p != '%' && *p != '_' && (unsigned char)*p != escape) p++;
    return (string_view){begin, (size_t)(p - begin)};
}

/* The next place of `run`, which follows a %, from `t` on: all before it is skipped. NULL: there is none. */
static const char *skip_to(string_view run, const char *t, const char *t_end)
{
    size_t found = run.size ? string_find((string_view){t, (size_t)(t_end - t)}, run) : 0;

    return found == SIZE_MAX ? NULL : t + found;
}

/* One character of the pattern at `p`: its literal bytes. Moves over an escape. */
static bool like_general(const function_call *call, string_view text, string_view pattern, int escape)
{
    size_t meter = 0;
    const char *t = text.data, *t_end = t + text.size, *p = pattern.data, *p_end = p + pattern.size;
    const char *star = NULL, *star_text = NULL;
    string_view run = {NULL, 0};

    while (t < t_end) {
        bool escaped = p < p_end && (unsigned char)*p == escape && escape >= 0 && p + 1 < p_end;
        if (p < p_end && !escaped && *p == '%') {
            star = ++p;
            run = literal_run(p, p_end, escape);
            if (!(t = star_text = skip_to(run, t, t_end))) return false;
            continue;
        }
        if (p < p_end && !escaped && *p == '_') {
            p++;
            t = utf8_next(t, t_end);
            continue;
        }
        if (p < p_end && p[escaped] == *t) {
            p += 1 + escaped;
            t++;
            continue;
        }
        if (!star || call_stops(call, &meter, (size_t)(p - star) + 1)) return false; /* the caller looks again */
        p = star;
        if (!(t = star_text = skip_to(run, utf8_next(star_text, t_end), t_end))) return false;
    }
    while (p < p_end && *p == '%') p++;
    return p == p_end;
}

static bool like_matches(const function_call *call, const like_pattern *pattern, string_view text)
{
    if (pattern->plain) return text_match(call, &pattern->parts, text);
    return like_general(call, text, pattern->text, pattern->escape);
}

static bp_status escape_of(const column *escapes, size_t row, int *out, bp_error *err)
{
    string_view text = text_value(escapes, row);

    *out = text.size ? (unsigned char)text.data[0] : -1;
    if (text.size > 1)
        return error_set(err, BP_BAD_ARGUMENT, "Invalid escape string '%.*s': it must be one character or empty",
                         STRING_ARGUMENTS(text));
    return BP_OK;
}

static bool fold_text(text_fold fold, builder *out, string_view text)
{
    builder_reset(out);
    return fold(out, text);
}

typedef struct like_run {
    const function_call *call;
    const column *arguments;
    size_t count;
    text_fold fold; /* NULL: texts are taken as they are */
    builder text, pattern; /* folded */
    like_pattern now; /* that of the row at hand */
    bool is_constant; /* it is that of all rows */
} like_run;

/* Make run->now the pattern of the row. */
static bp_status take_pattern(like_run *run, size_t row, bp_error *err)
{
    int escape = -1;
    string_view source = text_value(&run->arguments[1], row);
    bp_status status;

    if (run->count == 3 && (status = escape_of(&run->arguments[2], row, &escape, err))) return status;
    if (run->fold && escape >= 0) escape = ascii_lower((unsigned char)escape);
    if (run->fold && !fold_text(run->fold, &run->pattern, source)) return builder_status(&run->pattern, err);
    run->now = like_look(run->fold ? builder_view(&run->pattern) : source, escape);
    return BP_OK;
}

static bp_status like_row(like_run *run, size_t row, bool *found, bp_error *err)
{
    string_view text = text_value(&run->arguments[0], row);

    if (run->fold) {
        if (!fold_text(run->fold, &run->text, text)) return builder_status(&run->text, err);
        text = builder_view(&run->text);
    }
    *found = like_matches(run->call, &run->now, text);
    return BP_OK;
}

/* many rows against one pattern: first what can be told fast ----------------------------------------------------------------------------- */
/* A pattern that matches whatever this one does: each _, which takes a byte at least, becomes %. False: there is an escape, or there are too many parts. */
static bool loosen(match_pattern *out, const function_call *call, const like_pattern *pattern)
{
    size_t size = pattern->text.size, bytes = 0;
    char *text = arena_allocate(call->arena, size + 1); /* no memory: then without */

    if (!text) return false;
    for (size_t i = 0; i < size; i++) {
        bool any = pattern->text.data[i] == '_';
        if ((unsigned char)pattern->text.data[i] == pattern->escape) return false;
        text[i] = any ? '%' : pattern->text.data[i];
        bytes += any;
    }
    if (!match_parse(out, (string_view){text, size})) return false;
    out->least += bytes;
    return true;
}

/* The longest run of ASCII that a text must hold. */
static string_view longest_run(const like_pattern *pattern)
{
    string_view run = {NULL, 0};
    size_t begin = 0;

    for (size_t i = 0; i <= pattern->text.size; i++) {
        unsigned char byte = i < pattern->text.size ? (unsigned char)pattern->text.data[i] : '%';
        if (byte < 0x80 && byte != '%' && byte != '_' && byte != pattern->escape) continue;
        if (i - begin > run.size) run = string_view_slice(pattern->text, begin, i);
        begin = i + 1;
    }
    return run.size > FIND_SET_BYTES ? string_view_slice(run, 0, FIND_SET_BYTES) : run;
}

/* Two characters beyond ASCII have a small letter in it: the Kelvin sign and the dotted I. */
static bool may_come_from_beyond(string_view run)
{
    return memchr(run.data, 'k', run.size) || memchr(run.data, 'i', run.size);
}

/* Set the bits of rows, from `row` on, that hold the pattern's longest run in any case, or might. */
static bp_status find_without_case(const like_run *run, size_t row, uint64_t *bits, bool *known, bp_error *err)
{
    string_view needle = longest_run(&run->now);
    bool beyond;
    find_set set;
    size_t meter = 0;
    bp_status status;

    *known = needle.size > 0;
    if (!*known) return BP_OK;
    beyond = may_come_from_beyond(needle);
    find_set_init(&set, &needle, 1, true);
    for (; row < run->call->rows; row++) {
        string_view text = text_value(&run->arguments[0], row);
        if (call_skips(run->call, row)) continue;
        if (text.size > MATCH_LONG || find_set_place(&set, text) != SIZE_MAX || (beyond && !utf8_is_ascii(text.data, text.size)))
            bitmap_set(bits, row);
        if ((status = call_worked(run->call, &meter, text.size, err))) return status;
    }
    return BP_OK;
}

/* Set the bits of all rows, from `row` on, that might match; *known false: nothing was told. */
static bp_status find_candidates(const like_run *run, size_t row, uint64_t *bits, bool *known, bp_error *err)
{
    match_pattern loose;

    *known = false;
    if (run->arguments[0].encoding != COLUMN_FLAT) return BP_OK;
    if (run->fold) return find_without_case(run, row, bits, known, err);
    if (run->now.plain)
        loose = run->now.parts;
    else if (!loosen(&loose, run->call, &run->now))
        return BP_OK;
    *known = true;
    return text_match_rows(run->call, &loose, run->arguments[0].values, row, bits, err);
}

/* Take the bits of candidates, from `row` on, away that do not match. */
static bp_status check_candidates(like_run *run, size_t row, uint64_t *bits, bp_error *err)
{
    size_t meter = 0;
    bp_status status;

    for (; row < run->call->rows; row++) {
        bool found = false;
        if (!bitmap_get(bits, row)) continue;
        if (!call_skips(run->call, row) && (status = like_row(run, row, &found, err))) return status;
        if (!found) bitmap_unset(bits, row);
        if ((status = call_worked(run->call, &meter, text_value(&run->arguments[0], row).size, err))) return status;
    }
    return BP_OK;
}

static bp_status like_rows(like_run *run, uint64_t *bits, bp_error *err)
{
    const function_call *call = run->call;
    bool known = false;
    size_t meter = 0;
    bp_status status;

    for (size_t row = 0; row < call->rows; row++) {
        bool found;
        if (call_skips(call, row)) continue;
        if (!known) {
            bool told;
            if ((status = take_pattern(run, row, err))) return status;
            known = run->is_constant;
            if (known && (status = find_candidates(run, row, bits, &told, err))) return status;
            if (known && told) return run->now.plain && !run->fold ? BP_OK : check_candidates(run, row, bits, err);
        }
        if ((status = like_row(run, row, &found, err))) return status;
        if (found) bitmap_set(bits, row);
        if ((status = call_worked(call, &meter, text_value(&run->arguments[0], row).size, err))) return status;
    }
    return BP_OK;
}

bp_status match_like_with(const function_call *call, const column *arguments, size_t count, column *out, text_fold fold,
                          bool negated, bp_error *err)
{
    uint64_t *bits = call_bits(call, out);
    like_run run = {.call = call,
                    .arguments = arguments,
                    .count = count,
                    .fold = fold,
                    .is_constant =
                        arguments[1].encoding == COLUMN_CONSTANT && (count < 3 || arguments[2].encoding == COLUMN_CONSTANT)};
    bp_status status;

    if (!bits) return call_no_memory(call, call->rows / 8, err);
    builder_init(&run.text, call->context->memory, UINT32_MAX);
    builder_init(&run.pattern, call->context->memory, UINT32_MAX);
    status = like_rows(&run, bits, err);
    for (size_t i = 0; negated && i < bitmap_words(call->rows); i++) bits[i] = ~bits[i];
    builder_clear(&run.text);
    builder_clear(&run.pattern);
    return status;
}

KERNEL(match_like)
{
    return match_like_with(call, arguments, count, out, NULL, false, err);
}
KERNEL(match_not_like)
{
    return match_like_with(call, arguments, count, out, NULL, true, err);
}
