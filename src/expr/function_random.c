/* random() and the UUIDs. Each evaluator draws from a stream of its own, so workers neither share numbers nor wait for each other. With setseed() or the
 * setting `seed` the streams are those of the seed in the order in which they were begun: the same statements on one thread give the same numbers. Without it the seed
 * comes from the system. */
#include "function_internal.h"

#include "base/clock.h"
#include "base/hash.h"

static random_stream *stream_of(const function_call *call)
{
    random_state *state = call->state;
    bp_context *context = call->context;

    if (!state->begun) {
        uint64_t seed = atomic_load(&context->random_seed);
        if (!seed) seed = context->config.seed;
        if (!seed) seed = random_system_seed();
        state->stream = random_new(seed, atomic_fetch_add(&context->random_streams, 1));
        state->begun = true;
    }
    return &state->stream;
}

/* From here on the streams are those of the seed, from the first one on. */
KERNEL(random_set_seed)
{
    bp_context *context = call->context;

    (void)count;
    for (size_t row = 0; row < call->rows; row++) {
        double seed;
        if (column_is_null(&arguments[0], row)) continue;
        seed = VALUE(&arguments[0], double, row);
        if (!(seed >= -1 && seed <= 1))
            return error_set(err, BP_BAD_ARGUMENT, "SETSEED accepts seed values between -1.0 and 1.0, inclusive");
        atomic_store(&context->random_seed, hash_double(seed) | 1);
        atomic_store(&context->random_streams, 0);
    }
    *out = column_nulls(out->type, call->rows);
    return BP_OK;
}

KERNEL(random_number)
{
    double *to = call_values(call, out, 8);
    random_stream *stream = stream_of(call);

    (void)arguments, (void)count;
    if (!to) return call_no_memory(call, call->rows * 8, err);
    for (size_t row = 0; row < call->rows; row++) to[row] = random_double(stream);
    return BP_OK;
}

/* RFC 9562: the version in bits 48 … 51 from the top, the variant 10 in the two bits behind the 64th. */
static uint128 with_version(uint64_t high, uint64_t low, unsigned version)
{
    high = (high & ~(uint64_t)0xf000) | (uint64_t)version << 12;
    low = (low & ~((uint64_t)3 << 62)) | (uint64_t)2 << 62;
    return (uint128)high << 64 | low;
}

KERNEL(random_uuid)
{
    uint128 *to = call_values(call, out, 16);
    random_stream *stream = stream_of(call);

    (void)arguments, (void)count;
    if (!to) return call_no_memory(call, call->rows * 16, err);
    for (size_t row = 0; row < call->rows; row++) {
        uint64_t high = random_uint64(stream), low = random_uint64(stream);
        to[row] = with_version(high, low, 4);
    }
    return BP_OK;
}

/* Milliseconds since 1970 in front, so that later ones sort behind; then random bits. */
KERNEL(random_uuid_timed)
{
    uint128 *to = call_values(call, out, 16);
    random_stream *stream = stream_of(call);
    uint64_t now_ms = (uint64_t)(clock_wall_ns() / 1000000);

    (void)arguments, (void)count;
    if (!to) return call_no_memory(call, call->rows * 16, err);
    for (size_t row = 0; row < call->rows; row++) {
        uint64_t high = now_ms << 16 | (random_uint32(stream) & 0xfff), low = random_uint64(stream);
        to[row] = with_version(high, low, 7);
    }
    return BP_OK;
}

/* Version and time of a UUID ---------------------------------------------------------------------------------------------------------------------- */
KERNEL(uuid_version)
{
    uint32_t *to = call_values(call, out, 4);

    (void)count;
    if (!to) return call_no_memory(call, call->rows * 4, err);
    for (size_t row = 0; row < call->rows; row++) to[row] = (uint32_t)(VALUE(&arguments[0], uint128, row) >> 76) & 15;
    return BP_OK;
}
