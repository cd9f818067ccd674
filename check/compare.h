// SPDX-License-Identifier: MIT
// Comparisons of results, element by element, that no NaN and no element which was never written
// can pass.
#ifndef NB_CHECK_COMPARE_H
#define NB_CHECK_COMPARE_H

#include <stdbool.h>
#include <stddef.h>

#include "check/subject.h"

#define NB_COMPARE_TEXT 160

// values (count), each of `size` bytes: a NaN with a bit pattern of its own, which may not be in a
// result.
void nb_poison(void *values, size_t count, size_t size);

// Whether both have the same bits; a NaN equals any NaN but poison. Else `what` tells of the first
// difference.
bool nb_compare_bits(const void *got, const void *wanted, size_t count, size_t cols, size_t size,
                     const char *whose, char what[NB_COMPARE_TEXT]);

struct nb_error_size {
    double ulp;   // the largest error, in ulp of the largest expected element
    double share; // the largest error as a share of its bound
};

// Whether each element is within the bound of what is expected.
bool nb_compare_bound(const void *got, const struct nb_expected *expected, size_t count,
                      size_t cols, size_t size, struct nb_error_size *error,
                      char what[NB_COMPARE_TEXT]);

#endif
