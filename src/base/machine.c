/* Limits of the machine and the control group.
 *
 *   v2  /proc/self/cgroup  0::/a/b               /sys/fs/cgroup/a/b/memory.max          cpu.max "quota period"
 *   v1                     4:memory:/a/b         /sys/fs/cgroup/memory/a/b/memory.limit_in_bytes
 *                          2:cpu,cpuacct:/a/b    /sys/fs/cgroup/cpu/a/b/cpu.cfs_quota_us, cpu.cfs_period_us
 *
 * A limit holds for all groups below, so each folder from the group's up to the root is asked and the least wins. Inside a container the
 * path is often the host's and is not there; then only the root answers, which is the container's own group. */
#define _GNU_SOURCE
#include "machine.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "string.h"

#define TEXT_SIZE 4096

/* A small file's text, with a NUL; false: it is not there. */
static bool read_text(const char *path, char *text, size_t size)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    size_t used = 0;
    ssize_t count = -1;

    if (descriptor < 0) return false;
    while (used < size - 1) {
        count = read(descriptor, text + used, size - 1 - used);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        used += (size_t)count;
    }
    close(descriptor);
    text[used] = '\0';
    return count >= 0 && used > 0;
}

/* The number at the beginning; SIZE_MAX for "max", "-1" or a number that does not fit: no limit. */
static size_t number_of(const char *text)
{
    size_t number = 0;

    if (!ascii_is_digit((unsigned char)*text)) return SIZE_MAX;
    for (; ascii_is_digit((unsigned char)*text); text++)
        if (ckd_mul(&number, number, 10) || ckd_add(&number, number, (size_t)(*text - '0'))) return SIZE_MAX;
    return number;
}

static size_t read_number(const char *folder, const char *name)
{
    char path[TEXT_SIZE + 64], text[64];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return read_text(path, text, sizeof text) ? number_of(text) : SIZE_MAX;
}

static size_t quota(size_t microseconds, size_t period)
{
    if (microseconds == SIZE_MAX || period == SIZE_MAX || period == 0) return SIZE_MAX;
    return microseconds / period + (microseconds % period != 0);
}

/* Each reads the limit of one folder. */
static size_t memory_v1(const char *folder)
{
    return read_number(folder, "memory.limit_in_bytes");
}

static size_t memory_v2(const char *folder)
{
    return read_number(folder, "memory.max");
}

static size_t processors_v1(const char *folder)
{
    return quota(read_number(folder, "cpu.cfs_quota_us"), read_number(folder, "cpu.cfs_period_us"));
}

static size_t processors_v2(const char *folder)
{
    char path[TEXT_SIZE + 64], text[64], *space;

    snprintf(path, sizeof path, "%s/cpu.max", folder);
    if (!read_text(path, text, sizeof text) || !(space = strchr(text, ' '))) return SIZE_MAX;
    return quota(number_of(text), number_of(space + 1));
}

/* The least limit of the folder `base``group` and those above it down to `base` itself. */
static size_t least_upwards(const char *base, string_view group, size_t (*limit_of)(const char *folder))
{
    char folder[TEXT_SIZE];
    size_t base_size = strlen(base), least = SIZE_MAX, limit;
    int size = snprintf(folder, sizeof folder, "%s%.*s", base, STRING_ARGUMENTS(group));

    if (size < 0 || (size_t)size >= sizeof folder) return limit_of(base);
    for (;;) {
        if ((limit = limit_of(folder)) < least) least = limit;
        if (strlen(folder) <= base_size) return least;
        *strrchr(folder, '/') = '\0'; /* the group begins with one */
    }
}

/* Whether `name` is one of the words of "cpu,cpuacct". */
static bool has_word(string_view words, string_view name)
{
    while (words.size) {
        const char *comma = memchr(words.data, ',', words.size);
        size_t size = comma ? (size_t)(comma - words.data) : words.size;

        if (string_equal((string_view){words.data, size}, name)) return true;
        words = string_view_slice(words, comma ? size + 1 : size, words.size);
    }
    return false;
}

/* A line "number:controllers:/group"; the text behind the second colon. */
static bool split_line(string_view line, string_view *controllers, string_view *group)
{
    const char *first = memchr(line.data, ':', line.size), *second;
    const char *end = line.data + line.size;

    if (!first || !(second = memchr(first + 1, ':', (size_t)(end - first - 1)))) return false;
    *controllers = (string_view){first + 1, (size_t)(second - first - 1)};
    *group = (string_view){second + 1, (size_t)(end - second - 1)};
    return group->size > 0 && group->data[0] == '/';
}

typedef struct limit_kind {
    const char *controller;
    size_t (*v1)(const char *folder);
    size_t (*v2)(const char *folder);
} limit_kind;

static size_t limit_of_line(string_view line, const char *root, const limit_kind *kind)
{
    char base[TEXT_SIZE];
    string_view controllers, group;

    if (!split_line(line, &controllers, &group)) return SIZE_MAX;
    if (controllers.size == 0) return least_upwards(root, group, kind->v2);
    if (!has_word(controllers, string_view_of(kind->controller))) return SIZE_MAX;
    snprintf(base, sizeof base, "%s/%s", root, kind->controller);
    return least_upwards(base, group, kind->v1);
}

static size_t cgroup_limit(const char *proc_cgroup, const char *root, const limit_kind *kind)
{
    char text[TEXT_SIZE];
    size_t least = SIZE_MAX;

    if (!read_text(proc_cgroup, text, sizeof text)) return SIZE_MAX;
    for (const char *line = text, *end; *line; line = *end ? end + 1 : end) {
        size_t limit;

        end = line + strcspn(line, "\n");
        limit = limit_of_line((string_view){line, (size_t)(end - line)}, root, kind);
        if (limit < least) least = limit;
    }
    return least;
}

size_t machine_cgroup_memory(const char *proc_cgroup, const char *root)
{
    return cgroup_limit(proc_cgroup, root, &(limit_kind){"memory", memory_v1, memory_v2});
}

size_t machine_cgroup_processors(const char *proc_cgroup, const char *root)
{
    return cgroup_limit(proc_cgroup, root, &(limit_kind){"cpu", processors_v1, processors_v2});
}

size_t machine_memory(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), page_size = sysconf(_SC_PAGESIZE);
    size_t group = machine_cgroup_memory("/proc/self/cgroup", "/sys/fs/cgroup"), total;

    if (pages <= 0 || page_size <= 0 || ckd_mul(&total, (size_t)pages, (size_t)page_size)) total = (size_t)1 << 30;
    return group < total ? group : total;
}

size_t machine_processors(void)
{
    size_t group = machine_cgroup_processors("/proc/self/cgroup", "/sys/fs/cgroup"), count = 0;
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof set, &set) == 0)
        count = (size_t)CPU_COUNT(&set);
    else if (sysconf(_SC_NPROCESSORS_ONLN) > 0) /* over 1,024 processors the mask does not fit */
        count = (size_t)sysconf(_SC_NPROCESSORS_ONLN);
    if (group < count) count = group;
    return count ? count : 1;
}
