// SPDX-License-Identifier: MIT
// The one list of kernels: K(family, name, return type, (arguments)). It makes the function table,
// and tests and benchmarks walk it, so a kernel that is added here is dispatched, tested and timed.
// `real` is float or double.
//
// Rules for every kernel
//   shapes    (rows, cols) row-major; element (i, j) of x is x[i * ldx + j], ldx >= cols.
//             (n) is contiguous. Sizes may be 0.
//   pointers  any alignment of a `real`; only the elements of the stated shapes are touched.
//   aliasing  outputs overlap nothing, unless the kernel says that an output may be the same
//             array as an input.
//   errors    none: the caller has checked the sizes. Kernels do not allocate, do no I/O and
//             start no threads.
//   bits      docs/contract.md: equal on every ISA of the contract. A caller may split the
//             outputs between threads as noted.
#ifndef NB_KERNELS_KERNEL_LIST_H
#define NB_KERNELS_KERNEL_LIST_H

#include <stddef.h>
#include <stdint.h>

// clang-format off
#define NB_KERNEL_LIST(K, real, epilogue)                                                                              \
    /* matmul: c (m, n). Each element is one chain: c = 0 (or the old c when the epilogue accumulates), then                \
       c = fma(a, b, c) for ascending k, then the epilogue. Split m and n as you like.                                      \
         nn: a (m, k), b (k, n)      c = a . b                                                                              \
         nt: a (m, k), b (n, k)      c = a . b^T                                                                            \
         tn: a (k, m), b (k, n)      c = a^T . b                                                                            \
       `out` may be NULL: overwrite c with the product. */                                                                  \
    K(matmul, matmul_nn, void, (size_t m, size_t n, size_t k, const real *a, size_t lda, const real *b, size_t ldb,         \
                                real *c, size_t ldc, const epilogue *out))                                                  \
    K(matmul, matmul_nt, void, (size_t m, size_t n, size_t k, const real *a, size_t lda, const real *b, size_t ldb,         \
                                real *c, size_t ldc, const epilogue *out))                                                  \
    K(matmul, matmul_tn, void, (size_t m, size_t n, size_t k, const real *a, size_t lda, const real *b, size_t ldb,         \
                                real *c, size_t ldc, const epilogue *out))                                                  \
    /* reduce: sums and moments of x (rows, cols). Variance is the biased one, sum (x - mean)^2 / n, centred.               \
       row_*: results (rows), split rows. column_*: results (cols), split columns. Of zero elements the sum is 0 and          \
       the moments are NaN. Of data that hold an infinity the sum is one (or NaN, of both), but both moments are NaN:         \
       the mean is corrected by the mean of x - mean. */                                                                    \
    K(reduce, row_sum, void, (size_t rows, size_t cols, const real *x, size_t ldx, real *sum))                              \
    K(reduce, row_moments, void, (size_t rows, size_t cols, const real *x, size_t ldx, real *mean, real *variance))         \
    K(reduce, column_sum, void, (size_t rows, size_t cols, const real *x, size_t ldx, real *sum))                           \
    K(reduce, column_moments, void, (size_t rows, size_t cols, const real *x, size_t ldx, real *mean, real *variance))      \
    /* block_sum: sum (cols) of the rows of x (blocks, cols), one after another: it combines what column reductions           \
       left per block of NB_BLOCK_ROWS rows. Split columns. */                                                              \
    K(reduce, block_sum, void, (size_t blocks, size_t cols, const real *x, size_t ldx, real *sum))                          \
    /* batchnorm (Ioffe & Szegedy 2015), per column; split columns, and infer as you like. rows >= 2 in training.            \
         y = (x - mean) * rstd * gamma + beta,  rstd = 1 / sqrt(variance + eps)        variance biased                       \
         running = (1 - momentum) * running + momentum * batch value                   variance unbiased                     \
       gamma, beta, running_mean, running_var, mean, rstd, dgamma, dbeta (cols). y may be x in the forward passes.           \
       backward: dbeta = sum dy, dgamma = sum dy * xhat, dx = gamma * rstd * (dy - dbeta / rows - xhat * dgamma / rows);      \
       dx may be dy. *_relu_* computes max(y, 0), and its backward masks dy by recomputing the sign of y. */                  \
    K(batchnorm, batchnorm_forward, void, (size_t rows, size_t cols, const real *x, size_t ldx, const real *gamma,          \
                 const real *beta, real eps, real momentum, real *running_mean, real *running_var, real *mean,              \
                 real *rstd, real *y, size_t ldy))                                                                          \
    K(batchnorm, batchnorm_relu_forward, void, (size_t rows, size_t cols, const real *x, size_t ldx, const real *gamma,     \
                 const real *beta, real eps, real momentum, real *running_mean, real *running_var, real *mean,              \
                 real *rstd, real *y, size_t ldy))                                                                          \
    K(batchnorm, batchnorm_infer, void, (size_t rows, size_t cols, const real *x, size_t ldx, const real *gamma,            \
                 const real *beta, real eps, const real *running_mean, const real *running_var, real *y, size_t ldy))       \
    K(batchnorm, batchnorm_relu_infer, void, (size_t rows, size_t cols, const real *x, size_t ldx, const real *gamma,       \
                 const real *beta, real eps, const real *running_mean, const real *running_var, real *y, size_t ldy))       \
    K(batchnorm, batchnorm_backward, void, (size_t rows, size_t cols, const real *x, size_t ldx, const real *gamma,         \
                 const real *beta, const real *mean, const real *rstd, const real *dy, size_t lddy, real *dx, size_t lddx,  \
                 real *dgamma, real *dbeta))                                                                                \
    K(batchnorm, batchnorm_relu_backward, void, (size_t rows, size_t cols, const real *x, size_t ldx, const real *gamma,    \
                 const real *beta, const real *mean, const real *rstd, const real *dy, size_t lddy, real *dx, size_t lddx,  \
                 real *dgamma, real *dbeta))                                                                                \
    /* layernorm (Ba, Kiros & Hinton 2016), per row: the same formulas with the statistics of each row.                     \
       mean, rstd (rows); gamma, beta (cols). y may be x, dx may be dy. Split rows, at multiples of NB_BLOCK_ROWS in          \
       backward, where dgamma and dbeta are partial sums per block, (NB_BLOCKS(rows), cols), for block_sum:                  \
         g = dy * gamma,  dx = rstd * (g - sum g / cols - xhat * sum (g * xhat) / cols)                                     \
         dgamma = sum over the block's rows of dy * xhat, dbeta = sum of dy */                                              \
    K(layernorm, layernorm_forward, void, (size_t rows, size_t cols, const real *x, size_t ldx, const real *gamma,          \
                 const real *beta, real eps, real *mean, real *rstd, real *y, size_t ldy))                                  \
    K(layernorm, layernorm_relu_forward, void, (size_t rows, size_t cols, const real *x, size_t ldx, const real *gamma,     \
                 const real *beta, real eps, real *mean, real *rstd, real *y, size_t ldy))                                  \
    K(layernorm, layernorm_backward, void, (size_t rows, size_t cols, const real *x, size_t ldx, const real *gamma,         \
                 const real *beta, const real *mean, const real *rstd, const real *dy, size_t lddy, real *dx, size_t lddx,  \
                 real *dgamma, real *dbeta))                                                                                \
    K(layernorm, layernorm_relu_backward, void, (size_t rows, size_t cols, const real *x, size_t ldx, const real *gamma,    \
                 const real *beta, const real *mean, const real *rstd, const real *dy, size_t lddy, real *dx, size_t lddx,  \
                 real *dgamma, real *dbeta))                                                                                \
    /* relu: y = max(x, 0), a NaN stays; dx = y > 0 ? dy : 0. y may be x, dx may be dy. Split as you like. */                 \
    K(relu, relu_forward, void, (size_t rows, size_t cols, const real *x, size_t ldx, real *y, size_t ldy))                 \
    K(relu, relu_backward, void, (size_t rows, size_t cols, const real *y, size_t ldy, const real *dy, size_t lddy,         \
                 real *dx, size_t lddx))                                                                                    \
    /* softmax_xent: cross-entropy of softmax per row, log-sum-exp form; x (rows, cols), cols >= 1, labels (rows) < cols:    \
         loss = log(sum exp(x - max)) - (x[label] - max)             loss (rows)                                            \
         dx = (softmax(x) - onehot(label)) / batch                   dx (rows, cols), may be x, or NULL: loss only            \
       `batch` is the number of rows of the whole batch, of which these rows are a part. Split rows. */                      \
    K(softmax_xent, softmax_xent, void, (size_t rows, size_t cols, const real *x, size_t ldx, const uint8_t *labels,        \
                 size_t batch, real *loss, real *dx, size_t lddx))                                                          \
    /* pixel: y = ((x / 255) - mean) / deviation of bytes x, (n) each: torchvision's ToTensor and Normalize. Each operation is      \
       rounded to float, and the last result widened. Split as you like. */                                                 \
    K(pixel, pixel_normalize, void, (size_t n, const uint8_t *x, float mean, float deviation, real *y))                      \
    /* optimizer: n parameters p with gradients g, in place, PyTorch's formulas. Split as you like.                          \
         sgd: d = g + weight_decay * p;  with momentum: v = first ? d : momentum * v + d,  d = nesterov ? d + momentum * v : v;\
              p = p - lr * d.  v is not touched (may be NULL) when momentum is 0.                                            \
         adam (Kingma & Ba 2015): d = g + weight_decay * p;  u = beta1 * u + (1 - beta1) * d;  v = beta2 * v +               \
              (1 - beta2) * d^2;  p = p - lr / (1 - beta1^step) * u / (sqrt(v) / sqrt(1 - beta2^step) + eps);  step from 1 */  \
    K(optimizer, sgd_step, void, (size_t n, real *p, const real *g, real *v, double lr, double momentum,                    \
                 double weight_decay, int nesterov, int first))                                                             \
    K(optimizer, adam_step, void, (size_t n, real *p, const real *g, real *u, real *v, double lr, double beta1,             \
                 double beta2, double eps, double weight_decay, uint64_t step))                                             \
    /* peak: the ceilings. peak_fma runs `rounds` of peak_flops floating-point operations in registers and returns a value   \
       that depends on all of them. peak_read: largest (rows) of 0 and each row of x (rows, cols), which has no NaN; split      \
       rows. peak_write: a = s; peak_copy: a = b; peak_triad: a = b + s * c; (n) each. */                                     \
    K(peak, peak_fma, real, (size_t rounds))                                                                                \
    K(peak, peak_read, void, (size_t rows, size_t cols, const real *x, size_t ldx, real *largest))                          \
    K(peak, peak_write, void, (size_t n, real *a, real s))                                                                  \
    K(peak, peak_copy, void, (size_t n, real *a, const real *b))                                                            \
    K(peak, peak_triad, void, (size_t n, real *a, const real *b, const real *c, real s))                                    \
    /* batchnorm in two steps, so that threads may divide the rows of y and dx: statistics and sums need all rows, split      \
       columns; apply and dx, from them, as you like. relu: as in *_relu_*. `batch` is the number of rows that the sums are   \
       of. One after the other they are the kernels above, to the bit. y may be x, dx may be dy. */                           \
    K(batchnorm, batchnorm_statistics, void, (size_t rows, size_t cols, const real *x, size_t ldx, real eps, real momentum, \
                 real *running_mean, real *running_var, real *mean, real *rstd))                                            \
    K(batchnorm, batchnorm_apply, void, (size_t rows, size_t cols, const real *x, size_t ldx, const real *gamma,            \
                 const real *beta, const real *mean, const real *rstd, real *y, size_t ldy, int relu))                      \
    K(batchnorm, batchnorm_sums, void, (size_t rows, size_t cols, const real *x, size_t ldx, const real *gamma,             \
                 const real *beta, const real *mean, const real *rstd, const real *dy, size_t lddy, real *dgamma,           \
                 real *dbeta, int relu))                                                                                    \
    K(batchnorm, batchnorm_dx, void, (size_t rows, size_t cols, const real *x, size_t ldx, const real *gamma,               \
                 const real *beta, const real *mean, const real *rstd, const real *dy, size_t lddy, const real *dgamma,     \
                 const real *dbeta, size_t batch, real *dx, size_t lddx, int relu))                                         \
    /* matmul of weights that stay. nn_panels: c (m, n) = a (m, k) . b (k, n), where b lies in panels of P = NB_PANEL(real) \
       columns, each (k, P), contiguous, one every panel_stride elements: element (l, j) is b[j / P * panel_stride + l * P +\
       j % P]. The last panel has all of its columns; what is behind n is not used. Split m as you like, n between panels. */\
    K(matmul, matmul_nn_panels, void, (size_t m, size_t n, size_t k, const real *a, size_t lda, const real *b,              \
                                       size_t panel_stride, real *c, size_t ldc, const epilogue *out))                      \
    /* nt_panels: c (m, n) = a (m, k) . b (n, k)^T, b with its columns in such panels, each (n, P): element (j, l) is        \
       b[l / P * panel_stride + j * P + l % P]. Split m and n as you like. */                                               \
    K(matmul, matmul_nt_panels, void, (size_t m, size_t n, size_t k, const real *a, size_t lda, const real *b,              \
                                       size_t panel_stride, real *c, size_t ldc, const epilogue *out))
// clang-format on

#endif
