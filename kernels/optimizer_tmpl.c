// SPDX-License-Identifier: MIT
// SGD and Adam, with the operations and roundings of PyTorch's CPU kernels (torch.optim.SGD,
// torch.optim.Adam): scalars are prepared in double and rounded once, `add` with a factor is one
// FMA, a decay of a buffer is rounded on its own.

INLINE vec decayed(vec g, vec p, const vec weight_decay, bool decay) {
    return decay ? v_fma(weight_decay, p, g) : g;
}

static void sgd_step(size_t n, real *p, const real *g, real *v, double lr, double momentum,
                     double weight_decay, int nesterov, int first) {
    const vec rate = v_set1((real)lr), keep = v_set1((real)momentum),
              wd = v_set1((real)weight_decay);
    const bool decay = weight_decay != 0, moving = momentum != 0;
#define STEP(i, lane, left)                                                       \
    do {                                                                          \
        vec pi = load_left(p + (i), left);                                        \
        vec d = decayed(load_left(g + (i), left), pi, wd, decay);                 \
        if (moving) {                                                             \
            vec vi = first ? d : v_add(v_mul(keep, load_left(v + (i), left)), d); \
            store_left(v + (i), vi, left);                                        \
            d = nesterov ? v_fma(keep, vi, d) : vi;                               \
        }                                                                         \
        store_left(p + (i), v_fnma(rate, d, pi), left);                           \
    } while (0)
    FOR_ROW(n, STEP);
#undef STEP
}

// base^n by squaring: the C library's pow may differ in the last bit from machine to machine.
static double power(double base, uint64_t n) {
    double result = 1;
    for (; n > 0; n >>= 1) {
        if (n & 1)
            result *= base;
        base *= base;
    }
    return result;
}

static void adam_step(size_t n, real *p, const real *g, real *u, real *v, double lr, double beta1,
                      double beta2, double eps, double weight_decay, uint64_t step) {
    const vec rate = v_set1((real)(lr / (1 - power(beta1, step))));
    const vec root = v_set1((real)sqrt(1 - power(beta2, step)));
    const vec keep1 = v_set1((real)beta1), take1 = v_set1((real)(1 - beta1));
    const vec keep2 = v_set1((real)beta2), take2 = v_set1((real)(1 - beta2));
    const vec small = v_set1((real)eps), wd = v_set1((real)weight_decay);
    const bool decay = weight_decay != 0;
#define STEP(i, lane, left)                                                         \
    do {                                                                            \
        vec pi = load_left(p + (i), left);                                          \
        vec d = decayed(load_left(g + (i), left), pi, wd, decay);                   \
        vec ui = v_fma(take1, d, v_mul(keep1, load_left(u + (i), left)));           \
        vec vi = v_fma(v_mul(take2, d), d, v_mul(keep2, load_left(v + (i), left))); \
        store_left(u + (i), ui, left);                                              \
        store_left(v + (i), vi, left);                                              \
        vec root_v = v_add(v_div(v_sqrt(vi), root), small);                         \
        store_left(p + (i), v_sub(pi, v_div(v_mul(rate, ui), root_v)), left);       \
    } while (0)
    FOR_ROW(n, STEP);
#undef STEP
}
