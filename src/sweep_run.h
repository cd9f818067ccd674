// SPDX-License-Identifier: MIT
// Runs the cells of a sweep that have no record yet: convergence cells side by side, timing cells
// one by one with nothing else running.
#ifndef NB_SRC_SWEEP_RUN_H
#define NB_SRC_SWEEP_RUN_H

#include "src/journal.h"
#include "src/machine.h"
#include "src/sweep_forecast.h"
#include "src/sweep_plan.h"
#include "src/sweep_records.h"

struct nb_sweep_run {
    const struct nb_sweep_cell **cells; // (count): those to run, in this order
    size_t count;
    size_t jobs; // convergence cells that run at the same time
    const struct nb_machine *machine;
    const struct nb_sweep_forecast *forecast;
    struct nb_journal *journal;
    struct nb_sweep_records *records; // gets what is recorded
    FILE *people;                     // a row for each record
    size_t done;                      // out of count, recorded
};

// NB_OK when all cells are recorded. The code of a signal when one came: cells under way are
// dropped. NB_FAILED when a record cannot be written or a process failed. Whatever the code, what
// was recorded stays.
enum nb_code nb_sweep_run(struct nb_sweep_run *run, struct nb_error *error);

// Seconds until all cells are done, if nothing else wants the machine.
double nb_sweep_run_seconds(const struct nb_sweep_run *run);

#endif
