// SPDX-License-Identifier: MIT
// Peers: other libraries that compute what our kernels do, on the same operands, as rows of the
// same tables. Each is one file of bench/peers/ and an optional feature of the build. A library is
// in a module, normbench-<peer>.so, that is loaded when peers are first asked for.
#ifndef NB_BENCH_PEER_H
#define NB_BENCH_PEER_H

#include <jansson.h>

#include "bench/team.h"

#define NB_MAX_PEERS 16

// A kernel that a peer has.
struct nb_offer {
    const char *kernel;     // of kernels/kernel_list.h; NULL ends the list
    bool dtypes[NB_DTYPES]; // in which
    bool hot_only;          // it works on its own copy of an operand
    // How its results differ from what the kernel promises: bits of the subject's operands.
    uint32_t left_out;  // outputs that it does not compute: they are not checked
    uint32_t summed;    // outputs that are sums per block of rows of ours, and of all rows, in the
                        // first block's place, of its own
    bool plain_moments; // its mean and variance are those of struct nb_call
    bool folded;        // so is its batch normalization
    bool from_variance; // it gets the variance that belongs to `rstd` in the place of `rstd`

    // One call, of a piece or of the whole, on `table` as `open` has left it. Every thread calls
    // it.
    void (*call)(const void *table, const struct nb_call *call);
};

struct nb_peer {
    const char *name;             // "openblas"
    const char *(*version)(void); // "0.3.21"; NULL: it is not there at run time
    const char *(*core)(void);    // "SkylakeX": which code it runs on this CPU; may be NULL
    const char *remedy;           // if it is not there: how to get it, or why
    const struct nb_offer *offers;

    // How it comes by its threads. If not whole, they are ours: our team calls it on pieces, as it
    // calls our own kernels, and the library is held to one thread. If whole, it is called for the
    // whole problem, outside of any parallel region, and finds the row's number of threads set
    // for OpenMP, also in `open`.
    bool whole;

    // Prepares a row, not timed: packs weights, compiles code. operands->first holds the inputs.
    // On failure there is nothing to close; *error tells why. May be NULL, both.
    enum nb_code (*open)(const struct nb_job *job, void **table, struct nb_error *error);
    void (*close)(void *table);

    // Times the calls itself, elsewhere, in the place of nb_team_run; call number i of a cold job
    // is on the set at nb_team_set(job, next + i). NULL: it is called here. `call` is not used
    // then. Only a checked job wants results in operands->first. Times that are NaN say that it
    // failed.
    struct nb_elapsed (*run)(const void *table, const struct nb_job *job, size_t calls,
                             size_t next);
};

// Those of this build, in the order of the tables, ended by NULL. The first call chooses their
// cores (peer_core.h), in the environment of this process, and loads their modules; one that cannot
// be loaded leaves a peer that is not there.
const struct nb_peer *const *nb_peers(void);

// What --peers takes: all, none and the names of peers, ended by NULL.
extern const char *const nb_peer_words[];

// Those that a text names: "all", "none", for which nothing is loaded, or a list as
// "openblas,blis". NB_USAGE with the names there are when one is unknown, or not there at run time.
enum nb_code nb_peers_choose(const char *text, bool chosen[NB_MAX_PEERS], struct nb_error *error);

// {"openblas": "0.3.21 SkylakeX"}, with their cores, of the chosen ones that are there at run time,
// and "0.3.21 Haswell (held by OPENBLAS_CORETYPE)" where the user has set the core; without a
// choice, of all that are there. Loads nothing when none is chosen. NULL when memory is short.
json_t *nb_peer_versions(const bool *chosen);

// What it offers for a kernel in that dtype, with hot or cold caches; NULL: nothing.
const struct nb_offer *nb_peer_offer(const struct nb_peer *peer, const struct nb_kernel *kernel,
                                     enum nb_dtype dtype, bool cold);

// Its implementation of an offer. The table is NULL until nb_team_open.
struct nb_implementation nb_implementation_peer(const struct nb_peer *peer,
                                                const struct nb_offer *offer);

#endif
