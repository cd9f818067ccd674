// SPDX-License-Identifier: MIT
// The check of peers: it finds one that computes something else, and knows what a peer may do.
#include "tests/peer_rows.h"

#include <math.h>
#include <string.h>

// A peer made of the scalar table's code, which then spoils an element of an operand.
static const struct nb_problem *played;
static size_t spoiled, spoiled_at;
static float by;
static bool sums;

enum { DX = 6, DGAMMA, DBETA }; // of layernorm_backward

// Replaces sums per block of rows by their sum; what was behind is lost.
static void add_up(const struct nb_call *call, size_t operand) {
    float *sum = call->at[operand];
    for (size_t j = 0; j < call->n; j++)
        for (size_t block = 1; block < NB_BLOCKS(call->m); block++) {
            sum[j] += sum[block * call->ld[operand] + j];
            sum[block * call->ld[operand] + j] = NAN;
        }
}

static void play(const void *table, const struct nb_call *call) {
    (void)table;
    played->kernel->subject[NB_F32]->call(nb_isa_kernels_f32(NB_ISA_SCALAR), call);
    if (sums) {
        add_up(call, DGAMMA);
        add_up(call, DBETA);
    }
    ((float *)call->at[spoiled])[spoiled_at] *= by;
}

static enum nb_verdict verdict_of(const char *text, struct nb_offer offer, size_t operand,
                                  size_t at, float factor) {
    struct nb_problems problems = parse(text);
    played = &problems.all[0];
    spoiled = operand;
    spoiled_at = at;
    by = factor;
    sums = offer.summed != 0;
    offer.call = play;
    const struct nb_peer peer = {.name = "player"};
    enum nb_verdict verdict =
        judge(played, NB_F32, nb_implementation_peer(&peer, &offer), 1).verdict;
    nb_problems_free(&problems);
    return verdict;
}

static void test_a_wrong_peer_is_found(void **state) {
    (void)state;
    const struct nb_offer all = {0};
    const char *text = "matmul_nn:30x20x10";
    assert_int_equal(verdict_of(text, all, 2, 0, 1), NB_BOUND);
    assert_int_equal(verdict_of(text, all, 2, 599, 1.01F), NB_WRONG);
    assert_int_equal(verdict_of(text, all, 2, 599, NAN), NB_WRONG);
}

static void test_what_is_left_out_is_not_checked(void **state) {
    (void)state;
    const char *text = "layernorm_forward:70x40";
    const struct nb_offer all = {0}, no_rstd = {.left_out = 1 << 4};
    assert_int_equal(verdict_of(text, all, 4, 3, 2), NB_WRONG);
    assert_int_equal(verdict_of(text, no_rstd, 4, 3, 2), NB_BOUND);
    assert_int_equal(verdict_of(text, no_rstd, 3, 3, 2), NB_WRONG);
    assert_int_equal(verdict_of(text, no_rstd, 5, 70 * 40 - 1, NAN), NB_WRONG);
}

// A peer with the plain mean of each row in the place of ours.
static void play_plain_mean(const void *table, const struct nb_call *call) {
    play(table, call);
    for (size_t i = 0; i < call->m; i++) {
        float sum = 0;
        for (size_t j = 0; j < call->n; j++)
            sum += ((const float *)call->at[0])[i * call->ld[0] + j];
        ((float *)call->at[3])[i] = sum * (1 / (float)call->n);
    }
}

static void test_plain_moments(void **state) {
    (void)state;
    struct nb_problems problems = parse("layernorm_forward:100000x3");
    played = &problems.all[0];
    by = 1;
    sums = false;
    const struct nb_peer peer = {.name = "player"};
    for (int declared = 0; declared < 2; declared++) {
        const struct nb_offer offer = {.call = play_plain_mean, .plain_moments = declared};
        struct nb_row row = judge(played, NB_F32, nb_implementation_peer(&peer, &offer), 1);
        assert_int_equal(row.verdict, declared ? NB_BOUND : NB_WRONG);
    }
    nb_problems_free(&problems);
}

static void test_sums_of_all_rows(void **state) {
    (void)state;
    const struct nb_offer summed = {.summed = 1 << DGAMMA | 1 << DBETA}, blocks = {0};
    const char *small = "layernorm_backward:70x40", *large = "layernorm_backward:20000x64";
    assert_int_equal(verdict_of(small, blocks, DX, 0, 1), NB_BOUND);
    assert_int_equal(verdict_of(small, summed, DX, 0, 1), NB_BOUND);
    assert_int_equal(verdict_of(small, summed, DX, 0, 1.01F), NB_WRONG);
    assert_int_equal(verdict_of(small, summed, DGAMMA, 39, 1.01F), NB_WRONG);
    assert_int_equal(verdict_of(small, summed, DBETA, 0, 1.01F), NB_WRONG);
    assert_int_equal(verdict_of(small, summed, DBETA, 17, NAN), NB_WRONG);
    // Only some columns are compared: the first and the last are among them.
    assert_int_equal(verdict_of(large, summed, DX, 0, 1), NB_BOUND);
    assert_int_equal(verdict_of(large, summed, DGAMMA, 0, 100), NB_WRONG);
    assert_int_equal(verdict_of(large, summed, DBETA, 63, 100), NB_WRONG);
}

static void test_a_sum_of_some_rows_is_wrong(void **state) {
    (void)state;
    // Sums of the first block where those of all rows are due.
    const struct nb_offer summed = {.summed = 1 << DGAMMA | 1 << DBETA};
    struct nb_problems problems = parse("layernorm_backward:70x40");
    played = &problems.all[0];
    struct nb_implementation code = nb_implementation_ours(played->kernel, NB_F32, NB_ISA_SCALAR);
    code.exact = false;
    code.offer = &summed;
    assert_int_equal(judge(played, NB_F32, code, 1).verdict, NB_WRONG);
    nb_problems_free(&problems);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_wrong_peer_is_found),
        cmocka_unit_test(test_what_is_left_out_is_not_checked),
        cmocka_unit_test(test_plain_moments),
        cmocka_unit_test(test_sums_of_all_rows),
        cmocka_unit_test(test_a_sum_of_some_rows_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
