// SPDX-License-Identifier: MIT
// Rows of peers for the tests.
#ifndef NB_TESTS_PEER_ROWS_H
#define NB_TESTS_PEER_ROWS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/peer.h"
#include "bench/selection.h"
#include "bench/verdict.h"

static inline struct nb_problems parse(const char *text) {
    struct nb_problems problems = {0};
    struct nb_error error;
    assert_int_equal(nb_problems_parse(&problems, text, &error), NB_OK);
    return problems;
}

// Opens, checks and closes one row, after another call that leaves nothing behind. Cold ones where
// a library takes them: it then gets another set of operands with each call.
static inline struct nb_row judge(const struct nb_problem *problem, enum nb_dtype dtype,
                                  struct nb_implementation code, size_t threads) {
    struct nb_operands operands;
    struct nb_error error;
    struct nb_row row = nb_row_of(problem, dtype, &code, threads, false);
    assert_int_equal(nb_operands_make(&operands, problem, dtype, 2, 1, &error), NB_OK);
    const bool cold = code.offer == NULL || !code.offer->hot_only;
    const struct nb_job job = {&row.implementation, &operands, threads, cold, false};
    assert_int_equal(nb_team_open(&job, &row.implementation, &error), NB_OK);
    size_t next = 0;
    nb_team_run(&job, 3, &next);
    assert_int_equal(next, cold ? 3 : 0);
    assert_int_equal(nb_verdict_reach(&row, &job, &error), NB_OK);
    assert_memory_equal(operands.first, operands.given, operands.bytes);
    nb_team_close(&row.implementation);
    assert_true((row.verdict == NB_WRONG) == (row.error[0] != '\0'));
    nb_operands_free(&operands);
    return row;
}

#endif
