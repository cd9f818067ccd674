// SPDX-License-Identifier: MIT
// A group of rows that are compared with one another: the same problem in the same dtype. They
// are checked, then timed in turn, in rounds of a seeded random order, so that whatever disturbs
// the machine disturbs them alike.
#ifndef NB_BENCH_GROUP_H
#define NB_BENCH_GROUP_H

#include "bench/row.h"
#include "src/progress.h"

struct nb_timing {
    uint64_t seed;      // of inputs and orders
    bool check;         // before timing
    bool dry;           // one call of each row, and no more
    size_t samples;     // to take of each row, if the time allows it
    size_t least;       // of them, whatever the time
    size_t room;        // for samples of all visits
    double sample_time; // seconds that one sample takes at least: many calls if these are short
    size_t cold_bytes;  // what the sets of a cold row come to at least
    double *patience;   // seconds that are left to wait until threads have a core each, or NULL
    struct nb_progress *progress;
};

// Visits rows (count): times them, and adds to the samples that earlier visits have taken. Stops
// after `seconds`, but not before the least samples are there, and at once when the user
// interrupts; what was measured stays. `work` is what the group adds to the
// progress. A wrong row is not timed, which is no failure of this function. NB_FAILED when memory
// is short.
enum nb_code nb_group_run(struct nb_row *rows, size_t count, const struct nb_timing *timing,
                          double seconds, double work, struct nb_error *error);

#endif
