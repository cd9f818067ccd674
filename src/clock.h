// SPDX-License-Identifier: MIT
// The clock of all durations: it never steps back when somebody sets the date.
#ifndef NB_SRC_CLOCK_H
#define NB_SRC_CLOCK_H

#include <time.h>

// Seconds since some fixed moment.
static inline double nb_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#endif
