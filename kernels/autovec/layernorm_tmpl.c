// SPDX-License-Identifier: MIT
// Layer normalization over the rows of x (rows, cols): formulas in kernel_list.h.

INLINE void layernorm_rows(const bool relu, size_t rows, size_t cols, const real *x, size_t ldx,
                           const real *gamma, const real *beta, real eps, real *mean, real *rstd,
                           real *y, size_t ldy) {
    for (size_t i = 0; i < rows; i++) {
        const real *xi = x + i * ldx;
        real *yi = y + i * ldy;
        const struct moments m = row_moments_of(cols, xi);
        const real scale = 1 / sqrt(m.m2 / (real)cols + eps);
        mean[i] = m.mean;
        rstd[i] = scale;
#pragma omp simd
        for (size_t j = 0; j < cols; j++) {
            const real v = (xi[j] - m.mean) * scale * gamma[j] + beta[j];
            yi[j] = relu && v < 0 ? 0 : v;
        }
    }
}

static void layernorm_forward(size_t rows, size_t cols, const real *x, size_t ldx,
                              const real *gamma, const real *beta, real eps, real *mean, real *rstd,
                              real *y, size_t ldy) {
    layernorm_rows(false, rows, cols, x, ldx, gamma, beta, eps, mean, rstd, y, ldy);
}

static void layernorm_relu_forward(size_t rows, size_t cols, const real *x, size_t ldx,
                                   const real *gamma, const real *beta, real eps, real *mean,
                                   real *rstd, real *y, size_t ldy) {
    layernorm_rows(true, rows, cols, x, ldx, gamma, beta, eps, mean, rstd, y, ldy);
}

// One row: dx, and its share of dgamma and dbeta is added.
INLINE void layernorm_row(const bool relu, size_t cols, const real *x, const real *gamma,
                          const real *beta, real mean, real rstd, const real *dy, real *dx,
                          real *dgamma, real *dbeta) {
    real sum_g = 0, sum_gx = 0;
#pragma omp simd reduction(+ : sum_g, sum_gx)
    for (size_t j = 0; j < cols; j++) {
        const real xhat = (x[j] - mean) * rstd, v = xhat * gamma[j] + beta[j];
        const real d = !relu || v > 0 ? dy[j] : 0, g = d * gamma[j];
        sum_g += g;
        sum_gx += g * xhat;
        dbeta[j] += d;
        dgamma[j] += d * xhat;
    }
    const real mean_g = sum_g / (real)cols, mean_gx = sum_gx / (real)cols;
#pragma omp simd
    for (size_t j = 0; j < cols; j++) {
        const real xhat = (x[j] - mean) * rstd, v = xhat * gamma[j] + beta[j];
        const real d = !relu || v > 0 ? dy[j] : 0;
        dx[j] = rstd * (d * gamma[j] - mean_g - xhat * mean_gx);
    }
}

INLINE void layernorm_grad(const bool relu, size_t rows, size_t cols, const real *x, size_t ldx,
                           const real *gamma, const real *beta, const real *mean, const real *rstd,
                           const real *dy, size_t lddy, real *dx, size_t lddx, real *dgamma,
                           real *dbeta) {
    for (size_t i = 0; i < NB_BLOCKS(rows) * cols; i++)
        dgamma[i] = dbeta[i] = 0;
    for (size_t i = 0; i < rows; i++) {
        const size_t block = i / NB_BLOCK_ROWS * cols;
        layernorm_row(relu, cols, x + i * ldx, gamma, beta, mean[i], rstd[i], dy + i * lddy,
                      dx + i * lddx, dgamma + block, dbeta + block);
    }
}

static void layernorm_backward(size_t rows, size_t cols, const real *x, size_t ldx,
                               const real *gamma, const real *beta, const real *mean,
                               const real *rstd, const real *dy, size_t lddy, real *dx, size_t lddx,
                               real *dgamma, real *dbeta) {
    layernorm_grad(false, rows, cols, x, ldx, gamma, beta, mean, rstd, dy, lddy, dx, lddx, dgamma,
                   dbeta);
}

static void layernorm_relu_backward(size_t rows, size_t cols, const real *x, size_t ldx,
                                    const real *gamma, const real *beta, const real *mean,
                                    const real *rstd, const real *dy, size_t lddy, real *dx,
                                    size_t lddx, real *dgamma, real *dbeta) {
    layernorm_grad(true, rows, cols, x, ldx, gamma, beta, mean, rstd, dy, lddy, dx, lddx, dgamma,
                   dbeta);
}
