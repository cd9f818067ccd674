// SPDX-License-Identifier: MIT
#include "bench/verdict.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/peer.h"

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

static struct parts choose_parts(const struct nb_operands *operands, const struct nb_cut *cut,
                                 double budget) {
    const struct nb_problem *problem = operands->problem;
    double flops = nb_kernel_flops(problem->kernel, &problem->sizes, 0);
    if (flops <= budget || cut->step == 0)
        return (struct parts){.count = 1};
    size_t total = cut->along == NB_M ? problem->sizes.m : problem->sizes.n;
    size_t units = (size_t)((double)total * budget / flops) / (PIECES * cut->step);
    size_t width = (units > 0 ? units : 1) * cut->step;
    if (total <= PIECES * width)
        return (struct parts){.count = 1};
    return (struct parts){.cut = cut, .count = PIECES, .width = width, .total = total};
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
    struct parts parts = choose_parts(operands, &operands->subject->cuts[0], EXACT_FLOPS);
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

static void compare_within(struct nb_row *row, const char *operand, const struct matrix *got,
                           const struct nb_expected *expected) {
    for (size_t i = 0; i < got->rows; i++)
        for (size_t j = 0; j < got->cols; j++) {
            const struct nb_expected *e = &expected[i * got->cols + j];
            double value = element(got, i, j);
            if (fabsl((long double)value - e->value) <= e->bound) // a NaN is not
                continue;
            differ(row, operand, i, j, value, (double)e->value);
            return;
        }
}

// What the reference makes of a call, for every operand that is written; false: memory is short.
static bool expect(const struct nb_operands *operands, const struct nb_call *given,
                   struct nb_expected *expected[NB_OPERANDS]) {
    for (size_t o = 0; o < NB_OPERANDS; o++) {
        struct matrix matrix = matrix_of(operands, given, o);
        if (!operands->shape[o].written)
            continue;
        expected[o] = calloc(matrix.rows * matrix.cols, sizeof *expected[o]);
        if (expected[o] == NULL)
            return false;
    }
    operands->subject->reference(given, expected);
    return true;
}

// Turns sums per block of rows into the sums of all `rows`, in the first block's place. A block's
// bound is that of its terms and gamma(NB_BLOCK_ROWS) of their sizes (bounded.h), so that of a sum
// of all rows in any order, gamma(rows), is at most the sum of the bounds times the ratio of the
// two.
static void sum_blocks(struct nb_expected *expected, size_t rows, size_t cols,
                       enum nb_dtype dtype) {
    long double u = dtype == NB_F32 ? 0x1p-24L : 0x1p-53L, wider = u * 1.01L;
    long double ratio = (long double)rows / NB_BLOCK_ROWS * (1 - NB_BLOCK_ROWS * u) /
                        (1 - (long double)rows * wider);
    for (size_t i = 0; i < cols; i++) {
        struct nb_expected sum = {0};
        for (size_t block = 0; block < NB_BLOCKS(rows); block++) {
            sum.value += expected[block * cols + i].value;
            sum.bound += expected[block * cols + i].bound;
        }
        expected[i] = (struct nb_expected){sum.value, sum.bound * fmaxl(ratio, 1)};
    }
}

// Compares the operands `which` of the parts of a call along `cut`; `summed` of them are sums of
// all rows.
static enum nb_code parts_within(struct nb_row *row, const struct nb_operands *operands,
                                 const struct nb_call *got, const struct nb_cut *cut,
                                 uint32_t which, uint32_t summed, struct nb_error *error) {
    struct parts parts = choose_parts(operands, cut, BOUND_FLOPS);
    struct nb_call given = nb_operands_call(operands, operands->given);
    const struct nb_offer *offer = row->implementation.offer;
    given.any_order = true;
    given.plain_moments = offer != NULL && offer->plain_moments;
    given.folded = offer != NULL && offer->folded;
    given.from_variance = offer != NULL && offer->from_variance;
    bool enough = true;
    for (size_t i = 0; i < parts.count && row->verdict == NB_BOUND && enough; i++) {
        struct nb_call part = part_of(&parts, operands, got, i);
        struct nb_call given_part = part_of(&parts, operands, &given, i);
        struct nb_expected *expected[NB_OPERANDS] = {0};
        enough = expect(operands, &given_part, expected);
        for (size_t o = 0; o < NB_OPERANDS && enough && row->verdict == NB_BOUND; o++) {
            if (!operands->shape[o].written || !(which >> o & 1))
                continue;
            struct matrix matrix = matrix_of(operands, &part, o);
            if (summed >> o & 1) {
                sum_blocks(expected[o], part.m, matrix.cols, operands->dtype);
                matrix.rows = 1;
            }
            compare_within(row, operands->subject->operands[o].name, &matrix, expected[o]);
        }
        for (size_t o = 0; o < NB_OPERANDS; o++)
            free(expected[o]);
    }
    return enough
               ? NB_OK
               : nb_error_set(error, NB_FAILED, "not enough memory to check a kernel; free some");
}

static enum nb_code reach_within(struct nb_row *row, const struct nb_operands *operands,
                                 const struct nb_call *got, struct nb_error *error) {
    const struct nb_offer *offer = row->implementation.offer;
    uint32_t left_out = offer == NULL ? 0 : offer->left_out;
    uint32_t summed = offer == NULL ? 0 : offer->summed;
    row->verdict = NB_BOUND;
    enum nb_code code = parts_within(row, operands, got, &operands->subject->cuts[0],
                                     ~(left_out | summed), 0, error);
    // Sums of a column take all rows, but no other column.
    static const struct nb_cut columns = {NB_N, 1};
    if (code == NB_OK && summed != 0)
        code = parts_within(row, operands, got, &columns, summed, summed, error);
    return code;
}

enum nb_code nb_verdict_reach(struct nb_row *row, const struct nb_job *job,
                              struct nb_error *error) {
    const struct nb_operands *operands = job->operands;
    struct nb_job once = *job;
    size_t next = 0;
    once.cold = false;
    once.checked = true;
    nb_operands_restore(operands, operands->first);
    nb_team_run(&once, 1, &next);
    struct nb_call got = nb_operands_call(operands, operands->first);
    struct nb_call wanted = nb_operands_call(operands, operands->wanted);
    enum nb_code code = NB_OK;
    if (job->implementation->exact) {
        row->verdict = NB_EXACT;
        struct parts parts = choose_parts(operands, &operands->subject->cuts[0], EXACT_FLOPS);
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
