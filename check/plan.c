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
};

static void visit(struct plan *plan, size_t m, size_t n, size_t k, size_t mode,
                  enum nb_input input) {
    if (m >= plan->subject->least_m && n >= plan->subject->least_n)
        plan->visit(plan->user, &(struct nb_case){m, n, k, mode, input});
}

// The draws are statements of their own: the order in which arguments are evaluated is the
// compiler's, and a seed must give the same sizes everywhere.
static void visit_width(struct plan *plan, size_t n, size_t mode, enum nb_input input) {
    size_t m = heights[nb_draw_below(plan->draw, COUNT(heights))];
    visit(plan, m, n, 0, mode, input);
}

static void visit_height(struct plan *plan, size_t m, size_t mode, enum nb_input input) {
    size_t n = widths[nb_draw_below(plan->draw, COUNT(widths))];
    visit(plan, m, n, 0, mode, input);
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
        visit_width(plan, widths[i], mode, NB_NORMAL);
    for (size_t i = 0; i < COUNT(heights); i++)
        visit_height(plan, heights[i], mode, NB_NORMAL);
    for (size_t i = 0; i < COUNT(others); i++)
        visit(plan, others[i][0], others[i][1], 0, mode, NB_NORMAL);
    for (enum nb_input input = NB_NORMAL + 1; input < NB_INPUTS; input++) {
        visit(plan, 128, 256, 0, mode, input);
        for (size_t i = 0; i < 6; i++) {
            visit_width(plan, widths[nb_draw_below(plan->draw, COUNT(widths))], mode, input);
            visit_height(plan, heights[nb_draw_below(plan->draw, COUNT(heights))], mode, input);
        }
    }
}

// Random sizes m0 ... m, 1 ... n and k0 ... k.
static void visit_product(struct plan *plan, size_t m0, size_t m, size_t n, size_t k0, size_t k,
                          size_t mode, enum nb_input input) {
    size_t some_m = nb_draw_between(plan->draw, m0, m);
    size_t some_n = nb_draw_between(plan->draw, 1, n);
    size_t some_k = nb_draw_between(plan->draw, k0, k);
    visit(plan, some_m, some_n, some_k, mode, input);
}

// Every size from 0 to 70 in each of the three places, the products of the training runs, and for
// each epilogue chains and columns that are longer than any block, chains of few k, few rows of
// many columns, which nt swaps, and panels of more rows than a block.
static void visit_products(struct plan *plan) {
    static const size_t others[][3] = {
        {0, 0, 0},     {3, 5, 3000},    {13, 1, 2049},  {1, 33, 4097},  {40, 50, 513},
        {131, 67, 97}, {7, 10, 256},    {128, 10, 256}, {10, 256, 128}, {7, 784, 10},
        {2, 256, 784}, {128, 256, 784}, {256, 784, 128}};
    size_t turn = 0, modes = plan->subject->modes;
    for (size_t size = 0; size <= 70; size++) {
        for (size_t place = 0; place < 3; place++) {
            size_t sizes[3];
            for (size_t i = 0; i < 3; i++)
                sizes[i] = i == place ? size : nb_draw_between(plan->draw, 1, 70);
            visit(plan, sizes[0], sizes[1], sizes[2], turn++ % modes, NB_NORMAL);
        }
    }
    for (size_t i = 0; i < COUNT(others); i++)
        visit(plan, others[i][0], others[i][1], others[i][2], turn++ % modes, NB_NORMAL);
    for (size_t mode = 0; mode < modes; mode++) {
        visit_product(plan, 1, 20, 40, 1025, 2100, mode, NB_NORMAL);
        visit_product(plan, 241, 500, 40, 257, 600, mode, NB_NORMAL);
        visit(plan, 31, 250, 77, mode, NB_NORMAL);
        visit(plan, 64, 500, 130, mode, NB_NORMAL);
        visit(plan, 250, 150, 20, mode, NB_NORMAL);
        for (size_t k = 1; k <= 12; k += k < 4 ? 1 : 4)
            visit_product(plan, 1, 40, 300, k, k, mode, NB_NORMAL);
        for (enum nb_input input = NB_NORMAL + 1; input < NB_INPUTS; input++) {
            visit_product(plan, 1, 40, 70, 1, 70, mode, input);
            visit_product(plan, 1, 40, 70, 1, 70, mode, input);
        }
    }
}

void nb_plan(const struct nb_subject *subject, struct nb_draw *draw,
             void (*visit_case)(void *user, const struct nb_case *c), void *user) {
    struct plan plan = {subject, draw, visit_case, user};
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
        case NB_FILL_DATA:
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
        case NB_BYTES:
            ((uint8_t *)values)[i] = (uint8_t)nb_draw_below(draw, 256);
            break;
        case NB_LABELS:
            ((uint8_t *)values)[i] = (uint8_t)nb_draw_below(draw, labels < 256 ? labels : 256);
            break;
        }
    }
    if (fill == NB_FILL_DATA && count > 0 && (input == NB_INFINITE || input == NB_NOT_A_NUMBER)) {
        for (size_t i = 0; i <= count / 256; i++) {
            double infinity = nb_draw_below(draw, 2) ? INFINITY : -INFINITY;
            put(values, nb_draw_below(draw, count), size, input == NB_INFINITE ? infinity : NAN);
        }
    }
}
