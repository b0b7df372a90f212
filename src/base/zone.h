/* Time zones: the system's tz database (TZif files, RFC 9636), and fixed offsets.
 *
 * A zone is a list of transitions, and behind the last one a rule in the manner of POSIX TZ, so years beyond 2037 have summer time too. It lives in an
 * arena and is read-only, so any number of threads may ask it. */
#ifndef BASE_ZONE_H
#define BASE_ZONE_H

#include "arena.h"
#include "context.h"
#include "error.h"

typedef struct zone zone;

/* A zone by name: "Europe/Berlin", "EST5EDT"; "UTC", "GMT", "Z" and offsets ("+02", "-05:30", "UTC+02:00", "GMT+5", east of Greenwich is +) need no
 * file. Case is overlooked where the usual spelling is Words_Like_This. BP_NOT_FOUND: no such zone, or no tz database; BP_BAD_FORMAT: a broken file. */
MUST_USE bp_status zone_open(const zone **out, arena *arena, bp_context *context, string_view name, bp_error *err);
/* A zone from the bytes of a TZif file; `name` is for messages. */
MUST_USE bp_status zone_parse(const zone **out, arena *arena, const void *data, size_t size, string_view name, bp_error *err);

/* Seconds [begin, end) that share an offset (east of Greenwich, in seconds). */
typedef struct zone_span {
    int64_t begin, end;
    int32_t offset;
} zone_span;

/* The span that holds an instant (seconds since 1970, UTC). */
zone_span zone_span_at(const zone *zone, int64_t utc);
/* The same for a wall clock's seconds; begin and end are the wall's. An hour that comes twice is taken as its second coming, an hour that is left out
 * as if the clock had not been changed yet (so do ICU and DuckDB). */
zone_span zone_span_at_local(const zone *zone, int64_t local);

#endif
