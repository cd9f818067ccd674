// SPDX-License-Identifier: MIT
// The memory of a problem's operands: one pristine set of seeded inputs, one for the scalar table's
// results, and sets to run on. More sets than the caches hold make every call a cold one.
#ifndef NB_BENCH_OPERANDS_H
#define NB_BENCH_OPERANDS_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/problem.h"

struct nb_operands {
    const struct nb_problem *problem;
    const struct nb_subject *subject;
    enum nb_dtype dtype;
    struct nb_values shape[NB_OPERANDS]; // rows, cols, count and size; no values
    size_t offset[NB_OPERANDS];          // bytes from the start of a set; operands begin at lines
    size_t bytes;                        // of a set
    size_t sets;                         // to run on
    unsigned char *memory, *given, *wanted, *first; // `first` is set 0, sets follow one another
};

// Bytes of one set: what a call touches, with gaps.
size_t nb_operands_bytes(const struct nb_problem *problem, enum nb_dtype dtype);

// The sets for cold calls: together at least `bytes`, and one more than hot calls need.
size_t nb_operands_cold_sets(const struct nb_problem *problem, enum nb_dtype dtype, size_t bytes);

// Memory for `sets` sets, at least 1, all filled alike from the seed and the kernel's name.
// NB_FAILED when memory is short. nb_operands_free releases it; it takes one that is all zero. The
// problem must outlive it.
enum nb_code nb_operands_make(struct nb_operands *operands, const struct nb_problem *problem,
                              enum nb_dtype dtype, size_t sets, uint64_t seed,
                              struct nb_error *error);
void nb_operands_free(struct nb_operands *operands);

// A call of the whole problem on the set that begins at `set`: operands->given, ->wanted, or one of
// those to run on.
struct nb_call nb_operands_call(const struct nb_operands *operands, unsigned char *set);

// Puts the inputs back as they were.
void nb_operands_restore(const struct nb_operands *operands, unsigned char *set);

#endif
