/* Files: reading, pipes, cut files, temporary files, writers, patterns; each also with memory and the system failing. Expected values: what
 * the test itself wrote with the C library, and the rules of POSIX globbing worked out by hand. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/file_writer.h"
#include "base/glob.h"

#include "../../oom.h"

static char folder[] = "/tmp/bedplate-test-XXXXXX";
static bp_context *context;
static bp_context *checker; /* for looking at results: nothing fails in it */

static string_view path_of(const char *name)
{
    static char path[8][512];
    static int next;

    next = (next + 1) % 8;
    snprintf(path[next], sizeof path[next], "%s/%s", folder, name);
    return string_view_of(path[next]);
}

static void write_text(string_view path, const char *text)
{
    FILE *file = fopen(path.data, "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void expect_text(string_view path, const char *text)
{
    char *data;
    size_t size, capacity;

    assert_int_equal(file_read_all(&data, &size, &capacity, context, path, 1000000, NULL), BP_OK);
    assert_int_equal(size, strlen(text));
    assert_string_equal(data, text);
    memory_free(context->memory, data, capacity);
}

static size_t count_files(const char *under)
{
    file_list list;
    arena arena;
    size_t count;

    arena_init(&arena, checker->memory);
    assert_int_equal(glob_list(&list, &arena, checker, path_of(under), NULL), BP_OK);
    count = list.count;
    arena_clear(&arena);
    return count;
}

static int make_folder(void **state)
{
    assert_non_null(mkdtemp(folder));
    assert_int_equal(context_new(&context, NULL), BP_OK);
    assert_int_equal(context_new(&checker, NULL), BP_OK);
    return 0;
}

static int remove_folder(void **state)
{
    char command[600];

    context_free(context);
    context_free(checker);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

/* reading ---------------------------------------------------------------------------------------------------------------------- */
static bp_status read_parts(void *data, bp_error *err)
{
    char buffer[32];
    size_t count = 0;
    file file;
    bp_status status = file_open(&file, context, path_of("digits"), err);

    (void)data;
    if (status) return status;
    if (!(status = file_read_at(&file, 3, buffer, 4, &count, err))) {
        assert_int_equal(count, 4);
        assert_memory_equal(buffer, "3456", 4);
    }
    if (!status && !(status = file_read_at(&file, 8, buffer, 20, &count, err))) {
        assert_int_equal(count, 2);
        assert_memory_equal(buffer, "89", 2);
    }
    if (!status && !(status = file_read_at(&file, 10, buffer, 1, &count, err))) assert_int_equal(count, 0);
    if (!status && !(status = file_read_full(&file, buffer, 32, &count, err))) {
        assert_int_equal(count, 10);
        assert_memory_equal(buffer, "0123456789", 10);
    }
    file_close(&file);
    return status;
}

static void test_read(void **state)
{
    write_text(path_of("digits"), "0123456789");
    assert_int_equal(read_parts(NULL, NULL), BP_OK);
    oom_run(context->memory, read_parts, NULL, BP_OK);
    faults_run(context, read_parts, NULL, BP_OK);
}

static bp_status read_whole(void *data, bp_error *err)
{
    char *text;
    size_t size, capacity;
    bp_status status = file_read_all(&text, &size, &capacity, context, string_view_of(data), 100, err);

    if (!status) assert_string_equal(text, "0123456789");
    memory_free(context->memory, text, capacity);
    return status;
}

static void test_read_all(void **state)
{
    char *text;
    size_t size, capacity;
    char path[600];
    bp_error err;

    write_text(path_of("digits"), "0123456789");
    snprintf(path, sizeof path, "%s/digits", folder);
    oom_run(context->memory, read_whole, path, BP_OK);
    faults_run(context, read_whole, path, BP_OK);
    assert_int_equal(file_read_all(&text, &size, &capacity, context, path_of("digits"), 10, NULL), BP_OK); /* the limit itself */
    memory_free(context->memory, text, capacity);
    assert_int_equal(file_read_all(&text, &size, &capacity, context, path_of("digits"), 9, &err), BP_LIMIT);
    assert_null(text);
    /* a file of /proc says that it has no bytes */
    assert_int_equal(file_read_all(&text, &size, &capacity, context, STRING_VIEW("/proc/self/status"), 1000000, NULL), BP_OK);
    assert_memory_equal(text, "Name:", 5);
    memory_free(context->memory, text, capacity);
    assert_int_equal(file_read_all(&text, &size, &capacity, context, STRING_VIEW("/dev/zero"), 100000, &err), BP_LIMIT);
}

static void test_refused_paths(void **state)
{
    static char long_name[5000];
    bp_error err;
    file file;

    memset(long_name, 'a', sizeof long_name);
    assert_int_equal(file_open(&file, context, path_of("missing"), &err), BP_NOT_FOUND);
    assert_non_null(strstr(err.message, "missing"));
    assert_non_null(strstr(err.message, "No such file"));
    assert_int_equal(file_open(&file, context, string_view_of(folder), &err), BP_BAD_ARGUMENT);
    assert_non_null(strstr(err.message, "is a folder"));
    assert_int_equal(file_open(&file, context, STRING_VIEW(""), &err), BP_BAD_ARGUMENT);
    assert_int_equal(file_open(&file, context, STRING_VIEW("a\0b"), &err), BP_BAD_ARGUMENT);
    assert_int_equal(file_open(&file, context, (string_view){long_name, LIMIT_PATH_SIZE}, &err), BP_LIMIT);
    assert_int_equal(file_open(&file, context, (string_view){long_name, LIMIT_PATH_SIZE - 1}, &err),
                     BP_IO_ERROR); /* ENAMETOOLONG */
    assert_int_equal(file_open(&file, context, path_of("digits/x"), &err), BP_NOT_FOUND); /* ENOTDIR */
}

static void test_cut_file(void **state)
{
    char buffer[10];
    size_t count;
    bp_error err;
    file file;

    write_text(path_of("cut"), "0123456789");
    assert_int_equal(file_open(&file, context, path_of("cut"), NULL), BP_OK);
    assert_int_equal(truncate(path_of("cut").data, 6), 0);
    assert_int_equal(file_read_at(&file, 0, buffer, 6, &count, NULL), BP_OK);
    assert_int_equal(file_read_at(&file, 0, buffer, 10, &count, &err), BP_IO_ERROR);
    assert_non_null(strstr(err.message, "was cut while it was read"));
    write_text(path_of("cut"), "0123456789abcdef"); /* longer: the end it had holds */
    assert_int_equal(file_read_at(&file, 8, buffer, 10, &count, &err), BP_OK);
    assert_int_equal(count, 2);
    file_close(&file);
    file_close(&file);
}

static void test_identity(void **state)
{
    file_identity before, after;

    write_text(path_of("same"), "one");
    assert_int_equal(file_identify(&before, context, path_of("same"), NULL), BP_OK);
    assert_int_equal(before.size, 3);
    assert_int_equal(file_identify(&after, context, path_of("same"), NULL), BP_OK);
    assert_true(file_identity_equal(&before, &after));
    nanosleep(&(struct timespec){0, 20000000}, NULL);
    write_text(path_of("same"), "two");
    assert_int_equal(file_identify(&after, context, path_of("same"), NULL), BP_OK);
    assert_false(file_identity_equal(&before, &after));
    assert_int_equal(file_remove(context, path_of("same"), NULL), BP_OK);
    assert_int_equal(file_remove(context, path_of("same"), NULL), BP_NOT_FOUND);
    assert_false(file_exists(path_of("same")));
    assert_int_equal(file_identify(&after, context, path_of("same"), NULL), BP_NOT_FOUND);
}

/* pipes ------------------------------------------------------------------------------------------------------------------------ */
#define PIPE_TOTAL 1000000

static void *feed_pipe(void *data)
{
    FILE *file = fopen(data, "w");

    for (int i = 0; i < PIPE_TOTAL; i++) fputc('a' + i % 26, file);
    fclose(file);
    return NULL;
}

static void test_pipe(void **state)
{
    static char got[PIPE_TOTAL + 10];
    char path[600], byte;
    pthread_t thread;
    size_t count;
    bp_error err;
    file file;

    snprintf(path, sizeof path, "%s/pipe", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(pthread_create(&thread, NULL, feed_pipe, path), 0);
    assert_int_equal(file_open(&file, context, string_view_of(path), NULL), BP_OK);
    assert_true(file.sequential);
    assert_int_equal(file_read_at(&file, 0, &byte, 1, &count, &err), BP_NOT_SUPPORTED);
    assert_int_equal(file_read_full(&file, got, sizeof got, &count, NULL), BP_OK);
    assert_int_equal(count, PIPE_TOTAL);
    for (int i = 0; i < PIPE_TOTAL; i++)
        if (got[i] != 'a' + i % 26) fail_msg("byte %d", i);
    file_close(&file);
    pthread_join(thread, NULL);
}

static int cancel_now(void *data)
{
    return ++*(int *)data >= 2;
}

static void test_silent_pipe_can_be_cancelled(void **state)
{
    int calls = 0, ends[2];
    char path[64], byte;
    int64_t start = clock_monotonic_ns();
    size_t count;
    file file;

    assert_int_equal(pipe(ends), 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", ends[0]);
    context->cancel.poll = cancel_now;
    context->cancel.poll_data = &calls;
    assert_true(cancel_begin(&context->cancel, 0));
    assert_int_equal(file_open(&file, context, string_view_of(path), NULL), BP_OK);
    assert_int_equal(file_read(&file, &byte, 1, &count, NULL), BP_CANCELLED);
    assert_in_range((clock_monotonic_ns() - start) / 1000000, 20, 1000);
    cancel_end(&context->cancel);
    file_close(&file);

    /* and a full one */
    static char zeros[300000];
    file_writer writer;
    calls = 0;
    assert_true(cancel_begin(&context->cancel, 0));
    assert_int_equal(file_writer_over(&writer, context, ends[1], "pipe", NULL), BP_OK);
    assert_int_equal(file_writer_write(&writer, zeros, sizeof zeros, NULL), BP_CANCELLED); /* a pipe holds 64 KiB */
    cancel_end(&context->cancel);
    file_writer_clear(&writer);
    context->cancel.poll = NULL;
    close(ends[0]);
    close(ends[1]);
}

/* temporary files -------------------------------------------------------------------------------------------------------------- */
static bp_status spill(void *data, bp_error *err)
{
    char back[6];
    uint64_t first = 9, second = 9;
    size_t count;
    file file;
    bp_status status = file_open_temporary(&file, context, err);

    (void)data;
    if (status) return status;
    if ((status = file_append(&file, "hello", 5, &first, err)) || (status = file_append(&file, "world", 5, &second, err)))
        goto done;
    assert_int_equal(first, 0);
    assert_int_equal(second, 5);
    assert_int_equal(file_size(&file), 10);
    if ((status = file_read_at(&file, 3, back, 4, &count, err))) goto done;
    assert_int_equal(count, 4);
    assert_memory_equal(back, "lowo", 4);
done:
    file_close(&file);
    return status;
}

static void test_temporary(void **state)
{
    file file;
    bp_error err;

    assert_int_equal(mkdir(path_of("spill").data, 0700), 0);
    assert_int_equal(config_set(context, "temp_directory", path_of("spill").data, NULL), BP_OK);
    assert_int_equal(spill(NULL, NULL), BP_OK);
    oom_run(context->memory, spill, NULL, BP_OK);
    faults_run(context, spill, NULL, BP_OK);
    assert_int_equal(count_files("spill"), 0);
    assert_int_equal(config_set(context, "temp_directory", path_of("made/here").data, NULL), BP_OK);
    assert_int_equal(file_open_temporary(&file, context, &err), BP_NOT_FOUND); /* one level is made, not two */
    assert_non_null(strstr(err.message, "temp_directory"));
    assert_int_equal(config_set(context, "temp_directory", path_of("made").data, NULL), BP_OK);
    assert_int_equal(file_open_temporary(&file, context, &err), BP_OK);
    file_close(&file);
    assert_int_equal(config_set(context, "temp_directory", "default", NULL), BP_OK);
}

/* writing ---------------------------------------------------------------------------------------------------------------------- */
static bp_status write_life(void *data, bp_error *err)
{
    file_writer_mode mode = *(const file_writer_mode *)data;
    static char large[600000]; /* more than the buffer */
    file_writer writer;
    bp_status status;

    memset(large, 'x', sizeof large);
    status = file_writer_open(&writer, context, path_of("out/file"), mode, err);
    if (!status) status = file_writer_write(&writer, "head", 4, err);
    if (!status) status = file_writer_write(&writer, large, sizeof large, err);
    if (!status) status = file_writer_write(&writer, "tail", 4, err);
    if (!status) status = file_writer_finish(&writer, err);
    file_writer_clear(&writer);
    if (status && mode == FILE_WRITE_ATOMIC && count_files("out") == 1) {
        file_identity identity; /* the old file or the new one, whole, and nothing beside it */
        assert_int_equal(file_identify(&identity, checker, path_of("out/file"), NULL), BP_OK);
        assert_true(identity.size == 3 || identity.size == sizeof large + 8);
    }
    if (mode == FILE_WRITE_ATOMIC) assert_int_equal(count_files("out"), 1);
    write_text(path_of("out/file"), "old");
    return status;
}

static void test_write(void **state)
{
    file_writer_mode mode;

    assert_int_equal(mkdir(path_of("out").data, 0700), 0);
    write_text(path_of("out/file"), "old");
    for (int i = 0; i < 2; i++) {
        mode = i ? FILE_WRITE_ATOMIC : FILE_WRITE_PLAIN;
        assert_int_equal(write_life(&mode, NULL), BP_OK);
        oom_run(context->memory, write_life, &mode, BP_OK);
        fault_run(context, FAULT_OPEN, FAULT_INTERRUPT, write_life, &mode, BP_OK);
        fault_run(context, FAULT_WRITE, FAULT_FAIL, write_life, &mode, BP_OK);
        fault_run(context, FAULT_WRITE, FAULT_NO_SPACE, write_life, &mode, BP_OK);
        fault_run(context, FAULT_WRITE, FAULT_INTERRUPT, write_life, &mode, BP_OK);
        fault_run(context, FAULT_SYNC, FAULT_FAIL, write_life, &mode, BP_OK);
        fault_run(context, FAULT_SYNC, FAULT_INTERRUPT, write_life, &mode, BP_OK);
        fault_run(context, FAULT_RENAME, FAULT_FAIL, write_life, &mode, BP_OK);
    }
}

static bp_status write_small(void *data, bp_error *err)
{
    file_writer writer;
    bp_status status = file_writer_open(&writer, context, string_view_of(data), FILE_WRITE_ATOMIC, err);

    if (!status) status = file_writer_write(&writer, "new text", 8, err);
    if (!status) status = file_writer_finish(&writer, err);
    file_writer_clear(&writer);
    return status;
}

static void test_replace_keeps_mode_and_links(void **state)
{
    struct stat info;

    write_text(path_of("target"), "old");
    assert_int_equal(chmod(path_of("target").data, 0640), 0);
    assert_int_equal(symlink("target", path_of("link").data), 0);
    assert_int_equal(write_small((char *)(uintptr_t)path_of("link").data, NULL), BP_OK);
    expect_text(path_of("target"), "new text");
    assert_int_equal(lstat(path_of("link").data, &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    assert_int_equal(stat(path_of("target").data, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0640);
    assert_int_equal(symlink("nowhere", path_of("dangling").data), 0);
    assert_int_equal(write_small((char *)(uintptr_t)path_of("dangling").data, NULL), BP_OK);
    expect_text(path_of("nowhere"), "new text");
    /* short writes: byte by byte, still the same text */
    fault_run(context, FAULT_WRITE, FAULT_SHORT, write_small, (char *)(uintptr_t)path_of("target").data, BP_OK);
    expect_text(path_of("target"), "new text");
}

static void test_full_device_and_folders(void **state)
{
    file_writer writer;
    bp_error err;

    assert_int_equal(file_writer_open(&writer, context, STRING_VIEW("/dev/full"), FILE_WRITE_ATOMIC, NULL), BP_OK);
    assert_int_equal(file_writer_write(&writer, "x", 1, NULL), BP_OK);
    assert_int_equal(file_writer_finish(&writer, &err), BP_IO_ERROR);
    assert_non_null(strstr(err.message, "/dev/full"));
    assert_non_null(strstr(err.message, "No space left"));
    assert_int_equal(file_writer_write(&writer, "x", 1, &err), BP_IO_ERROR); /* it stays failed */
    file_writer_clear(&writer);
    assert_true(file_exists(STRING_VIEW("/dev/full")));
    assert_int_equal(file_writer_open(&writer, context, string_view_of(folder), FILE_WRITE_PLAIN, &err), BP_BAD_ARGUMENT);
    assert_int_equal(file_writer_open(&writer, context, path_of("no/such/folder"), FILE_WRITE_ATOMIC, &err), BP_NOT_FOUND);
    file_writer_clear(&writer);
}

/* A reader that goes away is an error, not a signal that ends the process. */
static void test_closed_pipe(void **state)
{
    int ends[2];
    file_writer writer;
    bp_error err;

    signal(SIGPIPE, SIG_DFL);
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    assert_int_equal(file_writer_over(&writer, context, ends[1], "the pipe", NULL), BP_OK);
    assert_int_equal(file_writer_write(&writer, "x", 1, NULL), BP_OK);
    assert_int_equal(file_writer_flush(&writer, &err), BP_IO_ERROR);
    assert_non_null(strstr(err.message, "Broken pipe"));
    file_writer_clear(&writer);
    close(ends[1]);
}

/* patterns --------------------------------------------------------------------------------------------------------------------- */
static void test_match(void **state)
{
    static const struct {
        const char *pattern, *text;
        bool matches;
    } cases[] = {
        {"", "", true},
        {"*", "", false},
        {"a", "a", true},
        {"a", "b", false},
        {"*", "abc", true},
        {"*", ".hidden", false},
        {".*", ".hidden", true},
        {"?hidden", ".hidden", false},
        {"a*c", "abbc", true},
        {"a*c", "abbd", false},
        {"a**c", "abbc", true},
        {"*.csv", "x.csv", true},
        {"*.csv", ".csv", false},
        {"*a*b*c*", "xxaxxbxxcxx", true},
        {"*a*b*c*", "xxaxxcxxbxx", false},
        {"?", "\xc3\xa9", true},
        {"??", "\xc3\xa9", false},
        {"?", "\xff", true},
        {"[\xc3\xa9]", "\xc3\xa9", true},
        {"[a-c]x", "bx", true},
        {"[a-c]x", "dx", false},
        {"[!a-c]x", "dx", true},
        {"[^a-c]x", "ax", false},
        {"[]]", "]", true},
        {"[!]]", "]", false},
        {"[a-]", "-", true},
        {"[abc", "[abc", true},
        {"[", "[", true},
        {"\\*", "*", true},
        {"\\*", "a", false},
        {"a\\", "a\\", true},
        {"a/*", "a/b", true},
        {"a/*", "a/b/c", false},
        {"*", "a/b", false},
        {"a/**", "a/b/c", true},
        {"a/**", "a", false},
        {"**/c", "a/b/c", true},
        {"**/c", "c", true},
        {"a/**/c", "a/c", true},
        {"a/**/c", "a/b/b/c", true},
        {"a/**/c", "a/.b/c", false},
        {"**/b/**/d", "a/b/c/d", true},
        {"**/b/**/d", "a/c/d", false},
        {"/a", "a", false},
        {"/*", "/a", true},
        {"**", "a/b", true},
        {"x?z/[0-9]", "xyz/7", true},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (glob_match(string_view_of(cases[i].pattern), string_view_of(cases[i].text)) != cases[i].matches)
            fail_msg("\"%s\" and \"%s\"", cases[i].pattern, cases[i].text);
}

/* Hostile patterns take no more than pattern times text. */
static void test_match_is_quick(void **state)
{
    char pattern[4001], text[4001];
    int64_t start = clock_monotonic_ns();

    for (size_t i = 0; i < 4000; i++) pattern[i] = i % 2 ? 'a' : '*', text[i] = 'a';
    pattern[3999] = 'b';
    assert_false(glob_match((string_view){pattern, 4000}, (string_view){text, 4000}));
    for (size_t i = 0; i < 4000; i++) pattern[i] = "**/a/"[i % 5], text[i] = "a/"[i % 2];
    pattern[3998] = 'b';
    assert_false(glob_match((string_view){pattern, 3999}, (string_view){text, 3999}));
    assert_true(clock_monotonic_ns() - start < 2000000000);
}

static void expect_glob(const char *pattern, const char *names)
{
    char got[2000] = "";
    file_list list;
    arena arena;
    bp_status status;

    arena_init(&arena, context->memory);
    status = glob_expand(&list, &arena, context, path_of(pattern), NULL);
    assert_int_equal(status, *names ? BP_OK : BP_NOT_FOUND);
    for (size_t i = 0; i < list.count; i++) {
        assert_int_equal(list.paths[i].data[list.paths[i].size], 0);
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s%s", i ? " " : "", list.paths[i].data + strlen(folder) + 1);
    }
    assert_string_equal(got, names);
    arena_clear(&arena);
}

static bp_status glob_life(void *data, bp_error *err)
{
    file_list list;
    arena arena;
    bp_status status;

    (void)data;
    arena_init(&arena, context->memory);
    status = glob_expand(&list, &arena, context, path_of("tree/**/{a,b}*.csv"), err);
    if (!status) assert_int_equal(list.count, 5);
    arena_clear(&arena);
    return status;
}

static void test_expand(void **state)
{
    static const char *const folders[] = {"tree", "tree/x", "tree/x/y", "tree/.hidden", "tree/z[1]"};
    static const char *const files[] = {"tree/a.csv",         "tree/b.csv",  "tree/c.txt",      "tree/x/a1.csv", "tree/x/y/a2.csv",
                                        "tree/.hidden/a.csv", "tree/.a.csv", "tree/z[1]/b.csv", "tree/[q].csv"};
    file_list list;
    arena arena;
    bp_error err;

    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) assert_int_equal(mkdir(path_of(folders[i]).data, 0700), 0);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) write_text(path_of(files[i]), "");
    assert_int_equal(symlink("..", path_of("tree/x/up").data), 0); /* a loop, were it followed */
    expect_glob("tree/*.csv", "tree/[q].csv tree/a.csv tree/b.csv");
    expect_glob("tree/**/*.csv", "tree/[q].csv tree/a.csv tree/b.csv tree/x/a1.csv tree/x/y/a2.csv tree/z[1]/b.csv");
    expect_glob("tree/**", "tree/[q].csv tree/a.csv tree/b.csv tree/c.txt tree/x/a1.csv tree/x/y/a2.csv tree/z[1]/b.csv");
    expect_glob("tree/**/**/y/**", "tree/x/y/a2.csv");
    expect_glob("tree/?.{txt,csv}", "tree/a.csv tree/b.csv tree/c.txt");
    expect_glob("tree/{a,{b,c}}.*", "tree/a.csv tree/b.csv tree/c.txt");
    expect_glob("tree/{a,?}.csv", "tree/a.csv tree/b.csv"); /* none twice */
    expect_glob("tree/{x,x/y}/*.csv", "tree/x/a1.csv tree/x/y/a2.csv");
    expect_glob("tree/[q].csv", "tree/[q].csv"); /* exists under that very name */
    expect_glob("tree/z\\[1\\]/*", "tree/z[1]/b.csv");
    expect_glob("tree/.*.csv", "tree/.a.csv");
    expect_glob("tree/x/up/*.txt", "tree/x/up/c.txt"); /* a link that is named is followed */
    expect_glob("tree/*.parquet", "");
    expect_glob("tree/no/*.csv", "");
    expect_glob("tree/a.csv", "tree/a.csv");
    expect_glob("tree/plain-missing.csv", "tree/plain-missing.csv"); /* no pattern: opening it will say what is wrong */
    expect_glob("tree/{a", "");
    assert_int_equal(glob_life(NULL, NULL), BP_OK);
    oom_run(context->memory, glob_life, NULL, BP_OK);
    fault_run(context, FAULT_OPEN, FAULT_FAIL, glob_life, NULL, BP_OK);
    fault_run(context, FAULT_OPEN, FAULT_INTERRUPT, glob_life, NULL, BP_OK);

    arena_init(&arena, context->memory);
    assert_int_equal(glob_list(&list, &arena, context, path_of("tree/x"), NULL), BP_OK);
    assert_int_equal(list.count, 3);
    assert_string_equal(list.paths[0].data, "a1.csv");
    assert_string_equal(list.paths[1].data, "up");
    assert_string_equal(list.paths[2].data, "y");
    assert_int_equal(glob_list(&list, &arena, context, path_of("tree/a.csv"), &err), BP_NOT_FOUND);
    arena_clear(&arena);
}

static void test_too_many_braces(void **state)
{
    char pattern[200] = "";
    static char long_pattern[LIMIT_GLOB_SIZE + 2];
    file_list list;
    arena arena;

    arena_init(&arena, context->memory);
    for (int i = 0; i < 10; i++) strcat(pattern, "{a,b}");
    assert_int_equal(glob_expand(&list, &arena, context, string_view_of(pattern), NULL), BP_NOT_FOUND); /* 1,024 */
    strcat(pattern, "{a,b}");
    assert_int_equal(glob_expand(&list, &arena, context, string_view_of(pattern), NULL), BP_LIMIT);
    memset(long_pattern, '{', sizeof long_pattern);
    assert_int_equal(glob_expand(&list, &arena, context, (string_view){long_pattern, LIMIT_GLOB_SIZE - 1}, NULL), BP_NOT_FOUND);
    assert_int_equal(glob_expand(&list, &arena, context, (string_view){long_pattern, LIMIT_GLOB_SIZE + 1}, NULL), BP_LIMIT);
    arena_clear(&arena);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_read_all),
        cmocka_unit_test(test_refused_paths),
        cmocka_unit_test(test_cut_file),
        cmocka_unit_test(test_identity),
        cmocka_unit_test(test_pipe),
        cmocka_unit_test(test_silent_pipe_can_be_cancelled),
        cmocka_unit_test(test_temporary),
        cmocka_unit_test(test_write),
        cmocka_unit_test(test_replace_keeps_mode_and_links),
        cmocka_unit_test(test_full_device_and_folders),
        cmocka_unit_test(test_closed_pipe),
        cmocka_unit_test(test_match),
        cmocka_unit_test(test_match_is_quick),
        cmocka_unit_test(test_expand),
        cmocka_unit_test(test_too_many_braces),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
