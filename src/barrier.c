// SPDX-License-Identifier: MIT
// A counter and a number of the round, as in Mellor-Crummey & Scott 1991, "Algorithms for scalable
// synchronization on shared-memory multiprocessors", with the number in place of their sense.
#include "src/barrier.h"

#include <sched.h>
#include <stdlib.h>
#include <strings.h>

enum {
    SPINS = 500,  // until a core is offered to others: 5 to 20 us on x86
    YIELDS = 500, // until one sleeps
};

void nb_barrier_init(struct nb_barrier *barrier) {
    const char *policy = getenv("OMP_WAIT_POLICY");
    atomic_init(&barrier->arrived, 0);
    atomic_init(&barrier->round, 0);
    atomic_init(&barrier->sleepers, 0);
    barrier->patient = policy != NULL && strcasecmp(policy, "passive") == 0;
    barrier->mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    barrier->over = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
}

// Tells the core that this is a loop that waits.
static inline void pause_core(void) {
#if defined __x86_64__
    __builtin_ia32_pause();
#elif defined __aarch64__
    __asm__ volatile("yield");
#endif
}

static bool is_over(struct nb_barrier *barrier, size_t round) {
    return atomic_load_explicit(&barrier->round, memory_order_acquire) != round;
}

static bool spin(struct nb_barrier *barrier, size_t round) {
    for (int yields = 0; yields < YIELDS; yields++) {
        for (int spins = 0; spins < SPINS; spins++) {
            if (is_over(barrier, round))
                return true;
            pause_core();
        }
        sched_yield();
    }
    return false;
}

void nb_barrier_wait(struct nb_barrier *barrier, size_t count) {
    // It cannot end before this thread has arrived.
    const size_t round = atomic_load_explicit(&barrier->round, memory_order_relaxed);
    if (atomic_fetch_add_explicit(&barrier->arrived, 1, memory_order_acq_rel) + 1 == count) {
        atomic_store_explicit(&barrier->arrived, 0, memory_order_relaxed);
        // Either this thread sees who sleeps, or that one sees that the round is over: all four
        // accesses are in one order.
        atomic_store(&barrier->round, round + 1);
        if (atomic_load(&barrier->sleepers) > 0) {
            pthread_mutex_lock(&barrier->mutex);
            pthread_cond_broadcast(&barrier->over);
            pthread_mutex_unlock(&barrier->mutex);
        }
        return;
    }
    if (!barrier->patient && spin(barrier, round))
        return;
    pthread_mutex_lock(&barrier->mutex);
    atomic_fetch_add(&barrier->sleepers, 1);
    while (atomic_load(&barrier->round) == round)
        pthread_cond_wait(&barrier->over, &barrier->mutex);
    atomic_fetch_sub(&barrier->sleepers, 1);
    pthread_mutex_unlock(&barrier->mutex);
}
