// SPDX-License-Identifier: MIT
// Layer normalization over the rows of x (rows, cols): formulas in kernel_list.h, after Ba, Kiros &
// Hinton 2016. With xhat = (x - mean) * rstd and g = dy * gamma, backward is dx = rstd * (g - sum g
// / cols - xhat * sum (g * xhat) / cols).
//
// Rows that come from memory go one by one: several are read in a burst and written in another, and
// the prefetcher of the CPU rests in between.

// y of `count` rows, a constant up to ROWS_ABREAST: they share what is loaded of gamma and beta.
INLINE void layernorm_apply(const bool past, const int relu, const size_t count, size_t cols,
                            const real *x, size_t ldx, const real *gamma, const real *beta,
                            const real *mean, const real *rstd, real *y, size_t ldy) {
    vec m[ROWS_ABREAST], s[ROWS_ABREAST]; // loaded once: y could be where they come from
    UNROLL for (size_t r = 0; r < count; r++) {
        m[r] = v_set1(mean[r]);
        s[r] = v_set1(rstd[r]);
    }
#define STEP(j, lane, left)                                                                  \
    do {                                                                                     \
        const vec scale = load_left(gamma + (j), left), shift = load_left(beta + (j), left); \
        UNROLL for (size_t r = 0; r < count; r++) {                                          \
            ask_far_lane(past, lane, x + r * ldx + (j));                                     \
            vec centred = v_sub(get_left(past, x + r * ldx + (j), left), m[r]);              \
            vec out = v_fma(v_mul(centred, s[r]), scale, shift);                             \
            put_left(past, y + r * ldy + (j), relu ? v_relu(out) : out, left);               \
        }                                                                                    \
    } while (0)
    FOR_ROW(cols, STEP);
#undef STEP
}

// `groups` of `count` rows, a constant. The sums of the next group stand between the two passes of
// this one, so that nobody waits for the end of a sum.
INLINE void layernorm_groups(const bool past, const int relu, const size_t count, size_t groups,
                             size_t cols, const real *x, size_t ldx, const real *gamma,
                             const real *beta, real eps, real *mean, real *rstd, real *y,
                             size_t ldy) {
    real m0[ROWS_ABREAST];
    struct moments moments[ROWS_ABREAST];
    if (groups > 0)
        row_means_of(count, cols, x, ldx, m0);
    for (size_t g = 0; g < groups; g++) {
        row_moments_of(false, count, cols, x, ldx, m0, moments);
        if (g + 1 < groups)
            row_means_of(count, cols, x + count * ldx, ldx, m0);
        UNROLL for (size_t r = 0; r < count; r++) {
            mean[r] = moments[r].mean;
            rstd[r] = 1 / r_sqrt(moments[r].m2 / (real)cols + eps);
        }
        layernorm_apply(past, relu, count, cols, x, ldx, gamma, beta, mean, rstd, y, ldy);
        x += count * ldx;
        y += count * ldy;
        mean += count;
        rstd += count;
    }
    if (past)
        v_stream_end();
}

INLINE void layernorm_all(const int relu, size_t rows, size_t cols, const real *x, size_t ldx,
                          const real *gamma, const real *beta, real eps, real *mean, real *rstd,
                          real *y, size_t ldy) {
    const size_t groups = is_cached(rows, cols) ? groups_of_rows(rows, cols) : 0;
    const size_t done = groups * ROWS_ABREAST;
    if (goes_past(rows, cols, y, ldy)) {
        layernorm_groups(true, relu, 1, rows, cols, x, ldx, gamma, beta, eps, mean, rstd, y, ldy);
        return;
    }
    layernorm_groups(false, relu, ROWS_ABREAST, groups, cols, x, ldx, gamma, beta, eps, mean, rstd,
                     y, ldy);
    layernorm_groups(false, relu, 1, rows - done, cols, x + done * ldx, ldx, gamma, beta, eps,
                     mean + done, rstd + done, y + done * ldy, ldy);
}

static void layernorm_forward(size_t rows, size_t cols, const real *x, size_t ldx,
                              const real *gamma, const real *beta, real eps, real *mean, real *rstd,
                              real *y, size_t ldy) {
    layernorm_all(0, rows, cols, x, ldx, gamma, beta, eps, mean, rstd, y, ldy);
}

static void layernorm_relu_forward(size_t rows, size_t cols, const real *x, size_t ldx,
                                   const real *gamma, const real *beta, real eps, real *mean,
                                   real *rstd, real *y, size_t ldy) {
    layernorm_all(1, rows, cols, x, ldx, gamma, beta, eps, mean, rstd, y, ldy);
}

// What backward knows of one row.
struct layernorm_row {
    const real *x, *dy;
    real *dx;
    real mean, rstd;
    real g, gx; // sum g / cols, sum (g * xhat) / cols
};

// dy, masked where the forward pass gave y <= 0
INLINE vec masked_dy(const bool far, const int relu, const struct layernorm_row *row, vec xhat,
                     vec gamma, const real *beta, size_t j, size_t left) {
    vec dy = get_left(far, row->dy + j, left);
    return relu ? v_if_positive(v_fma(xhat, gamma, load_left(beta + j, left)), dy) : dy;
}

// The sums of a row. `asks`: for lines of dx meanwhile, since its stores wait for them one by one.
INLINE void layernorm_sums(const bool far, const bool asks, const int relu, size_t cols,
                           const real *gamma, const real *beta, struct layernorm_row *row) {
    lanes g = lanes_set1(0), gx = lanes_set1(0);
    const vec mean = v_set1(row->mean), rstd = v_set1(row->rstd);
#define STEP(j, lane, left)                                                     \
    do {                                                                        \
        if (asks && (lane) * sizeof(vec) % 64 == 0)                             \
            __builtin_prefetch(row->dx + (j), 1);                               \
        vec w = load_left(gamma + (j), left);                                   \
        vec xhat = v_mul(v_sub(get_left(far, row->x + (j), left), mean), rstd); \
        vec gj = v_mul(masked_dy(far, relu, row, xhat, w, beta, j, left), w);   \
        g.v[lane] = keep_left(left, v_add(g.v[lane], gj), g.v[lane]);           \
        gx.v[lane] = keep_left(left, v_fma(gj, xhat, gx.v[lane]), gx.v[lane]);  \
    } while (0)
    FOR_ROW(cols, STEP);
#undef STEP
    row->g = lanes_reduce_add(g) / (real)cols;
    row->gx = lanes_reduce_add(gx) / (real)cols;
}

// dx of `count` rows side by side, and their part of dgamma, dbeta (cols), which start at 0 for the
// first rows of a block.
INLINE void layernorm_dx(const bool past, const int relu, const size_t count, size_t cols,
                         const real *gamma, const real *beta, const struct layernorm_row *rows,
                         bool first, real *dgamma, real *dbeta) {
    const bool far = count == 1;
#define STEP(j, lane, left)                                                                     \
    do {                                                                                        \
        vec w = load_left(gamma + (j), left);                                                   \
        vec sum_dx = first ? v_zero() : load_left(dgamma + (j), left);                          \
        vec sum_d = first ? v_zero() : load_left(dbeta + (j), left);                            \
        UNROLL for (size_t r = 0; r < count; r++) {                                             \
            ask_far_lane(past, lane, rows[r].x + (j));                                          \
            ask_far_lane(past, lane, rows[r].dy + (j));                                         \
            const vec rstd = v_set1(rows[r].rstd);                                              \
            vec xhat =                                                                          \
                v_mul(v_sub(get_left(far, rows[r].x + (j), left), v_set1(rows[r].mean)), rstd); \
            vec dy = masked_dy(far, relu, &rows[r], xhat, w, beta, j, left);                    \
            sum_d = v_add(sum_d, dy);                                                           \
            sum_dx = v_fma(dy, xhat, sum_dx);                                                   \
            vec centred = v_sub(v_mul(dy, w), v_set1(rows[r].g));                               \
            vec out = v_mul(rstd, v_fnma(xhat, v_set1(rows[r].gx), centred));                   \
            put_left(past, rows[r].dx + (j), out, left);                                        \
        }                                                                                       \
        store_left(dgamma + (j), sum_dx, left);                                                 \
        store_left(dbeta + (j), sum_d, left);                                                   \
    } while (0)
    FOR_ROW(cols, STEP);
#undef STEP
}

// `count` rows, a constant up to ROWS_ABREAST, of one block. What goes alone comes from far away,
// but for the last rows of a block.
INLINE void layernorm_grad_rows(const bool past, const bool asks, const int relu,
                                const size_t count, size_t cols, const real *x, size_t ldx,
                                const real *gamma, const real *beta, const real *mean,
                                const real *rstd, const real *dy, size_t lddy, real *dx,
                                size_t lddx, bool first, real *dgamma, real *dbeta) {
    struct layernorm_row rows[ROWS_ABREAST];
    UNROLL for (size_t r = 0; r < count; r++) {
        rows[r] = (struct layernorm_row){
            .x = x + r * ldx,
            .dy = dy + r * lddy,
            .dx = dx + r * lddx,
            .mean = mean[r],
            .rstd = rstd[r],
        };
    }
    for (size_t r = 0; r < count; r++)
        layernorm_sums(count == 1, asks, relu, cols, gamma, beta, &rows[r]);
    layernorm_dx(past, relu, count, cols, gamma, beta, rows, first, dgamma, dbeta);
}

INLINE void layernorm_grad(const int relu, size_t rows, size_t cols, const real *x, size_t ldx,
                           const real *gamma, const real *beta, const real *mean, const real *rstd,
                           const real *dy, size_t lddy, real *dx, size_t lddx, real *dgamma,
                           real *dbeta) {
    // Long rows go in pairs: what they add to is then loaded and stored half as often.
    enum { PAIR = ROWS_ABREAST > 1 ? 2 : 1 };
    const bool cached = is_cached(rows, cols);
    // The stores of many rows, and of short ones, wait less than asking takes.
    const bool asks = far_l3() && !(cached && is_short(cols));
    const bool past = goes_past(rows, cols, dx, lddx);
    for (size_t r0 = 0; r0 < rows; r0 += NB_BLOCK_ROWS, dgamma += cols, dbeta += cols) {
        const size_t count = rows_of_block(rows, r0);
        const size_t groups = cached ? groups_of_rows(count, cols) : 0;
        const size_t pairs = PAIR > 1 && cached ? count / PAIR : 0;
#define BODY_TO(past, asks, r, abreast)                                                          \
    layernorm_grad_rows(past, asks, relu, abreast, cols, x + (r0 + (r)) * ldx, ldx, gamma, beta, \
                        mean + r0 + (r), rstd + r0 + (r), dy + (r0 + (r)) * lddy, lddy,          \
                        dx + (r0 + (r)) * lddx, lddx, (r) == 0, dgamma, dbeta)
#define BODY(r, abreast) BODY_TO(false, false, r, abreast)
#define ASKING(r, abreast) BODY_TO(false, true, r, abreast)
#define PAST(r, abreast) BODY_TO(true, false, r, abreast)
        if (past)
            FOR_ROWS_ABREAST(1, 0, count, PAST);
        else if (groups > 0)
            FOR_ROWS_ABREAST(ROWS_ABREAST, groups, count, BODY);
        else if (asks)
            FOR_ROWS_ABREAST(PAIR, pairs, count, ASKING);
        else
            FOR_ROWS_ABREAST(PAIR, pairs, count, BODY);
#undef PAST
#undef ASKING
#undef BODY
#undef BODY_TO
    }
    if (past)
        v_stream_end();
}

static void layernorm_backward(size_t rows, size_t cols, const real *x, size_t ldx,
                               const real *gamma, const real *beta, const real *mean,
                               const real *rstd, const real *dy, size_t lddy, real *dx, size_t lddx,
                               real *dgamma, real *dbeta) {
    layernorm_grad(0, rows, cols, x, ldx, gamma, beta, mean, rstd, dy, lddy, dx, lddx, dgamma,
                   dbeta);
}

static void layernorm_relu_backward(size_t rows, size_t cols, const real *x, size_t ldx,
                                    const real *gamma, const real *beta, const real *mean,
                                    const real *rstd, const real *dy, size_t lddy, real *dx,
                                    size_t lddx, real *dgamma, real *dbeta) {
    layernorm_grad(1, rows, cols, x, ldx, gamma, beta, mean, rstd, dy, lddy, dx, lddx, dgamma,
                   dbeta);
}
