// SPDX-License-Identifier: MIT
// Problems: a kernel and its sizes, as a person types them.
//
//   descriptor  kernel:sizes      "matmul_nt:128x256x784" is m x n x k,
//   "layernorm_backward:128x256" is
//                                 rows x columns, "sgd_step:200704" is n
//   kernel      a name of kernels/kernel_list.h, or a pattern of them: batchnorm_*, *_sum, *
//   size        a list of numbers and ranges: 1,10   4..8192*2 (4, 8, 16 ... 8192)   1..5
//
// A list in any place makes a problem of each combination.
#ifndef NB_BENCH_PROBLEM_H
#define NB_BENCH_PROBLEM_H

#include <stdbool.h>

#include "bench/kernel.h"

#define NB_MAX_SIZE ((size_t)1 << 40)

struct nb_problem {
    const struct nb_kernel *kernel;
    struct nb_sizes sizes;
};

struct nb_problems {
    struct nb_problem *all; // (count)
    size_t count, room;
};

// Adds the problems of `text`, descriptors with spaces between, in their order; one that is there
// already is not added again. NB_USAGE with the remedy when something is not understood; then
// nothing is added. nb_problems_free releases what is there.
enum nb_code nb_problems_parse(struct nb_problems *problems, const char *text,
                               struct nb_error *error);
void nb_problems_free(struct nb_problems *problems);

bool nb_problem_same(const struct nb_problem *a, const struct nb_problem *b);

#define NB_PROBLEM_TEXT 128

// The descriptor of one problem: nb_problems_parse reads it back.
void nb_problem_text(const struct nb_problem *problem, char text[NB_PROBLEM_TEXT]);

#endif
