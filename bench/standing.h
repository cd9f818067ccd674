// SPDX-License-Identifier: MIT
// How ours stand to the others: one row for a family of kernels, over all of its problems.
#ifndef NB_BENCH_STANDING_H
#define NB_BENCH_STANDING_H

#include <stdio.h>

#include "bench/bench.h"
#include "src/table.h"

// Against the fastest peer, each peer, and the autovec table, which is free to reorder sums:
// nb_row_ratio, the other's time over ours, so above 1 ours is faster. Nothing when no problem of
// ours was measured beside another's. NB_FAILED when memory is short.
enum nb_code nb_standing_table(const struct nb_bench *bench, FILE *stream,
                               enum nb_table_format format, struct nb_error *error);

#endif
