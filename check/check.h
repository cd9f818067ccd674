// SPDX-License-Identifier: MIT
// The kernel tester: every kernel of kernels/kernel_list.h, on every usable ISA and in both
// precisions, against the scalar table to the bit, against textbook loops to the bit, and against a
// high-precision reference within derived bounds. An ISA that is not exact (nb_isa_exact) is held
// to the bounds alone, those for sums in any order.
#ifndef NB_CHECK_CHECK_H
#define NB_CHECK_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "kernels/kernels.h"

struct nb_check_options {
    uint64_t seed;           // of all inputs; every kernel starts again from (seed, its name)
    bool isas[NB_ISA_COUNT]; // which to check
    const char *filter;      // only what has this text in "isa/precision/family/kernel", or NULL
    const char *command;     // what to type before the options of a reproducer: "normbench check"
    FILE *out;               // one line per family, precision and ISA; failures; a line of totals
    bool exact;              // where bits are promised, do without the reference
    bool verbose;            // print every failure, not only the first few of each kernel
    void (*on_kernel)(void *user, const char *name); // before each kernel, or NULL
    void *user;
    size_t *
        starved; // counts the failures for want of memory, which no kernel is to blame for; or NULL
};

// How many kernels of usable ISAs the options let through.
size_t nb_check_count(const struct nb_check_options *options);

// Checks them and returns the number of failures; nothing to check is one. An ISA that this
// computer cannot run is reported as skipped. Not reentrant: for its duration it owns the handlers
// of SIGSEGV, SIGBUS, SIGILL and SIGFPE.
size_t nb_check_run(const struct nb_check_options *options);

// The same for one table, which need not be a real one: the tester's own tests hand in broken
// kernels.
size_t nb_check_table_f32(const struct nb_check_options *options,
                          const struct nb_kernels_f32 *table);

// The reason for an ISA that is not usable.
const char *nb_check_why_skipped(enum nb_isa isa);

#endif
