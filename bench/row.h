// SPDX-License-Identifier: MIT
// One row of the timing tables: a problem, who computes it and how, and what was measured.
#ifndef NB_BENCH_ROW_H
#define NB_BENCH_ROW_H

#include "bench/implementation.h"
#include "bench/problem.h"

enum nb_verdict {
    NB_UNCHECKED,
    NB_EXACT, // the bits of the scalar table
    NB_BOUND, // within the derived bound of the reference
    NB_WRONG, // neither: the row is not timed
};

struct nb_row {
    const struct nb_problem *problem;
    enum nb_dtype dtype;
    struct nb_implementation implementation;
    size_t threads;
    bool cold;

    enum nb_verdict verdict;
    char error[160]; // of NB_WRONG: what differs

    size_t calls;         // in one sample
    size_t *round;        // (samples) of its group in which each was taken
    double *wall, *cpu;   // (samples) seconds of one call; cpu is that of all threads
    size_t samples, room; // taken, and room for
    size_t shared;        // of the samples: taken while the threads had no core each (cores.h)
    // Of wall; NaN without samples. `noise` is the larger of what two medians of the same thing
    // differed by: of the earlier and the later samples of this row, and of two timings of one row
    // in its group.
    double median, min, p05, p95, mad, noise;

    // Of a row of ours, once nb_selection_compare has seen it: the peer that is fastest beside it,
    // and nb_row_ratio to that. NULL and NaN: there is none.
    const struct nb_row *best_peer;
    double vs_best_peer;

    double flops;              // of a call
    struct nb_traffic traffic; // of a call
    size_t working_set;        // bytes that a call touches

    // The ceiling that binds, from ceiling.h: empty text and NaN when none was measured.
    char ceiling[16]; // "fma", "L1 read", "memory copy"
    double least;     // seconds that a call must take under it
};

#define NB_ROW_NAME 192

// "matmul_nt:128x256x784/f32/avx512/threads:1/hot": what two runs are compared by.
void nb_row_name(const struct nb_row *row, char name[NB_ROW_NAME]);

// Whether two rows have the same name.
bool nb_row_same(const struct nb_row *a, const struct nb_row *b);

// Whether two rows have the same problem and setting, whoever computes them.
bool nb_row_beside(const struct nb_row *a, const struct nb_row *b);

const char *nb_verdict_name(enum nb_verdict verdict);

// The figures of the samples, once these are there. NB_FAILED when memory is short.
enum nb_code nb_row_summarize(struct nb_row *row, struct nb_error *error);

// How many times as long as `row` another row of its group takes: the median over the rounds of
// samples of what the other took over what `row` took in the same round, within some milliseconds.
// What slows the machine for a while slows both, where two medians may fall into different times.
// Both have samples of one round. NB_FAILED when memory is short.
enum nb_code nb_row_ratio(const struct nb_row *row, const struct nb_row *other, double *ratio,
                          struct nb_error *error);

static inline double nb_row_gflops(const struct nb_row *row) {
    return 1e-9 * row->flops / row->median;
}

static inline double nb_row_gbytes(const struct nb_row *row) {
    return 1e-9 * (row->traffic.read + row->traffic.written) / row->median;
}

// FLOP per byte of the least traffic.
static inline double nb_row_intensity(const struct nb_row *row) {
    return row->flops / (row->traffic.read + row->traffic.written);
}

// Of the median, scaled like a standard deviation.
double nb_row_spread(const struct nb_row *row);

// The samples scatter so much that a small difference to another row means nothing.
bool nb_row_unstable(const struct nb_row *row);

// Half of the samples, or more, were taken while the threads had no core each.
bool nb_row_shared(const struct nb_row *row);

void nb_row_free(struct nb_row *row); // its samples

#endif
