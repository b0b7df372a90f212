/* Regular expressions: the first byte gives the flags, up to the first line feed stands a pattern, behind it a text. Whatever the pattern: the automata and
 * the capturing machine agree, spans lie in the text at borders of characters and in order, and a test finds what a search finds;
 * and a pattern finds the same when it has an alternative that never matches, which keeps the search from what it does with literal text alone. */
#include <stdlib.h>
#include <string.h>

#include "text/regex.h"
#include "text/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MOST_GROUPS 6

static void require(bool condition)
{
    if (!condition) abort();
}

static bool at_border(string_view text, size_t at)
{
    return at == text.size || ((unsigned char)text.data[at] & 0xc0) != 0x80;
}

static void check_spans(string_view text, size_t from, const regex_span *spans)
{
    for (size_t i = 0; i < MOST_GROUPS; i++) {
        if (spans[i].begin == SIZE_MAX) continue;
        require(spans[i].begin <= spans[i].end && spans[i].end <= text.size && spans[i].begin >= from);
        require(at_border(text, spans[i].begin) && at_border(text, spans[i].end));
        require(spans[i].begin >= spans[0].begin && spans[i].end <= spans[0].end);
    }
}

/* All matches, one behind the other; the first one's presence is what regex_test() says. */
static void search_all(regex *regex, string_view text)
{
    regex_span spans[MOST_GROUPS], whole;
    bool found, tested;

    require(regex_test(regex, text, &tested, NULL, NULL) == BP_OK);
    for (size_t at = 0, times = 0; at <= text.size && times < 100; times++) {
        require(regex_find(regex, text, at, spans, MOST_GROUPS, &found, NULL, NULL) == BP_OK);
        if (!times) require(found == tested);
        if (!found) return;
        check_spans(text, at, spans);
        require(regex_find(regex, text, at, &whole, 1, &found, NULL, NULL) == BP_OK && found);
        require(whole.begin == spans[0].begin && whole.end == spans[0].end);
        at = whole.end;
        if (whole.begin < whole.end) continue;
        if (at == text.size) return;
        at = (size_t)(utf8_next(text.data + at, text.data + text.size) - text.data);
    }
}

#define NEVER "|[^\\x00-\\x{10ffff}]"
#define MOST_PATTERN 1000

static regex *with_idle_alternative(memory *account, string_view pattern, unsigned flags)
{
    char text[MOST_PATTERN + 32] = "(?:";
    regex *regex = NULL;

    if (pattern.size > MOST_PATTERN || (flags & REGEX_LITERAL)) return NULL;
    for (size_t i = 0; i + 1 < pattern.size; i++)
        if (pattern.data[i] == '\\' && pattern.data[i + 1] == 'Q') return NULL; /* it may go on to the end */
    memcpy(text + 3, pattern.data, pattern.size);
    memcpy(text + 3 + pattern.size, ")" NEVER, sizeof(")" NEVER));
    return regex_new(&regex, account, (string_view){text, pattern.size + 2 + sizeof(")" NEVER)}, flags, NULL) ? NULL : regex;
}

static void compare_first(regex *one, regex *other, string_view text, size_t from)
{
    regex_span spans[MOST_GROUPS], others[MOST_GROUPS];
    bool found, also;

    require(regex_find(one, text, from, spans, MOST_GROUPS, &found, NULL, NULL) == BP_OK);
    require(regex_find(other, text, from, others, MOST_GROUPS, &also, NULL, NULL) == BP_OK);
    require(found == also && (!found || memcmp(spans, others, sizeof spans) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static memory *account;
    const char *text = (const char *)data, *line;
    string_view pattern, subject;
    regex *regex, *other;

    if (!account) account = memory_account_new(NULL, (size_t)1 << 28);
    if (!account || size < 2 || !utf8_valid(text + 1, size - 1)) return 0;
    line = memchr(text + 1, '\n', size - 1);
    if (!line) line = text + size;
    pattern = (string_view){text + 1, (size_t)(line - text - 1)};
    if (regex_new(&regex, account, pattern, data[0] & 15, NULL)) return 0;
    if (line < text + size) line++;
    subject = (string_view){line, (size_t)(text + size - line)};
    search_all(regex, subject);
    other = with_idle_alternative(account, pattern, data[0] & 15);
    for (size_t from = 0; other && from <= subject.size && from < 3; from++) compare_first(regex, other, subject, from);
    regex_free(regex);
    regex_free(other);
    return 0;
}
