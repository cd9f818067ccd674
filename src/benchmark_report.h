// SPDX-License-Identifier: MIT
// A comparison of two benchmark files as tables and as JSON.
#ifndef NB_SRC_BENCHMARK_REPORT_H
#define NB_SRC_BENCHMARK_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "src/benchmark_comparison.h"
#include "src/table.h"

struct nb_benchmark_report {
    const char *paths[2]; // of A and B
    struct nb_comparison_rule rule;
    struct nb_benchmark_file a, b;
    struct nb_benchmark_comparison result;
    json_t *differences; // of their contexts
};

// One row for each benchmark; for people also the counts, the geometric mean and how to read it.
void nb_benchmark_report_table(const struct nb_benchmark_report *report, FILE *stream,
                               enum nb_table_format format);

// Everything, in seconds and with all digits. NB_FAILED when memory is short or the stream takes no
// more.
enum nb_code nb_benchmark_report_json(const struct nb_benchmark_report *report, FILE *stream,
                                      struct nb_error *error);

#endif
