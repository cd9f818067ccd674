// SPDX-License-Identifier: MIT
// The ceilings that every table is measured against.

enum {
    PEAK_CHAINS =
        TILE_ROWS *
        TILE_VECS, // independent, like the accumulators of matmul: enough to hide an FMA's latency
    PEAK_FLOPS = 2 * LANES * PEAK_CHAINS,
};

static real peak_fma(size_t rounds) {
    // Fixed point 1 with a slope of 1/2: the chains stay normal numbers for any number of rounds.
    volatile real slope = (real)0.5;
    const vec a = v_set1(slope), b = v_set1(1 - slope);
    vec x[PEAK_CHAINS];
    UNROLL for (size_t i = 0; i < PEAK_CHAINS; i++) x[i] = v_set1((real)i);
    for (size_t round = 0; round < rounds; round++) {
        UNROLL for (size_t i = 0; i < PEAK_CHAINS; i++) x[i] = v_fma(x[i], a, b);
    }
    UNROLL for (size_t i = 1; i < PEAK_CHAINS; i++) x[0] = v_add(x[0], x[i]);
    return v_reduce_add(x[0]);
}

static void peak_triad(size_t n, real *a, const real *b, const real *c, real s) {
#define STEP(i, lane, left) \
    store_left(a + (i), v_fma(v_set1(s), load_left(c + (i), left), load_left(b + (i), left)), left)
    FOR_ROW(n, STEP);
#undef STEP
}
