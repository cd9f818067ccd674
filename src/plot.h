// SPDX-License-Identifier: MIT
// Line plots by gnuplot, as SVG and PNG, with the data and the script kept beside them: `gnuplot
// NAME.gp` in that folder draws the same pictures again.
#ifndef NB_SRC_PLOT_H
#define NB_SRC_PLOT_H

#include <stdbool.h>
#include <stddef.h>

#include "src/error.h"

enum nb_plot_style { NB_LINES_POINTS, NB_LINES, NB_POINTS };

// One curve. Values that are not finite (or not positive on a logarithmic axis) leave a gap.
struct nb_series {
    const char *label; // in the legend
    enum nb_plot_style style;
    size_t count;
    const double *x, *y;      // (count)
    const double *low, *high; // (count) each: a shaded band around the curve; both NULL: none
    bool bars;                // these as a bar at each point in place of the band
    bool thin;                // one of many of its kind: pale, without marks and not in the legend
    size_t look;              // colour, dashes and mark, from 1; 0: the next that this plot has
};

struct nb_axis {
    const char *label; // "training loss"
    const char *unit;  // in parentheses after the label: "nats"; NULL: none
    unsigned log;      // base of a logarithmic axis, 2 or 10; 0: linear
    bool integer;      // ticks at whole numbers only: epochs
    bool from_zero;    // a linear axis starts at 0
    bool zero_line;    // a line at 0, which the linear y axis then holds
};

// Any text is data: none of it is interpreted by gnuplot or a shell. UTF-8; bytes that are not
// become '?'.
struct nb_plot {
    const char *title;
    // The settings, smaller, below the title; broken at "\n" and where it is too long. NULL: none.
    const char *subtitle;
    struct nb_axis x, y;
    // (series_count), at least one; colours and marks repeat after eight
    const struct nb_series *series;
    size_t series_count;
};

#define NB_PLOT_PATH 4096

// The files of a plot: folder/NAME.csv, .gp, .svg and .png. An empty string: not written.
struct nb_plot_files {
    // Tidy: curve,x,y,low,high,series; a row per point, an empty field where there is no value.
    char csv[NB_PLOT_PATH];
    char gp[NB_PLOT_PATH];
    char svg[NB_PLOT_PATH];
    char png[NB_PLOT_PATH];
};

// Writes the four files into `folder`, which exists; each appears whole or not at all. `name` is
// made of letters, digits, '.', '_' and '-', does not start with '.' or '-' and is shorter than 48.
// The same plot gives the same bytes under the same gnuplot and fonts. NB_FAILED with the remedy
// when gnuplot is missing or fails: the data and the script are there all the same, `files` says
// so, and older pictures of that name are gone. NB_FAILED with no file when the folder cannot be
// written; NB_USAGE for a name that cannot be.
enum nb_code nb_plot_write(const struct nb_plot *plot, const char *folder, const char *name,
                           struct nb_plot_files *files, struct nb_error *error);

#endif
