// SPDX-License-Identifier: MIT
// Runs side by side that differ only in their normalization: the tables and the plot of an
// experiment.
#ifndef NB_SRC_COMPARISON_H
#define NB_SRC_COMPARISON_H

#include <stdio.h>

#include "src/option.h"
#include "src/plot.h"
#include "src/run.h"
#include "src/table.h"

#define NB_COMPARISON_COLUMNS (1 + 2 * NB_MAX_CHOICES)

struct nb_comparison {
    struct nb_run runs[NB_MAX_CHOICES];
    size_t count;
    // The columns of the table: epoch, then train loss and test accuracy of each run.
    struct nb_column columns[NB_COMPARISON_COLUMNS];
    char titles[NB_COMPARISON_COLUMNS][48];
};

// The table with one row per epoch. Begin it when all runs have begun; a run without that epoch has
// empty cells.
void nb_comparison_begin(struct nb_comparison *comparison, struct nb_table *table, FILE *stream,
                         enum nb_table_format format);
void nb_comparison_row(const struct nb_comparison *comparison, struct nb_table *table,
                       size_t epoch); // from 0

// One row per run: how it ended, its last epoch, its speed.
void nb_comparison_summary(const struct nb_comparison *comparison, FILE *stream,
                           enum nb_table_format format);

// Everything as CSV, one row per run and epoch.
void nb_comparison_csv(const struct nb_comparison *comparison, FILE *stream);

// A page with the settings, both tables and the picture, if `picture` (a file name) is not NULL.
void nb_comparison_page(struct nb_comparison *comparison, FILE *stream, const char *picture);

// The curves of the training loss, as folder/curves.svg, .png, .gp and .csv. Errors are those of
// nb_plot_write.
enum nb_code nb_comparison_plot(const struct nb_comparison *comparison, const char *folder,
                                struct nb_plot_files *files, struct nb_error *error);

#endif
