// SPDX-License-Identifier: MIT
// PyTorch's CPU generator (mt19937) and the draws that training makes from it.
// Source: Matsumoto & Nishimura 1998; seeding is init_genrand of the reference implementation.
#ifndef NB_SRC_RANDOM_H
#define NB_SRC_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct nb_random {
    uint32_t state[624];
    size_t next; // index of the next word; 624: the block is used up
};

void nb_random_seed(struct nb_random *random,
                    uint64_t seed); // uses the low 32 bits, like torch.manual_seed
uint32_t nb_random_u32(struct nb_random *random);
uint64_t nb_random_u64(struct nb_random *random); // two draws, the high word first

// One float uniform in [-bound, bound): nn.Linear's draw, fmaf(x, 2 bound, -bound) with x = (u32 &
// 0xffffff) * 2^-24.
float nb_random_uniform(struct nb_random *random, float bound);

// order (n): a permutation of 0..n-1 as torch.randperm(n, generator=random) makes it; n < 2^28.
void nb_random_permutation(struct nb_random *random, uint32_t *order, size_t n);

// order (n): the order of one epoch of DataLoader(shuffle=True). Costs `random` two 64-bit draws,
// whatever n is.
void nb_random_epoch_order(struct nb_random *random, uint32_t *order, size_t n);

#endif
