/* The table method of Keiser and Lemire ("Validating UTF-8 in less than one instruction per byte", 2021): three 16-entry tables, looked up
 * by the high and low half of the byte before and the high half of the byte itself, name the errors that each pair of bytes could be; a bit in
 * all three is one. The bit TWO_CONTINUATIONS is no error where a 3- or 4-byte lead stands two or three bytes back, and one where it is
 * missing there. Repeat each row for every 16-byte lane. */
#ifndef BASE_UTF8_CHECK_LOOKUP_H
#define BASE_UTF8_CHECK_LOOKUP_H

enum {
    TOO_SHORT = 1, /* a lead, then no continuation */
    TOO_LONG = 2, /* ASCII, then a continuation */
    OVERLONG_3 = 4, /* E0, then under A0 */
    TOO_LARGE = 8, /* F4, then over 8F; F5 and more */
    SURROGATE = 16, /* ED, then over 9F */
    OVERLONG_2 = 32, /* C0 C1 */
    TOO_LARGE_1000 = 64, /* F5 and more, then 8x */
    OVERLONG_4 = 64, /* F0, then under 90 */
    TWO_CONTINUATIONS = 128,
    CARRY = TOO_SHORT | TOO_LONG | TWO_CONTINUATIONS /* whatever the low half is */
};

#define ANY_LARGE (CARRY | TOO_LARGE | TOO_LARGE_1000)

/* By the high half of the byte before. */
#define LOOKUP_FIRST_HIGH                                                                                                          \
    TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, (char)TWO_CONTINUATIONS,                       \
        (char)TWO_CONTINUATIONS, (char)TWO_CONTINUATIONS, (char)TWO_CONTINUATIONS, TOO_SHORT | OVERLONG_2, TOO_SHORT,              \
        TOO_SHORT | OVERLONG_3 | SURROGATE, TOO_SHORT | TOO_LARGE | TOO_LARGE_1000 | OVERLONG_4
/* By its low half. */
#define LOOKUP_FIRST_LOW                                                                                                           \
    (char)(CARRY | OVERLONG_3 | OVERLONG_2 | OVERLONG_4), (char)(CARRY | OVERLONG_2), (char)CARRY, (char)CARRY,                    \
        (char)(CARRY | TOO_LARGE), (char)ANY_LARGE, (char)ANY_LARGE, (char)ANY_LARGE, (char)ANY_LARGE, (char)ANY_LARGE,            \
        (char)ANY_LARGE, (char)ANY_LARGE, (char)ANY_LARGE, (char)(ANY_LARGE | SURROGATE), (char)ANY_LARGE, (char)ANY_LARGE
/* By the high half of the byte itself. */
#define LOOKUP_SECOND_COMMON (TOO_LONG | OVERLONG_2 | TWO_CONTINUATIONS)
#define LOOKUP_SECOND_HIGH                                                                                                         \
    TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT,                                        \
        (char)(LOOKUP_SECOND_COMMON | OVERLONG_3 | TOO_LARGE_1000 | OVERLONG_4),                                                   \
        (char)(LOOKUP_SECOND_COMMON | OVERLONG_3 | TOO_LARGE), (char)(LOOKUP_SECOND_COMMON | SURROGATE | TOO_LARGE),               \
        (char)(LOOKUP_SECOND_COMMON | SURROGATE | TOO_LARGE), TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT

#endif
