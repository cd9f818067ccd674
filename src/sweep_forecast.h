// SPDX-License-Identifier: MIT
// How long cells are going to take on this machine, from short measurements.
#ifndef NB_SRC_SWEEP_FORECAST_H
#define NB_SRC_SWEEP_FORECAST_H

#include "src/machine.h"
#include "src/sweep_cell.h"

// What one step costs in seconds, whatever its rows, and each of its rows, for cells that share the
// network, the optimizer, the precision, the ISA and the threads.
struct nb_sweep_rate {
    const struct nb_sweep_cell *cell; // one of these cells
    double step, row;
};

struct nb_sweep_forecast {
    struct nb_sweep_rate *rates; // (count)
    size_t count;
};

// Measures what the cell needs, unless a cell like it came before: two very short runs with layer
// norm, at batch sizes 4 and 128. The cell must outlive the forecast. NB_FAILED when the system
// refuses a process or memory.
enum nb_code nb_sweep_forecast_add(struct nb_sweep_forecast *forecast,
                                   const struct nb_sweep_cell *cell,
                                   const struct nb_machine *machine, struct nb_error *error);

// Seconds for a cell that was added, running alone: training and tests.
double nb_sweep_forecast_seconds(const struct nb_sweep_forecast *forecast,
                                 const struct nb_sweep_cell *cell);

void nb_sweep_forecast_free(struct nb_sweep_forecast *forecast);

#endif
