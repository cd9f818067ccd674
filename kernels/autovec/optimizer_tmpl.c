// SPDX-License-Identifier: MIT
// SGD and Adam. Their options do not change inside a loop, so that compilers may make one loop of
// each kind.

static void sgd_step(size_t n, real *p, const real *g, real *v, double lr, double momentum,
                     double weight_decay, int nesterov, int first) {
    const real rate = (real)lr, keep = (real)momentum, decay = (real)weight_decay;
    if (momentum == 0) {
#pragma omp simd
        for (size_t i = 0; i < n; i++)
            p[i] -= rate * (weight_decay != 0 ? g[i] + decay * p[i] : g[i]);
        return;
    }
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        const real d = weight_decay != 0 ? g[i] + decay * p[i] : g[i];
        v[i] = first ? d : keep * v[i] + d;
        p[i] -= rate * (nesterov ? d + keep * v[i] : v[i]);
    }
}

static void adam_step(size_t n, real *p, const real *g, real *u, real *v, double lr, double beta1,
                      double beta2, double eps, double weight_decay, uint64_t step) {
    const real rate = (real)(lr / (1 - pow(beta1, (double)step)));
    const real root = (real)sqrt(1 - pow(beta2, (double)step));
    const real keep1 = (real)beta1, take1 = (real)(1 - beta1);
    const real keep2 = (real)beta2, take2 = (real)(1 - beta2);
    const real small = (real)eps, decay = (real)weight_decay;
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        const real d = weight_decay != 0 ? g[i] + decay * p[i] : g[i];
        u[i] = keep1 * u[i] + take1 * d;
        v[i] = keep2 * v[i] + take2 * d * d;
        p[i] -= rate * u[i] / (sqrt(v[i]) / root + small);
    }
}
