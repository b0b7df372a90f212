/* Three-valued logic on words of 64 rows. An operand is (values, validity); validity NULL: no NULLs. Values under a NULL may be anything;
 * values that come out under a NULL are zero. Outputs may be inputs. */
#ifndef COMPUTE_BOOLEAN_H
#define COMPUTE_BOOLEAN_H

#include "kernel.h"

/* out_validity is always written. */
void boolean_and(uint64_t *out, uint64_t *out_validity, const uint64_t *left, const uint64_t *left_validity, const uint64_t *right,
                 const uint64_t *right_validity, size_t rows);
void boolean_or(uint64_t *out, uint64_t *out_validity, const uint64_t *left, const uint64_t *left_validity, const uint64_t *right,
                const uint64_t *right_validity, size_t rows);
void boolean_xor(uint64_t *out, uint64_t *out_validity, const uint64_t *left, const uint64_t *left_validity, const uint64_t *right,
                 const uint64_t *right_validity, size_t rows);
/* The validity of NOT is that of its operand. */
void boolean_not(uint64_t *out, const uint64_t *in, const uint64_t *validity, size_t rows);

/* Never NULL. */
void boolean_is_true(uint64_t *out, const uint64_t *in, const uint64_t *validity, size_t rows);
void boolean_is_false(uint64_t *out, const uint64_t *in, const uint64_t *validity, size_t rows);
void boolean_is_null(uint64_t *out, const uint64_t *validity, size_t rows);

/* Rows that are true. */
size_t boolean_count(const uint64_t *in, const uint64_t *validity, size_t rows);
/* Is a row true? Are all rows that have a value? */
bool boolean_any(const uint64_t *in, const uint64_t *validity, size_t rows);
bool boolean_all(const uint64_t *in, const uint64_t *validity, size_t rows);

#endif
