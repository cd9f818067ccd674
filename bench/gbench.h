// SPDX-License-Identifier: MIT
// A run in the JSON of Google Benchmark, schema 1, so that what reads the one reads the other: its
// compare.py, dashboards.
//
// Every sample is an entry of run_type "iteration", with wall and processor time of one call in
// nanoseconds. After those of a row comes its "median" of run_type "aggregate", with all that we
// know of the row; its "samples" are the wall times again, and "rounds" the rounds in which they
// were taken: what two rows took in one round may be compared. A row whose check failed is one
// entry with error_occurred. context.normbench holds the machine, the ceilings, the seed, and
// whether the run was interrupted. What is not finite is null.
#ifndef NB_BENCH_GBENCH_H
#define NB_BENCH_GBENCH_H

#include <stdio.h>

#include "bench/bench.h"

// NB_FAILED when memory is short or the stream takes no more.
enum nb_code nb_gbench_write(const struct nb_bench *bench, FILE *stream, struct nb_error *error);

#endif
