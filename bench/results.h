// SPDX-License-Identifier: MIT
// The folder that a run leaves: bench.json (every sample), bench.csv (every figure), machine.json
// (the card), README.md (the tables), and the rooflines.
#ifndef NB_BENCH_RESULTS_H
#define NB_BENCH_RESULTS_H

#include <stdio.h>

#include "bench/bench.h"

#define NB_FOLDER_TEXT 4000

// Makes a new folder "amd-epyc-9354-2026-11-22" in `parent`, with -2, -3 ... behind it if there was
// a run that day. NB_FAILED with the remedy when that cannot be.
enum nb_code nb_results_folder(const struct nb_bench *bench, const char *parent,
                               char folder[NB_FOLDER_TEXT], struct nb_error *error);

// Writes the files into `folder`, which exists, and their paths to `paths`, one a line. Without
// gnuplot there are no pictures, which *unplotted then says; its code is NB_OK otherwise. NB_FAILED
// with the remedy when a file cannot be written.
enum nb_code nb_results_write(const struct nb_bench *bench, const char *folder, FILE *paths,
                              struct nb_error *unplotted, struct nb_error *error);

#endif
