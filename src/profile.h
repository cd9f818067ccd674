// SPDX-License-Identifier: MIT
// Where the time of training goes: every thread has a stopwatch, and whoever has finished a piece
// of work books what passed since the last booking to the phase it belongs to.
#ifndef NB_SRC_PROFILE_H
#define NB_SRC_PROFILE_H

#include <stdalign.h>
#include <stddef.h>

#include "src/clock.h"

// NAME, what it is
#define NB_PHASE_LIST(P)                                                              \
    P(GATHER, "gather", "rows of the batch converted from bytes")                     \
    P(FORWARD, "forward", "products of inputs and weights, with bias")                \
    P(NORMALIZATION, "normalization", "normalization and ReLU, forward and backward") \
    P(LOSS, "loss", "softmax, cross-entropy and their gradient")                      \
    P(BACKWARD, "backward", "gradients of the layers' inputs")                        \
    P(UPDATE, "update", "gradients of all parameters and the optimizer's step")       \
    P(WAITING, "waiting", "for other threads")                                        \
    P(OTHER, "other", "order of the rows, bookkeeping, progress, losses written as a trace")

enum nb_phase {
#define PHASE(NAME, name, what) NB_PHASE_##NAME,
    NB_PHASE_LIST(PHASE)
#undef PHASE
        NB_PHASE_COUNT
};

// One thread's; on cache lines of its own.
struct nb_stopwatch {
    alignas(64) double seconds[NB_PHASE_COUNT];
    double last; // when it was read
};

static inline void nb_stopwatch_start(struct nb_stopwatch *watch) { watch->last = nb_now(); }

// Books the time since the last call, or the start, to a phase.
static inline void nb_stopwatch_book(struct nb_stopwatch *watch, enum nb_phase phase) {
    const double time = nb_now();
    watch->seconds[phase] += time - watch->last;
    watch->last = time;
}

const char *nb_phase_name(enum nb_phase phase); // "gather"
const char *nb_phase_what(enum nb_phase phase); // one line for people

#endif
