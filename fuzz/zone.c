/* TZif files: whatever the bytes, a status or a zone that answers for every second, with a span that holds it. The first eight bytes are the second. */
#include <string.h>

#include "base/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition) ((condition) ? (void)0 : __builtin_trap())

static void ask(const zone *zone, int64_t second)
{
    zone_span utc = zone_span_at(zone, second), local = zone_span_at_local(zone, second);

    REQUIRE(utc.offset <= 26 * 3600 && utc.offset >= -26 * 3600);
    REQUIRE(local.offset <= 26 * 3600 && local.offset >= -26 * 3600);
    if (second < INT64_MAX) REQUIRE(utc.begin <= second && second < utc.end);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memory *account;
    arena region;
    const zone *zone;
    int64_t second;

    if (size < 8 || size > 65536) return 0;
    account = memory_account_new(NULL, SIZE_MAX);
    if (!account) return 0;
    memcpy(&second, data, 8);
    arena_init(&region, account);
    if (!zone_parse(&zone, &region, data + 8, size - 8, STRING_VIEW("fuzz"), NULL)) {
        ask(zone, second);
        ask(zone, second >> 24);
        ask(zone, INT64_MIN);
    }
    arena_clear(&region);
    memory_release(account);
    return 0;
}
