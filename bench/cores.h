// SPDX-License-Identifier: MIT
// Whether the threads of a team have a core each. A hypervisor may run two CPUs of a machine on one
// core for some seconds, or somebody else's CPU beside one of them; and Linux two threads on one
// CPU. What several threads take then says nothing of what they take with cores of their own.
#ifndef NB_BENCH_CORES_H
#define NB_BENCH_CORES_H

#include <stdbool.h>
#include <stddef.h>

// How many cores' worth of multiplications in registers `threads` threads get done at this moment,
// measured by what one of them gets done alone, in some tenths of a millisecond; `threads`, without
// measuring, where OMP_WAIT_POLICY lets threads sleep, who are woken too late to tell.
double nb_cores_at_work(size_t threads);

// Waits until the threads have cores of their own, at three quarters of their speed or more, for at
// most *patience seconds, which it takes from *patience; NULL: not at all. False: they still have
// not, or the user interrupts.
bool nb_cores_wait(size_t threads, double *patience);

#endif
