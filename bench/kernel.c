// SPDX-License-Identifier: MIT
#include "bench/kernel.h"

#include <string.h>

#include "kernels/kernels.h"

size_t nb_dtype_size(enum nb_dtype dtype) {
    return dtype == NB_F32 ? sizeof(float) : sizeof(double);
}

size_t nb_shape_sizes(enum nb_shape shape) {
    return shape == NB_VECTOR ? 1 : shape == NB_MATRIX ? 2 : 3;
}

// Operations per element. m n k, m n or n elements: a size that a shape does not have is 1.
#define PER_ELEMENT(name, operations)                                          \
    static double flops_##name(const struct nb_sizes *s, double round_flops) { \
        (void)round_flops;                                                     \
        return (operations) * (double)s->m * (double)s->n * (double)s->k;      \
    }
PER_ELEMENT(matmul_nn, 2)
PER_ELEMENT(matmul_nt, 2)
PER_ELEMENT(matmul_tn, 2)
PER_ELEMENT(matmul_nn_panels, 2)
PER_ELEMENT(matmul_nt_panels, 2)
PER_ELEMENT(row_sum, 1)
PER_ELEMENT(row_moments, 4) // sum; x - mean, its square, their sum
PER_ELEMENT(column_sum, 1)
PER_ELEMENT(column_moments, 4)
PER_ELEMENT(block_sum, 1)
PER_ELEMENT(batchnorm_forward, 4 + 3) // moments; (x - mean) * scale + beta
PER_ELEMENT(batchnorm_relu_forward, 4 + 3 + 1)
PER_ELEMENT(batchnorm_infer, 3)
PER_ELEMENT(batchnorm_relu_infer, 3 + 1)
// xhat 2, two sums 3; dx: two differences, two products
PER_ELEMENT(batchnorm_backward, 5 + 4)
PER_ELEMENT(batchnorm_relu_backward, 5 + 4 + 3) // y again: product, sum, comparison
PER_ELEMENT(layernorm_forward, 4 + 4)           // moments; (x - mean) * rstd * gamma + beta
PER_ELEMENT(layernorm_relu_forward, 4 + 4 + 1)
// xhat 2, g 1, two sums 3; dx 4; dgamma 2, dbeta 1
PER_ELEMENT(layernorm_backward, 6 + 4 + 3)
PER_ELEMENT(layernorm_relu_backward, 6 + 4 + 3 + 3)
PER_ELEMENT(relu_forward, 1)
PER_ELEMENT(relu_backward, 1)
PER_ELEMENT(softmax_xent, 6) // max, difference, exp, sum; two divisions
PER_ELEMENT(pixel_normalize, 3)
PER_ELEMENT(sgd_step, 2)   // without momentum and weight decay
PER_ELEMENT(adam_step, 13) // u 3, v 4; sqrt, division, + eps, division, product, difference
PER_ELEMENT(peak_read, 1)
PER_ELEMENT(peak_write, 0)
PER_ELEMENT(peak_copy, 0)
PER_ELEMENT(peak_triad, 2)

PER_ELEMENT(batchnorm_statistics, 4)
PER_ELEMENT(batchnorm_apply, 3)
PER_ELEMENT(batchnorm_sums, 5)
PER_ELEMENT(batchnorm_dx, 4)

static double flops_peak_fma(const struct nb_sizes *s, double round_flops) {
    return round_flops * (double)(200 + s->n); // the rounds that its subject makes
}

// The form that is timed: of the products the plain one, else the subject's first.
static size_t timed_mode(const struct nb_subject *subject) {
    for (size_t mode = 0; subject->mode_names != NULL && mode < subject->modes; mode++)
        if (strcmp(subject->mode_names[mode], "no epilogue") == 0)
            return mode;
    return 0;
}

static struct nb_kernel kernels[] = {
#define KERNEL(group, id, type, args) {.family = #group, .name = #id, .flops = flops_##id},
    NB_KERNEL_LIST(KERNEL, real, epilogue)
#undef KERNEL
        {.name = NULL},
};

static const struct nb_subject *const subjects[][NB_DTYPES] = {
#define FAMILY(family) {nb_check_##family##_f32, nb_check_##family##_f64},
    NB_FAMILY_LIST(FAMILY)
#undef FAMILY
};

static const struct nb_subject *find_subject(const char *name, enum nb_dtype dtype) {
    for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++)
        for (const struct nb_subject *s = subjects[i][dtype]; s->kernel != NULL; s++)
            if (strcmp(s->kernel, name) == 0)
                return s;
    return NULL;
}

const struct nb_kernel *nb_kernel_all(struct nb_error *error) {
    for (struct nb_kernel *kernel = kernels; kernel->name != NULL; kernel++) {
        for (enum nb_dtype p = 0; p < NB_DTYPES; p++) {
            kernel->subject[p] = find_subject(kernel->name, p);
            if (kernel->subject[p] == NULL) {
                nb_error_set(error, NB_FAILED,
                             "the kernel %s has no check; add it to the tester's family %s",
                             kernel->name, kernel->family);
                return NULL;
            }
        }
        const struct nb_subject *subject = kernel->subject[NB_F32];
        kernel->shape = subject->shape;
        kernel->least_m = subject->least_m > 1 ? subject->least_m : 1;
        kernel->mode = timed_mode(subject);
    }
    return kernels;
}

double nb_kernel_flops(const struct nb_kernel *kernel, const struct nb_sizes *sizes,
                       double round_flops) {
    return kernel->flops(sizes, round_flops);
}

size_t nb_extent_of(enum nb_extent extent, const struct nb_sizes *sizes) {
    switch (extent) {
    case NB_ONE:
        return 1;
    case NB_M:
        return sizes->m;
    case NB_N:
        return sizes->n;
    case NB_K:
        return sizes->k;
    case NB_M_BLOCKS:
        return NB_BLOCKS(sizes->m);
    }
    return 0;
}

struct nb_traffic nb_kernel_traffic(const struct nb_kernel *kernel, enum nb_dtype dtype,
                                    const struct nb_sizes *sizes) {
    struct nb_traffic traffic = {0};
    const struct nb_subject *subject = kernel->subject[dtype];
    for (size_t o = 0; o < NB_OPERANDS && subject->operands[o].name != NULL; o++) {
        const struct nb_operand *operand = &subject->operands[o];
        size_t size = nb_operand_size(operand, nb_dtype_size(dtype));
        double bytes = (double)nb_extent_of(operand->rows, sizes) *
                       (double)nb_extent_of(operand->cols, sizes) * (double)size;
        traffic.read += operand->read >> kernel->mode & 1 ? bytes : 0;
        traffic.written += operand->written >> kernel->mode & 1 ? bytes : 0;
    }
    return traffic;
}
