// SPDX-License-Identifier: MIT
// Cross-entropy of softmax with the C library's exp and log, which compilers do not vectorise
// without further promises.

static void softmax_xent(size_t rows, size_t cols, const real *x, size_t ldx, const uint8_t *labels,
                         size_t batch, real *loss, real *dx, size_t lddx) {
    for (size_t i = 0; i < rows; i++) {
        const real *xi = x + i * ldx;
        real max = xi[0], sum = 0;
        for (size_t j = 1; j < cols; j++)
            max = xi[j] > max ? xi[j] : max;
        const real chosen = xi[labels[i]] - max;
        if (!dx) {
            for (size_t j = 0; j < cols; j++)
                sum += exp(xi[j] - max);
            loss[i] = log(sum) - chosen;
            continue;
        }
        real *di = dx + i * lddx;
        for (size_t j = 0; j < cols; j++) {
            di[j] = exp(xi[j] - max);
            sum += di[j];
        }
        loss[i] = log(sum) - chosen;
#pragma omp simd
        for (size_t j = 0; j < cols; j++)
            di[j] = di[j] / sum / (real)batch;
        di[labels[i]] = (exp(chosen) / sum - 1) / (real)batch;
    }
}
