/* A quantile of doubles by selection instead of sorting: the values' keys (aggregate_keys.h) are parted by their highest digit, only those of the digit in which the wanted
 * rank lies go on to the next one. Time is linear whatever the values. (Medians of 10,000 groups of 1,000: 60 ns a value by sorting, 6 ns so.) */
#include "aggregate_cells.h"
#include "aggregate_keys.h"
#include "list_kernel.h"

#include <math.h>

#define SHORT_SELECTION 24 /* keys: they are sorted */
#define DIGIT_BITS 11
#define FEW_DIGIT_BITS 8 /* while there are fewer keys than DIGIT_BITS has digits */

static uint64_t select_sorted(uint64_t *keys, size_t count, size_t rank)
{
    for (size_t i = 1; i < count; i++) {
        uint64_t moving = keys[i];
        size_t hole = i;
        for (; hole > 0 && keys[hole - 1] > moving; hole--) keys[hole] = keys[hole - 1];
        keys[hole] = moving;
    }
    return keys[rank];
}

/* How many keys have each digit. */
static bp_status count_digits(size_t *counts, const uint64_t *keys, size_t count, unsigned shift, uint64_t mask, cancel *cancel,
                              bp_error *err)
{
    bp_status status;

    memset(counts, 0, (mask + 1) * sizeof *counts);
    for (size_t begin = 0, end; begin < count; begin = end) {
        end = count - begin < LIST_CHECK_ITEMS ? count : begin + LIST_CHECK_ITEMS;
        for (size_t i = begin; i < end; i++) counts[(keys[i] >> shift) & mask]++;
        if ((status = cancel_check(cancel, err))) return status;
    }
    return BP_OK;
}

/* Those with the digit move to the front. */
static bp_status keep_digit(uint64_t *keys, size_t count, unsigned shift, uint64_t mask, uint64_t digit, cancel *cancel,
                            bp_error *err)
{
    bp_status status;

    for (size_t i = 0, kept = 0; i < count; i++) {
        uint64_t key = keys[i];
        if (i % LIST_CHECK_ITEMS == 0 && (status = cancel_check(cancel, err))) return status;
        keys[kept] = key;
        kept += ((key >> shift) & mask) == digit;
    }
    return BP_OK;
}

/* The key of that rank from 0; the keys are moved about. */
static bp_status select_key(uint64_t *out, uint64_t *keys, size_t count, size_t rank, cancel *cancel, bp_error *err)
{
    size_t counts[(size_t)1 << DIGIT_BITS];
    bp_status status;

    for (unsigned low = 64; count > SHORT_SELECTION && low > 0;) { /* all keys have the same bits from `low` up */
        unsigned bits = count >> DIGIT_BITS ? DIGIT_BITS : FEW_DIGIT_BITS;
        uint64_t digit = 0, mask;
        if (bits > low) bits = low;
        mask = ((uint64_t)1 << bits) - 1;
        low -= bits;
        if ((status = count_digits(counts, keys, count, low, mask, cancel, err))) return status;
        while (rank >= counts[digit]) rank -= counts[digit++];
        if (counts[digit] < count && (status = keep_digit(keys, count, low, mask, digit, cancel, err))) return status;
        count = counts[digit];
    }
    *out = count > SHORT_SELECTION ? keys[0] : select_sorted(keys, count, rank);
    return BP_OK;
}

/* The key of the rank behind that of `key`, which is `rank`'s. */
static bp_status next_key(uint64_t *out, const double *values, size_t count, uint64_t key, size_t rank, cancel *cancel,
                          bp_error *err)
{
    uint64_t next = UINT64_MAX;
    size_t up_to = 0;
    bp_status status;

    for (size_t i = 0; i < count; i++) {
        uint64_t other = key_of_double(values[i]);
        if (i % LIST_CHECK_ITEMS == 0 && (status = cancel_check(cancel, err))) return status;
        up_to += other <= key;
        if (other > key && other < next) next = other;
    }
    *out = up_to > rank + 1 ? key : next;
    return BP_OK;
}

bp_status double_quantile(double *out, const double *values, size_t count, double fraction, uint64_t *room, cancel *cancel,
                          bp_error *err)
{
    double place = fabs(fraction) * (double)(count - 1), share, a, b;
    size_t low = (size_t)floor(place), high = (size_t)ceil(place), rank = signbit(fraction) ? count - 1 - high : low;
    uint64_t first, second;
    bp_status status;

    share = place - (double)low;
    for (size_t i = 0; i < count; i++) {
        if (i % LIST_CHECK_ITEMS == 0 && (status = cancel_check(cancel, err))) return status;
        room[i] = key_of_double(values[i]);
    }
    if ((status = select_key(&first, room, count, rank, cancel, err))) return status;
    second = first;
    if (low != high && (status = next_key(&second, values, count, first, rank, cancel, err))) return status;
    a = double_of_key(signbit(fraction) ? second : first);
    b = double_of_key(signbit(fraction) ? first : second);
    *out = low == high ? a : a + (b - a) * share;
    return BP_OK;
}
