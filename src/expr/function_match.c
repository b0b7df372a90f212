/* GLOB, and how far texts are from each other. LIKE is in function_like.c. */
#include <math.h>

#include "function_internal.h"

#include "text/utf8.h"

/* GLOB: * ? [abc] [a-z] [!abc], backslash before a literal ------------------------------------------------------------------------------ */
/* A set at p (behind '['): whether c is in it; *next is behind ']', NULL when there is none. */
static bool glob_set(const char *p, const char *end, char c, const char **next)
{
    bool inverted = p < end && (*p == '!' || *p == '^'), found = false;

    *next = NULL;
    if (inverted) p++;
    for (const char *first = p; p < end && (*p != ']' || p == first); p++) {
        if (p + 2 < end && p[1] == '-' && p[2] != ']') {
            found |= (unsigned char)c >= (unsigned char)p[0] && (unsigned char)c <= (unsigned char)p[2];
            p += 2;
        } else {
            found |= *p == c;
        }
    }
    if (p < end) *next = p + 1;
    return found != inverted;
}

static bool glob_matches(const function_call *call, string_view text, string_view pattern)
{
    size_t meter = 0;
    const char *t = text.data, *t_end = t + text.size, *p = pattern.data, *p_end = p + pattern.size;
    const char *star = NULL, *star_text = NULL, *next;

    while (t < t_end) {
        if (p < p_end && *p == '*') {
            star = ++p;
            star_text = t;
            continue;
        }
        if (p < p_end && *p == '?') {
            p++;
            t = utf8_next(t, t_end);
            continue;
        }
        if (p < p_end && *p == '[') {
            if (glob_set(p + 1, p_end, *t, &next) && next) {
                p = next;
                t++;
                continue;
            }
        } else if (p < p_end) {
            bool escaped = *p == '\\' && p + 1 < p_end;
            if (p[escaped] == *t) {
                p += 1 + escaped;
                t++;
                continue;
            }
        }
        if (!star || call_stops(call, &meter, (size_t)(p - star) + 1)) return false; /* the caller looks again */
        p = star;
        t = ++star_text;
    }
    while (p < p_end && *p == '*') p++;
    return p == p_end;
}

KERNEL(match_glob)
{
    uint64_t *bits = call_bits(call, out);

    (void)count;
    if (!bits) return call_no_memory(call, call->rows / 8, err);
    for (size_t row = 0; row < call->rows; row++)
        if (!call_skips(call, row) && glob_matches(call, text_value(&arguments[0], row), text_value(&arguments[1], row)))
            bitmap_set(bits, row);
    return BP_OK;
}

/* distances ---------------------------------------------------------------------------------------------------------------------------- */
#define MOST_DISTANCE 65536 /* characters: the table of one row */

/* Code points of a text in the call's arena. */
static bp_status code_points(const function_call *call, string_view text, uint32_t **out, size_t *size, bp_error *err)
{
    const char *end = text.data + text.size;

    *size = 0;
    *out = NULL;
    if (text.size <= MOST_DISTANCE * 4u) {
        *out = arena_allocate(call->arena, (text.size + 1) * sizeof **out);
        if (!*out) return call_no_memory(call, text.size * 4, err);
        for (const char *at = text.data; at < end;) at += utf8_decode(at, end, &(*out)[(*size)++]);
    }
    if (*size > MOST_DISTANCE || !*out)
        return error_set(err, BP_LIMIT, "texts of over %d characters have no edit distance here", MOST_DISTANCE);
    return BP_OK;
}

static uint32_t least3(uint32_t a, uint32_t b, uint32_t c)
{
    uint32_t least = a < b ? a : b;

    return least < c ? least : c;
}

/* Wagner and Fischer's table in three rows; swaps: neighbours exchanged count as one edit (optimal string alignment). */
static bp_status edit_distance(const function_call *call, string_view left, string_view right, bool swaps, int64_t *out,
                               bp_error *err)
{
    uint32_t *a, *b, *rows;
    size_t a_size, b_size, meter = 0;
    bp_status status;

    if ((status = code_points(call, left, &a, &a_size, err)) || (status = code_points(call, right, &b, &b_size, err)))
        return status;
    rows = arena_allocate(call->arena, 3 * (b_size + 1) * sizeof *rows);
    if (!rows) return call_no_memory(call, b_size * 12, err);
    uint32_t *before = rows, *last = rows + b_size + 1, *now = rows + 2 * (b_size + 1);
    for (size_t k = 0; k <= b_size; k++) last[k] = (uint32_t)k;
    for (size_t i = 1; i <= a_size; i++) {
        uint32_t *swap;
        if ((status = call_worked(call, &meter, 2 * b_size, err))) return status;
        now[0] = (uint32_t)i;
        for (size_t k = 1; k <= b_size; k++) {
            now[k] = least3(last[k] + 1, now[k - 1] + 1, last[k - 1] + (a[i - 1] != b[k - 1]));
            if (swaps && i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1] && before[k - 2] + 1 < now[k])
                now[k] = before[k - 2] + 1;
        }
        swap = before, before = last, last = now, now = swap;
    }
    *out = last[b_size];
    return BP_OK;
}

static bp_status distances(const function_call *call, const column *arguments, column *out, bool swaps, bp_error *err)
{
    int64_t *to = call_values(call, out, 8);
    bp_status status;

    if (!to) return call_no_memory(call, call->rows * 8, err);
    for (size_t row = 0; row < call->rows; row++) {
        to[row] = 0;
        if (call_skips(call, row)) continue;
        status = edit_distance(call, text_value(&arguments[0], row), text_value(&arguments[1], row), swaps, &to[row], err);
        if (status) return status;
    }
    return BP_OK;
}

KERNEL(match_levenshtein)
{
    (void)count;
    return distances(call, arguments, out, false, err);
}
KERNEL(match_damerau)
{
    (void)count;
    return distances(call, arguments, out, true, err);
}

/* Characters that differ, of texts with as many characters. */
static int64_t hamming(string_view left, string_view right)
{
    const char *a = left.data, *a_end = a + left.size, *b = right.data, *b_end = b + right.size;
    int64_t different = 0;

    while (a < a_end && b < b_end) {
        const char *a_next = utf8_next(a, a_end), *b_next = utf8_next(b, b_end);
        different += a_next - a != b_next - b || memcmp(a, b, (size_t)(a_next - a)) != 0;
        a = a_next, b = b_next;
    }
    return different;
}

KERNEL(match_hamming)
{
    int64_t *to = call_values(call, out, 8);
    size_t meter = 0;
    bp_status status;

    (void)count;
    if (!to) return call_no_memory(call, call->rows * 8, err);
    for (size_t row = 0; row < call->rows; row++) {
        string_view left, right;
        to[row] = 0;
        if (call_skips(call, row)) continue;
        left = text_value(&arguments[0], row), right = text_value(&arguments[1], row);
        if (!left.size || utf8_count(left.data, left.size) != utf8_count(right.data, right.size))
            return error_set(err, BP_BAD_ARGUMENT, "hamming() needs two texts of the same length, at least one character long");
        to[row] = hamming(left, right);
        if ((status = call_worked(call, &meter, left.size, err))) return status;
    }
    return BP_OK;
}

/* Shared characters over all characters, each counted once. By bytes, as DuckDB does. */
KERNEL(match_jaccard)
{
    double *to = call_values(call, out, 8);
    size_t meter = 0;
    bp_status status;

    (void)count;
    if (!to) return call_no_memory(call, call->rows * 8, err);
    for (size_t row = 0; row < call->rows; row++) {
        bool in_left[256] = {false}, in_right[256] = {false};
        size_t both = 0, any = 0;
        string_view left, right;
        to[row] = 0;
        if (call_skips(call, row)) continue;
        left = text_value(&arguments[0], row), right = text_value(&arguments[1], row);
        if (!left.size || !right.size) return error_set(err, BP_BAD_ARGUMENT, "jaccard() needs texts of at least one character");
        for (size_t i = 0; i < left.size; i++) in_left[(unsigned char)left.data[i]] = true;
        for (size_t i = 0; i < right.size; i++) in_right[(unsigned char)right.data[i]] = true;
        for (size_t i = 0; i < 256; i++) both += in_left[i] && in_right[i], any += in_left[i] || in_right[i];
        to[row] = (double)both / (double)any;
        if ((status = call_worked(call, &meter, left.size + right.size, err))) return status;
    }
    return BP_OK;
}

/* Jaro: characters matched within half the longer length, and how many of them are out of order. */
static bp_status jaro(const function_call *call, string_view left, string_view right, bool winkler, double *out, bp_error *err)
{
    uint32_t *a, *b;
    size_t a_size, b_size, window, matches = 0, moved = 0, prefix = 0, meter = 0;
    bool *a_used, *b_used;
    bp_status status;

    *out = 0;
    if ((status = code_points(call, left, &a, &a_size, err)) || (status = code_points(call, right, &b, &b_size, err)))
        return status;
    if (!a_size || !b_size) return BP_OK;
    a_used = arena_allocate_zeroed(call->arena, a_size), b_used = arena_allocate_zeroed(call->arena, b_size);
    if (!a_used || !b_used) return call_no_memory(call, a_size + b_size, err);
    window = (a_size > b_size ? a_size : b_size) / 2;
    window = window ? window - 1 : 0;
    for (size_t i = 0; i < a_size; i++) {
        if ((status = call_worked(call, &meter, window + 1, err))) return status;
        for (size_t k = i > window ? i - window : 0; k < b_size && k <= i + window; k++)
            if (!b_used[k] && a[i] == b[k]) {
                a_used[i] = b_used[k] = true;
                matches++;
                break;
            }
    }
    if (!matches) return BP_OK;
    for (size_t i = 0, k = 0; i < a_size; i++) {
        if (!a_used[i]) continue;
        while (!b_used[k]) k++;
        moved += a[i] != b[k++];
    }
    double m = (double)matches;
    *out = (m / (double)a_size + m / (double)b_size + (m - (double)(moved / 2)) / m) / 3;
    while (prefix < 4 && prefix < a_size && prefix < b_size && a[prefix] == b[prefix]) prefix++;
    if (winkler && *out > 0.7) *out += (double)prefix * 0.1 * (1 - *out);
    return BP_OK;
}

static bp_status jaros(const function_call *call, const column *arguments, column *out, bool winkler, bp_error *err)
{
    double *to = call_values(call, out, 8);
    bp_status status;

    if (!to) return call_no_memory(call, call->rows * 8, err);
    for (size_t row = 0; row < call->rows; row++) {
        to[row] = 0;
        if (call_skips(call, row)) continue;
        status = jaro(call, text_value(&arguments[0], row), text_value(&arguments[1], row), winkler, &to[row], err);
        if (status) return status;
    }
    return BP_OK;
}

KERNEL(match_jaro)
{
    (void)count;
    return jaros(call, arguments, out, false, err);
}
KERNEL(match_jaro_winkler)
{
    (void)count;
    return jaros(call, arguments, out, true, err);
}
