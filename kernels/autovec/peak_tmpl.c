// SPDX-License-Identifier: MIT
// The ceilings, as far as the compiler comes near them.

enum {
    PEAK_CHAINS = 12 * LANES, // enough to hide the latency of an FMA
    PEAK_FLOPS = 2 * PEAK_CHAINS,
};

static real peak_fma(size_t rounds) {
    // Fixed point 1 with a slope of 1/2: the chains stay normal numbers for any number of rounds.
    volatile real slope = (real)0.5;
    const real a = slope, b = 1 - slope;
    real x[PEAK_CHAINS], sum = 0;
    for (size_t i = 0; i < PEAK_CHAINS; i++)
        x[i] = (real)i;
    for (size_t round = 0; round < rounds; round++) {
#pragma omp simd
        for (size_t i = 0; i < PEAK_CHAINS; i++)
            x[i] = x[i] * a + b;
    }
    for (size_t i = 0; i < PEAK_CHAINS; i++)
        sum += x[i];
    return sum;
}

static void peak_read(size_t rows, size_t cols, const real *x, size_t ldx, real *largest) {
    for (size_t i = 0; i < rows; i++) {
        real top = 0;
#pragma omp simd reduction(max : top)
        for (size_t j = 0; j < cols; j++)
            top = x[i * ldx + j] > top ? x[i * ldx + j] : top;
        largest[i] = top;
    }
}

static void peak_write(size_t n, real *a, real s) {
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        a[i] = s;
}

static void peak_copy(size_t n, real *a, const real *b) {
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        a[i] = b[i];
}

static void peak_triad(size_t n, real *a, const real *b, const real *c, real s) {
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        a[i] = b[i] + s * c[i];
}
