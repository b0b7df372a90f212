/* Filters of a scan on columns that are in memory: what readers do that apply them exactly. */
#ifndef IO_ROW_FILTER_H
#define IO_ROW_FILTER_H

#include "source.h"

/* The rows among selection[0..*count) whose value passes stay, in their order; *count is how many they are. `arena` is for scratch. */
MUST_USE bp_status row_filter_apply(const scan_filter *filter, const column *values, uint32_t *selection, size_t *count,
                                    arena *arena, bp_error *err);

/* What a MEMBERS filter, which need not be applied, has done to a morsel so far. Once it is seen to drop few rows it costs more than it saves. */
typedef struct filter_trial {
    size_t tried, passed;
} filter_trial;
bool filter_trial_fails(const filter_trial *trial);

#endif
