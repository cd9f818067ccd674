// SPDX-License-Identifier: MIT
#include "src/random.h"

#include <math.h>

enum { WORDS = 624, MIDDLE = 397 };

void nb_random_seed(struct nb_random *random, uint64_t seed) {
    uint32_t *state = random->state;
    state[0] = (uint32_t)seed;
    for (uint32_t i = 1; i < WORDS; i++)
        state[i] = 1812433253u * (state[i - 1] ^ (state[i - 1] >> 30)) + i;
    random->next = WORDS;
}

// Makes the next block of state words out of the last one, in place.
static void regenerate(uint32_t *state) {
    for (int i = 0; i < WORDS; i++) {
        uint32_t y = (state[i] & 0x80000000u) | (state[(i + 1) % WORDS] & 0x7fffffffu);
        state[i] = state[(i + MIDDLE) % WORDS] ^ (y >> 1) ^ (y & 1 ? 0x9908b0dfu : 0);
    }
}

uint32_t nb_random_u32(struct nb_random *random) {
    if (random->next == WORDS) {
        regenerate(random->state);
        random->next = 0;
    }
    uint32_t y = random->state[random->next++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
}

uint64_t nb_random_u64(struct nb_random *random) {
    uint64_t high = nb_random_u32(random);
    return high << 32 | nb_random_u32(random);
}

// PyTorch's source says x * (to - from) + from; its AVX2 and AVX-512 builds contract that into one
// FMA.
float nb_random_uniform(struct nb_random *random, float bound) {
    float x = (float)(nb_random_u32(random) & 0xffffff) * 0x1p-24f;
    return fmaf(x, 2 * bound, -bound);
}

void nb_random_permutation(struct nb_random *random, uint32_t *order, size_t n) {
    for (size_t i = 0; i < n; i++)
        order[i] = (uint32_t)i;
    for (size_t i = 0; i + 1 < n; i++) {
        size_t j = i + nb_random_u32(random) % (n - i);
        uint32_t swapped = order[i];
        order[i] = order[j];
        order[j] = swapped;
    }
}

void nb_random_epoch_order(struct nb_random *random, uint32_t *order, size_t n) {
    nb_random_u64(random); // the loader's base seed: only worker processes would use it
    struct nb_random shuffle;
    nb_random_seed(&shuffle, nb_random_u64(random));
    nb_random_permutation(&shuffle, order, n);
}
