/* Contexts, settings, the machine, cancellation, CPU levels, traces, faults, libraries. Expected values: the tables and units worked out by hand. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/context.h"
#include "base/cpu.h"
#include "base/file.h"
#include "base/file_writer.h"
#include "base/glob.h"
#include "base/library.h"
#include "base/machine.h"

#include "../../oom.h"

static int make_context(void **state)
{
    bp_context *context;

    assert_int_equal(context_new(&context, NULL), BP_OK);
    *state = context;
    return 0;
}

static int free_context(void **state)
{
    context_free(*state);
    return 0;
}

/* settings --------------------------------------------------------------------------------------------------------------------- */
static void test_values(void **state)
{
    static const struct {
        const char *name, *value, *shown; /* shown NULL: refused */
    } cases[] = {
        {"threads", "3", "3"},
        {"THREADS", " 4 ", "4"},
        {"worker_threads", "5", "5"},
        {"threads", "0", NULL},
        {"threads", "1024", "1024"},
        {"threads", "1025", NULL},
        {"threads", "2.5", NULL},
        {"threads", "2.0", "2"},
        {"threads", "-1", NULL},
        {"threads", "", NULL},
        {"threads", "99999999999999999999999", NULL},
        {"threads", "3x", NULL},
        {"memory_limit", "512MB", "512MB"},
        {"memory_limit", "4GiB", "4GiB"},
        {"max_memory", "1.5gb", "1500MB"},
        {"memory_limit", "1.5 GiB", "1536MiB"},
        {"memory_limit", "1000001", "1000001B"},
        {"memory_limit", "unlimited", "unlimited"},
        {"memory_limit", "0", NULL},
        {"memory_limit", "1QB", NULL},
        {"memory_limit", "99999999999TB", NULL},
        {"batch_size", "65536", "65536"},
        {"batch_size", "65537", NULL},
        {"timeout", "1.5", "1500ms"},
        {"timeout", "2s", "2s"},
        {"timeout", "250 ms", "250ms"},
        {"timeout", "2min", "120s"},
        {"timeout", "0", "0s"},
        {"optimizer", "OFF", "false"},
        {"optimizer", "yes", "true"},
        {"optimizer", "maybe", NULL},
        {"default_null_order", "NULLS FIRST", "nulls_first"},
        {"null_order", "nulls_last", "nulls_last"},
        {"default_null_order", "sideways", NULL},
        {"csv_block_size", "16", "16B"},
        {"csv_block_size", "15", NULL},
        {"seed", "18446744073709551615", "18446744073709551615"},
        {"seed", "18446744073709551616", NULL},
        {"temp_directory", "/somewhere", "/somewhere"},
        {"temp_directory", "", NULL},
        {"batch_size", "default", "2048"},
    };
    bp_context *context = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char before[1100], after[1100];
        bp_error err = {0};
        bp_status status;

        assert_int_equal(config_get(context, cases[i].name, before, sizeof before, NULL), BP_OK);
        status = config_set(context, cases[i].name, cases[i].value, &err);
        assert_int_equal(config_get(context, cases[i].name, after, sizeof after, NULL), BP_OK);
        if (status != (cases[i].shown ? BP_OK : BP_BAD_ARGUMENT))
            fail_msg("%s = \"%s\": %d %s", cases[i].name, cases[i].value, status, err.message);
        assert_string_equal(after, cases[i].shown ? cases[i].shown : before); /* refused: as it was */
        assert_int_equal(config_set(context, cases[i].name, after, NULL), BP_OK); /* what is shown is taken back */
        assert_int_equal(config_get(context, cases[i].name, before, sizeof before, NULL), BP_OK);
        assert_string_equal(before, after);
    }
}

static void test_unknown_setting(void **state)
{
    char text[10];
    bp_error err;

    assert_int_equal(config_set(*state, "memory_limt", "1", &err), BP_NOT_FOUND);
    assert_non_null(strstr(err.message, "did you mean \"memory_limit\"?"));
    assert_int_equal(config_get(*state, "xyzzyxyzzy", text, sizeof text, &err), BP_NOT_FOUND);
    assert_null(strstr(err.message, "did you mean"));
    assert_int_equal(config_set(*state, "threads", NULL, &err), BP_BAD_ARGUMENT);
}

/* What has been forbidden stays forbidden, whoever asks. */
static void test_locks(void **state)
{
    char text[10];
    bp_context *context;
    file_list files;
    file_writer writer;
    file_identity identity;
    file file;
    arena arena;
    bp_error err;

    (void)state;
    assert_int_equal(context_new(&context, NULL), BP_OK);
    arena_init(&arena, context->memory);
    assert_int_equal(config_set(context, "enable_external_access", "true", NULL), BP_OK);
    assert_int_equal(file_identify(&identity, context, STRING_VIEW("/"), NULL), BP_OK);
    assert_int_equal(config_set(context, "enable_external_access", "false", NULL), BP_OK);
    assert_int_equal(file_identify(&identity, context, STRING_VIEW("/"), NULL), BP_IO_ERROR);
    assert_int_equal(file_open(&file, context, STRING_VIEW("/dev/null"), &err), BP_IO_ERROR);
    assert_non_null(strstr(err.message, "\"/dev/null\": files are out of reach (the setting enable_external_access is false)"));
    assert_int_equal(file_writer_open(&writer, context, STRING_VIEW("/dev/null"), FILE_WRITE_PLAIN, NULL), BP_IO_ERROR);
    assert_int_equal(file_remove(context, STRING_VIEW("/nowhere/none"), NULL), BP_IO_ERROR);
    assert_int_equal(glob_expand(&files, &arena, context, STRING_VIEW("/*"), NULL), BP_IO_ERROR);
    assert_int_equal(glob_list(&files, &arena, context, STRING_VIEW("/"), NULL), BP_IO_ERROR);
    assert_int_equal(file_open_temporary(&file, context, NULL), BP_OK); /* spilling goes on */
    file_close(&file);
    assert_int_equal(config_set(context, "enable_external_access", "true", &err), BP_BAD_ARGUMENT);
    assert_int_equal(config_set(context, "enable_external_access", "default", &err), BP_BAD_ARGUMENT);
    assert_int_equal(config_set(context, "enable_external_access", "no", &err), BP_OK);
    assert_int_equal(config_set(context, "lock_configuration", "true", NULL), BP_OK);
    assert_int_equal(config_set(context, "threads", "1", &err), BP_BAD_ARGUMENT);
    assert_non_null(strstr(err.message, "the configuration is locked"));
    assert_int_equal(config_set(context, "memory_limit", "default", NULL), BP_BAD_ARGUMENT);
    assert_int_equal(config_set(context, "lock_configuration", "false", NULL), BP_BAD_ARGUMENT);
    assert_int_equal(config_get(context, "lock_configuration", text, sizeof text, NULL), BP_OK);
    assert_string_equal(text, "true");
    arena_clear(&arena);
    context_free(context);
}

static void test_rows(void **state)
{
    config_row row;
    char text[1100];
    size_t count = 0;

    for (; config_row_at(count, &row); count++) {
        assert_true(strlen(row.text) > 10 && strlen(row.kind) > 0);
        assert_int_equal(config_get(*state, row.name, text, sizeof text, NULL), BP_OK);
        assert_true(strlen(text) > 0);
    }
    assert_true(count >= 13);
}

static void test_percent(void **state)
{
    bp_context *context = *state;

    assert_int_equal(config_set(context, "memory_limit", "50%", NULL), BP_OK);
    assert_int_equal(memory_limit(context->memory), machine_memory() / 100 * 50);
    assert_int_equal(config_set(context, "memory_limit", "default", NULL), BP_OK);
    assert_int_equal(memory_limit(context->memory), machine_memory() / 100 * 80);
    assert_in_range(context->config.threads, 1, 1024);
}

/* the machine ------------------------------------------------------------------------------------------------------------------ */
static char folder[] = "/tmp/bedplate-test-XXXXXX";

static const char *path_of(const char *name)
{
    static char path[4][512];
    static int next;

    next = (next + 1) % 4;
    snprintf(path[next], sizeof path[next], "%s/%s", folder, name);
    return path[next];
}

static void put(const char *name, const char *text)
{
    const char *path = path_of(name);
    FILE *file;

    for (char *slash = strchr(path + strlen(folder) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void test_control_groups(void **state)
{
    char command[100];

    assert_non_null(mkdtemp(folder));
    put("v2", "0::/a/b\n");
    put("root2/memory.max", "9000000\n");
    put("root2/a/memory.max", "5000000\n");
    put("root2/a/b/memory.max", "max\n");
    put("root2/cpu.max", "max 100000\n");
    put("root2/a/b/cpu.max", "150000 100000\n");
    assert_int_equal(machine_cgroup_memory(path_of("v2"), path_of("root2")), 5000000);
    assert_int_equal(machine_cgroup_processors(path_of("v2"), path_of("root2")), 2);
    put("v1", "9:name=systemd:/\n4:memory:/x\n2:cpu,cpuacct:/y/z\n0::/\n");
    put("root1/memory/x/memory.limit_in_bytes", "777216\n");
    put("root1/memory/memory.limit_in_bytes", "9223372036854771712\n");
    put("root1/cpu/y/cpu.cfs_quota_us", "400000\n");
    put("root1/cpu/y/cpu.cfs_period_us", "100000\n");
    put("root1/cpu/cpu.cfs_quota_us", "-1\n");
    put("root1/cpu/cpu.cfs_period_us", "100000\n");
    assert_int_equal(machine_cgroup_memory(path_of("v1"), path_of("root1")), 777216);
    assert_int_equal(machine_cgroup_processors(path_of("v1"), path_of("root1")), 4);
    put("v2", "0::/of/the/host\n"); /* seen from a container: only the root is there */
    assert_int_equal(machine_cgroup_memory(path_of("v2"), path_of("root2")), 9000000);
    put("v2", "nonsense\n::\n3:memory\n0::\n");
    assert_int_equal(machine_cgroup_memory(path_of("v2"), path_of("root2")), SIZE_MAX);
    assert_int_equal(machine_cgroup_memory(path_of("missing"), path_of("root2")), SIZE_MAX);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    assert_int_equal(system(command), 0);
    assert_true(machine_memory() > 1000000 && machine_processors() >= 1);
}

/* contexts --------------------------------------------------------------------------------------------------------------------- */
static void test_public_face(void **state)
{
    bp_context *context;
    char text[16];
    bp_error err;

    assert_int_equal(bp_context_new(NULL, &err), BP_BAD_ARGUMENT);
    assert_int_equal(bp_context_new(&context, &err), BP_OK);
    assert_int_equal(bp_context_set(context, "threads", "2", &err), BP_OK);
    assert_int_equal(bp_context_get(context, "threads", text, sizeof text, &err), BP_OK);
    assert_string_equal(text, "2");
    assert_int_equal(bp_context_set(NULL, "threads", "2", &err), BP_BAD_ARGUMENT);
    assert_int_equal(bp_context_set_memory_limit(context, 0, &err), BP_BAD_ARGUMENT);
    assert_int_equal(bp_context_set_memory_limit(context, 100000000, &err), BP_OK);
    assert_true(bp_context_memory_used(context) > 0 && bp_context_memory_peak(context) >= bp_context_memory_used(context));
    assert_true(bp_context_progress(context) < 0);
    bp_context_cancel(context); /* no call runs: no effect */
    assert_int_equal(cancel_check(&context->cancel, NULL), BP_OK);
    bp_context_cancel(NULL);
    bp_context_free(NULL);
    bp_context_free(context);
}

/* What was handed out holds the account, not the context. */
static void test_memory_outlives_context(void **state)
{
    bp_context *context;
    memory *memory;
    char *block;

    assert_int_equal(context_new(&context, NULL), BP_OK);
    memory = memory_retain(context->memory);
    block = memory_allocate(memory, 1000000);
    context_free(context);
    block[999999] = 1;
    memory_free(memory, block, 1000000);
    assert_int_equal(memory_used(memory), 0);
    memory_release(memory);
}

/* cancellation ----------------------------------------------------------------------------------------------------------------- */
static int poll_cost_count(void *data)
{
    ++*(int *)data;
    return 0;
}

static void test_cancel(void **state)
{
    bp_context *context = *state;
    cancel *cancel = &context->cancel;
    int calls = 0;
    int64_t start;
    bp_error err;

    assert_int_equal(cancel_check(cancel, NULL), BP_OK);
    assert_true(cancel_begin(cancel, 0));
    assert_false(cancel_begin(cancel, 0)); /* busy */
    cancel_request(cancel);
    assert_int_equal(cancel_check(cancel, &err), BP_CANCELLED);
    assert_int_equal(err.status, BP_CANCELLED);
    cancel_end(cancel);
    assert_true(cancel_begin(cancel, 0));
    assert_int_equal(cancel_check(cancel, NULL), BP_OK); /* the old request is over */
    cancel_end(cancel);
    assert_true(cancel_begin(cancel, INT64_MAX)); /* no deadline that far */
    assert_int_equal(cancel_check(cancel, NULL), BP_OK);
    cancel_end(cancel);

    /* polled every 20 ms, give or take the coarse clock */
    cancel->poll = poll_cost_count;
    cancel->poll_data = &calls;
    assert_true(cancel_begin(cancel, 0));
    for (start = clock_monotonic_ns(); clock_monotonic_ns() - start < 210000000;)
        assert_int_equal(cancel_check(cancel, NULL), BP_OK);
    cancel_end(cancel);
    assert_in_range(calls, 1, 10);
    cancel->poll = NULL;

    /* the first reason stays */
    assert_true(cancel_begin(cancel, 1));
    nanosleep(&(struct timespec){0, 10000000}, NULL);
    assert_int_equal(cancel_check(cancel, NULL), BP_TIMEOUT);
    cancel_request(cancel);
    assert_int_equal(cancel_check(cancel, NULL), BP_TIMEOUT);
    cancel_end(cancel);
}

/* the rest --------------------------------------------------------------------------------------------------------------------- */
static void test_clocks(void **state)
{
    int64_t start = clock_monotonic_ns(), coarse = clock_coarse_ns();

    assert_true(start >= coarse && start - coarse < 1000000000);
    nanosleep(&(struct timespec){0, 30000000}, NULL);
    assert_true(clock_monotonic_ns() - start >= 30000000);
    assert_true(clock_coarse_ns() > coarse);
    assert_true(clock_wall_ns() / 1000000000 - time(NULL) <= 1);
}

static void test_cpu(void **state)
{
    cpu_kind used = cpu_level(), detected = cpu_level_detected();

    assert_true(used <= detected);
#if defined(__x86_64__) && !defined(BEDPLATE_SCALAR)
    __builtin_cpu_init(); /* the compiler's own detection */
    assert_int_equal(detected >= CPU_AVX2,
                     __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("pclmul"));
    assert_int_equal(detected >= CPU_AVX512, __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi2") &&
                                                 __builtin_cpu_supports("vpclmulqdq") && __builtin_cpu_supports("avx512vpopcntdq"));
#else
    assert_int_equal(detected, CPU_SCALAR);
#endif
    for (int level = CPU_SCALAR; level <= CPU_AVX512; level++) {
        cpu_kind wanted = (cpu_kind)level < detected ? (cpu_kind)level : detected;
        assert_int_equal(cpu_force_level((cpu_kind)level), wanted);
        assert_int_equal(cpu_level(), wanted);
    }
    cpu_force_level(used);
    assert_string_equal(cpu_level_name(CPU_AVX2), "avx2");
}

typedef struct heard {
    int spans, counters, messages;
    int64_t value;
    char text[600];
} heard;

static void hear(void *data, const trace_event *event)
{
    heard *heard = data;

    if (event->kind == TRACE_SPAN && event->duration_ns >= 0 && strcmp(event->name, "test.span") == 0)
        heard->spans++, heard->value = event->value;
    if (event->kind == TRACE_COUNTER) heard->counters++, heard->value = event->value;
    if (event->kind == TRACE_MESSAGE) heard->messages++, snprintf(heard->text, sizeof heard->text, "%s", event->text);
}

static void test_trace(void **state)
{
    bp_context *context = *state;
    heard heard = {0};
    trace_span span = trace_begin(context, "test.span");

    trace_set(context, hear, &heard);
    trace_end(context, &span, 1); /* begun while it was off */
    assert_int_equal(heard.spans, 0);
    span = trace_begin(context, "test.span");
    trace_end(context, &span, 42);
    assert_int_equal(heard.spans, 1);
    assert_int_equal(heard.value, 42);
    trace_count(context, "test.count", 7);
    assert_int_equal(heard.value, 7);
    trace_message(context, "test.message", "%d of %s", 3, "them");
    assert_string_equal(heard.text, "3 of them");
    trace_set(context, NULL, NULL);
    trace_count(context, "test.count", 7);
    assert_int_equal(heard.counters, 1);
    assert_false(trace_is_on(context));
}

static void test_faults(void **state)
{
#ifdef BEDPLATE_CHECKS
    bp_context *context = *state;

    fault_at(context, FAULT_READ, 2, FAULT_FAIL, false);
    for (int i = 0; i < 4; i++) assert_int_equal(fault_strikes(context, FAULT_READ), i == 1 ? FAULT_FAIL : FAULT_NONE);
    assert_true(fault_seen(context, FAULT_READ));
    assert_false(fault_seen(context, FAULT_WRITE));
    fault_at(context, FAULT_WRITE, 2, FAULT_NO_SPACE, true);
    for (int i = 0; i < 4; i++) assert_int_equal(fault_strikes(context, FAULT_WRITE), i >= 1 ? FAULT_NO_SPACE : FAULT_NONE);
    fault_at(context, FAULT_WRITE, 1, FAULT_INTERRUPT, true); /* every second one */
    for (int i = 0; i < 4; i++) assert_int_equal(fault_strikes(context, FAULT_WRITE), i % 2 ? FAULT_NONE : FAULT_INTERRUPT);
    fault_clear(context);
    assert_int_equal(fault_strikes(context, FAULT_WRITE), FAULT_NONE);
#endif
}

static void test_library(void **state)
{
    const char *const none[] = {"libno-such-a.so", "libno-such-b.so"}, *const math[] = {"libno-such-a.so", "libm.so.6"};
    library library;
    library_function function;
    bp_error err;

    assert_int_equal(library_open(&library, none, 2, &err), BP_NOT_FOUND);
    assert_non_null(strstr(err.message, "libno-such-a.so, libno-such-b.so"));
    library_close(&library);
    assert_int_equal(library_open(&library, math, 2, &err), BP_OK);
    function = library_find(&library, "fabs");
    assert_non_null(function);
    assert_true(((double (*)(double))function)(-27.0) == 27.0);
    assert_null(library_find(&library, "no_such_function"));
    library_close(&library);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make_context, free_context)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        CASE(test_values),
        CASE(test_unknown_setting),
        CASE(test_locks),
        CASE(test_rows),
        CASE(test_percent),
        cmocka_unit_test(test_control_groups),
        cmocka_unit_test(test_public_face),
        cmocka_unit_test(test_memory_outlives_context),
        CASE(test_cancel),
        cmocka_unit_test(test_clocks),
        cmocka_unit_test(test_cpu),
        CASE(test_trace),
        CASE(test_faults),
        cmocka_unit_test(test_library),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
