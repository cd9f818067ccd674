// SPDX-License-Identifier: MIT
// Options that are lists of numbers: 1,2,8 and ranges.
#ifndef NB_SRC_LIST_OPTIONS_H
#define NB_SRC_LIST_OPTIONS_H

#include "src/option.h"

#define NB_MAX_LIST 256

// Different numbers in the order in which they were given.
struct nb_counts {
    uint64_t values[NB_MAX_LIST];
    size_t count; // at least 1
};

struct nb_reals {
    double values[NB_MAX_LIST];
    size_t count; // at least 1
};

// struct nb_counts in [low, high]: 7, 1..5 is 1,2,3,4,5, and 2..4096*2 doubles from 2 up to 4096.
extern const struct nb_option_type nb_option_counts;
extern const struct nb_option_type nb_option_reals; // struct nb_reals in [low, high], no ranges

#endif
