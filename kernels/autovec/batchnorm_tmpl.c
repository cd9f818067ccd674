// SPDX-License-Identifier: MIT
// Batch normalization over the columns of x (rows, cols), COLUMNS at a time: formulas in
// kernel_list.h.

// y = (x - mean) * scale + beta, with scale = rstd * gamma; cols <= COLUMNS
INLINE void normalize(const bool relu, size_t rows, size_t cols, const real *x, size_t ldx,
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

static void batchnorm_apply(size_t rows, size_t cols, const real *x, size_t ldx, const real *gamma,
                            const real *beta, const real *mean, const real *rstd, real *y,
                            size_t ldy, int relu) {
    for (size_t j0 = 0; j0 < cols; j0 += COLUMNS) {
        const size_t width = at_most(COLUMNS, cols - j0);
        if (relu)
            normalize(true, rows, width, x + j0, ldx, gamma + j0, beta + j0, mean + j0, rstd + j0,
                      y + j0, ldy);
        else
            normalize(false, rows, width, x + j0, ldx, gamma + j0, beta + j0, mean + j0, rstd + j0,
                      y + j0, ldy);
    }
}

static void batchnorm_statistics(size_t rows, size_t cols, const real *x, size_t ldx, real eps,
                                 real momentum, real *running_mean, real *running_var, real *mean,
                                 real *rstd) {
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
    }
}

INLINE void train(const bool relu, size_t rows, size_t cols, const real *x, size_t ldx,
                  const real *gamma, const real *beta, real eps, real momentum, real *running_mean,
                  real *running_var, real *mean, real *rstd, real *y, size_t ldy) {
    for (size_t j0 = 0; j0 < cols; j0 += COLUMNS) {
        const size_t width = at_most(COLUMNS, cols - j0);
        batchnorm_statistics(rows, width, x + j0, ldx, eps, momentum, running_mean + j0,
                             running_var + j0, mean + j0, rstd + j0);
        normalize(relu, rows, width, x + j0, ldx, gamma + j0, beta + j0, mean + j0, rstd + j0,
                  y + j0, ldy);
    }
}

static void batchnorm_forward(size_t rows, size_t cols, const real *x, size_t ldx,
                              const real *gamma, const real *beta, real eps, real momentum,
                              real *running_mean, real *running_var, real *mean, real *rstd,
                              real *y, size_t ldy) {
    train(false, rows, cols, x, ldx, gamma, beta, eps, momentum, running_mean, running_var, mean,
          rstd, y, ldy);
}

static void batchnorm_relu_forward(size_t rows, size_t cols, const real *x, size_t ldx,
                                   const real *gamma, const real *beta, real eps, real momentum,
                                   real *running_mean, real *running_var, real *mean, real *rstd,
                                   real *y, size_t ldy) {
    train(true, rows, cols, x, ldx, gamma, beta, eps, momentum, running_mean, running_var, mean,
          rstd, y, ldy);
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
        normalize(relu, rows, width, x + j0, ldx, gamma + j0, beta + j0, mean + j0, rstd, y + j0,
                  ldy);
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

// dbeta = sum dy, dgamma = rstd * sum dy * (x - mean); cols <= COLUMNS
INLINE void sums(const bool relu, size_t rows, size_t cols, const real *x, size_t ldx,
                 const real *gamma, const real *beta, const real *mean, const real *rstd,
                 const real *dy, size_t lddy, real *dgamma, real *dbeta) {
    real scale[COLUMNS];
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
    for (size_t j = 0; j < cols; j++)
        dgamma[j] *= rstd[j];
}

// dx = scale * dy + p * (x - mean) + q,  p = -scale * rstd * dgamma / batch,
// q = -scale * dbeta / batch; cols <= COLUMNS
INLINE void gradient(const bool relu, size_t rows, size_t cols, const real *x, size_t ldx,
                     const real *gamma, const real *beta, const real *mean, const real *rstd,
                     const real *dy, size_t lddy, const real *dgamma, const real *dbeta,
                     size_t batch, real *dx, size_t lddx) {
    real scale[COLUMNS], p[COLUMNS], q[COLUMNS];
#pragma omp simd
    for (size_t j = 0; j < cols; j++) {
        scale[j] = rstd[j] * gamma[j];
        p[j] = -scale[j] * (rstd[j] * dgamma[j] / (real)batch);
        q[j] = -scale[j] * (dbeta[j] / (real)batch);
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

static void batchnorm_sums(size_t rows, size_t cols, const real *x, size_t ldx, const real *gamma,
                           const real *beta, const real *mean, const real *rstd, const real *dy,
                           size_t lddy, real *dgamma, real *dbeta, int relu) {
    for (size_t j0 = 0; j0 < cols; j0 += COLUMNS) {
        const size_t width = at_most(COLUMNS, cols - j0);
        if (relu)
            sums(true, rows, width, x + j0, ldx, gamma + j0, beta + j0, mean + j0, rstd + j0,
                 dy + j0, lddy, dgamma + j0, dbeta + j0);
        else
            sums(false, rows, width, x + j0, ldx, gamma + j0, beta + j0, mean + j0, rstd + j0,
                 dy + j0, lddy, dgamma + j0, dbeta + j0);
    }
}

static void batchnorm_dx(size_t rows, size_t cols, const real *x, size_t ldx, const real *gamma,
                         const real *beta, const real *mean, const real *rstd, const real *dy,
                         size_t lddy, const real *dgamma, const real *dbeta, size_t batch, real *dx,
                         size_t lddx, int relu) {
    for (size_t j0 = 0; j0 < cols; j0 += COLUMNS) {
        const size_t width = at_most(COLUMNS, cols - j0);
        if (relu)
            gradient(true, rows, width, x + j0, ldx, gamma + j0, beta + j0, mean + j0, rstd + j0,
                     dy + j0, lddy, dgamma + j0, dbeta + j0, batch, dx + j0, lddx);
        else
            gradient(false, rows, width, x + j0, ldx, gamma + j0, beta + j0, mean + j0, rstd + j0,
                     dy + j0, lddy, dgamma + j0, dbeta + j0, batch, dx + j0, lddx);
    }
}

INLINE void grad(const bool relu, size_t rows, size_t cols, const real *x, size_t ldx,
                 const real *gamma, const real *beta, const real *mean, const real *rstd,
                 const real *dy, size_t lddy, real *dx, size_t lddx, real *dgamma, real *dbeta) {
    for (size_t j0 = 0; j0 < cols; j0 += COLUMNS) {
        const size_t width = at_most(COLUMNS, cols - j0);
        sums(relu, rows, width, x + j0, ldx, gamma + j0, beta + j0, mean + j0, rstd + j0, dy + j0,
             lddy, dgamma + j0, dbeta + j0);
        gradient(relu, rows, width, x + j0, ldx, gamma + j0, beta + j0, mean + j0, rstd + j0,
                 dy + j0, lddy, dgamma + j0, dbeta + j0, rows, dx + j0, lddx);
    }
}

static void batchnorm_backward(size_t rows, size_t cols, const real *x, size_t ldx,
                               const real *gamma, const real *beta, const real *mean,
                               const real *rstd, const real *dy, size_t lddy, real *dx, size_t lddx,
                               real *dgamma, real *dbeta) {
    grad(false, rows, cols, x, ldx, gamma, beta, mean, rstd, dy, lddy, dx, lddx, dgamma, dbeta);
}

static void batchnorm_relu_backward(size_t rows, size_t cols, const real *x, size_t ldx,
                                    const real *gamma, const real *beta, const real *mean,
                                    const real *rstd, const real *dy, size_t lddy, real *dx,
                                    size_t lddx, real *dgamma, real *dbeta) {
    grad(true, rows, cols, x, ldx, gamma, beta, mean, rstd, dy, lddy, dx, lddx, dgamma, dbeta);
}
