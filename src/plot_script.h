// SPDX-License-Identifier: MIT
// The gnuplot script of a plot.
#ifndef NB_SRC_PLOT_SCRIPT_H
#define NB_SRC_PLOT_SCRIPT_H

#include <stdio.h>

#include "src/plot.h"

// Writes the script that reads NAME.csv and draws NAME.svg and NAME.png, all in the folder where
// gnuplot runs.
void nb_plot_script(FILE *stream, const struct nb_plot *plot, const char *name);

#endif
