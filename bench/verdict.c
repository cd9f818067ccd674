// SPDX-License-Identifier: MIT
#include "bench/verdict.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Operations that a check may cost: of the scalar table, and of the reference, whose every
// operation is some twenty of them.
#define EXACT_FLOPS 3e8
#define BOUND_FLOPS 3e6

enum { PIECES = 8 };

// The parts of a problem that are compared: `count` ranges of `width` along `cut`, evenly spread.
struct parts {
    const struct nb_cut *cut; // NULL: the whole
    size_t count, width, total;
};

static struct parts choose_parts(const struct nb_operands *operands, double budget) {
    const struct nb_problem *problem = operands->problem;
    const struct nb_cut *cut = &operands->subject->cuts[0];
    double flops = nb_kernel_flops(problem->kernel, &problem->sizes, 0);
    if (flops <= budget || cut->step == 0)
        return (struct parts){.count = 1};
    size_t total = cut->along == NB_M ? problem->sizes.m : problem->sizes.n;
    size_t units = (size_t)((double)total * budget / flops) / (PIECES * cut->step);
    size_t width = (units > 0 ? units : 1) * cut->step;
    return total <= PIECES * width
               ? (struct parts){.count = 1}
               : (struct parts){.cut = cut, .count = PIECES, .width = width, .total = total};
}

// Part `i` of a call. The first begins at 0, the last ends at the end.
static struct nb_call part_of(const struct parts *parts, const struct nb_operands *operands,
                              const struct nb_call *whole, size_t i) {
    if (parts->cut == NULL)
        return *whole;
    size_t steps = (parts->total + parts->cut->step - 1 - parts->width) / parts->cut->step;
    size_t first = steps * i / (parts->count - 1) * parts->cut->step;
    size_t end = first + parts->width < parts->total ? first + parts->width : parts->total;
    return nb_layout_piece(operands->subject, operands->shape, whole, parts->cut->along, first,
                           end);
}

void nb_verdict_prepare(const struct nb_operands *operands) {
    struct nb_implementation scalar =
        nb_implementation_ours(operands->problem->kernel, operands->dtype, NB_ISA_SCALAR);
    struct nb_call whole = nb_operands_call(operands, operands->wanted);
    struct parts parts = choose_parts(operands, EXACT_FLOPS);
    nb_operands_restore(operands, operands->wanted);
    for (size_t i = 0; i < parts.count; i++) {
        struct nb_call part = part_of(&parts, operands, &whole, i);
        scalar.call(scalar.table, &part);
    }
}

// Where an operand of a call lies, as a matrix.
struct matrix {
    const unsigned char *at;
    size_t rows, cols, stride, size; // stride and size in bytes
};

static struct matrix matrix_of(const struct nb_operands *operands, const struct nb_call *call,
                               size_t o) {
    struct nb_sizes sizes = {call->m, call->n, call->k};
    const struct nb_operand *operand = &operands->subject->operands[o];
    size_t size = operands->shape[o].size;
    return (struct matrix){call->at[o], nb_extent_of(operand->rows, &sizes),
                           nb_extent_of(operand->cols, &sizes), call->ld[o] * size, size};
}

static double element(const struct matrix *matrix, size_t i, size_t j) {
    const unsigned char *at = matrix->at + i * matrix->stride + j * matrix->size;
    return matrix->size == sizeof(float) ? (double)*(const float *)(const void *)at
                                         : *(const double *)(const void *)at;
}

static void differ(struct nb_row *row, const char *operand, size_t i, size_t j, double got,
                   double wanted) {
    row->verdict = NB_WRONG;
    snprintf(row->error, sizeof row->error, "%s(%zu, %zu) is %.9g and should be %.9g", operand, i,
             j, got, wanted);
}

static void compare_exactly(struct nb_row *row, const struct nb_operands *operands,
                            const struct nb_call *got_call, const struct nb_call *wanted_call) {
    for (size_t o = 0; o < NB_OPERANDS; o++) {
        if (!operands->shape[o].written)
            continue;
        struct matrix got = matrix_of(operands, got_call, o);
        struct matrix wanted = matrix_of(operands, wanted_call, o);
        for (size_t i = 0; i < got.rows; i++)
            for (size_t j = 0; j < got.cols; j++) {
                size_t at = i * got.stride + j * got.size;
                if (memcmp(got.at + at, wanted.at + at, got.size) == 0)
                    continue;
                differ(row, operands->subject->operands[o].name, i, j, element(&got, i, j),
                       element(&wanted, i, j));
                return;
            }
    }
}

static void compare_within(struct nb_row *row, const struct nb_operands *operands,
                           const struct nb_call *got_call, struct nb_expected *const expected[]) {
    for (size_t o = 0; o < NB_OPERANDS; o++) {
        if (!operands->shape[o].written)
            continue;
        struct matrix got = matrix_of(operands, got_call, o);
        for (size_t i = 0; i < got.rows; i++)
            for (size_t j = 0; j < got.cols; j++) {
                const struct nb_expected *e = &expected[o][i * got.cols + j];
                double value = element(&got, i, j);
                if (fabsl((long double)value - e->value) <= e->bound) // a NaN is not
                    continue;
                differ(row, operands->subject->operands[o].name, i, j, value, (double)e->value);
                return;
            }
    }
}

static enum nb_code reach_within(struct nb_row *row, const struct nb_operands *operands,
                                 const struct nb_call *got, struct nb_error *error) {
    struct parts parts = choose_parts(operands, BOUND_FLOPS);
    struct nb_call given = nb_operands_call(operands, operands->given);
    given.any_order = true;
    bool failed = false;
    row->verdict = NB_BOUND;
    for (size_t i = 0; i < parts.count && row->verdict == NB_BOUND && !failed; i++) {
        struct nb_call part = part_of(&parts, operands, got, i);
        struct nb_call given_part = part_of(&parts, operands, &given, i);
        struct nb_expected *expected[NB_OPERANDS] = {0};
        for (size_t o = 0; o < NB_OPERANDS; o++) {
            struct matrix matrix = matrix_of(operands, &part, o);
            if (!operands->shape[o].written)
                continue;
            expected[o] = calloc(matrix.rows * matrix.cols, sizeof *expected[o]);
            failed |= expected[o] == NULL;
        }
        if (!failed) {
            operands->subject->reference(&given_part, expected);
            compare_within(row, operands, &part, expected);
        }
        for (size_t o = 0; o < NB_OPERANDS; o++)
            free(expected[o]);
    }
    return failed ? nb_error_set(error, NB_FAILED, "not enough memory to check a kernel") : NB_OK;
}

enum nb_code nb_verdict_reach(struct nb_row *row, const struct nb_job *job,
                              struct nb_error *error) {
    const struct nb_operands *operands = job->operands;
    struct nb_job once = *job;
    size_t next = 0;
    once.cold = false;
    nb_operands_restore(operands, operands->first);
    nb_team_run(&once, 1, &next);
    struct nb_call got = nb_operands_call(operands, operands->first);
    struct nb_call wanted = nb_operands_call(operands, operands->wanted);
    enum nb_code code = NB_OK;
    if (job->implementation->exact) {
        row->verdict = NB_EXACT;
        struct parts parts = choose_parts(operands, EXACT_FLOPS);
        for (size_t i = 0; i < parts.count && row->verdict == NB_EXACT; i++) {
            struct nb_call got_part = part_of(&parts, operands, &got, i);
            struct nb_call wanted_part = part_of(&parts, operands, &wanted, i);
            compare_exactly(row, operands, &got_part, &wanted_part);
        }
    } else {
        code = reach_within(row, operands, &got, error);
    }
    nb_operands_restore(operands, operands->first);
    return code;
}
