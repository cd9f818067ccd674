// SPDX-License-Identifier: MIT
// All cells of a sweep, with the data sets that they train on.
#ifndef NB_SRC_SWEEP_PLAN_H
#define NB_SRC_SWEEP_PLAN_H

#include "src/sweep_cell.h"
#include "src/sweep_file.h"

struct nb_sweep_plan {
    struct nb_dataset *datasets; // (dataset_count)
    size_t dataset_count;
    struct nb_sweep_cell *cells; // (count), no two with the same id; first convergence, then timing
    size_t count;
};

// Loads the data sets of all parts, from their data_dir if they name one, and makes the cells.
// Convergence cells come seed by seed, so that an interrupted sweep has few seeds of everything
// rather than all seeds of little. `parts` must outlive the plan; `cpu` names the processor.
// NB_USAGE for settings that no normalization can be trained with and for more than 20000 cells,
// NB_DATA for data that is missing or damaged, NB_FAILED when memory is short. nb_sweep_plan_free
// releases it, and takes one that is zero; after a failure there is nothing to release.
enum nb_code nb_sweep_plan_make(struct nb_sweep_plan *plan, const struct nb_sweep_parts *parts,
                                const char *cpu, struct nb_error *error);
void nb_sweep_plan_free(struct nb_sweep_plan *plan);

#endif
