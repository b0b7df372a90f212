/* What this process may use of the machine: memory and processors, the control group's limits included. */
#ifndef BASE_MACHINE_H
#define BASE_MACHINE_H

#include "macros.h"

/* Bytes of memory: the least of the machine's and of the limits of the control group (v1 or v2) and the groups above it. */
size_t machine_memory(void);
/* Processors: the least of the affinity mask and the control group's quota rounded up; at least 1. */
size_t machine_processors(void);

/* The parts that read files, for tests: `proc_cgroup` is like /proc/self/cgroup, `root` like /sys/fs/cgroup. SIZE_MAX: no limit. */
size_t machine_cgroup_memory(const char *proc_cgroup, const char *root);
size_t machine_cgroup_processors(const char *proc_cgroup, const char *root);

#endif
