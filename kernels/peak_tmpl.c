// SPDX-License-Identifier: MIT
// The ceilings that every table is measured against.

enum {
    PEAK_CHAINS =
        TILE_ROWS *
        TILE_VECS, // independent, like the accumulators of matmul: enough to hide an FMA's latency
    PEAK_FLOPS = 2 * LANES * PEAK_CHAINS,
    PEAK_READS = 8, // registers that a row is read into side by side
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

// A maximum has the same bits in any order, so that there may be as many chains as each ISA needs.
static real largest_of(size_t n, const real *x) {
    vec largest[PEAK_READS];
    UNROLL for (size_t i = 0; i < PEAK_READS; i++) largest[i] = v_zero();
    size_t i = 0;
    for (; i + PEAK_READS * LANES <= n; i += PEAK_READS * LANES) {
        UNROLL for (size_t r = 0; r < PEAK_READS; r++) {
            largest[r] = v_max(v_load(x + i + r * LANES), largest[r]);
        }
    }
    for (; i < n; i += LANES) // the lanes that a part leaves out hold 0
        largest[0] = v_max(v_load_n(x + i, n - i), largest[0]);
    UNROLL for (size_t r = 1; r < PEAK_READS; r++) largest[0] = v_max(largest[r], largest[0]);
    return v_reduce_max(largest[0]);
}

static void peak_read(size_t rows, size_t cols, const real *x, size_t ldx, real *largest) {
    for (size_t i = 0; i < rows; i++)
        largest[i] = largest_of(cols, x + i * ldx);
}

// The writing ceilings go past the caches where the kernels do.
#define FOR_OUTPUT(n, a)             \
    do {                             \
        if (goes_past(1, n, a, 0)) { \
            FOR_ROW(n, PAST);        \
            v_stream_end();          \
        } else {                     \
            FOR_ROW(n, INTO);        \
        }                            \
    } while (0)
#define PAST(i, lane, left) put_left(true, a + (i), STEP(i, left), left)
#define INTO(i, lane, left) put_left(false, a + (i), STEP(i, left), left)

static void peak_write(size_t n, real *a, real s) {
#define STEP(i, left) v_set1(s)
    FOR_OUTPUT(n, a);
#undef STEP
}

static void peak_copy(size_t n, real *a, const real *b) {
#define STEP(i, left) load_left(b + (i), left)
    FOR_OUTPUT(n, a);
#undef STEP
}

static void peak_triad(size_t n, real *a, const real *b, const real *c, real s) {
#define STEP(i, left) v_fma(v_set1(s), load_left(c + (i), left), load_left(b + (i), left))
    FOR_OUTPUT(n, a);
#undef STEP
}
#undef INTO
#undef PAST
#undef FOR_OUTPUT
