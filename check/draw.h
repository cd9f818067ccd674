// SPDX-License-Identifier: MIT
// Random numbers for test inputs: SplitMix64 (Steele, Lea & Flood 2014).
#ifndef NB_CHECK_DRAW_H
#define NB_CHECK_DRAW_H

#include <stddef.h>
#include <stdint.h>

struct nb_draw {
    uint64_t state;
};

struct nb_draw nb_draw_seed(uint64_t seed, const char *name);
uint64_t nb_draw_u64(struct nb_draw *draw);
size_t nb_draw_below(struct nb_draw *draw, size_t end);                  // 0 ... end - 1
size_t nb_draw_between(struct nb_draw *draw, size_t first, size_t last); // both included
double nb_draw_uniform(struct nb_draw *draw);                            // (0, 1)
double nb_draw_normal(struct nb_draw *draw);

#endif
