// SPDX-License-Identifier: MIT
// Which sizes and which inputs a kernel is tried on.
#ifndef NB_CHECK_PLAN_H
#define NB_CHECK_PLAN_H

#include <stddef.h>

#include "check/draw.h"
#include "check/subject.h"

enum nb_input {
    NB_NORMAL,
    NB_WIDE,      // normal, times 2^-20 ... 2^20
    NB_FAR,       // mean 1e4, standard deviation 1e-2
    NB_SUBNORMAL, // around the smallest normal number and below
    NB_EQUAL,
    NB_ZEROS, // 0, -0, 1 and -1
    NB_INFINITE,
    NB_NOT_A_NUMBER,
    NB_INPUTS
};

struct nb_case {
    size_t m, n, k, mode;
    enum nb_input input;
};

const char *nb_input_name(enum nb_input input);

// Calls visit once for each case of the subject.
void nb_plan(const struct nb_subject *subject, struct nb_draw *draw,
             void (*visit)(void *user, const struct nb_case *c), void *user);

// values (count), each of `size` bytes: 1 for labels, else a float or a double.
void nb_input_fill(void *values, size_t count, size_t size, enum nb_fill fill, enum nb_input input,
                   size_t labels, struct nb_draw *draw);

#endif
