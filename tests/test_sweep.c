// SPDX-License-Identifier: MIT
// What a sweep consists of: the cells of a grid, their fingerprints, and their records.
#include "tests/sweep_parts.h"

#include <stdio.h>

#include "src/sweep_forecast.h"
#include "src/sweep_plan.h"
#include "src/sweep_records.h"

static struct nb_sweep_parts one_part;

// The plan of a small grid on the sample.
static struct nb_sweep_plan small_plan(const char *content) {
    struct nb_sweep_plan plan;
    assert_int_equal(read_file(&one_part, content, &nothing), NB_OK);
    if (nb_sweep_plan_make(&plan, &one_part, "some cpu", &error) != NB_OK)
        fail_msg("%s", error.text);
    return plan;
}

static void free_plan(struct nb_sweep_plan *plan) {
    nb_sweep_plan_free(plan);
    nb_sweep_parts_free(&one_part);
}

static void test_cells_of_a_grid(void **state) {
    (void)state;
    struct nb_sweep_plan plan =
        small_plan("datasets mnist-sample\nhidden 8\nnorms batch,layer\nbatch-sizes 1,999,500\n"
                   "lrs 0.1,0.2\nlr-rule linear\nseeds 3,4\nisas scalar,auto\nthreads 1,3\n"
                   "epochs 4\ntiming-epochs 3\n");
    size_t isas = nb_isa_best() == NB_ISA_SCALAR ? 1 : 2, convergence = 2 * 3 * 2 * 2;
    size_t possible = 4; // norm x batch size without batch norm on 1 and on 999 + 1 rows
    assert_int_equal(plan.count, convergence + possible * isas * 2);
    size_t impossible = 0, epochs = 0;
    for (size_t i = 0; i < plan.count; i++) {
        const struct nb_sweep_cell *cell = &plan.cells[i];
        const struct nb_settings *s = &cell->settings;
        assert_int_equal(cell->purpose, i < convergence ? NB_CONVERGENCE : NB_TIMING);
        assert_true(s->lr == cell->lr_base * (double)s->batch_size / 128);
        assert_int_equal(*cell->impossible != '\0',
                         s->norm == NB_NORM_BATCH && s->batch_size != 500);
        impossible += *cell->impossible != '\0';
        if (cell->purpose == NB_CONVERGENCE) {
            assert_int_equal(s->seed, i < convergence / 2 ? 3 : 4);
            assert_string_equal(s->isa, nb_isa_name(nb_isa_best()));
            assert_int_equal(s->threads, 1);
            assert_int_equal(s->epochs, 4);
        } else {
            bool slow = strcmp(s->isa, "scalar") == 0;
            assert_int_equal(s->seed, 3);
            assert_true(cell->lr_base == 0.1);
            assert_int_equal(s->epochs, slow ? 1 : 3);
            epochs += s->epochs;
        }
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(plan.cells[j].id, cell->id);
    }
    assert_int_equal(impossible, 2 * 2 * 2);
    assert_int_equal(epochs, possible * 2 * (isas == 2 ? 4 : 1));
    free_plan(&plan);
}

static void test_a_cell_of_two_parts_is_one(void **state) {
    (void)state;
    struct nb_sweep_plan plan = small_plan("datasets mnist-sample\nnorms none\nseeds 1\n"
                                           "timing-epochs 0\n[a]\nbatch-sizes 8,16\n"
                                           "[b]\nbatch-sizes 16,32\n");
    assert_int_equal(plan.count, 3);
    assert_string_equal(plan.cells[1].part, "a");
    assert_string_equal(plan.cells[2].part, "b");
    free_plan(&plan);
}

static void test_grids_that_are_refused(void **state) {
    (void)state;
    static const char *const wrong[][2] = {
        {"datasets mnist-sample\noptimizer adam\nmomentum 0.9", "--momentum belongs to SGD"},
        {"datasets mnist-sample\nnesterov", "--nesterov needs SGD"},
        {"datasets mnist-sample\ntrain-rows 1001", "the data set has 1000 training rows"},
        {"datasets mnist-sample\nlr-rule linear\nlrs 1e307", "is no number above 0"},
        {"datasets mnist,fashion-mnist\ndata-dir /nowhere", "/nowhere"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct nb_sweep_plan plan;
        assert_int_equal(read_file(&one_part, wrong[i][0], &nothing), NB_OK);
        assert_int_not_equal(nb_sweep_plan_make(&plan, &one_part, "", &error), NB_OK);
        if (strstr(error.text, wrong[i][1]) == NULL)
            fail_msg("'%s' instead of '%s'", error.text, wrong[i][1]);
        nb_sweep_parts_free(&one_part);
    }
}

// A cell with nothing of this machine in it.
static struct nb_dataset data = {.name = "mnist", .features = 784, .classes = 10};

static struct nb_sweep_cell sample_cell(enum nb_purpose purpose) {
    data.train.rows = 60000;
    data.test.rows = 10000;
    for (int i = 0; i < 4; i++)
        snprintf(data.sha256[i], sizeof data.sha256[i], "file %d", i);
    struct nb_sweep_cell cell = {
        .purpose = purpose, .dataset = &data, .part = "a", .lr_base = 0.1, .lr_rule = NB_LR_FIXED};
    cell.settings = nb_settings_default();
    cell.settings.isa = "avx2";
    cell.settings.threads = 2;
    return cell;
}

static struct nb_sweep_cell identified(struct nb_sweep_cell cell, const char *cpu) {
    nb_sweep_cell_identify(&cell, cpu);
    return cell;
}

// These are in files of records. A change of them makes sweeps begin anew: raise them only with
// NB_CONTRACT_VERSION, or when a setting is added that changes the bits.
static void test_golden_fingerprints(void **state) {
    (void)state;
    struct nb_sweep_cell cell = identified(sample_cell(NB_CONVERGENCE), "x");
    assert_string_equal(cell.bits,
                        "1ea4b4b98cb1228d6e82100026bac4cb24f02c09c820382b006b4a506d3aadd3");
    assert_string_equal(cell.id,
                        "2460345e45fbab18518db34faba38d9e9deaca49193e9442bca5324de36f4625");
    cell = identified(sample_cell(NB_TIMING), "x");
    assert_string_equal(cell.bits,
                        "1ea4b4b98cb1228d6e82100026bac4cb24f02c09c820382b006b4a506d3aadd3");
    assert_string_equal(cell.id,
                        "ad3afbced36be65301ac88ea43995ee36d2dbdb719dc76a256487ce5904086e9");
}

// What is in both fingerprints, what only in that of the cell, and what in none.
static void test_every_setting_counts(void **state) {
    (void)state;
#define CHANGE(field, value, in_bits, in_cell, in_timing)            \
    {                                                                \
        struct nb_sweep_cell changed[2] = {first, timed};            \
        for (int i = 0; i < 2; i++) {                                \
            changed[i].field = value;                                \
            changed[i] = identified(changed[i], "x");                \
        }                                                            \
        if ((strcmp(changed[0].bits, first.bits) != 0) != in_bits || \
            (strcmp(changed[0].id, first.id) != 0) != in_cell ||     \
            (strcmp(changed[1].id, timed.id) != 0) != in_timing ||   \
            strcmp(changed[0].bits, changed[1].bits) != 0)           \
            fail_msg("%s", #field);                                  \
    }
    struct nb_sweep_cell first = identified(sample_cell(NB_CONVERGENCE), "x");
    struct nb_sweep_cell timed = identified(sample_cell(NB_TIMING), "x");
    assert_string_equal(first.bits, timed.bits);
    assert_string_not_equal(first.id, timed.id);
    CHANGE(settings.norm, NB_NORM_LAYER, true, true, true)
    CHANGE(settings.hidden[0], 257, true, true, true)
    CHANGE(settings.hidden_count, 0, true, true, true)
    CHANGE(settings.classes, 9, true, true, true)
    CHANGE(settings.batch_size, 127, true, true, true)
    CHANGE(settings.optimizer, NB_ADAM, true, true, true)
    CHANGE(settings.lr, 0.10000000000000002, true, true, true)
    CHANGE(settings.momentum, 0.5, true, true, true)
    CHANGE(settings.nesterov, true, true, true, true)
    CHANGE(settings.weight_decay, 1e-300, true, true, true)
    CHANGE(settings.seed, 4294967295, true, true, true)
    CHANGE(settings.dtype, NB_F64, true, true, true)
    CHANGE(settings.train_rows, 55000, true, true, true)
    CHANGE(settings.train_rows, 60000, false, false, false) // which is all of them
    CHANGE(settings.epochs, 11, false, true, true)
    CHANGE(lr_rule, NB_LR_SQRT, false, true, true)
    CHANGE(lr_base, 0.2, false, true, true)
    CHANGE(settings.isa, "avx512", false, false, true)
    CHANGE(settings.threads, 1, false, false, true)
    CHANGE(settings.data_dir, "/x", false, false, false)
    CHANGE(part, "b", false, false, false)
    struct nb_dataset other = data;
    other.sha256[3][0] = 'F';
    CHANGE(dataset, &other, true, true, true)
    assert_string_equal(identified(first, "y").id, first.id);
    assert_string_not_equal(identified(timed, "y").id, timed.id); // another CPU has other times
}

static void test_flops(void **state) {
    (void)state;
    struct nb_sweep_cell cell = sample_cell(NB_CONVERGENCE);
    double first = 2.0 * 784 * 256, second = 2.0 * 256 * 10;
    double expected = 10 * (60000 * (2 * first + 3 * second) + 10000 * (first + second));
    assert_true(nb_sweep_cell_flops(&cell) == expected);
    cell.settings.train_rows = 30000;
    assert_true(nb_sweep_cell_flops(&cell) == expected - 10 * 30000 * (2 * first + 3 * second));
    snprintf(cell.impossible, sizeof cell.impossible, "x");
    assert_true(nb_sweep_cell_flops(&cell) == 0);
}

static struct nb_sweep_records records;

static void add_record(char id, char bits, const char *isa, const char *status,
                       const char *digests) {
    char fingerprints[2][NB_FINGERPRINT] = {{0}};
    memset(fingerprints[0], id, NB_FINGERPRINT - 1);
    memset(fingerprints[1], bits, NB_FINGERPRINT - 1);
    json_t *list = json_array();
    for (const char *d = digests; *d != '\0'; d++)
        json_array_append_new(list, json_stringn(d, 1));
    json_t *record = json_pack("{ss ss ss ss s{ss si si} s{ss si} so}", "cell", fingerprints[0],
                               "bits", fingerprints[1], "purpose", "timing", "status", status,
                               "config", "norm", "layer", "batch_size", 8, "seed", 1, "effective",
                               "isa", isa, "threads", 2, "digests", list);
    assert_non_null(record);
    assert_true(nb_sweep_records_add(&records, record));
    json_decref(record);
}

static size_t differing(void) {
    FILE *nowhere = fopen("/dev/null", "w");
    assert_non_null(nowhere);
    size_t count = nb_sweep_records_compare(&records, nowhere);
    fclose(nowhere);
    nb_sweep_records_free(&records);
    return count;
}

static void test_bits_are_compared(void **state) {
    (void)state;
    assert_int_equal(differing(), 0);
    add_record('1', 'a', "avx2", "ok", "xyz");
    add_record('2', 'a', "scalar", "ok", "x");
    add_record('3', 'a', "avx512", "ok", "xy");
    add_record('4', 'b', "avx2", "ok", "w"); // another computation
    assert_true(nb_sweep_records_have(
        &records, "3333333333333333333333333333333333333333333333333333333333333333"));
    assert_false(nb_sweep_records_have(
        &records, "5555555555555555555555555555555555555555555555555555555555555555"));
    assert_int_equal(differing(), 0);

    add_record('1', 'a', "avx2", "ok", "xyz");
    add_record('2', 'a', "scalar", "ok", "v");
    add_record('3', 'a', "avx512", "ok", "xw");
    add_record('4', 'a', "autovec", "ok", "qqq"); // outside the contract
    assert_int_equal(differing(), 2);

    add_record('1', 'a', "avx2", "diverged", "x");
    add_record('2', 'a', "scalar", "ok", "x"); // a shorter run that ended before
    add_record('3', 'a', "avx512", "diverged", "x");
    assert_int_equal(differing(), 0);

    add_record('1', 'a', "avx2", "diverged", "x");
    add_record('2', 'a', "scalar", "ok", "xy"); // one goes on where the other is lost
    assert_int_equal(differing(), 1);
}

static void test_records_of_another_kind(void **state) {
    (void)state;
    json_t *record = json_pack("{ss ss}", "cell", "12", "bits", "34");
    assert_false(nb_sweep_records_add(&records, record));
    json_decref(record);
    assert_int_equal(records.count, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cells_of_a_grid),
        cmocka_unit_test(test_a_cell_of_two_parts_is_one),
        cmocka_unit_test(test_grids_that_are_refused),
        cmocka_unit_test(test_golden_fingerprints),
        cmocka_unit_test(test_every_setting_counts),
        cmocka_unit_test(test_flops),
        cmocka_unit_test(test_bits_are_compared),
        cmocka_unit_test(test_records_of_another_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
