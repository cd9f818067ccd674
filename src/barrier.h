// SPDX-License-Identifier: MIT
// Where the threads of a team wait for one another.
#ifndef NB_SRC_BARRIER_H
#define NB_SRC_BARRIER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

enum { NB_APART = 128 }; // bytes: two lines, since CPUs fetch them in pairs

// OpenMP's own barrier makes a system call each time, for threads that may sleep, which takes a
// microsecond where the kernel guards itself against Meltdown. Here nobody calls it while the
// others come soon.
struct nb_barrier {
    char before[NB_APART];
    atomic_size_t arrived;
    char between[NB_APART - sizeof(atomic_size_t)];
    atomic_size_t round; // that these wait for the end of
    atomic_size_t sleepers;
    bool patient; // those who wait sleep at once
    pthread_mutex_t mutex;
    pthread_cond_t over; // the round
    char after[NB_APART];
};

// Before its first use. OMP_WAIT_POLICY=passive in the environment, by which users tell the threads
// of OpenMP not to spin, goes for this, too.
void nb_barrier_init(struct nb_barrier *barrier);

// Returns when `count` threads have called it, and what each did before is seen by all. They spin
// for some microseconds, then leave the core to others that want it, and after milliseconds sleep.
// The same `count` for all; as many threads as that, or nobody returns.
void nb_barrier_wait(struct nb_barrier *barrier, size_t count);

#endif
