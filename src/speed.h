// SPDX-License-Identifier: MIT
// How long an epoch takes: the seconds of cells that ran alone, by normalization, batch size, ISA
// and threads.
#ifndef NB_SRC_SPEED_H
#define NB_SRC_SPEED_H

#include "src/bootstrap.h"
#include "src/section.h"

struct nb_speed {
    enum nb_norm norm;
    size_t batch_size;
    enum nb_isa isa;
    size_t threads;
    struct nb_sample seconds; // of each epoch
};

// A way to run: the ISA and the threads that some speeds have.
struct nb_place {
    enum nb_isa isa;
    size_t threads;
};

struct nb_speeds {
    struct nb_speed *speeds; // (count) by normalization, batch size, ISA, threads
    size_t count;
    struct nb_place *places; // (place_count) all that occur, by ISA and threads
    size_t place_count;
};

// NB_FAILED when memory is short. nb_speeds_free releases them.
enum nb_code nb_speeds_make(struct nb_speeds *speeds, const struct nb_section *section,
                            struct nb_error *error);
void nb_speeds_free(struct nb_speeds *speeds);

// The speed of that, or NULL.
const struct nb_speed *nb_speeds_find(const struct nb_speeds *speeds, enum nb_norm norm,
                                      size_t batch_size, enum nb_isa isa, size_t threads);

// How many times as fast `fast` is as `slow`, by the medians, with the 95 % bootstrap interval. One
// of them may be NULL: NaN. NB_FAILED when memory is short.
enum nb_code nb_speed_ratio(const struct nb_speed *slow, const struct nb_speed *fast, double *ratio,
                            struct nb_interval *interval, struct nb_error *error);

// The ISA that `isa` is measured against: the next lower one of the contract with the same threads
// among the speeds; NB_ISA_COUNT: none.
enum nb_isa nb_speeds_lower(const struct nb_speeds *speeds, enum nb_isa isa, size_t threads);

#endif
