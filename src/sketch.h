// SPDX-License-Identifier: MIT
// A plot that is made curve by curve, with the memory of its data.
#ifndef NB_SRC_SKETCH_H
#define NB_SRC_SKETCH_H

#include "src/page.h"

struct nb_sketch {
    struct nb_plot plot; // the caller fills the texts and the axes
    struct nb_series *series;
    size_t room;
    bool failed; // memory was short
};

// The data of a curve, to be filled: (count) each, NaN to begin with.
struct nb_curve {
    double *x, *y, *low, *high;
};

enum nb_curve_kind {
    NB_CURVE_LINE, // without limits
    NB_CURVE_BAND, // low to high as a band
    NB_CURVE_BARS, // low to high as a bar at each point
    NB_CURVE_THIN, // pale, without limits and not in the legend
};

// Adds a curve; `look` as in struct nb_series. All pointers are NULL when memory is short.
__attribute__((format(printf, 5, 6))) struct nb_curve nb_sketch_add(struct nb_sketch *sketch,
                                                                    enum nb_curve_kind kind,
                                                                    size_t look, size_t count,
                                                                    const char *label, ...);

// Puts the plot on the page, unless it has no value at all, and releases the sketch.
void nb_sketch_finish(struct nb_sketch *sketch, struct nb_page *page, const char *name,
                      const char *caption);

#endif
