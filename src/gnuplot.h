// SPDX-License-Identifier: MIT
// gnuplot as a child process. No shell is involved.
#ifndef NB_SRC_GNUPLOT_H
#define NB_SRC_GNUPLOT_H

#include "src/error.h"

extern double nb_gnuplot_seconds; // that it may take; tests have less patience

// Runs `gnuplot SCRIPT` inside `folder` without the user's start-up files and waits for it. What it
// says goes to the file gnuplot.log in `folder`, whose first line becomes part of the error.
// NB_FAILED with the remedy when gnuplot is not installed or fails or hangs; `place` is how the
// error calls the folder where the user finds the script.
enum nb_code nb_gnuplot_run(const char *folder, const char *script, const char *place,
                            struct nb_error *error);

#endif
