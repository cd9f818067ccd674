// SPDX-License-Identifier: MIT
#include "check/draw.h"

#include <math.h>

struct nb_draw nb_draw_seed(uint64_t seed, const char *name) {
    uint64_t hash = seed ^ 0xcbf29ce484222325; // FNV-1a
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 0x100000001b3;
    return (struct nb_draw){hash};
}

uint64_t nb_draw_u64(struct nb_draw *draw) {
    uint64_t z = draw->state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

size_t nb_draw_below(struct nb_draw *draw, size_t end) { return (size_t)(nb_draw_u64(draw) % end); }

size_t nb_draw_between(struct nb_draw *draw, size_t first, size_t last) {
    return first + nb_draw_below(draw, last - first + 1);
}

double nb_draw_uniform(struct nb_draw *draw) {
    return ((double)(nb_draw_u64(draw) >> 12) + 0.5) * 0x1p-52;
}

double nb_draw_normal(struct nb_draw *draw) {
    double radius = sqrt(-2 * log(nb_draw_uniform(draw))); // Box & Muller 1958
    return radius * cos(6.283185307179586 * nb_draw_uniform(draw));
}
