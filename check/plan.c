// SPDX-License-Identifier: MIT
#include "check/plan.h"

#include <math.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

const char *nb_input_name(enum nb_input input) {
    static const char *const names[] = {"normal", "wide",  "mean 1e4, sd 1e-2", "subnormal",
                                        "equal",  "zeros", "infinite",          "NaN"};
    return names[input];
}

// Around every vector width, register tile and block of rows, and the sizes of the training runs.
static const size_t heights[] = {1,  2,  3,  4,   5,   6,   7,   8,   9,  13, 15,
                                 16, 17, 31, 32,  33,  63,  64,  65,  66, 67, 95,
                                 96, 97, 99, 113, 127, 128, 129, 131, 257};
static const size_t widths[] = {1,  2,  3,  4,  5,   6,   7,   8,   9,   10,  11,  12,  13,
                                14, 15, 16, 17, 23,  31,  32,  33,  47,  48,  49,  63,  64,
                                65, 66, 67, 97, 127, 128, 129, 131, 255, 256, 257, 784, 1000};

struct plan {
    const struct nb_subject *subject;
    struct nb_draw *draw;
    void (*visit)(void *user, const struct nb_case *c);
    void *user;
    size_t turn; // the mode of the next product
};

static void visit(struct plan *plan, size_t m, size_t n, size_t k, size_t mode,
                  enum nb_input input) {
    if (m >= plan->subject->least_m && n >= plan->subject->least_n)
        plan->visit(plan->user, &(struct nb_case){m, n, k, mode, input});
}

static size_t pick(struct plan *plan, const size_t *sizes, size_t count) {
    return sizes[nb_draw_below(plan->draw, count)];
}

static void visit_vectors(struct plan *plan, size_t mode) {
    for (size_t n = 0; n <= 40; n++)
        visit(plan, 1, n, 0, mode, NB_NORMAL);
    for (size_t i = 0; i < COUNT(widths); i++)
        for (enum nb_input input = NB_NORMAL; input < NB_INPUTS; input++)
            visit(plan, 1, widths[i], 0, mode, input);
    visit(plan, 1, 4099, 0, mode, NB_NORMAL);
}

static void visit_matrices(struct plan *plan, size_t mode) {
    static const size_t others[][2] = {{0, 0},     {0, 5},     {5, 0},     {40, 0},
                                       {128, 256}, {1000, 10}, {257, 784}, {1, 10000}};
    for (size_t i = 0; i < COUNT(widths); i++)
        visit(plan, pick(plan, heights, COUNT(heights)), widths[i], 0, mode, NB_NORMAL);
    for (size_t i = 0; i < COUNT(heights); i++)
        visit(plan, heights[i], pick(plan, widths, COUNT(widths)), 0, mode, NB_NORMAL);
    for (size_t i = 0; i < COUNT(others); i++)
        visit(plan, others[i][0], others[i][1], 0, mode, NB_NORMAL);
    for (enum nb_input input = NB_NORMAL + 1; input < NB_INPUTS; input++) {
        visit(plan, 128, 256, 0, mode, input);
        for (size_t i = 0; i < 12; i++)
            visit(plan, pick(plan, heights, COUNT(heights)), pick(plan, widths, COUNT(widths)), 0,
                  mode, input);
    }
}

static void visit_product(struct plan *plan, size_t m, size_t n, size_t k, enum nb_input input) {
    visit(plan, m, n, k, plan->turn++ % plan->subject->modes, input);
}

// Every size from 0 to 70 in each of the three places, long chains, and the products of the
// training runs.
static void visit_products(struct plan *plan) {
    static const size_t others[][3] = {
        {0, 0, 0},     {3, 5, 3000},    {13, 1, 2049},  {1, 33, 4097},  {40, 50, 513},
        {131, 67, 97}, {7, 10, 256},    {128, 10, 256}, {10, 256, 128}, {7, 784, 10},
        {2, 256, 784}, {128, 256, 784}, {256, 784, 128}};
    for (size_t size = 0; size <= 70; size++) {
        for (size_t place = 0; place < 3; place++) {
            size_t sizes[3];
            for (size_t i = 0; i < 3; i++)
                sizes[i] = i == place ? size : nb_draw_between(plan->draw, 1, 70);
            visit_product(plan, sizes[0], sizes[1], sizes[2], NB_NORMAL);
        }
    }
    for (size_t i = 0; i < COUNT(others); i++)
        visit_product(plan, others[i][0], others[i][1], others[i][2], NB_NORMAL);
    for (enum nb_input input = NB_NORMAL + 1; input < NB_INPUTS; input++)
        for (size_t i = 0; i < 2 * plan->subject->modes; i++)
            visit_product(plan, nb_draw_between(plan->draw, 1, 40),
                          nb_draw_between(plan->draw, 1, 70), nb_draw_between(plan->draw, 1, 70),
                          input);
}

void nb_plan(const struct nb_subject *subject, struct nb_draw *draw,
             void (*visit_case)(void *user, const struct nb_case *c), void *user) {
    struct plan plan = {subject, draw, visit_case, user, 0};
    if (subject->shape == NB_PRODUCT)
        visit_products(&plan);
    else
        for (size_t mode = 0; mode < subject->modes; mode++)
            (subject->shape == NB_VECTOR ? visit_vectors : visit_matrices)(&plan, mode);
}

static double datum(enum nb_input input, size_t size, double equal, struct nb_draw *draw) {
    static const double zeros[] = {0.0, -0.0, 1.0, -1.0};
    switch (input) {
    case NB_WIDE:
        return ldexp(nb_draw_normal(draw), (int)nb_draw_between(draw, 0, 40) - 20);
    case NB_FAR:
        return 1e4 + 1e-2 * nb_draw_normal(draw);
    case NB_SUBNORMAL:
        return ldexp(nb_draw_normal(draw), size == sizeof(float) ? -130 : -1026);
    case NB_EQUAL:
        return equal;
    case NB_ZEROS:
        return zeros[nb_draw_below(draw, COUNT(zeros))];
    default:
        return nb_draw_normal(draw);
    }
}

static void put(void *values, size_t i, size_t size, double value) {
    if (size == sizeof(float))
        ((float *)values)[i] = (float)value;
    else
        ((double *)values)[i] = value;
}

void nb_input_fill(void *values, size_t count, size_t size, enum nb_fill fill, enum nb_input input,
                   size_t labels, struct nb_draw *draw) {
    double equal = nb_draw_normal(draw);
    for (size_t i = 0; i < count; i++) {
        switch (fill) {
        case NB_DATA:
            put(values, i, size, datum(input, size, equal, draw));
            break;
        case NB_PARAMETER:
            put(values, i, size, nb_draw_normal(draw));
            break;
        case NB_POSITIVE:
            put(values, i, size, 0.25 + 4 * nb_draw_uniform(draw));
            break;
        case NB_MEAN:
            put(values, i, size, datum(input == NB_FAR ? NB_FAR : NB_NORMAL, size, 0, draw));
            break;
        case NB_LABELS:
            ((uint8_t *)values)[i] = (uint8_t)nb_draw_below(draw, labels < 256 ? labels : 256);
            break;
        }
    }
    if (fill == NB_DATA && count > 0 && (input == NB_INFINITE || input == NB_NOT_A_NUMBER)) {
        for (size_t i = 0; i <= count / 256; i++) {
            double infinity = nb_draw_below(draw, 2) ? INFINITY : -INFINITY;
            put(values, nb_draw_below(draw, count), size, input == NB_INFINITE ? infinity : NAN);
        }
    }
}
