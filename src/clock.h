// SPDX-License-Identifier: MIT
// The clock of all durations, which never steps back when somebody sets the date, and those of the
// time that CPUs have worked.
#ifndef NB_SRC_CLOCK_H
#define NB_SRC_CLOCK_H

#include <time.h>

static inline double nb_clock_seconds(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

// Seconds since some fixed moment.
static inline double nb_now(void) { return nb_clock_seconds(CLOCK_MONOTONIC); }

// Seconds that all threads of this process have worked; that this thread has, without the time in
// which another one had its CPU.
static inline double nb_process_seconds(void) { return nb_clock_seconds(CLOCK_PROCESS_CPUTIME_ID); }
static inline double nb_thread_seconds(void) { return nb_clock_seconds(CLOCK_THREAD_CPUTIME_ID); }

#endif
