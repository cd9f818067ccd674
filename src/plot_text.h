// SPDX-License-Identifier: MIT
// Text as it may stand in a plot.
#ifndef NB_SRC_PLOT_TEXT_H
#define NB_SRC_PLOT_TEXT_H

#include <stddef.h>

#define NB_PLOT_TEXT 2048
#define NB_PLOT_LINES 6

// Text as it may stand in a script and in a picture: valid UTF-8 without control characters, cut to
// fit. A line break stays.
void nb_plot_clean(char clean[NB_PLOT_TEXT], const char *text);

// Bytes of the longest start of clean `text` that takes at most `columns`.
size_t nb_plot_bytes(const char *text, size_t columns);

struct nb_plot_lines {
    size_t count;
    char text[NB_PLOT_LINES][NB_PLOT_TEXT];
};

// Breaks a paragraph into lines of at most `columns`, at blanks where there are any. What does not
// fit into NB_PLOT_LINES becomes "...".
void nb_plot_wrap(struct nb_plot_lines *lines, const char *text, size_t columns);

#endif
