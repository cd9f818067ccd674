// SPDX-License-Identifier: MIT
// The roofline plot (Williams, Waterman & Patterson 2009): the speed of every hot row over its
// arithmetic intensity by the least traffic, below the measured ceilings of its ISA and threads.
#ifndef NB_BENCH_ROOFLINE_H
#define NB_BENCH_ROOFLINE_H

#include "bench/bench.h"
#include "src/plot.h"

#define NB_MAX_ROOFLINES (NB_MAX_CEILINGS * NB_DTYPES)

struct nb_rooflines {
    struct nb_plot_files files[NB_MAX_ROOFLINES]; // (count)
    size_t count;
};

// Writes roofline-<isa>-<threads>-<dtype> into `folder` for each ceiling and dtype that has
// rows. Errors are those of nb_plot_write; without gnuplot the data and the scripts are there all
// the same.
enum nb_code nb_rooflines_write(const struct nb_bench *bench, const char *folder,
                                struct nb_rooflines *rooflines, struct nb_error *error);

#endif
