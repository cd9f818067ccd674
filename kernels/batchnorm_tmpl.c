// SPDX-License-Identifier: MIT
// Batch normalization over the columns of x (rows, cols): formulas in kernel_list.h, after Ioffe &
// Szegedy 2015. With a = rstd * gamma both directions need few operations: y = (x - mean) * a +
// beta keeps the difference x - mean exact where it matters, and
//   dx = a * dy + p * (x - mean) + q,   p = -a * rstd * dgamma / rows,   q = -a * dbeta / rows

INLINE vec v_rstd(vec variance, real eps) {
    return v_div(v_set1(1), v_sqrt(v_add(variance, v_set1(eps))));
}

// y = (x - mean) * rstd * gamma + beta over all rows, for given statistics (cols). Without gamma,
// rstd is the product of the two already.
INLINE void normalize_to(const bool past, const bool by_rows, const int relu, size_t rows,
                         size_t cols, const real *x, size_t ldx, const real *gamma,
                         const real *beta, const real *mean, const real *rstd, real *y,
                         size_t ldy) {
    // What goes past the caches is collected line by line, for which a row's must follow one
    // another.
    const size_t streams = past || by_rows ? 1 : streams_of(rows, cols, ldx);
    const size_t ahead = far_ahead(past, ldx);
    for (size_t r0 = 0; r0 < rows; r0 += streams) {
        const size_t r1 = group_end(rows, r0, streams);
#define BODY(c, vecs, left)                                                                      \
    do {                                                                                         \
        vec m[COLUMN_VECS], a[COLUMN_VECS], b[COLUMN_VECS];                                      \
        UNROLL for (size_t v = 0; v < (vecs); v++) {                                             \
            const size_t j = (c) + v * LANES;                                                    \
            m[v] = load_left(mean + j, left);                                                    \
            a[v] = load_left(rstd + j, left);                                                    \
            if (gamma != NULL)                                                                   \
                a[v] = v_mul(a[v], load_left(gamma + j, left));                                  \
            b[v] = load_left(beta + j, left);                                                    \
        }                                                                                        \
        for (size_t i = r0; i < r1; i++) {                                                       \
            ask(past, vecs, x + i * ldx + (c) + ahead);                                          \
            UNROLL for (size_t v = 0; v < (vecs); v++) {                                         \
                const size_t j = (c) + v * LANES;                                                \
                vec out = v_fma(v_sub(get_left(past, x + i * ldx + j, left), m[v]), a[v], b[v]); \
                put_left(past, y + i * ldy + j, relu ? v_relu(out) : out, left);                 \
            }                                                                                    \
        }                                                                                        \
    } while (0)
        FOR_COLUMNS(cols, BODY);
#undef BODY
    }
    if (past)
        v_stream_end();
}

INLINE void normalize(const int relu, size_t rows, size_t cols, const real *x, size_t ldx,
                      const real *gamma, const real *beta, const real *mean, const real *rstd,
                      real *y, size_t ldy) {
    if (goes_past(rows, cols, y, ldy))
        normalize_to(true, true, relu, rows, cols, x, ldx, gamma, beta, mean, rstd, y, ldy);
    else if (goes_by_rows(2, rows, cols))
        normalize_to(false, true, relu, rows, cols, x, ldx, gamma, beta, mean, rstd, y, ldy);
    else
        normalize_to(false, false, relu, rows, cols, x, ldx, gamma, beta, mean, rstd, y, ldy);
}

// The same with rstd * gamma found once for a strip of columns, not for each group of rows: of the
// variance, or where `known` of rstd.
INLINE void normalize_strips(const bool known, const int relu, size_t rows, size_t cols,
                             const real *x, size_t ldx, const real *gamma, const real *beta,
                             const real *mean, const real *spread, real eps, real *y, size_t ldy) {
    real scale[STRIP];
    for (size_t c0 = 0; c0 < cols; c0 += STRIP) {
        const size_t width = cols - c0 < STRIP ? cols - c0 : STRIP;
#define BODY(c, vecs, left)                                                                   \
    UNROLL for (size_t v = 0; v < (vecs); v++) {                                              \
        const size_t j = (c) + v * LANES;                                                     \
        const vec of = load_left(spread + c0 + j, left), rstd = known ? of : v_rstd(of, eps); \
        store_left(scale + j, v_mul(rstd, load_left(gamma + c0 + j, left)), left);            \
    }
        FOR_COLUMNS(width, BODY);
#undef BODY
        normalize(relu, rows, width, x + c0, ldx, NULL, beta + c0, mean + c0, scale, y + c0, ldy);
    }
}

static void batchnorm_statistics(size_t rows, size_t cols, const real *x, size_t ldx, real eps,
                                 real momentum, real *running_mean, real *running_var, real *mean,
                                 real *rstd) {
    if (rows == 0)
        return;
    column_m2(rows, cols, x, ldx, mean, rstd); // rstd holds m2 for a moment
    const vec keep = v_set1(1 - momentum), take = v_set1(momentum);
    const vec n = v_set1((real)rows), n1 = v_set1((real)(rows - 1));
#define BODY(c, vecs, left)                                                                  \
    UNROLL for (size_t v = 0; v < (vecs); v++) {                                             \
        const size_t j = (c) + v * LANES;                                                    \
        vec m2 = load_left(rstd + j, left);                                                  \
        vec old_mean = load_left(running_mean + j, left),                                    \
            old_var = load_left(running_var + j, left);                                      \
        store_left(running_mean + j,                                                         \
                   v_fma(take, load_left(mean + j, left), v_mul(keep, old_mean)), left);     \
        store_left(running_var + j, v_fma(take, v_div(m2, n1), v_mul(keep, old_var)), left); \
        store_left(rstd + j, v_rstd(v_div(m2, n), eps), left);                               \
    }
    FOR_COLUMNS(cols, BODY);
#undef BODY
}

static void batchnorm_apply(size_t rows, size_t cols, const real *x, size_t ldx, const real *gamma,
                            const real *beta, const real *mean, const real *rstd, real *y,
                            size_t ldy, int relu) {
    const bool strips = goes_by_rows(2, rows, cols);
    if (strips && relu)
        normalize_strips(true, 1, rows, cols, x, ldx, gamma, beta, mean, rstd, 0, y, ldy);
    else if (strips)
        normalize_strips(true, 0, rows, cols, x, ldx, gamma, beta, mean, rstd, 0, y, ldy);
    else if (relu)
        normalize(1, rows, cols, x, ldx, gamma, beta, mean, rstd, y, ldy);
    else
        normalize(0, rows, cols, x, ldx, gamma, beta, mean, rstd, y, ldy);
}

static void batchnorm_forward(size_t rows, size_t cols, const real *x, size_t ldx,
                              const real *gamma, const real *beta, real eps, real momentum,
                              real *running_mean, real *running_var, real *mean, real *rstd,
                              real *y, size_t ldy) {
    batchnorm_statistics(rows, cols, x, ldx, eps, momentum, running_mean, running_var, mean, rstd);
    batchnorm_apply(rows, cols, x, ldx, gamma, beta, mean, rstd, y, ldy, 0);
}

static void batchnorm_relu_forward(size_t rows, size_t cols, const real *x, size_t ldx,
                                   const real *gamma, const real *beta, real eps, real momentum,
                                   real *running_mean, real *running_var, real *mean, real *rstd,
                                   real *y, size_t ldy) {
    batchnorm_statistics(rows, cols, x, ldx, eps, momentum, running_mean, running_var, mean, rstd);
    batchnorm_apply(rows, cols, x, ldx, gamma, beta, mean, rstd, y, ldy, 1);
}

static void batchnorm_infer(size_t rows, size_t cols, const real *x, size_t ldx, const real *gamma,
                            const real *beta, real eps, const real *running_mean,
                            const real *running_var, real *y, size_t ldy) {
    normalize_strips(false, 0, rows, cols, x, ldx, gamma, beta, running_mean, running_var, eps, y,
                     ldy);
}

static void batchnorm_relu_infer(size_t rows, size_t cols, const real *x, size_t ldx,
                                 const real *gamma, const real *beta, real eps,
                                 const real *running_mean, const real *running_var, real *y,
                                 size_t ldy) {
    normalize_strips(false, 1, rows, cols, x, ldx, gamma, beta, running_mean, running_var, eps, y,
                     ldy);
}

// dots = sum dy * (x - mean), sums = sum dy, (cols) each, over a block of rows
INLINE void batchnorm_strip_sums(const bool asks, const int relu, size_t streams, size_t rows,
                                 size_t cols, const real *x, size_t ldx, const real *gamma,
                                 const real *beta, const real *mean, const real *rstd,
                                 const real *dy, size_t lddy, real *dots, real *sums) {
    const size_t ahead = far_ahead(asks, ldx), dy_ahead = far_ahead(asks, lddy);
    for (size_t i0 = 0; i0 < rows; i0 += streams) {
        const size_t i1 = group_end(rows, i0, streams);
#define BODY(c, vecs, left)                                                                        \
    do {                                                                                           \
        vec m[COLUMN_VECS], a[COLUMN_VECS], b[COLUMN_VECS], sum[COLUMN_VECS], dot[COLUMN_VECS];    \
        UNROLL for (size_t v = 0; v < (vecs); v++) {                                               \
            const size_t j = (c) + v * LANES;                                                      \
            m[v] = load_left(mean + j, left);                                                      \
            a[v] = relu ? v_mul(load_left(rstd + j, left), load_left(gamma + j, left)) : v_zero(); \
            b[v] = relu ? load_left(beta + j, left) : v_zero();                                    \
            sum[v] = i0 > 0 ? load_left(sums + j, left) : v_zero();                                \
            dot[v] = i0 > 0 ? load_left(dots + j, left) : v_zero();                                \
        }                                                                                          \
        for (size_t i = i0; i < i1; i++) {                                                         \
            ask(asks, vecs, x + i * ldx + (c) + ahead);                                            \
            ask(asks, vecs, dy + i * lddy + (c) + dy_ahead);                                       \
            UNROLL for (size_t v = 0; v < (vecs); v++) {                                           \
                const size_t j = (c) + v * LANES;                                                  \
                vec d = v_sub(load_left(x + i * ldx + j, left), m[v]);                             \
                vec g = load_left(dy + i * lddy + j, left);                                        \
                if (relu)                                                                          \
                    g = v_if_positive(v_fma(d, a[v], b[v]), g);                                    \
                sum[v] = v_add(sum[v], g);                                                         \
                dot[v] = v_fma(g, d, dot[v]);                                                      \
            }                                                                                      \
        }                                                                                          \
        UNROLL for (size_t v = 0; v < (vecs); v++) {                                               \
            store_left(sums + (c) + v * LANES, sum[v], left);                                      \
            store_left(dots + (c) + v * LANES, dot[v], left);                                      \
        }                                                                                          \
    } while (0)
        FOR_COLUMNS(cols, BODY);
#undef BODY
    }
}

// dx = a * dy + p * (x - mean) + q, from the sums over all rows
INLINE void gradient_to(const bool past, const bool by_rows, const int relu, size_t rows,
                        size_t cols, const real *x, size_t ldx, const real *gamma, const real *beta,
                        const real *mean, const real *rstd, const real *dy, size_t lddy, real *dx,
                        size_t lddx, const real *dgamma, const real *dbeta, size_t batch) {
    const vec minus_n = v_set1(-(real)batch);
    // Three arrays pass side by side here, so fewer rows of each.
    const size_t streams = past || by_rows ? 1 : (streams_of(rows, cols, ldx) + 1) / 2;
    const size_t ahead = far_ahead(past, ldx), dy_ahead = far_ahead(past, lddy);
    real scale[STRIP], slope[STRIP], shift[STRIP]; // a, p, q
    for (size_t c0 = 0; c0 < cols; c0 += STRIP) {
        const size_t width = cols - c0 < STRIP ? cols - c0 : STRIP;
#define BODY(c, vecs, left)                                                                     \
    UNROLL for (size_t v = 0; v < (vecs); v++) {                                                \
        const size_t j = (c) + v * LANES;                                                       \
        vec r = load_left(rstd + c0 + j, left), a = v_mul(r, load_left(gamma + c0 + j, left));  \
        vec p = v_div(v_mul(r, load_left(dgamma + c0 + j, left)), minus_n);                     \
        store_left(scale + j, a, left);                                                         \
        store_left(slope + j, v_mul(a, p), left);                                               \
        store_left(shift + j, v_mul(a, v_div(load_left(dbeta + c0 + j, left), minus_n)), left); \
    }
        FOR_COLUMNS(width, BODY);
#undef BODY
        for (size_t r0 = 0; r0 < rows; r0 += streams) {
            const size_t r1 = group_end(rows, r0, streams);
#define BODY(c, vecs, left)                                                                    \
    do {                                                                                       \
        vec m[COLUMN_VECS], a[COLUMN_VECS], b[COLUMN_VECS], p[COLUMN_VECS], q[COLUMN_VECS];    \
        UNROLL for (size_t v = 0; v < (vecs); v++) {                                           \
            const size_t j = (c) + v * LANES;                                                  \
            m[v] = load_left(mean + c0 + j, left);                                             \
            a[v] = load_left(scale + j, left);                                                 \
            b[v] = relu ? load_left(beta + c0 + j, left) : v_zero();                           \
            p[v] = load_left(slope + j, left);                                                 \
            q[v] = load_left(shift + j, left);                                                 \
        }                                                                                      \
        for (size_t i = r0; i < r1; i++) {                                                     \
            ask(past, vecs, x + i * ldx + c0 + (c) + ahead);                                   \
            ask(past, vecs, dy + i * lddy + c0 + (c) + dy_ahead);                              \
            UNROLL for (size_t v = 0; v < (vecs); v++) {                                       \
                const size_t j = c0 + (c) + v * LANES;                                         \
                vec d = v_sub(get_left(past, x + i * ldx + j, left), m[v]);                    \
                vec g = get_left(past, dy + i * lddy + j, left);                               \
                if (relu)                                                                      \
                    g = v_if_positive(v_fma(d, a[v], b[v]), g);                                \
                put_left(past, dx + i * lddx + j, v_fma(a[v], g, v_fma(p[v], d, q[v])), left); \
            }                                                                                  \
        }                                                                                      \
    } while (0)
            FOR_COLUMNS(width, BODY);
#undef BODY
        }
    }
    if (past)
        v_stream_end();
}

// dbeta = sum dy;  dgamma = rstd * sum dy * (x - mean)
INLINE void sums_of(const bool asks, const int relu, size_t rows, size_t cols, const real *x,
                    size_t ldx, const real *gamma, const real *beta, const real *mean,
                    const real *rstd, const real *dy, size_t lddy, real *dgamma, real *dbeta) {
    real sums[STRIP], dots[STRIP]; // of a block
    const size_t streams = streams_of(rows, cols, ldx);
    for (size_t c0 = 0; c0 < cols; c0 += STRIP) {
        const size_t width = cols - c0 < STRIP ? cols - c0 : STRIP;
        for (size_t r0 = 0; r0 < rows; r0 += NB_BLOCK_ROWS) {
            batchnorm_strip_sums(asks, relu, streams, rows_of_block(rows, r0), width,
                                 x + r0 * ldx + c0, ldx, gamma + c0, beta + c0, mean + c0,
                                 rstd + c0, dy + r0 * lddy + c0, lddy, dots, sums);
#define BODY(c, vecs, left)                                                   \
    UNROLL for (size_t v = 0; v < (vecs); v++) {                              \
        const size_t j = (c) + v * LANES;                                     \
        add_block(dbeta + c0 + j, load_left(sums + j, left), r0 == 0, left);  \
        add_block(dgamma + c0 + j, load_left(dots + j, left), r0 == 0, left); \
    }
            FOR_COLUMNS(width, BODY);
#undef BODY
        }
    }
#define BODY(c, vecs, left)                                        \
    UNROLL for (size_t v = 0; v < (vecs); v++) {                   \
        real *dot = dgamma + (c) + v * LANES;                      \
        vec scale = load_left(rstd + (c) + v * LANES, left);       \
        store_left(dot, v_mul(load_left(dot, left), scale), left); \
    }
    FOR_COLUMNS(cols, BODY);
#undef BODY
}

static void batchnorm_sums(size_t rows, size_t cols, const real *x, size_t ldx, const real *gamma,
                           const real *beta, const real *mean, const real *rstd, const real *dy,
                           size_t lddy, real *dgamma, real *dbeta, int relu) {
#define SUMS(asks, relu) \
    sums_of(asks, relu, rows, cols, x, ldx, gamma, beta, mean, rstd, dy, lddy, dgamma, dbeta)
    if (is_far(rows, cols)) {
        if (relu)
            SUMS(true, 1);
        else
            SUMS(true, 0);
    } else if (relu) {
        SUMS(false, 1);
    } else {
        SUMS(false, 0);
    }
#undef SUMS
}

INLINE void gradient(const int relu, size_t rows, size_t cols, const real *x, size_t ldx,
                     const real *gamma, const real *beta, const real *mean, const real *rstd,
                     const real *dy, size_t lddy, const real *dgamma, const real *dbeta,
                     size_t batch, real *dx, size_t lddx) {
#define TO(past, by_rows)                                                                       \
    gradient_to(past, by_rows, relu, rows, cols, x, ldx, gamma, beta, mean, rstd, dy, lddy, dx, \
                lddx, dgamma, dbeta, batch)
    if (goes_past(rows, cols, dx, lddx))
        TO(true, true);
    else if (goes_by_rows(3, rows, cols))
        TO(false, true);
    else
        TO(false, false);
#undef TO
}

static void batchnorm_dx(size_t rows, size_t cols, const real *x, size_t ldx, const real *gamma,
                         const real *beta, const real *mean, const real *rstd, const real *dy,
                         size_t lddy, const real *dgamma, const real *dbeta, size_t batch, real *dx,
                         size_t lddx, int relu) {
    if (relu)
        gradient(1, rows, cols, x, ldx, gamma, beta, mean, rstd, dy, lddy, dgamma, dbeta, batch, dx,
                 lddx);
    else
        gradient(0, rows, cols, x, ldx, gamma, beta, mean, rstd, dy, lddy, dgamma, dbeta, batch, dx,
                 lddx);
}

static void batchnorm_backward(size_t rows, size_t cols, const real *x, size_t ldx,
                               const real *gamma, const real *beta, const real *mean,
                               const real *rstd, const real *dy, size_t lddy, real *dx, size_t lddx,
                               real *dgamma, real *dbeta) {
    batchnorm_sums(rows, cols, x, ldx, gamma, beta, mean, rstd, dy, lddy, dgamma, dbeta, 0);
    batchnorm_dx(rows, cols, x, ldx, gamma, beta, mean, rstd, dy, lddy, dgamma, dbeta, rows, dx,
                 lddx, 0);
}

static void batchnorm_relu_backward(size_t rows, size_t cols, const real *x, size_t ldx,
                                    const real *gamma, const real *beta, const real *mean,
                                    const real *rstd, const real *dy, size_t lddy, real *dx,
                                    size_t lddx, real *dgamma, real *dbeta) {
    batchnorm_sums(rows, cols, x, ldx, gamma, beta, mean, rstd, dy, lddy, dgamma, dbeta, 1);
    batchnorm_dx(rows, cols, x, ldx, gamma, beta, mean, rstd, dy, lddy, dgamma, dbeta, rows, dx,
                 lddx, 1);
}
