// SPDX-License-Identifier: MIT
// Somebody's code for a kernel. Ours is one table per ISA; a peer library (peer.h) offers the same
// kernel on the same operands by another `call`.
#ifndef NB_BENCH_IMPLEMENTATION_H
#define NB_BENCH_IMPLEMENTATION_H

#include <stdbool.h>

#include "bench/kernel.h"

struct nb_peer;
struct nb_offer;

struct nb_implementation {
    const char *name;  // "avx512": the ISA of our tables as they name themselves, or the peer
    enum nb_isa isa;   // whose ceilings it is held against
    const void *table; // the first argument of `call`
    void (*call)(const void *table, const struct nb_call *call);
    double round_flops; // of the table's peak_fma; 0: it has none
    bool exact;         // its results must have the scalar table's bits; else they have a bound
    const struct nb_peer *peer;   // NULL: ours
    const struct nb_offer *offer; // of the peer
};

// Our own code for a usable ISA; of autovec that for the ISA which peers are held to, if they are.
struct nb_implementation nb_implementation_ours(const struct nb_kernel *kernel, enum nb_dtype dtype,
                                                enum nb_isa isa);

#endif
