// SPDX-License-Identifier: MIT
#include "bench/problem.h"

#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/option.h"
#include "src/range.h"

enum { MAX_DIMENSIONS = 3, MAX_VALUES = 256, MAX_WORD = 64, MAX_PROBLEMS = 10000 };

// The values of one size.
struct values {
    size_t value[MAX_VALUES];
    size_t count;
};

// The descriptor that is being read, for messages.
struct source {
    const char *text;
    int length;
    struct nb_error *error;
};

static enum nb_code refuse(const struct source *source, const char *why) {
    int shown = source->length < 200 ? source->length : 200; // the reason must fit, too
    return nb_error_set(source->error, NB_USAGE, "problem '%.*s': %s", shown, source->text, why);
}

// A value that is there already adds nothing but time.
static enum nb_code add_value(struct values *values, size_t value, const struct source *source) {
    for (size_t i = 0; i < values->count; i++)
        if (values->value[i] == value)
            return NB_OK;
    if (values->count == MAX_VALUES)
        return refuse(source, "a size has more than 256 values; give it a step, as 1..4096*2");
    values->value[values->count++] = value;
    return NB_OK;
}

static enum nb_code parse_item(const char *text, size_t length, struct values *values,
                               const struct source *source) {
    static const char *const faults[] = {
        [NB_RANGE_MALFORMED] = "a size is a number from 1, or a range as 1..5 or 4..8192*2",
        [NB_RANGE_DOWNWARD] = "a range goes upwards, from the smaller to the larger size",
        [NB_RANGE_SMALL_FACTOR] = "the factor of a range is at least 2",
    };
    struct nb_range range;
    enum nb_range_fault fault = nb_range_parse(&range, text, length, 1, NB_MAX_SIZE);
    if (fault != NB_RANGE_GOOD)
        return refuse(source, faults[fault]);
    uint64_t value = range.first;
    enum nb_code code;
    do
        code = add_value(values, (size_t)value, source);
    while (code == NB_OK && nb_range_next(&range, &value));
    return code;
}

static enum nb_code parse_values(const char *text, size_t length, struct values *values,
                                 const struct source *source) {
    enum nb_code code = NB_OK;
    values->count = 0;
    for (const char *item = text, *end = text + length; code == NB_OK && item <= end;) {
        const char *comma = memchr(item, ',', (size_t)(end - item));
        const char *item_end = comma == NULL ? end : comma;
        code = parse_item(item, (size_t)(item_end - item), values, source);
        item = item_end + 1;
    }
    return code;
}

// Reads "4,32x256x784" into up to three sizes.
static enum nb_code parse_dimensions(const char *text, const char *end,
                                     struct values dimensions[MAX_DIMENSIONS], size_t *count,
                                     const struct source *source) {
    enum nb_code code = NB_OK;
    *count = 0;
    while (code == NB_OK && text <= end) {
        const char *x = memchr(text, 'x', (size_t)(end - text));
        const char *next = x == NULL ? end : x;
        if (*count == MAX_DIMENSIONS)
            return refuse(source, "it has more than three sizes");
        code = parse_values(text, (size_t)(next - text), &dimensions[(*count)++], source);
        text = next + 1;
    }
    return code;
}

bool nb_problem_same(const struct nb_problem *a, const struct nb_problem *b) {
    return a->kernel == b->kernel && a->sizes.m == b->sizes.m && a->sizes.n == b->sizes.n &&
           a->sizes.k == b->sizes.k;
}

// Adds it unless it is one of the first `before`.
static enum nb_code add_problem(struct nb_problems *problems, size_t before,
                                const struct nb_problem *problem, const struct source *source) {
    for (size_t i = 0; i < before; i++)
        if (nb_problem_same(&problems->all[i], problem))
            return NB_OK;
    if (problems->count == MAX_PROBLEMS)
        return refuse(source, "these are more than 10000 problems; shorten the lists");
    if (problems->count == problems->room) {
        size_t room = problems->room == 0 ? 64 : 2 * problems->room;
        struct nb_problem *all = realloc(problems->all, room * sizeof *all);
        if (all == NULL)
            return nb_error_set(source->error, NB_FAILED, "not enough memory; free some");
        problems->all = all;
        problems->room = room;
    }
    problems->all[problems->count++] = *problem;
    return NB_OK;
}

// One problem per combination of the values, the last size running fastest.
static enum nb_code add_product(struct nb_problems *problems, const struct nb_kernel *kernel,
                                const struct values dimensions[MAX_DIMENSIONS], size_t count,
                                const struct source *source) {
    size_t total = 1, before = problems->count; // what a product adds is different
    for (size_t d = 0; d < count; d++)
        total *= dimensions[d].count;
    enum nb_code code = NB_OK;
    for (size_t i = 0; code == NB_OK && i < total; i++) {
        size_t size[MAX_DIMENSIONS] = {1, 1, 1}, rest = i;
        for (size_t d = count; d-- > 0; rest /= dimensions[d].count)
            size[d] = dimensions[d].value[rest % dimensions[d].count];
        struct nb_problem problem = {.kernel = kernel, .sizes = {size[0], size[1], size[2]}};
        if (kernel->shape == NB_VECTOR)
            problem.sizes = (struct nb_sizes){1, size[0], 1};
        if (problem.sizes.m < kernel->least_m) {
            char why[96];
            snprintf(why, sizeof why, "%s needs at least %zu rows", kernel->name, kernel->least_m);
            return refuse(source, why);
        }
        code = add_problem(problems, before, &problem, source);
    }
    return code;
}

static enum nb_code unknown_kernel(const struct nb_kernel *kernels, const char *word,
                                   const struct source *source) {
    const char *names[MAX_VALUES];
    size_t count = 0;
    while (count < MAX_VALUES && kernels[count].name != NULL) {
        names[count] = kernels[count].name;
        count++;
    }
    char why[256];
    const char *nearest = nb_nearest(word, names, count);
    if (nearest != NULL)
        snprintf(why, sizeof why, "unknown kernel '%s'; did you mean %s?", word, nearest);
    else
        snprintf(why, sizeof why, "unknown kernel '%s'; normbench bench --list names them", word);
    return refuse(source, why);
}

static enum nb_code parse_descriptor(struct nb_problems *problems, const struct nb_kernel *kernels,
                                     const struct source *source) {
    const char *end = source->text + source->length;
    const char *colon = memchr(source->text, ':', (size_t)source->length);
    if (colon == NULL)
        return refuse(source,
                      "the sizes are missing; it is kernel:sizes, as layernorm_forward:128x256");
    char pattern[MAX_WORD];
    size_t length = (size_t)(colon - source->text);
    if (length >= sizeof pattern)
        return refuse(source, "the name of the kernel is too long");
    memcpy(pattern, source->text, length);
    pattern[length] = '\0';

    struct values dimensions[MAX_DIMENSIONS];
    size_t count;
    enum nb_code code = parse_dimensions(colon + 1, end, dimensions, &count, source);
    // A pattern takes the kernels of this shape only.
    bool named = false, added = false;
    for (const struct nb_kernel *kernel = kernels; code == NB_OK && kernel->name != NULL;
         kernel++) {
        if (fnmatch(pattern, kernel->name, 0) != 0)
            continue;
        named = true;
        if (nb_shape_sizes(kernel->shape) != count)
            continue;
        added = true;
        code = add_product(problems, kernel, dimensions, count, source);
    }
    if (code == NB_OK && !named)
        return unknown_kernel(kernels, pattern, source);
    if (code == NB_OK && !added)
        return refuse(source,
                      "wrong number of sizes: products have three (m x n x k), vectors one, "
                      "all others two (rows x columns)");
    return code;
}

enum nb_code nb_problems_parse(struct nb_problems *problems, const char *text,
                               struct nb_error *error) {
    const struct nb_kernel *kernels = nb_kernel_all(error);
    if (kernels == NULL)
        return error->code;
    size_t before = problems->count;
    enum nb_code code = NB_OK;
    for (text += strspn(text, " \t\n"); code == NB_OK && *text != '\0';) {
        struct source source = {text, (int)strcspn(text, " \t\n"), error};
        code = parse_descriptor(problems, kernels, &source);
        text += source.length;
        text += strspn(text, " \t\n");
    }
    if (code != NB_OK)
        problems->count = before;
    return code;
}

void nb_problems_free(struct nb_problems *problems) {
    free(problems->all);
    *problems = (struct nb_problems){0};
}

void nb_problem_text(const struct nb_problem *problem, char text[NB_PROBLEM_TEXT]) {
    const struct nb_sizes *s = &problem->sizes;
    const char *name = problem->kernel->name;
    switch (problem->kernel->shape) {
    case NB_VECTOR:
        snprintf(text, NB_PROBLEM_TEXT, "%s:%zu", name, s->n);
        break;
    case NB_MATRIX:
        snprintf(text, NB_PROBLEM_TEXT, "%s:%zux%zu", name, s->m, s->n);
        break;
    case NB_PRODUCT:
        snprintf(text, NB_PROBLEM_TEXT, "%s:%zux%zux%zu", name, s->m, s->n, s->k);
        break;
    }
}
