// SPDX-License-Identifier: MIT
// The tables of a run, for people and for programs.
#ifndef NB_BENCH_REPORT_H
#define NB_BENCH_REPORT_H

#include <stdio.h>

#include "bench/bench.h"
#include "src/table.h"

// The rows that were measured or are wrong, one table per family of kernels, with the ceilings in
// front and how to read them behind. `format` is text or Markdown.
void nb_report_tables(const struct nb_bench *bench, FILE *stream, enum nb_table_format format);

// All figures of the same rows in one CSV table; times in seconds.
void nb_report_csv(const struct nb_bench *bench, FILE *stream);

// Markdown: the card of the run, how ours stand, then the tables. `pictures` are file names, ended
// by NULL. NB_FAILED when memory is short.
enum nb_code nb_report_page(const struct nb_bench *bench, FILE *stream, const char *const *pictures,
                            struct nb_error *error);

// What to type to measure this row alone.
#define NB_REPRODUCER_TEXT 384
void nb_report_reproducer(const struct nb_bench *bench, const struct nb_row *row,
                          char text[NB_REPRODUCER_TEXT]);

#endif
