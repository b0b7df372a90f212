/* TZif: a header and a block of 32-bit times, passed over, then a header and a block of 64-bit times, then a line with the rule for all later times:
 *
 *   "TZif" version ×15 reserved, six counts (ut flags, standard flags, leap seconds, transitions, types, name bytes), big-endian
 *   transitions × int64 | transitions × u8 type | types × (int32 offset, u8 is_dst, u8 name) | names | leap seconds | flags
 *   \n CET-1CEST,M3.5.0,M10.5.0/3 \n
 *
 * Leap seconds are not counted: POSIX time has none. */
#include "zone.h"

#include "file.h"
#include "temporal.h"

#define SECONDS_PER_DAY 86400
#define ZONE_FILE_LIMIT (256 * 1024) /* the largest real one has 4 KiB */
#define ZONE_NAME_LIMIT 64
#define OFFSET_LIMIT (26 * 3600)
#define EVER INT64_MAX

/* A day of the year in the rule, and the second of that day by the clock in force. */
typedef struct rule_day {
    enum { RULE_MONTH_WEEK, RULE_JULIAN, RULE_DAY } kind;
    int month, week, day; /* JULIAN: day 1 … 365 without 29 February; DAY: 0 … 365 */
    int32_t seconds;
} rule_day;

struct zone {
    size_t count;
    const int64_t *times; /* count, rising: from there on … */
    const int32_t *offsets; /* … this offset counts */
    int32_t first_offset; /* before all of them */
    int32_t standard, summer; /* behind all of them, if there is a rule */
    bool has_rule, has_summer;
    rule_day summer_begins, summer_ends;
};

/* the rule -------------------------------------------------------------------------------------------------------------------------------- */
static bool take(cursor *at, char byte)
{
    if (!cursor_left(at) || at->data[at->position] != (uint8_t)byte) return false;
    at->position++;
    return true;
}

/* At most four digits. */
static bool take_number(cursor *at, int *out)
{
    size_t begin = at->position;

    *out = 0;
    while (cursor_left(at) && at->position - begin < 4 && ascii_is_digit(at->data[at->position]))
        *out = *out * 10 + (at->data[at->position++] - '0');
    return at->position > begin;
}

/* [+-]H[H[H]][:MM[:SS]] */
static bool take_clock(cursor *at, int32_t *seconds)
{
    bool negative = take(at, '-');
    int hours, minutes = 0, rest = 0;

    if (!negative) (void)take(at, '+');
    if (!take_number(at, &hours) || hours > 167) return false;
    if (take(at, ':') && (!take_number(at, &minutes) || minutes > 59)) return false;
    if (take(at, ':') && (!take_number(at, &rest) || rest > 59)) return false;
    *seconds = (hours * 60 + minutes) * 60 + rest;
    if (negative) *seconds = -*seconds;
    return true;
}

/* CET or <+03> */
static bool take_zone_word(cursor *at)
{
    size_t begin = at->position;
    bool quoted = take(at, '<');

    while (cursor_left(at)) {
        uint8_t byte = at->data[at->position];
        if (quoted ? byte == '>' : !ascii_is_alpha(byte)) break;
        at->position++;
    }
    return quoted ? take(at, '>') : at->position > begin;
}

static bool take_rule_day(cursor *at, rule_day *out)
{
    *out = (rule_day){.kind = RULE_DAY, .seconds = 7200};
    if (take(at, 'M')) {
        out->kind = RULE_MONTH_WEEK;
        if (!take_number(at, &out->month) || !take(at, '.') || !take_number(at, &out->week) || !take(at, '.') ||
            !take_number(at, &out->day))
            return false;
        if (out->month < 1 || out->month > 12 || out->week < 1 || out->week > 5 || out->day > 6) return false;
    } else {
        if (take(at, 'J')) out->kind = RULE_JULIAN;
        if (!take_number(at, &out->day) || out->day > 365 || (out->kind == RULE_JULIAN && out->day < 1)) return false;
    }
    return !take(at, '/') || take_clock(at, &out->seconds);
}

static bool parse_rule(zone *zone, cursor *at)
{
    if (!take_zone_word(at) || !take_clock(at, &zone->standard)) return false;
    zone->standard = -zone->standard; /* POSIX counts west */
    if (zone->standard > OFFSET_LIMIT || zone->standard < -OFFSET_LIMIT) return false;
    zone->has_rule = true;
    if (!cursor_left(at)) return true;
    if (!take_zone_word(at)) return false;
    zone->summer = zone->standard + 3600;
    if (cursor_left(at) && at->data[at->position] != ',') {
        if (!take_clock(at, &zone->summer)) return false;
        zone->summer = -zone->summer;
    }
    if (!take(at, ',') || !take_rule_day(at, &zone->summer_begins) || !take(at, ',') || !take_rule_day(at, &zone->summer_ends))
        return false;
    zone->has_summer = true;
    return cursor_left(at) == 0 && zone->summer <= OFFSET_LIMIT && zone->summer >= -OFFSET_LIMIT;
}

/* The wall clock's seconds at which the rule's day comes in that year. */
static int64_t rule_seconds(const rule_day *rule, int64_t year)
{
    int64_t first = civil_to_days(year, 1, 1), day, weekday;

    switch (rule->kind) {
    case RULE_DAY: day = first + rule->day; break;
    case RULE_JULIAN: day = first + rule->day - 1 + (rule->day > 59 && civil_is_leap(year)); break;
    default:
        day = civil_to_days(year, (unsigned)rule->month, 1);
        weekday = (day % 7 + 7 + 4) % 7; /* 1970-01-01 was a Thursday */
        day += (rule->day - weekday + 7) % 7 + 7 * (rule->week - 1);
        while (day >= civil_to_days(year, (unsigned)rule->month, 1) + civil_days_in_month(year, (unsigned)rule->month)) day -= 7;
    }
    return day * SECONDS_PER_DAY + rule->seconds;
}

/* The span of the year that holds `seconds`, by the rule; local: on the wall's clock, where a change counts from the moment that the clock shows
 * after it. */
static zone_span span_by_rule(const zone *zone, int64_t seconds, bool local)
{
    zone_span span = {INT64_MIN, EVER, zone->standard};
    int64_t wall, day, year;
    int64_t begins, ends, first, second;
    bool summer_first;

    if (ckd_add(&wall, seconds, local ? 0 : (int64_t)zone->standard)) return span;
    day = wall / SECONDS_PER_DAY - (wall % SECONDS_PER_DAY < 0);
    if (!zone->has_summer || day < -INT32_MAX / 2 || day > INT32_MAX / 2) return span;
    year = civil_from_days((int32_t)day).year;
    begins = rule_seconds(&zone->summer_begins, year) - zone->standard + (local ? zone->summer : 0);
    ends = rule_seconds(&zone->summer_ends, year) - zone->summer + (local ? zone->standard : 0);
    summer_first = begins < ends;
    first = summer_first ? begins : ends;
    second = summer_first ? ends : begins;
    /* The year's own edges are on standard time; at worst a span is cut into two. */
    span.begin = civil_to_days(year, 1, 1) * SECONDS_PER_DAY - (local ? 0 : zone->standard);
    span.end = civil_to_days(year + 1, 1, 1) * SECONDS_PER_DAY - (local ? 0 : zone->standard);
    if (seconds < first) {
        span.end = first < span.end ? first : span.end;
        span.offset = summer_first ? zone->standard : zone->summer;
    } else if (seconds < second) {
        span.begin = first;
        span.end = second < span.end ? second : span.end;
        span.offset = summer_first ? zone->summer : zone->standard;
    } else {
        span.begin = second;
        span.offset = summer_first ? zone->standard : zone->summer;
    }
    return span;
}

/* asking ------------------------------------------------------------------------------------------------------------------------------------ */
/* When transition `index` counts, on the clock in question. */
static int64_t transition_at(const zone *zone, size_t index, bool local)
{
    int64_t sum;

    if (!local) return zone->times[index];
    return ckd_add(&sum, zone->times[index], (int64_t)zone->offsets[index]) ? zone->times[index] : sum;
}

static zone_span span_at(const zone *zone, int64_t seconds, bool local)
{
    zone_span span = {INT64_MIN, EVER, zone->first_offset};
    size_t low = 0, high = zone->count; /* the first transition behind `seconds` */

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (transition_at(zone, middle, local) <= seconds)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == zone->count && zone->has_rule) {
        span = span_by_rule(zone, seconds, local);
        if (low && span.begin < transition_at(zone, low - 1, local)) span.begin = transition_at(zone, low - 1, local);
        return span;
    }
    if (low) {
        span.begin = transition_at(zone, low - 1, local);
        span.offset = zone->offsets[low - 1];
    }
    if (low < zone->count) span.end = transition_at(zone, low, local);
    return span;
}

zone_span zone_span_at(const zone *zone, int64_t utc)
{
    return span_at(zone, utc, false);
}

zone_span zone_span_at_local(const zone *zone, int64_t local)
{
    return span_at(zone, local, true);
}

/* reading ------------------------------------------------------------------------------------------------------------------------------------ */
typedef struct zone_header {
    uint8_t version;
    uint32_t ut_flags, standard_flags, leaps, times, types, name_bytes;
} zone_header;

static bool take_u32(cursor *at, uint32_t *out)
{
    uint8_t bytes[4];

    if (!cursor_copy(at, bytes, 4)) return false;
    *out = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
    return true;
}

static bool take_header(cursor *at, zone_header *out)
{
    const uint8_t *magic;

    return cursor_view(at, 4, &magic) && memcmp(magic, "TZif", 4) == 0 && cursor_u8(at, &out->version) && cursor_skip(at, 15) &&
           take_u32(at, &out->ut_flags) && take_u32(at, &out->standard_flags) && take_u32(at, &out->leaps) &&
           take_u32(at, &out->times) && take_u32(at, &out->types) && take_u32(at, &out->name_bytes);
}

/* Bytes behind the types and names of a block whose times are `width` bytes. */
static size_t tail_bytes(const zone_header *header, size_t width)
{
    return (size_t)header->name_bytes + (size_t)header->leaps * (width + 4) + header->standard_flags + header->ut_flags;
}

static bool take_times(cursor *at, int64_t *times, uint32_t count, bool wide)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t high = 0, low;
        if ((wide && !take_u32(at, &high)) || !take_u32(at, &low)) return false;
        times[i] = wide ? (int64_t)((uint64_t)high << 32 | low) : (int32_t)low;
        if (i && times[i] <= times[i - 1]) return false;
    }
    return true;
}

static bool take_offsets(cursor *at, const uint8_t *types, int32_t *offsets, const zone_header *header, int32_t *first)
{
    const uint8_t *rows;

    if (!header->types || header->types > 256 || !cursor_view(at, (size_t)header->types * 6, &rows)) return false;
    for (uint32_t i = 0; i <= header->times; i++) {
        uint8_t type = i ? types[i - 1] : 0; /* type 0 is that of the time before all transitions */
        cursor row = cursor_over(rows + (size_t)type * 6, 4);
        uint32_t offset;
        if (type >= header->types || !take_u32(&row, &offset)) return false;
        if ((int32_t)offset > OFFSET_LIMIT || (int32_t)offset < -OFFSET_LIMIT) return false;
        *(i ? &offsets[i - 1] : first) = (int32_t)offset;
    }
    return true;
}

/* The block of the header, and the rule behind it. False: broken. */
static bool take_block(zone *zone, cursor *at, const zone_header *header, int64_t *times, int32_t *offsets)
{
    const uint8_t *types, *rule;
    bool wide = header->version >= '2';
    cursor line;

    if (!take_times(at, times, header->times, wide) || !cursor_view(at, header->times, &types)) return false;
    if (!take_offsets(at, types, offsets, header, &zone->first_offset) || !cursor_skip(at, tail_bytes(header, wide ? 8 : 4)))
        return false;
    zone->count = header->times;
    zone->times = times;
    zone->offsets = offsets;
    if (!wide || !take(at, '\n')) return !wide;
    rule = at->data + at->position;
    while (cursor_left(at) && at->data[at->position] != '\n') at->position++;
    if (!cursor_left(at)) return false;
    line = cursor_over(rule, (size_t)(at->data + at->position - rule));
    return line.size == 0 || parse_rule(zone, &line);
}

bp_status zone_parse(const zone **out, arena *arena, const void *data, size_t size, string_view name, bp_error *err)
{
    cursor at = cursor_over(data, size);
    zone_header header;
    struct zone *made = arena_new(arena, struct zone);
    int64_t *times;
    int32_t *offsets;

    *out = NULL;
    if (!made) return error_no_memory(err, arena->memory, sizeof *made);
    if (!take_header(&at, &header)) goto broken;
    if (header.version >= '2') {
        size_t first = (size_t)header.times * 5 + (size_t)header.types * 6 + tail_bytes(&header, 4);
        if (!cursor_skip(&at, first) || !take_header(&at, &header)) goto broken;
    }
    if (header.times > cursor_left(&at)) goto broken;
    times = arena_new_array(arena, int64_t, header.times + (size_t)1);
    offsets = arena_new_array(arena, int32_t, header.times + (size_t)1);
    if (!times || !offsets) return error_no_memory(err, arena->memory, header.times * sizeof *times);
    if (!take_block(made, &at, &header, times, offsets)) goto broken;
    *out = made;
    return BP_OK;
broken:
    return error_set(err, BP_BAD_FORMAT, "the time zone file of '%.*s' is broken: it is no TZif file, or cut",
                     STRING_ARGUMENTS(name));
}

/* finding ------------------------------------------------------------------------------------------------------------------------------------ */
static bool fixed_offset(string_view name, int32_t *seconds)
{
    cursor at;

    *seconds = 0;
    if (string_equal_nocase(name, STRING_VIEW("Z"))) return true;
    if (name.size >= 3 && (string_equal_nocase((string_view){name.data, 3}, STRING_VIEW("UTC")) ||
                           string_equal_nocase((string_view){name.data, 3}, STRING_VIEW("GMT")))) {
        if (name.size == 3) return true;
        name = (string_view){name.data + 3, name.size - 3};
    }
    if (name.size < 2 || (*name.data != '+' && *name.data != '-')) return false;
    at = cursor_over(name.data, name.size);
    return take_clock(&at, seconds) && cursor_left(&at) == 0 && *seconds <= 18 * 3600 && *seconds >= -18 * 3600;
}

static bool is_zone_name(string_view name)
{
    if (!name.size || name.size > ZONE_NAME_LIMIT || *name.data == '/') return false;
    for (size_t i = 0; i < name.size; i++) {
        unsigned char byte = (unsigned char)name.data[i];
        if (!ascii_is_alpha(byte) && !ascii_is_digit(byte) && byte != '/' && byte != '_' && byte != '-' && byte != '+')
            return false;
    }
    return true;
}

typedef enum spelling { AS_WRITTEN, AS_WORDS, AS_CAPITALS, SPELLING_COUNT } spelling;

static void spell(char *out, string_view name, spelling how)
{
    bool begins = true;

    for (size_t i = 0; i < name.size; i++) {
        unsigned char byte = (unsigned char)name.data[i];
        if (how == AS_CAPITALS || (how == AS_WORDS && begins))
            byte = ascii_upper(byte);
        else if (how == AS_WORDS)
            byte = ascii_lower(byte);
        out[i] = (char)byte;
        begins = !ascii_is_alpha(byte);
    }
}

static const char *const zone_folders[] = {"/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo"};

/* The path of the zone's file; false: there is none. */
static bool find_file(builder *path, string_view name)
{
    char spelt[ZONE_NAME_LIMIT];

    for (int how = 0; how < SPELLING_COUNT; how++) {
        spell(spelt, name, (spelling)how);
        for (size_t i = 0; i < ARRAY_LENGTH(zone_folders); i++) {
            builder_reset(path);
            builder_format(path, "%s/%.*s", zone_folders[i], (int)name.size, spelt);
            if (path->status == BP_OK && file_exists(builder_view(path)) && !file_is_directory(builder_view(path))) return true;
        }
    }
    return false;
}

bp_status zone_open(const zone **out, arena *arena, bp_context *context, string_view name, bp_error *err)
{
    int32_t offset;
    char *data = NULL;
    size_t size, capacity = 0;
    builder path;
    bp_status status;

    *out = NULL;
    builder_init(&path, context->memory, 1024);
    if (fixed_offset(name, &offset)) {
        struct zone *made = arena_new(arena, struct zone);
        if (made) made->first_offset = offset;
        *out = made;
        status = made ? BP_OK : error_no_memory(err, arena->memory, sizeof *made);
        goto done;
    }
    if (!is_zone_name(name) || !find_file(&path, name)) {
        if ((status = builder_status(&path, err))) goto done;
        status = error_set(
            err, BP_NOT_FOUND, "Unknown TimeZone '%.*s': a name such as Europe/Berlin, UTC or an offset such as +02:00 is wanted%s",
            STRING_ARGUMENTS(name), file_exists(STRING_VIEW("/usr/share/zoneinfo")) ? "" : " (this system has no tz database)");
        goto done;
    }
    if ((status = file_read_system(&data, &size, &capacity, context, builder_view(&path), ZONE_FILE_LIMIT, err))) goto done;
    status = zone_parse(out, arena, data, size, name, err);
done:
    memory_free(context->memory, data, capacity);
    builder_clear(&path);
    return status;
}
