// SPDX-License-Identifier: MIT
// A progress bar on one line of a terminal: share done, rate, time left. On anything else it writes
// nothing.
#ifndef NB_SRC_PROGRESS_H
#define NB_SRC_PROGRESS_H

#include <stdbool.h>
#include <stdio.h>

// The fields are the module's own; it holds no memory. Use it from one thread at a time.
struct nb_progress {
    FILE *stream; // NULL: not a terminal, stay silent
    const char *unit;
    char label[64];
    double total, done;  // work
    double items;        // since the last drawing
    double rate;         // items per second, smoothed; 0: not known yet
    double start, drawn; // seconds of the monotonic clock; drawn is that of the last drawing
    bool visible, utf8, dumb;
};

// Starts a bar for `total` units of predicted work. A unit is the caller's: seconds, floating-point
// operations, samples times a cost. `unit` names the items whose rate is shown ("img"), or NULL: no
// rate; it is borrowed until the end. `stream` is stderr in the program.
void nb_progress_begin(struct nb_progress *progress, FILE *stream, double total, const char *unit);

// What is being done now: "batch norm, epoch 3/10". Copied, and cut to fit.
void nb_progress_label(struct nb_progress *progress, const char *label);

// `work` more units and `items` more items are done. Costs one reading of the clock; draws at most
// ten times a second.
void nb_progress_add(struct nb_progress *progress, double work, double items);

// `work` units were not needed after all (a finished run is skipped, a run diverged): the total
// shrinks.
void nb_progress_skip(struct nb_progress *progress, double work);

// Takes the bar off the terminal so that a line can be printed; the next add draws it again below.
void nb_progress_clear(struct nb_progress *progress);

// Clears, and stays silent from here on.
void nb_progress_end(struct nb_progress *progress);

#endif
