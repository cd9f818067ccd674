// SPDX-License-Identifier: MIT
#include "bench/operands.h"

#include <stdlib.h>
#include <string.h>

#include "check/plan.h"

enum {
    PAGE = 4096,
    // Operands of the same size would else begin at the same place of a page and push one another
    // out of the first-level cache.
    STAGGER = 5 * 64,
};

static size_t round_up(size_t n, size_t unit) { return (n + unit - 1) / unit * unit; }

// Where the operands lie. What the timed mode does not use takes no room.
static void lay_out(struct nb_operands *operands, const struct nb_problem *problem,
                    enum nb_dtype dtype) {
    const struct nb_subject *subject = problem->kernel->subject[dtype];
    *operands = (struct nb_operands){.problem = problem, .subject = subject, .dtype = dtype};
    for (size_t o = 0; o < NB_OPERANDS && subject->operands[o].name != NULL; o++) {
        const struct nb_operand *operand = &subject->operands[o];
        struct nb_values *shape = &operands->shape[o];
        shape->read = operand->read >> problem->kernel->mode & 1;
        shape->written = operand->written >> problem->kernel->mode & 1;
        const size_t panel = nb_operand_panel(operand, nb_dtype_size(dtype));
        shape->rows = (nb_extent_of(operand->rows, &problem->sizes) + panel - 1) / panel;
        shape->cols = nb_extent_of(operand->cols, &problem->sizes) * panel;
        shape->count = shape->rows * shape->cols;
        shape->size = nb_operand_size(operand, nb_dtype_size(dtype));
        if (!shape->read && !shape->written)
            continue;
        operands->offset[o] = operands->bytes;
        operands->bytes += round_up(shape->count * shape->size, 64) + STAGGER;
    }
    operands->bytes = round_up(operands->bytes, 64);
}

size_t nb_operands_bytes(const struct nb_problem *problem, enum nb_dtype dtype) {
    struct nb_operands operands;
    lay_out(&operands, problem, dtype);
    return operands.bytes;
}

size_t nb_operands_cold_sets(const struct nb_problem *problem, enum nb_dtype dtype, size_t bytes) {
    return bytes / nb_operands_bytes(problem, dtype) + 2;
}

static void fill(const struct nb_operands *operands, uint64_t seed) {
    struct nb_draw draw = nb_draw_seed(seed, operands->problem->kernel->name);
    for (size_t o = 0; o < NB_OPERANDS; o++) {
        const struct nb_values *shape = &operands->shape[o];
        if (shape->read)
            nb_input_fill(operands->given + operands->offset[o], shape->count, shape->size,
                          operands->subject->operands[o].fill, NB_NORMAL,
                          operands->problem->sizes.n, &draw);
    }
}

enum nb_code nb_operands_make(struct nb_operands *operands, const struct nb_problem *problem,
                              enum nb_dtype dtype, size_t sets, uint64_t seed,
                              struct nb_error *error) {
    lay_out(operands, problem, dtype);
    size_t total = round_up((sets + 2) * operands->bytes, PAGE);
    operands->memory = aligned_alloc(PAGE, total);
    if (operands->memory == NULL) {
        char text[NB_PROBLEM_TEXT];
        nb_problem_text(problem, text);
        return nb_error_set(error, NB_FAILED, "not enough memory for %s: it takes %zu MiB", text,
                            total >> 20);
    }
    operands->sets = sets;
    operands->given = operands->memory;
    operands->wanted = operands->given + operands->bytes;
    operands->first = operands->wanted + operands->bytes;
    memset(operands->given, 0xff, operands->bytes); // NaN in what a kernel has to write
    fill(operands, seed);
    for (size_t set = 0; set <= sets; set++)
        nb_operands_restore(operands, operands->wanted + set * operands->bytes);
    return NB_OK;
}

void nb_operands_free(struct nb_operands *operands) {
    free(operands->memory);
    *operands = (struct nb_operands){0};
}

struct nb_call nb_operands_call(const struct nb_operands *operands, unsigned char *set) {
    const struct nb_sizes *sizes = &operands->problem->sizes;
    struct nb_call call = {.m = sizes->m,
                           .n = sizes->n,
                           .k = sizes->k,
                           .whole_m = sizes->m,
                           .mode = operands->problem->kernel->mode};
    for (size_t o = 0; o < NB_OPERANDS; o++) {
        const struct nb_values *shape = &operands->shape[o];
        call.ld[o] = shape->cols;
        if (shape->read || shape->written)
            call.at[o] = set + operands->offset[o];
    }
    return call;
}

void nb_operands_restore(const struct nb_operands *operands, unsigned char *set) {
    memcpy(set, operands->given, operands->bytes);
}
