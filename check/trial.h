// SPDX-License-Identifier: MIT
// One case of one kernel: calls it in every layout of its operands and compares all results.
#ifndef NB_CHECK_TRIAL_H
#define NB_CHECK_TRIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "check/draw.h"
#include "check/guard.h"
#include "check/plan.h"
#include "check/subject.h"

struct nb_tally {
    size_t calls;    // of the kernel under test
    size_t exact;    // elements that had to have the same bits
    size_t bounded;  // elements that had to be within a bound of the reference
    size_t failures; // comparisons of an operand, or calls, that failed
    size_t starved;  // of these, for want of memory
    double ulp; // the largest error on normal inputs, in ulp of the largest element of its operand
    double share; // the largest error on all inputs, as a share of its bound
};

struct nb_trial {
    const struct nb_subject *subject;
    const char *name; // "avx2/f32/relu/relu_forward"
    const void *table,
        *scalar;    // struct nb_kernels_f32 or _f64: under test, and the one that it must equal
    bool bits;      // the ISA must give the scalar bits; else bounds alone, for sums in any order
    bool reference; // compare with the reference in higher precision
    size_t size;    // bytes of a real
    struct nb_draw draw;
    struct nb_tally tally;
    FILE *out;          // of failures
    size_t quiet_after; // failures of this kernel to print
    struct nb_guard guards[NB_OPERANDS];
};

// `trial` with everything but the guards and the tally set. False when memory is short.
bool nb_trial_open(struct nb_trial *trial);
void nb_trial_close(struct nb_trial *trial);

void nb_trial_run(struct nb_trial *trial, const struct nb_case *c);

#endif
