// SPDX-License-Identifier: MIT
// The gnuplot script of a plot.
#ifndef NB_SRC_PLOT_SCRIPT_H
#define NB_SRC_PLOT_SCRIPT_H

#include <stdio.h>

#include "src/plot.h"

#define NB_PLOT_TEXT 2048

// Text as it may stand in a script and in a picture: valid UTF-8 without control characters, cut to
// fit. A line break stays.
void nb_plot_clean(char clean[NB_PLOT_TEXT], const char *text);

// Writes the script that reads NAME.csv and draws NAME.svg and NAME.png, all in the folder where
// gnuplot runs.
void nb_plot_script(FILE *stream, const struct nb_plot *plot, const char *name);

#endif
