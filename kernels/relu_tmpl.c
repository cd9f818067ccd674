// SPDX-License-Identifier: MIT
// The rectifier on its own, for networks without normalization (elsewhere it is fused).

static void relu_forward(size_t rows, size_t cols, const real *x, size_t ldx, real *y, size_t ldy) {
    for (size_t i = 0; i < rows; i++) {
#define STEP(j, lane, left) \
    store_left(y + i * ldy + (j), v_relu(load_left(x + i * ldx + (j), left)), left)
        FOR_ROW(cols, STEP);
#undef STEP
    }
}

static void relu_backward(size_t rows, size_t cols, const real *y, size_t ldy, const real *dy,
                          size_t lddy, real *dx, size_t lddx) {
    for (size_t i = 0; i < rows; i++) {
#define STEP(j, lane, left)                                                                      \
    store_left(                                                                                  \
        dx + i * lddx + (j),                                                                     \
        v_if_positive(load_left(y + i * ldy + (j), left), load_left(dy + i * lddy + (j), left)), \
        left)
        FOR_ROW(cols, STEP);
#undef STEP
    }
}
