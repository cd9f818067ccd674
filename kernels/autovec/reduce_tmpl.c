// SPDX-License-Identifier: MIT
// Sums, means and variances along rows and columns. Variance is the corrected two-pass algorithm
// (Chan, Golub & LeVeque 1983), as in the other ISAs: it is no slower, and without the correction
// the rounding of the mean can be larger than a small variance.

enum { COLUMNS = 256 }; // that are taken side by side, with their sums in the first-level cache

struct moments {
    real mean, m2; // m2 = sum (x - mean)^2
};

static real row_sum_of(size_t n, const real *x) {
    real sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t j = 0; j < n; j++)
        sum += x[j];
    return sum;
}

static struct moments row_moments_of(size_t n, const real *x) {
    const real m0 = row_sum_of(n, x) / (real)n;
    real sum = 0, squares = 0;
#pragma omp simd reduction(+ : sum, squares)
    for (size_t j = 0; j < n; j++) {
        const real d = x[j] - m0;
        sum += d;
        squares += d * d;
    }
    const real shift = sum / (real)n, m2 = squares - sum * shift;
    return (struct moments){m0 + shift, m2 < 0 ? 0 : m2};
}

static void row_sum(size_t rows, size_t cols, const real *x, size_t ldx, real *sum) {
    for (size_t i = 0; i < rows; i++)
        sum[i] = row_sum_of(cols, x + i * ldx);
}

static void row_moments(size_t rows, size_t cols, const real *x, size_t ldx, real *mean,
                        real *variance) {
    for (size_t i = 0; i < rows; i++) {
        const struct moments m = row_moments_of(cols, x + i * ldx);
        mean[i] = m.mean;
        variance[i] = m.m2 / (real)cols;
    }
}

static void column_sum(size_t rows, size_t cols, const real *x, size_t ldx, real *sum) {
    for (size_t j = 0; j < cols; j++)
        sum[j] = 0;
    for (size_t i = 0; i < rows; i++) {
#pragma omp simd
        for (size_t j = 0; j < cols; j++)
            sum[j] += x[i * ldx + j];
    }
}

static void block_sum(size_t blocks, size_t cols, const real *x, size_t ldx, real *sum) {
    column_sum(blocks, cols, x, ldx, sum);
}

// mean, m2 (cols) of x (rows, cols), with cols <= COLUMNS
static void column_m2(size_t rows, size_t cols, const real *x, size_t ldx, real *mean, real *m2) {
    real sum[COLUMNS];
    column_sum(rows, cols, x, ldx, mean);
#pragma omp simd
    for (size_t j = 0; j < cols; j++) {
        mean[j] /= (real)rows;
        sum[j] = m2[j] = 0;
    }
    for (size_t i = 0; i < rows; i++) {
#pragma omp simd
        for (size_t j = 0; j < cols; j++) {
            const real d = x[i * ldx + j] - mean[j];
            sum[j] += d;
            m2[j] += d * d;
        }
    }
#pragma omp simd
    for (size_t j = 0; j < cols; j++) {
        const real shift = sum[j] / (real)rows, centred = m2[j] - sum[j] * shift;
        mean[j] += shift;
        m2[j] = centred < 0 ? 0 : centred;
    }
}

static void column_moments(size_t rows, size_t cols, const real *x, size_t ldx, real *mean,
                           real *variance) {
    for (size_t j0 = 0; j0 < cols; j0 += COLUMNS)
        column_m2(rows, at_most(COLUMNS, cols - j0), x + j0, ldx, mean + j0, variance + j0);
#pragma omp simd
    for (size_t j = 0; j < cols; j++)
        variance[j] /= (real)rows;
}
