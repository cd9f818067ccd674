// SPDX-License-Identifier: MIT
// Two benchmark files row by row: what became slower or faster from A to B, and what may be chance.
// docs/statistics.md gives the reasons for the rule.
#ifndef NB_SRC_BENCHMARK_COMPARISON_H
#define NB_SRC_BENCHMARK_COMPARISON_H

#include "src/benchmark_file.h"
#include "src/bootstrap.h"
#include "src/filter.h"

enum nb_change {
    NB_FASTER,
    NB_SLOWER,
    NB_NO_EVIDENCE,
    NB_TOO_FEW,    // samples: no difference, however large, could count
    NB_UNMEASURED, // in one of the files or in both
    NB_ONLY_A,
    NB_ONLY_B,
    NB_CHANGES
};

extern const char *const nb_change_names[NB_CHANGES]; // "no evidence"

// What counts as a change: the ratio of the medians is off 1 by more than the noise floor, its
// bootstrap interval excludes 1, and the rank test agrees.
struct nb_comparison_rule {
    double alpha;     // the chance of even one false alarm in the whole comparison
    double threshold; // least change that counts: 0.05; 0: the noise floor alone
    uint64_t seed;    // of the bootstrap
};

#define NB_LEAST_SAMPLES 5    // of a row in each file
#define NB_ASSUMED_NOISE 0.02 // where neither a noise floor nor a threshold is known

struct nb_benchmark_change {
    const char *name;
    const struct nb_benchmark *a, *b; // NULL: not in that file
    enum nb_change change;
    // NaN where there are no times:
    double median_a, median_b;   // seconds
    double ratio;                // median_b / median_a: above 1 is slower
    struct nb_interval interval; // of the ratio, at 1 - alpha
    double floor;                // the ratio must be above 1 + floor or below 1 / (1 + floor)
    double p;                    // of the rank test, by Holm's correction; NaN: too few samples
};

struct nb_benchmark_comparison {
    struct nb_benchmark_change *changes; // (count) those of A in its order, then those only in B
    size_t count;
    size_t counts[NB_CHANGES];
    double geometric_mean; // of all ratios; NaN: there are none
    size_t needed;         // samples in each file with which every row could get a verdict
};

// Compares the rows whose names pass the filter. The files must outlive the comparison;
// nb_benchmark_comparison_free releases it. NB_FAILED when memory is short.
enum nb_code nb_benchmark_compare(struct nb_benchmark_comparison *comparison,
                                  const struct nb_benchmark_file *a,
                                  const struct nb_benchmark_file *b, const struct nb_filter *filter,
                                  const struct nb_comparison_rule *rule, struct nb_error *error);
void nb_benchmark_comparison_free(struct nb_benchmark_comparison *comparison);

// What the files say differently of the machine, the compiler and the like, which may explain a
// change better than the program does: an array of {"key", "a", "b"}. What both need not have, and
// what is different each time, such as the date, is left out. A new reference; NULL when memory is
// short.
json_t *nb_benchmark_context_differences(const struct nb_benchmark_file *a,
                                         const struct nb_benchmark_file *b);

#endif
