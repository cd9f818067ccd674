// SPDX-License-Identifier: MIT
// Descriptors of problems. Those that are accepted, printed one by one and read again, are the same
// in the same order; read twice they are there once; and of a refused text nothing is kept. (Each
// problem is compared with all before it, so that only some hundred are read again.)
#include <stdio.h>
#include <stdlib.h>

#include "bench/problem.h"
#include "tests/fuzz/harness.h"

// All problems as one text, to be freed.
static char *print(const struct nb_problems *problems) {
    char *text;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    NB_REQUIRE(stream != NULL);
    for (size_t i = 0; i < problems->count; i++) {
        char one[NB_PROBLEM_TEXT];
        nb_problem_text(&problems->all[i], one);
        fprintf(stream, "%s\n", one);
    }
    NB_REQUIRE(fclose(stream) == 0);
    return text;
}

static void require_same(const struct nb_problems *a, const struct nb_problems *b) {
    NB_REQUIRE(a->count == b->count);
    for (size_t i = 0; i < a->count; i++)
        NB_REQUIRE(nb_problem_same(&a->all[i], &b->all[i]));
}

void nb_fuzz_target(const uint8_t *data, size_t size) {
    char *text = nb_fuzz_text(data, size);
    struct nb_problems problems = {0}, again = {0};
    struct nb_error error;
    enum nb_code code = nb_problems_parse(&problems, text, &error);
    nb_fuzz_check(code, &error);
    if (code == NB_OK) {
        for (size_t i = 0; i < problems.count; i++) {
            const struct nb_sizes *s = &problems.all[i].sizes;
            NB_REQUIRE(s->m >= problems.all[i].kernel->least_m && s->n >= 1 && s->k >= 1);
            NB_REQUIRE(s->m <= NB_MAX_SIZE && s->n <= NB_MAX_SIZE && s->k <= NB_MAX_SIZE);
        }
        if (problems.count <= 500) {
            char *printed = print(&problems);
            NB_REQUIRE(nb_problems_parse(&again, printed, &error) == NB_OK);
            require_same(&problems, &again);
            NB_REQUIRE(nb_problems_parse(&again, text, &error) == NB_OK);
            require_same(&problems, &again);
            free(printed);
        }
    } else {
        NB_REQUIRE(problems.count == 0);
    }
    nb_problems_free(&again);
    nb_problems_free(&problems);
    free(text);
}
