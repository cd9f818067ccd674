// SPDX-License-Identifier: MIT
// Batch normalization over the columns of x (rows, cols), COLUMNS at a time: formulas in
// kernel_list.h.

// y = (x - mean) * scale + beta, with scale = rstd * gamma; cols <= COLUMNS
INLINE void batchnorm_apply(const bool relu, size_t rows, size_t cols, const real *x, size_t ldx,
                            const real *gamma, const real *beta, const real *mean, const real *rstd,
                            real *y, size_t ldy) {
    real scale[COLUMNS];
#pragma omp simd
    for (size_t j = 0; j < cols; j++)
        scale[j] = rstd[j] * gamma[j];
    for (size_t i = 0; i < rows; i++) {
#pragma omp simd
        for (size_t j = 0; j < cols; j++) {
            const real v = (x[i * ldx + j] - mean[j]) * scale[j] + beta[j];
            y[i * ldy + j] = relu && v < 0 ? 0 : v;
        }
    }
}

INLINE void batchnorm_train(const bool relu, size_t rows, size_t cols, const real *x, size_t ldx,
                            const real *gamma, const real *beta, real eps, real momentum,
                            real *running_mean, real *running_var, real *mean, real *rstd, real *y,
                            size_t ldy) {
    for (size_t j0 = 0; j0 < cols && rows > 0; j0 += COLUMNS) {
        const size_t width = at_most(COLUMNS, cols - j0);
        column_m2(rows, width, x + j0, ldx, mean + j0, rstd + j0); // rstd holds m2 for a moment
#pragma omp simd
        for (size_t j = j0; j < j0 + width; j++) {
            const real m2 = rstd[j];
            running_mean[j] = (1 - momentum) * running_mean[j] + momentum * mean[j];
            running_var[j] = (1 - momentum) * running_var[j] + momentum * (m2 / (real)(rows - 1));
            rstd[j] = 1 / sqrt(m2 / (real)rows + eps);
        }
        batchnorm_apply(relu, rows, width, x + j0, ldx, gamma + j0, beta + j0, mean + j0, rstd + j0,
                        y + j0, ldy);
    }
}

static void batchnorm_forward(size_t rows, size_t cols, const real *x, size_t ldx,
                              const real *gamma, const real *beta, real eps, real momentum,
                              real *running_mean, real *running_var, real *mean, real *rstd,
                              real *y, size_t ldy) {
    batchnorm_train(false, rows, cols, x, ldx, gamma, beta, eps, momentum, running_mean,
                    running_var, mean, rstd, y, ldy);
}

static void batchnorm_relu_forward(size_t rows, size_t cols, const real *x, size_t ldx,
                                   const real *gamma, const real *beta, real eps, real momentum,
                                   real *running_mean, real *running_var, real *mean, real *rstd,
                                   real *y, size_t ldy) {
    batchnorm_train(true, rows, cols, x, ldx, gamma, beta, eps, momentum, running_mean, running_var,
                    mean, rstd, y, ldy);
}

INLINE void batchnorm_running(const bool relu, size_t rows, size_t cols, const real *x, size_t ldx,
                              const real *gamma, const real *beta, real eps, const real *mean,
                              const real *var, real *y, size_t ldy) {
    real rstd[COLUMNS];
    for (size_t j0 = 0; j0 < cols; j0 += COLUMNS) {
        const size_t width = at_most(COLUMNS, cols - j0);
#pragma omp simd
        for (size_t j = 0; j < width; j++)
            rstd[j] = 1 / sqrt(var[j0 + j] + eps);
        batchnorm_apply(relu, rows, width, x + j0, ldx, gamma + j0, beta + j0, mean + j0, rstd,
                        y + j0, ldy);
    }
}

static void batchnorm_infer(size_t rows, size_t cols, const real *x, size_t ldx, const real *gamma,
                            const real *beta, real eps, const real *running_mean,
                            const real *running_var, real *y, size_t ldy) {
    batchnorm_running(false, rows, cols, x, ldx, gamma, beta, eps, running_mean, running_var, y,
                      ldy);
}

static void batchnorm_relu_infer(size_t rows, size_t cols, const real *x, size_t ldx,
                                 const real *gamma, const real *beta, real eps,
                                 const real *running_mean, const real *running_var, real *y,
                                 size_t ldy) {
    batchnorm_running(true, rows, cols, x, ldx, gamma, beta, eps, running_mean, running_var, y,
                      ldy);
}

// Of cols <= COLUMNS: dbeta = sum dy, dgamma = rstd * sum dy * (x - mean), and
//   dx = scale * dy + p * (x - mean) + q,  p = -scale * rstd * dgamma / rows,
//   q = -scale * dbeta / rows
INLINE void batchnorm_strip(const bool relu, size_t rows, size_t cols, const real *x, size_t ldx,
                            const real *gamma, const real *beta, const real *mean, const real *rstd,
                            const real *dy, size_t lddy, real *dx, size_t lddx, real *dgamma,
                            real *dbeta) {
    real scale[COLUMNS], p[COLUMNS], q[COLUMNS];
#pragma omp simd
    for (size_t j = 0; j < cols; j++) {
        scale[j] = rstd[j] * gamma[j];
        dgamma[j] = dbeta[j] = 0;
    }
    for (size_t i = 0; i < rows; i++) {
#pragma omp simd
        for (size_t j = 0; j < cols; j++) {
            const real d = x[i * ldx + j] - mean[j], v = d * scale[j] + beta[j];
            const real g = !relu || v > 0 ? dy[i * lddy + j] : 0;
            dbeta[j] += g;
            dgamma[j] += g * d;
        }
    }
#pragma omp simd
    for (size_t j = 0; j < cols; j++) {
        dgamma[j] *= rstd[j];
        p[j] = -scale[j] * (rstd[j] * dgamma[j] / (real)rows);
        q[j] = -scale[j] * (dbeta[j] / (real)rows);
    }
    for (size_t i = 0; i < rows; i++) {
#pragma omp simd
        for (size_t j = 0; j < cols; j++) {
            const real d = x[i * ldx + j] - mean[j], v = d * scale[j] + beta[j];
            const real g = !relu || v > 0 ? dy[i * lddy + j] : 0;
            dx[i * lddx + j] = scale[j] * g + (p[j] * d + q[j]);
        }
    }
}

INLINE void batchnorm_grad(const bool relu, size_t rows, size_t cols, const real *x, size_t ldx,
                           const real *gamma, const real *beta, const real *mean, const real *rstd,
                           const real *dy, size_t lddy, real *dx, size_t lddx, real *dgamma,
                           real *dbeta) {
    for (size_t j0 = 0; j0 < cols; j0 += COLUMNS)
        batchnorm_strip(relu, rows, at_most(COLUMNS, cols - j0), x + j0, ldx, gamma + j0, beta + j0,
                        mean + j0, rstd + j0, dy + j0, lddy, dx + j0, lddx, dgamma + j0,
                        dbeta + j0);
}

static void batchnorm_backward(size_t rows, size_t cols, const real *x, size_t ldx,
                               const real *gamma, const real *beta, const real *mean,
                               const real *rstd, const real *dy, size_t lddy, real *dx, size_t lddx,
                               real *dgamma, real *dbeta) {
    batchnorm_grad(false, rows, cols, x, ldx, gamma, beta, mean, rstd, dy, lddy, dx, lddx, dgamma,
                   dbeta);
}

static void batchnorm_relu_backward(size_t rows, size_t cols, const real *x, size_t ldx,
                                    const real *gamma, const real *beta, const real *mean,
                                    const real *rstd, const real *dy, size_t lddy, real *dx,
                                    size_t lddx, real *dgamma, real *dbeta) {
    batchnorm_grad(true, rows, cols, x, ldx, gamma, beta, mean, rstd, dy, lddy, dx, lddx, dgamma,
                   dbeta);
}
