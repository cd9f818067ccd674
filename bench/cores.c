// SPDX-License-Identifier: MIT
#include "bench/cores.h"

#include <math.h>

#include "kernels/kernels.h"
#include "src/barrier.h"
#include "src/clock.h"
#include "src/interrupt.h"

#ifdef _OPENMP
#    include <omp.h>
#endif

enum { TRIES = 2 }; // the better one counts
#define WORK 8e6    // FLOP of each: 70 us with AVX2 on a core of 115 GFLOP/s
#define LEAST 0.75  // of the cores: two threads on one have half

double nb_cores_at_work(size_t threads) {
    const struct nb_kernels_f32 *k = nb_isa_kernels_f32(nb_isa_best());
    const size_t rounds = (size_t)(WORK / k->peak_flops) + 1;
    double alone = INFINITY, together = INFINITY;
    size_t count = 1;
    struct nb_barrier barrier;
    nb_barrier_init(&barrier);
    if (barrier.patient)
        return (double)threads;
#ifdef _OPENMP
#    pragma omp parallel num_threads((int)threads) if (threads > 1)
#endif
    {
        size_t id = 0, members = 1;
#ifdef _OPENMP
        id = (size_t)omp_get_thread_num();
        members = (size_t)omp_get_num_threads();
#endif
        for (int i = 0; i < TRIES; i++) {
            nb_barrier_wait(&barrier, members);
            if (id == 0) {
                const double start = nb_thread_seconds();
                count = members;
                k->peak_fma(rounds);
                alone = fmin(alone, nb_thread_seconds() - start);
            }
            // The others wait there already, unless they wait for this thread's CPU.
            const double start = nb_now();
            nb_barrier_wait(&barrier, members);
            k->peak_fma(rounds);
            nb_barrier_wait(&barrier, members);
            if (id == 0)
                together = fmin(together, nb_now() - start);
        }
    }
    return (double)count * alone / together;
}

bool nb_cores_wait(size_t threads, double *patience) {
    const double start = nb_now();
    const double most = patience != NULL ? *patience : 0;
    double waited = 0;
    // Look after look without a nap: Linux likes to wake a thread on the CPU of the one that wakes
    // it, and moves only those that run.
    bool apart = nb_cores_at_work(threads) >= LEAST * (double)threads;
    while (!apart && waited < most && nb_interrupt_code() == NB_OK) {
        apart = nb_cores_at_work(threads) >= LEAST * (double)threads;
        waited = nb_now() - start;
    }
    if (patience != NULL)
        *patience = fmax(most - waited, 0);
    return apart;
}
