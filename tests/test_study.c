// SPDX-License-Identifier: MIT
// The records of a study and what is made of them: against numpy and scipy (tests/golden says how),
// records that are damaged, and the verdict on who is ahead.
#include "tests/idx_files.h"

#include <float.h>
#include <jansson.h>
#include <math.h>

#include "src/claims.h"
#include "src/results.h"

static const char *golden_folder(void) {
    static char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/study", getenv("NORMBENCH_TEST_GOLDEN"));
    return path;
}

struct golden {
    json_t *expected;
    struct nb_study study;
    struct nb_sections sections;
    struct nb_results results;
};

static int load_golden(void **state) {
    static struct golden golden;
    struct nb_error error;
    golden.expected = json_load_file(join(golden_folder(), "expected.json"), 0, NULL);
    if (golden.expected == NULL || nb_study_read(&golden.study, golden_folder(), &error) != NB_OK ||
        nb_sections_make(&golden.sections, &golden.study, &error) != NB_OK ||
        golden.sections.count != 1)
        return -1;
    struct nb_targets targets = {
        json_number_value(json_object_get(golden.expected, "target_loss")),
        json_number_value(json_object_get(golden.expected, "target_accuracy"))};
    *state = &golden;
    return nb_results_make(&golden.results, &golden.sections.sections[0], &targets, &error) == NB_OK
               ? 0
               : -1;
}

static int release_golden(void **state) {
    struct golden *golden = *state;
    nb_results_free(&golden->results);
    nb_sections_free(&golden->sections);
    nb_study_free(&golden->study);
    json_decref(golden->expected);
    return 0;
}

// Sums of at most seven values below 4, a division and an interpolation: 11 roundings of half a
// unit of at most 28.
static void assert_near(double got, const json_t *expected) {
    assert_true(json_is_number(expected));
    if (!(fabs(got - json_number_value(expected)) <= 11 * DBL_EPSILON * 28)) // NaN fails
        fail_msg("%.17g, expected %.17g", got, json_number_value(expected));
}

static void assert_interval(struct nb_interval got, const json_t *expected) {
    assert_near(got.low, json_array_get(expected, 0));
    assert_near(got.high, json_array_get(expected, 1));
}

static void assert_estimate(const struct nb_estimate *got, const json_t *expected) {
    assert_int_equal(got->n, json_integer_value(json_object_get(expected, "n")));
    if (got->n == 0) {
        assert_true(isnan(got->median) && isnan(got->mean) && isnan(got->median_in.low) &&
                    isnan(got->mean_in.high));
        return;
    }
    assert_near(got->median, json_object_get(expected, "median"));
    assert_near(got->mean, json_object_get(expected, "mean"));
    assert_interval(got->median_in, json_object_get(expected, "median_in"));
    assert_interval(got->mean_in, json_object_get(expected, "mean_in"));
}

static void settings_are_as_scipy_has_them(void **state) {
    const struct golden *golden = *state;
    const json_t *expected = json_object_get(golden->expected, "settings");
    assert_int_equal(json_array_size(expected), 9);
    assert_int_equal(golden->sections.sections[0].batch_count, 3);
    for (size_t i = 0; i < 9; i++) {
        const struct nb_setting *setting = &golden->results.settings[i];
        const json_t *one = json_array_get(expected, i), *of = json_object_get(one, "of");
        assert_string_equal(nb_norm_name(setting->norm),
                            json_string_value(json_object_get(one, "norm")));
        assert_int_equal(setting->batch_size,
                         json_integer_value(json_object_get(one, "batch_size")));
        assert_int_equal(json_array_size(of), NB_MEASURES);
        for (size_t m = 0; m < NB_MEASURES; m++)
            assert_estimate(&setting->of[m], json_array_get(of, m));
    }
}

static void outcomes_are_counted(void **state) {
    const struct golden *golden = *state;
    const struct nb_setting *impossible = &golden->results.settings[0],
                            *diverged = &golden->results.settings[3];
    assert_int_equal(impossible->counts[NB_OUTCOME_IMPOSSIBLE], 7);
    assert_int_equal(impossible->counts[NB_OUTCOME_OK], 0);
    assert_string_equal(impossible->reason, "made up");
    assert_int_equal(diverged->counts[NB_OUTCOME_DIVERGED], 1);
    assert_int_equal(diverged->counts[NB_OUTCOME_OK], 6);
    assert_int_equal(diverged->of[NB_LAST_LOSS].n, 6);
    assert_int_equal(diverged->of[NB_TO_LOSS].n, 7); // it never came to the target
}

static void differences_are_paired(void **state) {
    const struct golden *golden = *state;
    const json_t *expected = json_object_get(golden->expected, "differences");
    assert_int_equal(golden->results.pairing_count, 2); // a third cannot exist
    assert_int_equal(json_array_size(expected), 2);
    for (size_t i = 0; i < 2; i++) {
        const struct nb_pairing *pairing = &golden->results.pairings[i];
        const json_t *of = json_object_get(json_array_get(expected, i), "of");
        assert_int_equal(json_array_size(of), NB_TO_LOSS);
        for (size_t m = 0; m < NB_TO_LOSS; m++) {
            assert_estimate(&pairing->of[m], json_array_get(of, m));
            assert_int_equal(pairing->negative[m] + pairing->positive[m], pairing->of[m].n);
        }
    }
}

static void speeds_come_from_cells_that_ran_alone(void **state) {
    const struct golden *golden = *state;
    const struct nb_speeds *speeds = &golden->results.speeds;
    const json_t *expected = json_object_get(golden->expected, "ratio");
    assert_int_equal(speeds->count, 4);
    assert_int_equal(speeds->place_count, 4);
    double ratio;
    struct nb_interval interval;
    struct nb_error error;
    assert_int_equal(nb_speed_ratio(nb_speeds_find(speeds, NB_NORM_LAYER, 16, NB_ISA_AVX2, 1),
                                    nb_speeds_find(speeds, NB_NORM_LAYER, 16, NB_ISA_AVX512, 1),
                                    &ratio, &interval, &error),
                     NB_OK);
    assert_near(ratio, json_object_get(expected, "ratio"));
    assert_interval(interval, json_object_get(expected, "interval"));
    assert_int_equal(nb_speeds_lower(speeds, NB_ISA_AVX512, 1), NB_ISA_AVX2);
    assert_int_equal(nb_speeds_lower(speeds, NB_ISA_AVX2, 1), NB_ISA_SCALAR);
    assert_int_equal(nb_speeds_lower(speeds, NB_ISA_AVX2, 2), NB_ISA_COUNT);
    assert_int_equal(nb_speeds_lower(speeds, NB_ISA_SCALAR, 1), NB_ISA_COUNT);
}

static struct nb_pairing pairing_of(double low, double high, size_t n, size_t batch_diverged,
                                    size_t layer_diverged) {
    struct nb_pairing pairing = {.diverged = {batch_diverged, layer_diverged}};
    for (size_t m = 0; m < NB_TO_LOSS; m++)
        pairing.of[m] = (struct nb_estimate){.n = n, .median_in = {low, high}};
    return pairing;
}

static void who_is_ahead(void **state) {
    (void)state;
    static const struct {
        double low, high;
        size_t n, batch_diverged, layer_diverged;
        enum nb_ahead loss, accuracy;
    } cases[] = {
        {-2, -1, 5, 0, 0, NB_AHEAD_BATCH, NB_AHEAD_LAYER},
        {1, 2, 5, 0, 0, NB_AHEAD_LAYER, NB_AHEAD_BATCH},
        {-1, 1, 5, 0, 0, NB_AHEAD_NEITHER, NB_AHEAD_NEITHER},
        {-1, 0, 5, 0, 0, NB_AHEAD_NEITHER, NB_AHEAD_NEITHER},
        {0, 1, 5, 0, 0, NB_AHEAD_NEITHER, NB_AHEAD_NEITHER},
        {-2, -1, 4, 0, 0, NB_AHEAD_UNKNOWN, NB_AHEAD_UNKNOWN},
        {NAN, NAN, 0, 0, 0, NB_AHEAD_UNKNOWN, NB_AHEAD_UNKNOWN},
        {-2, -1, 4, 1, 0, NB_AHEAD_LAYER, NB_AHEAD_LAYER},
        {1, 2, 4, 0, 1, NB_AHEAD_BATCH, NB_AHEAD_BATCH},
        {NAN, NAN, 0, 5, 0, NB_AHEAD_LAYER, NB_AHEAD_LAYER},
        {NAN, NAN, 0, 5, 5, NB_AHEAD_UNKNOWN, NB_AHEAD_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct nb_pairing pairing = pairing_of(cases[i].low, cases[i].high, cases[i].n,
                                               cases[i].batch_diverged, cases[i].layer_diverged);
        assert_int_equal(nb_pairing_ahead(&pairing, NB_LAST_LOSS), cases[i].loss);
        assert_int_equal(nb_pairing_ahead(&pairing, NB_LAST_ACCURACY), cases[i].accuracy);
    }
}

static void every_claim_has_its_rule(void **state) {
    (void)state;
    static const char *const names[NB_CLAIMS] = {"batch-faster", "layer-stable", "dynamics-differ",
                                                 "paper"};
    for (size_t i = 0; i < NB_CLAIMS; i++) {
        struct nb_claim claim;
        nb_claim_read(&claim, i);
        assert_string_equal(claim.name, names[i]);
        assert_true(strlen(claim.claim) > 20 && strstr(claim.claim, "rule") == NULL);
        assert_non_null(strstr(claim.rule, "Supported:"));
        assert_non_null(strstr(claim.rule, "Undecided:"));
        assert_true(claim.rule[strlen(claim.rule) - 1] == '.'); // not cut
    }
}

// The whole golden file, cut after each byte of its last lines.
static void a_cut_file_is_refused(void **state) {
    struct bytes bytes = read_bytes(join(golden_folder(), "records.jsonl"));
    const char *path = join(*state, "records.jsonl");
    struct nb_study study;
    struct nb_error error;
    size_t first = 0; // the length of two lines
    for (int lines = 0; lines < 2; first++)
        lines += bytes.data[first] == '\n';
    for (size_t size = 0; size <= first; size += size + 8 > first ? 1 : 7) {
        bool whole = size > 0 && bytes.data[size - 1] == '\n';
        write_bytes(path, (const char *)bytes.data, size);
        if (whole) {
            assert_int_equal(nb_study_read(&study, *state, &error), NB_OK);
            nb_study_free(&study);
            continue;
        }
        assert_int_equal(nb_study_read(&study, *state, &error), NB_DATA);
        assert_null(study.runs);
        assert_non_null(strstr(error.text, size == 0 ? "no records" : ", line "));
    }
    free(bytes.data);
}

// Two seeds with two epochs each, of those losses and seconds.
static void write_two_runs(const char *path, double loss, double seconds) {
    char text[4096];
    int length = 0;
    for (int seed = 1; seed <= 2; seed++) {
        length += sprintf(text + length,
                          "{\"schema\": 1, \"purpose\": \"convergence\", \"alone\": true, "
                          "\"status\": \"ok\", \"config\": {\"norm\": \"batch\", "
                          "\"batch_size\": 16, \"epochs\": 2, \"lr\": 0.1, \"seed\": %d}, "
                          "\"data\": {\"rows\": 100}, "
                          "\"effective\": {\"isa\": \"scalar\", \"threads\": 1}, \"epochs\": [",
                          seed);
        for (int epoch = 1; epoch <= 2; epoch++)
            length +=
                sprintf(text + length,
                        "%s{\"epoch\": %d, \"train_loss\": %.17g, \"test_loss\": %.17g, "
                        "\"test_accuracy\": 0.5, \"seconds\": %.17g}",
                        epoch == 1 ? "" : ", ", epoch, loss, seed == 1 ? loss : -loss, seconds);
        length += sprintf(text + length, "]}\n");
    }
    write_bytes(path, text, (size_t)length);
}

// Figures without finite statistics are the records' fault, and said with the line; up to there all
// that is made of them is finite.
static void statistics_of_what_is_read_are_finite(void **state) {
    static const struct {
        double loss, seconds;
        enum nb_code code;
    } cases[] = {
        {1e150, 1e150, NB_OK}, {-1e150, 1e-150, NB_OK}, {1e151, 1, NB_DATA},  {-1e151, 1, NB_DATA},
        {1e308, 1, NB_DATA},   {1, 1e151, NB_DATA},     {1, 1e-151, NB_DATA}, {1, 0, NB_DATA},
        {1, -1, NB_DATA},      {1, 4.9e-324, NB_DATA},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct nb_study study;
        struct nb_sections sections;
        struct nb_results results;
        struct nb_error error;
        write_two_runs(join(*state, "records.jsonl"), cases[i].loss, cases[i].seconds);
        assert_int_equal(nb_study_read(&study, *state, &error), cases[i].code);
        if (cases[i].code != NB_OK) {
            assert_non_null(strstr(error.text, ", line 1: epoch 1 "));
            continue;
        }
        const struct nb_targets targets = {0.1, 0.97};
        assert_int_equal(nb_sections_make(&sections, &study, &error), NB_OK);
        assert_int_equal(nb_results_make(&results, &sections.sections[0], &targets, &error), NB_OK);
        for (enum nb_measure measure = 0; measure < NB_MEASURES; measure++) {
            const struct nb_estimate *of = &results.settings[0].of[measure];
            assert_int_equal(of->n, 2);
            assert_true(isfinite(of->mean_in.low) && isfinite(of->mean_in.high));
        }
        nb_results_free(&results);
        nb_sections_free(&sections);
        nb_study_free(&study);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define GOLDEN(name) cmocka_unit_test_setup_teardown(name, load_golden, release_golden)
        GOLDEN(settings_are_as_scipy_has_them),
        GOLDEN(outcomes_are_counted),
        GOLDEN(differences_are_paired),
        GOLDEN(speeds_come_from_cells_that_ran_alone),
        cmocka_unit_test(who_is_ahead),
        cmocka_unit_test(every_claim_has_its_rule),
        cmocka_unit_test_setup_teardown(a_cut_file_is_refused, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(statistics_of_what_is_read_are_finite, make_folder,
                                        remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
