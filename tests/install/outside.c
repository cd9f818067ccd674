// SPDX-License-Identifier: MIT
// A program that knows normbench only as it is installed, in C and in C++: multiplies two matrices,
// normalizes the rows of the product, and compares both with plain loops. Prints the versions and
// the ISA; exits with 1 when a number is wrong.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <normbench/kernels.h>
#include <normbench/version.h>

#if NB_VERSION_NUMBER < NB_MAKE_VERSION(0, 1, 0)
#    error "these headers are older than the project"
#endif

enum { M = 37, K = 19, N = 50 };

static float a[M * K], b[K * N], c[M * N], y[M * N], gamma_of[N], beta_of[N], mean[M], rstd[M];

// The contract's chain for element (i, j).
static float product(size_t i, size_t j) {
    float sum = 0;
    for (size_t k = 0; k < K; k++)
        sum = fmaf(a[i * K + k], b[k * N + j], sum);
    return sum;
}

static double normalized(size_t i, size_t j) {
    double average = 0, variance = 0;
    for (size_t k = 0; k < N; k++)
        average += c[i * N + k] / (double)N;
    for (size_t k = 0; k < N; k++)
        variance += (c[i * N + k] - average) * (c[i * N + k] - average) / (double)N;
    return (c[i * N + j] - average) / sqrt(variance + 1e-5) * gamma_of[j] + beta_of[j];
}

static int wrong(const struct nb_kernels_f32 *kernels) {
    int count = 0;
    kernels->matmul_nn(M, N, K, a, K, b, N, c, N, NULL);
    kernels->layernorm_forward(M, N, c, N, gamma_of, beta_of, 1e-5f, mean, rstd, y, N);
    for (size_t i = 0; i < M; i++)
        for (size_t j = 0; j < N; j++)
            count += c[i * N + j] != product(i, j) || // to the bit
                     !(fabs(y[i * N + j] - normalized(i, j)) < 1e-4);
    return count;
}

int main(void) {
    for (size_t i = 0; i < M * K; i++)
        a[i] = (float)(i * 7 % 11) / 3 - 1;
    for (size_t i = 0; i < K * N; i++)
        b[i] = (float)(i * 5 % 13) / 7 - 1;
    for (size_t i = 0; i < N; i++)
        gamma_of[i] = 1 + (float)i / (float)N, beta_of[i] = (float)i / 3;
    int failures = 0;
    for (int isa = 0; isa < NB_ISA_COUNT; isa++) {
        const struct nb_kernels_f32 *kernels = nb_isa_kernels_f32((enum nb_isa)isa);
        if (kernels != NULL && nb_isa_exact((enum nb_isa)isa))
            failures += wrong(kernels);
    }
    failures += strcmp(nb_version(), NB_VERSION) != 0;
    printf("%s %s %s\n", nb_version(), nb_isa_name(nb_isa_best()),
           failures == 0 ? "right" : "wrong");
    return failures != 0;
}
