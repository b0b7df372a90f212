/* Numbers: strtod is the reference for doubles and floats; what is printed reads back; the fast and the general parsers agree. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition) ((condition) ? (void)0 : __builtin_trap())

static void fuzz_floats(const char *begin, const char *end, const char *terminated)
{
    char printed[NUMBER_DOUBLE_SIZE];
    double value = 0, wanted, back = 0;
    float single = 0, wanted_single;

    if (number_parse_double(begin, end, &value) == NUMBER_BAD) return;
    wanted = strtod(terminated, NULL);
    REQUIRE(memcmp(&value, &wanted, 8) == 0 || (isnan(value) && isnan(wanted)));
    wanted_single = strtof(terminated, NULL);
    REQUIRE(number_parse_float(begin, end, &single) != NUMBER_BAD);
    REQUIRE(memcmp(&single, &wanted_single, 4) == 0 || isnan(single));
    REQUIRE(number_parse_double(printed, printed + number_print_double(printed, value), &back) == NUMBER_OK);
    REQUIRE(memcmp(&value, &back, 8) == 0 || isnan(value));
}

static void fuzz_integers(const char *begin, const char *end)
{
    char buffer[16 + 64], printed[NUMBER_INT128_SIZE];
    int64_t narrow = 0, fast = 0;
    int128 wide = 0, again = 0;
    size_t size = (size_t)(end - begin);
    number_result result = number_parse_int128(begin, end, &wide), narrow_result = number_parse_int64(begin, end, &narrow);

    if (result == NUMBER_OK) {
        REQUIRE((narrow_result == NUMBER_OK) == (wide >= INT64_MIN && wide <= INT64_MAX));
        REQUIRE(narrow_result != NUMBER_OK || narrow == wide);
        REQUIRE(number_parse_int128(printed, printed + number_print_int128(printed, wide), &again) == NUMBER_OK && again == wide);
    } else {
        REQUIRE(narrow_result == result);
    }
    if (size > 64) return;
    memset(buffer, '5', sizeof buffer);
    memcpy(buffer + 16, begin, size);
    if (number_fast_int64(buffer + 16, buffer + 16 + size, buffer, &fast)) REQUIRE(narrow_result == NUMBER_OK && fast == narrow);
}

static void fuzz_decimals(const char *begin, const char *end, unsigned precision, unsigned scale)
{
    char printed[NUMBER_DECIMAL_SIZE];
    int128 value = 0, back = 0;
    unsigned shape_precision, shape_scale;
    number_result result = number_parse_decimal(begin, end, precision, scale, &value);

    if (result == NUMBER_OK || result == NUMBER_INEXACT) {
        REQUIRE(value < (int128)number_power10(precision) && value > -(int128)number_power10(precision));
        REQUIRE(number_parse_decimal(printed, printed + number_print_decimal(printed, value, scale), precision, scale, &back) ==
                NUMBER_OK);
        REQUIRE(value == back);
    }
    if (number_decimal_shape(begin, end, &shape_precision, &shape_scale) == NUMBER_OK)
        REQUIRE(shape_precision <= 38 && number_parse_decimal(begin, end, shape_precision, shape_scale, &value) == NUMBER_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *terminated;

    if (size < 2 || size > 4096) return 0;
    terminated = malloc(size - 1);
    if (!terminated) return 0;
    memcpy(terminated, data + 2, size - 2);
    terminated[size - 2] = 0;
    fuzz_floats(terminated, terminated + size - 2, terminated);
    fuzz_integers(terminated, terminated + size - 2);
    fuzz_decimals(terminated, terminated + size - 2, 1 + data[0] % 38u, data[1] % (2 + data[0] % 38u));
    free(terminated);
    return 0;
}
