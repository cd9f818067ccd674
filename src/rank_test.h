// SPDX-License-Identifier: MIT
// The Mann-Whitney U test: does one of two samples tend to larger values? It looks at ranks alone,
// so that outliers and skewed times do not mislead it.
#ifndef NB_SRC_RANK_TEST_H
#define NB_SRC_RANK_TEST_H

#include "src/statistics.h"

struct nb_rank_test {
    double u; // pairs (a, b) with a < b, plus half of those with a = b; 0 to a.n * b.n
    double p; // two-sided, at most 1
};

// p is exact when no values are equal and both samples have fewer than 50 (the rule of R's
// wilcox.test); else it comes from the normal approximation with corrections for ties and for
// continuity. Equal to scipy.stats.mannwhitneyu(b, a) with the same method. NB_FAILED when memory
// is short.
enum nb_code nb_rank_test(const struct nb_sample *a, const struct nb_sample *b,
                          struct nb_rank_test *result, struct nb_error *error);

// The p of two samples of n_a and n_b values without a tie in which every a < b: no samples of
// these sizes without a tie can have a smaller one. 1 if a size is 0.
double nb_rank_test_smallest_p(size_t n_a, size_t n_b);

// Holm's correction (1979) for `count` tests at once: the chance of even one false alarm among
// them stays below alpha where adjusted <= alpha counts as found. adjusted (count) may be p (count)
// itself. NB_FAILED when memory is short.
enum nb_code nb_holm(const double *p, double *adjusted, size_t count, struct nb_error *error);

#endif
