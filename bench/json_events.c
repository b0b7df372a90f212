/* How fast the JSON reader goes through one text, in wall time: every event to the end, strings decoded and numbers parsed.
 *
 *   bench_json_events FILE [ROUNDS]     prints a line a round: bytes, events, seconds
 *
 * bench/json_reader.py makes the file and compares with the peers. Built as build/plain/bench/bench_json_events. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/context.h"
#include "base/json.h"

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static char *read_all(const char *path, size_t *out)
{
    FILE *file = fopen(path, "rb");
    long size;
    char *bytes;

    if (!file || fseek(file, 0, SEEK_END) || (size = ftell(file)) < 0) exit(1);
    rewind(file);
    bytes = malloc((size_t)size + 1);
    if (!bytes || fread(bytes, 1, (size_t)size, file) != (size_t)size) exit(1);
    fclose(file);
    *out = (size_t)size;
    return bytes;
}

/* The number of events; what is in them goes into *sum, so that none of it can be left out. */
static size_t read_events(memory *memory, string_view text, double *sum)
{
    json_event event = JSON_NULL;
    json_reader reader;
    bp_error err = {0};
    size_t events = 0;

    if (json_reader_init(&reader, memory, text, 0, &err)) exit(1);
    while (event != JSON_END) {
        if (json_next(&reader, &event, &err)) {
            fprintf(stderr, "%s\n", err.message);
            exit(1);
        }
        events++;
        if (event == JSON_NUMBER)
            *sum += json_number_double(&reader);
        else if (event == JSON_STRING || event == JSON_KEY)
            *sum += (double)reader.text.size;
    }
    json_reader_clear(&reader);
    return events;
}

int main(int argc, char **argv)
{
    int rounds = argc > 2 ? atoi(argv[2]) : 1;
    bp_context *context;
    double sum = 0;
    size_t size;
    char *text;

    if (argc < 2 || bp_context_new(&context, NULL)) return 1;
    text = read_all(argv[1], &size);
    for (int i = 0; i < rounds; i++) {
        double begin = seconds();
        size_t events = read_events(context->memory, (string_view){text, size}, &sum);
        printf("%zu %zu %.6f\n", size, events, seconds() - begin);
    }
    free(text);
    bp_context_free(context);
    return sum < 0;
}
