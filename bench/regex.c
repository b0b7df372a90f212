/* How fast regular expressions go through one large text of words and URLs, made here, in processor time.
 *
 *   regex [MEGABYTES]     each pattern: whether it matches (none does, so all is read); then all matches, without and with groups
 *
 * Built as build/plain/bench/bench_regex.
 * On one shared core of a Zen 5: a literal prefix 1.0 to 2.8 GB/s, everything else 0.35 to 0.4 GB/s, 80 ns a match, 1.4 us a match with two groups. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "text/regex.h"

#define GROUPS 3

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static string_view make_text(size_t size)
{
    static const char *const words[16] = {
        "the ",   "quick ", "brown ",    "fox ",     "jumps ",    "over ",     "lazy ",      "dog ",
        "among ", "final ", "deposits ", "special ", "requests ", "packages ", "carefully ", "http://example.com/a?b=1 "};
    char *text = malloc(size + 32);
    uint32_t random = 1;
    size_t at = 0;

    if (!text) exit(1);
    while (at < size) {
        size_t length;
        random = random * 1664525u + 1013904223u;
        length = strlen(words[random >> 28]);
        memcpy(text + at, words[random >> 28], length);
        at += length;
        if ((random >> 20 & 63) == 0) text[at - 1] = '\n';
    }
    return (string_view){text, at};
}

static regex *compile(memory *account, const char *pattern)
{
    regex *compiled;
    bp_error err;

    if (regex_new(&compiled, account, string_view_of(pattern), 0, &err)) {
        fprintf(stderr, "%s\n", err.message);
        exit(1);
    }
    return compiled;
}

static void run_test(memory *account, const char *pattern, string_view text)
{
    regex *regex = compile(account, pattern);
    double begin = seconds(), time;
    bool found;

    if (regex_test(regex, text, &found, NULL, NULL)) exit(1);
    time = seconds() - begin;
    printf("%-28s %-5s %6.2f GB/s\n", pattern, found ? "found" : "", (double)text.size / time / 1e9);
    regex_free(regex);
}

static void run_all(memory *account, const char *pattern, string_view text, size_t groups)
{
    regex *regex = compile(account, pattern);
    regex_span spans[GROUPS];
    double begin = seconds(), time;
    size_t count = 0;
    bool found = true;

    for (size_t at = 0;; at = spans[0].end, count++) {
        if (regex_find(regex, text, at, spans, groups, &found, NULL, NULL)) exit(1);
        if (!found || spans[0].begin == spans[0].end) break;
    }
    time = seconds() - begin;
    printf("%-28s %zu times, %.0f ns each, %.0f MB/s\n", pattern, count, time * 1e9 / (double)count,
           (double)text.size / time / 1e6);
    regex_free(regex);
}

int main(int count, char **arguments)
{
    static const char *const patterns[] = {"zzz",
                                           "theory[0-9]",
                                           "special.*xyz",
                                           "carefully [a-f]inal zz",
                                           "[a-z]+ing",
                                           "\\bq\\w+k\\b z",
                                           "(fox|dog|cat)s",
                                           "\\d{4}-\\d{2}",
                                           "(?i)special zz",
                                           "\\pL+\\d\\d\\d"};
    memory *account = memory_account_new(NULL, SIZE_MAX);
    string_view text = make_text((count > 1 ? (size_t)atoi(arguments[1]) : 64) << 20);

    for (size_t i = 0; i < ARRAY_LENGTH(patterns); i++) run_test(account, patterns[i], text);
    run_all(account, "[a-z]+", string_view_slice(text, 0, text.size / 8), 1);
    run_all(account, "([a-z]+)://([a-z.]+)/", string_view_slice(text, 0, text.size / 8), GROUPS);
    free((char *)(uintptr_t)text.data);
    memory_release(account);
    return 0;
}
