/* Numbers as people read them: bars, sizes in bytes, digits of any base. */
#include "function_internal.h"

#include "base/number.h"

/* Check the numbers, then make the texts: errors are of values, and the makers of texts know none. */
static bp_status check_bar_width(const function_call *call, const column *arguments, size_t count, bp_error *err)
{
    for (size_t row = 0; row < call->rows && count == 4; row++) {
        double width = call_skips(call, row) ? 1 : VALUE(&arguments[3], double, row);
        if (width - width != 0) return error_set(err, BP_OUT_OF_RANGE, "Max bar width must not be NaN or infinity");
        if (width < 1) return error_set(err, BP_OUT_OF_RANGE, "Max bar width must be >= 1");
        if (width > 1000) return error_set(err, BP_OUT_OF_RANGE, "Max bar width must be <= 1000");
    }
    return BP_OK;
}

static double bar_width(const column *arguments, size_t count, size_t row)
{
    double x = VALUE(&arguments[0], double, row), least = VALUE(&arguments[1], double, row),
           most = VALUE(&arguments[2], double, row);
    double width = count == 4 ? VALUE(&arguments[3], double, row) : 80;

    if (x != x || least != least || most != most || x <= least) return 0;
    return x >= most ? width : width * (x - least) / (most - least);
}

/* Whole blocks, an eighth part of one, blanks up to the width. */
TEXT_MADE(text_bar_made)
{
    static const char eighths[8][4] = {"", "\u258f", "\u258e", "\u258d", "\u258c", "\u258b", "\u258a", "\u2589"};
    unsigned parts = (unsigned)(bar_width(arguments, count, row) * 8), blocks = parts / 8, used = blocks + (parts % 8 > 0);
    unsigned width = count == 4 ? (unsigned)VALUE(&arguments[3], double, row) : 80;

    for (unsigned i = 0; i < blocks; i++) builder_literal(text, "\u2588");
    builder_append(text, eighths[parts % 8], parts % 8 ? 3 : 0);
    return used < width ? builder_fill(text, ' ', width - used) : text->status == BP_OK;
}

KERNEL(text_bar)
{
    bp_status status;

    if ((status = check_bar_width(call, arguments, count, err))) return status;
    for (size_t row = 0; row < call->rows; row++)
        if (!call_skips(call, row) && bar_width(arguments, count, row) - bar_width(arguments, count, row) != 0)
            return error_set(err, BP_OUT_OF_RANGE, "Bar width must not be NaN or infinity");
    return text_bar_made(call, arguments, count, out, err);
}

/* sizes ------------------------------------------------------------------------------------------------------------------------------------- */
/* One digit behind the point, cut off: 1999 bytes are 1.9 kB. */
static bool append_size(builder *text, int64_t size, unsigned step, const char *const units[5])
{
    uint64_t bytes = size < 0 ? 0 - (uint64_t)size : (uint64_t)size, scale = 1;
    unsigned unit = 0;

    if (size < 0) builder_byte(text, '-');
    if (bytes < step) return builder_format(text, "%llu byte%s", (unsigned long long)bytes, bytes == 1 ? "" : "s");
    for (scale = step; unit < 4 && bytes / scale >= step; unit++) scale *= step;
    return builder_format(text, "%llu.%u %s", (unsigned long long)(bytes / scale),
                          (unsigned)((uint128)(bytes % scale) * 10 / scale), units[unit]);
}

TEXT_MADE(text_format_bytes)
{
    static const char *const units[5] = {"KiB", "MiB", "GiB", "TiB", "PiB"};

    return append_size(text, INTEGER(0), 1024, units);
}
TEXT_MADE(text_format_decimal_size)
{
    static const char *const units[5] = {"kB", "MB", "GB", "TB", "PB"};

    return append_size(text, INTEGER(0), 1000, units);
}

/* to_base ---------------------------------------------------------------------------------------------------------------------------------- */
TEXT_MADE(text_to_base_made)
{
    char digits[64];
    uint64_t value = (uint64_t)INTEGER(0), base = (uint64_t)VALUE(&arguments[1], int32_t, row);
    size_t least = count == 3 ? (size_t)VALUE(&arguments[2], int32_t, row) : 0, size = 0;

    do {
        digits[sizeof digits - ++size] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[value % base];
        value /= base;
    } while (value);
    if (size < least) builder_fill(text, '0', least - size);
    return builder_append(text, digits + sizeof digits - size, size);
}

KERNEL(text_to_base)
{
    for (size_t row = 0; row < call->rows; row++) {
        int32_t base, least;
        if (call_skips(call, row)) continue;
        base = VALUE(&arguments[1], int32_t, row);
        least = count == 3 ? VALUE(&arguments[2], int32_t, row) : 0;
        if (INTEGER(0) < 0) return error_set(err, BP_BAD_ARGUMENT, "'to_base' number must be greater than or equal to 0");
        if (base < 2 || base > 36) return error_set(err, BP_BAD_ARGUMENT, "'to_base' radix must be between 2 and 36");
        if (least < 0 || least > 64) return error_set(err, BP_BAD_ARGUMENT, "'to_base' min_length must be between 0 and 64");
    }
    return text_to_base_made(call, arguments, count, out, err);
}
