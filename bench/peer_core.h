// SPDX-License-Identifier: MIT
// Which code of its own a peer runs. OpenBLAS and BLIS hold code for many CPUs, their cores, and
// choose one by the model of the CPU, so on one that is newer than they are they fall back to old
// code. Each takes a core's name from a variable of the environment: which one to give them is
// found out by trying, before they are loaded. All peers have such a variable, and can be held to
// the code for one ISA with it.
#ifndef NB_BENCH_PEER_CORE_H
#define NB_BENCH_PEER_CORE_H

#include <jansson.h>
#include <stdbool.h>

#include "kernels/kernels.h"
#include "src/error.h"

// What a trial finds out: the core that the peer says it runs, and the seconds of some work.
struct nb_core_trial {
    char core[32];
    double seconds;
};

// Loads a peer and times it; false when it cannot.
typedef bool nb_core_try(const void *peer, struct nb_core_trial *trial);

// Sets the peer's variable to the core that is quickest in most rounds of trials, where that is
// quicker than the library's own choice by more than a tenth. Each core that suits this CPU is
// tried by a child process of its own, which may die and gets some seconds. Changes nothing where
// the variable is set already, for peers that have none, and where this CPU gives nothing to choose
// from. Loads nothing into this process, and is for one thread.
void nb_peer_core_choose(const char *name, nb_core_try *try, const void *peer);

// What --peers-isa takes: best, and the ISAs that peers can be held to; ended by NULL.
extern const char *const nb_peer_isas[];

// Holds all peers to their code for an ISA, whatever their variables were; best, or NULL: changes
// nothing. Before anything else here, for one thread. NB_USAGE where this CPU lacks the ISA.
enum nb_code nb_peer_core_hold(const char *name, struct nb_error *error);

// The ISA that all peers are held to; NB_ISA_COUNT: to none.
enum nb_isa nb_peer_core_held_to(void);

// The variable by which the user, or nb_peer_core_hold, holds a peer to one core: that was set when
// nb_peer_core_choose came to this peer. NULL: it chose.
const char *nb_peer_core_held(const char *name);

// {"OPENBLAS_CORETYPE": "SkylakeX"}: those of the variables that are set, by the user or by
// the functions above. NULL when memory is short.
json_t *nb_peer_core_variables(void);

#endif
