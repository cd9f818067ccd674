// SPDX-License-Identifier: MIT
// The rectifier on its own, for networks without normalization (elsewhere it is fused).

INLINE void relu_forward_to(const bool past, size_t rows, size_t cols, const real *x, size_t ldx,
                            real *y, size_t ldy) {
    for (size_t i = 0; i < rows; i++) {
#define STEP(j, lane, left) \
    put_left(past, y + i * ldy + (j), v_relu(get_left(past, x + i * ldx + (j), left)), left)
        FOR_ROW(cols, STEP);
#undef STEP
    }
    if (past)
        v_stream_end();
}

static void relu_forward(size_t rows, size_t cols, const real *x, size_t ldx, real *y, size_t ldy) {
    if (goes_past(rows, cols, y, ldy))
        relu_forward_to(true, rows, cols, x, ldx, y, ldy);
    else
        relu_forward_to(false, rows, cols, x, ldx, y, ldy);
}

INLINE void relu_backward_to(const bool past, size_t rows, size_t cols, const real *y, size_t ldy,
                             const real *dy, size_t lddy, real *dx, size_t lddx) {
    for (size_t i = 0; i < rows; i++) {
#define STEP(j, lane, left)                                            \
    put_left(past, dx + i * lddx + (j),                                \
             v_if_positive(get_left(past, y + i * ldy + (j), left),    \
                           get_left(past, dy + i * lddy + (j), left)), \
             left)
        FOR_ROW(cols, STEP);
#undef STEP
    }
    if (past)
        v_stream_end();
}

static void relu_backward(size_t rows, size_t cols, const real *y, size_t ldy, const real *dy,
                          size_t lddy, real *dx, size_t lddx) {
    if (goes_past(rows, cols, dx, lddx))
        relu_backward_to(true, rows, cols, y, ldy, dy, lddy, dx, lddx);
    else
        relu_backward_to(false, rows, cols, y, ldy, dy, lddy, dx, lddx);
}
