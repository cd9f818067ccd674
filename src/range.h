// SPDX-License-Identifier: MIT
// Numbers as people list them: 7, 1..5, or 2..4096*2, which doubles from 2 up to 4096.
#ifndef NB_SRC_RANGE_H
#define NB_SRC_RANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nb_range {
    uint64_t first, last, factor; // factor 0: every number; first == last: one
};

enum nb_range_fault {
    NB_RANGE_GOOD,
    NB_RANGE_MALFORMED,    // not of these forms, or a number is not in [low, high]
    NB_RANGE_DOWNWARD,     // 5..1
    NB_RANGE_SMALL_FACTOR, // 2..8*1
};

// Reads all of text (length). The numbers are to be in [low, high].
enum nb_range_fault nb_range_parse(struct nb_range *range, const char *text, size_t length,
                                   uint64_t low, uint64_t high);

// Replaces a number of the range by the one that follows it; false: there is none.
bool nb_range_next(const struct nb_range *range, uint64_t *value);

#endif
