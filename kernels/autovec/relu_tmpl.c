// SPDX-License-Identifier: MIT
// The rectifier on its own.

static void relu_forward(size_t rows, size_t cols, const real *x, size_t ldx, real *y, size_t ldy) {
    for (size_t i = 0; i < rows; i++) {
#pragma omp simd
        for (size_t j = 0; j < cols; j++)
            y[i * ldy + j] = x[i * ldx + j] < 0 ? 0 : x[i * ldx + j];
    }
}

static void relu_backward(size_t rows, size_t cols, const real *y, size_t ldy, const real *dy,
                          size_t lddy, real *dx, size_t lddx) {
    for (size_t i = 0; i < rows; i++) {
#pragma omp simd
        for (size_t j = 0; j < cols; j++)
            dx[i * lddx + j] = y[i * ldy + j] > 0 ? dy[i * lddy + j] : 0;
    }
}
