/* Text comparison and the "did you mean" distance. */
#include "string.h"

int string_compare(string_view left, string_view right)
{
    size_t shorter = left.size < right.size ? left.size : right.size;
    int order = shorter ? memcmp(left.data, right.data, shorter) : 0;

    if (order != 0) return order;
    return (left.size > right.size) - (left.size < right.size);
}

int string_compare_nocase(string_view left, string_view right)
{
    size_t shorter = left.size < right.size ? left.size : right.size;

    for (size_t i = 0; i < shorter; i++) {
        int order = ascii_lower((unsigned char)left.data[i]) - ascii_lower((unsigned char)right.data[i]);
        if (order != 0) return order;
    }
    return (left.size > right.size) - (left.size < right.size);
}

bool string_equal_nocase(string_view left, string_view right)
{
    return left.size == right.size && string_compare_nocase(left, right) == 0;
}

bool string_starts_with(string_view text, string_view prefix)
{
    return text.size >= prefix.size && (prefix.size == 0 || memcmp(text.data, prefix.data, prefix.size) == 0);
}

bool string_ends_with(string_view text, string_view suffix)
{
    return text.size >= suffix.size &&
           (suffix.size == 0 || memcmp(text.data + text.size - suffix.size, suffix.data, suffix.size) == 0);
}

string_view string_trim(string_view text)
{
    while (text.size && ascii_is_space((unsigned char)text.data[0])) text = string_view_slice(text, 1, text.size);
    while (text.size && ascii_is_space((unsigned char)text.data[text.size - 1])) text.size--;
    return text;
}

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

size_t string_edit_distance(string_view left, string_view right)
{
    size_t rows[3][66] = {{0}}; /* optimal string alignment: rows[i % 3] is the distance of the first i bytes */

    if (left.size > 64 || right.size > 64) return 1000;
    for (size_t j = 0; j <= right.size; j++) rows[0][j] = j;
    for (size_t i = 1; i <= left.size; i++) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];
        unsigned char a = ascii_lower((unsigned char)left.data[i - 1]);

        row[0] = i;
        for (size_t j = 1; j <= right.size; j++) {
            unsigned char b = ascii_lower((unsigned char)right.data[j - 1]);
            row[j] = smallest(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a != b));
            if (i > 1 && j > 1 && a == ascii_lower((unsigned char)right.data[j - 2]) &&
                b == ascii_lower((unsigned char)left.data[i - 2]) && two_above[j - 2] + 1 < row[j])
                row[j] = two_above[j - 2] + 1;
        }
    }
    return rows[left.size % 3][right.size];
}
