/* Functions of characters as Unicode sees them: case, accents, and graphemes (what a reader takes for one character).
 *
 * upper and lower look at the whole text once: ASCII is mapped in vector code (text/ascii_case.h); only a text with other characters is mapped one by one. */
#include "function_internal.h"

#include "text/ascii_case.h"
#include "text/unicode.h"

#define PIECE_SIZE ((size_t)1 << 20)

/* A text of ASCII alone into `place`, step by step, between which cancel is looked at. *ascii false: it is not, and `place` holds nothing. */
static bp_status map_if_ascii(const function_call *call, char *place, string_view text, unsigned char first, bool *ascii,
                              bp_error *err)
{
    bp_status status = BP_OK;

    *ascii = true;
    for (size_t done = 0, step; done < text.size && *ascii && !status; done += step) {
        step = text.size - done < PIECE_SIZE ? text.size - done : PIECE_SIZE;
        *ascii = ascii_flip(place + done, text.data + done, step, first);
        if (step == PIECE_SIZE) status = cancel_check(&call->context->cancel, err);
    }
    return status;
}

static bp_status map_case(const function_call *call, const column *arguments, column *out, unsigned char first, text_fold map,
                          const char *name, bp_error *err)
{
    string_ref *to = call_values(call, out, 16);
    text_room room = {.arena = call->arena};
    builder mapped;
    bp_status status = BP_OK;

    if (!to) return call_no_memory(call, call->rows * 16, err);
    builder_init(&mapped, call->context->memory, MOST_TEXT);
    for (size_t row = 0; row < call->rows && !status; row++) {
        string_view text;
        char *place;
        bool ascii;
        if (call_skips(call, row)) continue;
        text = TEXT(0);
        if (!(place = text_reserve(&room, text.size + 1))) {
            status = call_no_memory(call, text.size, err);
            break;
        }
        if ((status = map_if_ascii(call, place, text, first, &ascii, err))) break;
        if (ascii) {
            to[row] = text_commit(&room, text.size);
            continue;
        }
        builder_reset(&mapped);
        map(&mapped, text);
        status = text_store(call, &room, &mapped, name, &to[row], err);
    }
    builder_clear(&mapped);
    return status;
}

KERNEL(text_upper)
{
    (void)count;
    return map_case(call, arguments, out, 'a', unicode_append_upper, "upper", err);
}
KERNEL(text_lower)
{
    (void)count;
    return map_case(call, arguments, out, 'A', unicode_append_lower, "lower", err);
}

KERNEL(match_ilike)
{
    return match_like_with(call, arguments, count, out, unicode_append_lower, false, err);
}
KERNEL(match_not_ilike)
{
    return match_like_with(call, arguments, count, out, unicode_append_lower, true, err);
}

TEXT_MADE(text_reverse)
{
    return unicode_append_reversed(text, TEXT(0));
}
TEXT_MADE(text_strip_accents)
{
    return unicode_append_unaccented(text, TEXT(0));
}

/* graphemes ----------------------------------------------------------------------------------------------------------------------------- */
/* The end of as many graphemes as `most`, and how many these are; both stop early when the call is to stop, and the caller looks again. */
static size_t grapheme_place(const function_call *call, string_view text, int64_t most, int64_t *count)
{
    size_t at = 0, meter = 0;

    for (*count = 0; *count < most && at < text.size && !call_stops(call, &meter, 16); ++*count)
        at = unicode_grapheme_end(text, at);
    return at;
}

static int64_t grapheme_count(const function_call *call, string_view text)
{
    int64_t count;

    grapheme_place(call, text, INT64_MAX, &count);
    return count;
}

TEXT_TO(text_length_grapheme, int64_t, grapheme_count(call, text))

/* Graphemes [begin, end) of the text. */
static string_view cut_graphemes(const function_call *call, string_view text, int64_t begin, int64_t end)
{
    int64_t count;
    size_t from = grapheme_place(call, text, begin, &count);
    string_view rest = string_view_slice(text, from, text.size);

    return string_view_slice(rest, 0, grapheme_place(call, rest, end - (begin > 0 ? begin : 0), &count));
}

static string_view substring_graphemes(const function_call *call, string_view text, int64_t position, int64_t length)
{
    int64_t begin, end;

    if (!text_substring_range(grapheme_count(call, text), position, length, &begin, &end)) return (string_view){text.data, 0};
    return cut_graphemes(call, text, begin, end);
}

static string_view left_graphemes(const function_call *call, string_view text, int64_t length)
{
    return cut_graphemes(call, text, 0, length >= 0 ? length : length + grapheme_count(call, text));
}

static string_view right_graphemes(const function_call *call, string_view text, int64_t length)
{
    int64_t size = grapheme_count(call, text);

    if (length < -size) length = -size;
    return cut_graphemes(call, text, length < 0 ? -length : length < size ? size - length : 0, size);
}

TEXT_PART(text_substring_grapheme, substring_graphemes(call, text, INTEGER(1), count == 3 ? INTEGER(2) : INT32_MAX))
TEXT_PART(text_left_grapheme, left_graphemes(call, text, INTEGER(1)))
TEXT_PART(text_right_grapheme, right_graphemes(call, text, INTEGER(1)))
