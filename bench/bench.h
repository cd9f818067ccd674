// SPDX-License-Identifier: MIT
// One run of the benchmark: what was asked for, the machine, its ceilings, and all rows.
#ifndef NB_BENCH_BENCH_H
#define NB_BENCH_BENCH_H

#include "bench/ceiling.h"
#include "bench/selection.h"

struct nb_bench_options {
    struct nb_request request;
    double seconds; // for all samples, about; ceilings and a group's least samples come on top
    size_t samples; // of a row, if the time allows it
    uint64_t seed;
    bool no_check, no_ceilings, dry_run;
};

struct nb_bench {
    struct nb_bench_options options;
    struct nb_machine machine; // its load is that before the run
    char date[32];             // of the start: "2026-11-22T12:00:00+00:00"
    struct nb_selection selection;
    struct nb_ceilings ceilings;
    size_t measured;    // rows with samples
    size_t wrong;       // rows whose check failed
    double noise_floor; // median of the rows' noise: smaller differences mean nothing; NaN: none
                        // measured
    enum nb_code ended; // NB_OK, or the code of the signal that ended it early: partial results
};

// Reads the machine and chooses the rows. NB_USAGE with the remedy when the request cannot be, also
// for problems that would not fit into half of the memory and for more threads than the system
// gives. nb_bench_free releases it; after a failure there is nothing to release.
enum nb_code nb_bench_open(struct nb_bench *bench, const struct nb_bench_options *options,
                           struct nb_error *error);

// Measures. A wrong row or an interrupt is no failure: the fields say so. `progress` has not begun.
enum nb_code nb_bench_run(struct nb_bench *bench, struct nb_progress *progress, FILE *terminal,
                          struct nb_error *error);

void nb_bench_free(struct nb_bench *bench);

#endif
