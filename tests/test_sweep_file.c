// SPDX-License-Identifier: MIT
// What a sweep is told: lists, rules and files.
#include "tests/sweep_parts.h"

#include <stdio.h>

#include "src/sweep_plan.h"

static struct nb_counts counts;
static struct nb_reals reals;

static bool read_counts(const char *text) {
    const struct nb_option option = {.type = &nb_option_counts, .low = 0, .high = 100000};
    return option.type->parse(&option, text, &counts);
}

static void expect_counts(const char *text, const char *shown) {
    const struct nb_option option = {.type = &nb_option_counts, .low = 0, .high = 100000};
    char format[NB_OPTION_TEXT];
    assert_true(read_counts(text));
    option.type->format(&option, &counts, format);
    assert_string_equal(format, shown);
    assert_true(read_counts(format));
}

static void test_lists_of_counts(void **state) {
    (void)state;
    expect_counts("7", "7");
    expect_counts("8,2,1", "8,2,1");
    expect_counts("1..5", "1,2,3,4,5");
    expect_counts("5..5", "5");
    expect_counts("0..2,9", "0,1,2,9");
    expect_counts("2..4096*2", "2,4,8,16,32,64,128,256,512,1024,2048,4096");
    expect_counts("2..4095*2", "2,4,8,16,32,64,128,256,512,1024,2048");
    expect_counts("3..100*5,4", "3,15,75,4");
    expect_counts("99999..100000", "99999,100000");
    assert_true(read_counts("0..255"));
    assert_int_equal(counts.count, NB_MAX_LIST);
    static const char *const wrong[] = {
        "",       ",",      "1,",        ",1",     "1,,2",   "x",      "-1",     "1.5",     "1..",
        "..2",    "5..1",   "1..5*",     "1..5*1", "1..5*0", "0..8*2", "1...5",  "1..5..9", "1,1",
        "1..3,2", "100001", "1..100001", "0..256", " 1",     "1 ",     "2..8*x", "1..9*2*2"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        counts = (struct nb_counts){{42}, 1};
        if (read_counts(wrong[i]))
            fail_msg("'%s' was taken", wrong[i]);
        assert_true(counts.count == 1 && counts.values[0] == 42); // only what is right is stored
    }
}

static void test_lists_of_reals(void **state) {
    (void)state;
    const struct nb_option option = {
        .type = &nb_option_reals, .low = 1e-9, .high = 10, .range = "above 0"};
    char shown[NB_OPTION_TEXT];
    assert_true(option.type->parse(&option, "0.1,1e-3,3", &reals));
    option.type->format(&option, &reals, shown);
    assert_string_equal(shown, "0.1,0.001,3");
    static const char *const wrong[] = {"",    "0",  "0.1,",    "0.1,0.10",
                                        "nan", "11", "0.1 0.2", "1..5"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(option.type->parse(&option, wrong[i], &reals));
}

static void test_rules_of_the_learning_rate(void **state) {
    (void)state;
    static const size_t sizes[] = {2, 128, 512, 4096};
    static const double linear[] = {0.1 / 64, 0.1, 0.4, 3.2}, root[] = {0.0125, 0.1, 0.2, 0};
    for (size_t i = 0; i < 4; i++) {
        assert_true(nb_grid_lr(NB_LR_FIXED, 0.1, sizes[i]) == 0.1);
        assert_true(nb_grid_lr(NB_LR_LINEAR, 0.1, sizes[i]) == linear[i]);
        if (i < 3)
            assert_true(nb_grid_lr(NB_LR_SQRT, 0.1, sizes[i]) == root[i]);
    }
}

static void test_parts_of_a_file(void **state) {
    (void)state;
    struct nb_sweep_parts parts;
    assert_int_equal(read_file(&parts,
                               "# all\nepochs 3\n\n  hidden 8,4 \t\r\n[one]\nbatch-sizes 1..3\n"
                               "nesterov\n[two-2]\nepochs\t7\nnesterov no\nlr-rule sqrt",
                               &nothing),
                     NB_OK);
    assert_int_equal(parts.count, 2);
    const struct nb_grid *one = &parts.parts[0].grid, *two = &parts.parts[1].grid;
    assert_string_equal(parts.parts[0].name, "one");
    assert_string_equal(parts.parts[1].name, "two-2");
    assert_int_equal(one->settings.epochs, 3);
    assert_int_equal(two->settings.epochs, 7);
    assert_int_equal(one->settings.hidden_count, 2);
    assert_int_equal(two->settings.hidden[1], 4);
    assert_int_equal(one->batch_sizes.count, 3);
    assert_int_equal(two->batch_sizes.count, 12); // the default: the other part's is not its own
    assert_true(one->settings.nesterov && !two->settings.nesterov);
    assert_int_equal(two->lr_rule, NB_LR_SQRT);
    nb_sweep_parts_free(&parts);
    assert_int_equal(read_file(&parts, "epochs 3", &nothing), NB_OK);
    assert_int_equal(parts.count, 1);
    assert_string_equal(parts.parts[0].name, "sweep");
    nb_sweep_parts_free(&parts);
}

static void test_the_user_wins_in_every_part(void **state) {
    (void)state;
    struct nb_sweep_parts parts;
    const struct nb_option other = {.name = "epochs", .type = &nb_option_count, .high = 9};
    struct nb_given given = {.count = 3};
    given.items[0].option = nb_grid_option("epochs"), given.items[0].text = "5";
    given.items[1].option = nb_grid_option("epochs"), given.items[1].text = "6";
    given.items[2].option = &other, given.items[2].text = "7"; // not an option of a grid
    assert_int_equal(read_file(&parts, "[a]\nepochs 3\n[b]\nepochs 4\nseeds 8", &given), NB_OK);
    assert_int_equal(parts.parts[0].grid.settings.epochs, 6);
    assert_int_equal(parts.parts[1].grid.settings.epochs, 6);
    assert_int_equal(parts.parts[1].grid.seeds.values[0], 8);
    nb_sweep_parts_free(&parts);
    assert_int_equal(nb_sweep_parts_read(&parts, NULL, &given, &error), NB_OK);
    assert_int_equal(parts.count, 1);
    assert_int_equal(parts.parts[0].grid.settings.epochs, 6);
    nb_sweep_parts_free(&parts);
}

static void test_files_that_are_refused(void **state) {
    (void)state;
    static const char *const wrong[][2] = {
        {"epoch 3", "line 1: unknown option 'epoch'"},
        {"\n\nepochs 0", "line 3: epochs: '0' is not a whole number"},
        {"epochs", "line 1: epochs: is empty"},
        {"seed 3", "line 1: unknown option 'seed'"},
        {"--epochs 3", "line 1: unknown option '--epochs'"},
        {"output x", "line 1: unknown option 'output'"},
        {"[a]\n[a]", "line 2: a second part [a]"},
        {"[A]", "line 1: '[A]' does not begin a part"},
        {"[]", "line 1: '[]' does not begin a part"},
        {"[a", "line 1: '[a' does not begin a part"},
        {"[a] b", "line 1: '[a] b' does not begin a part"},
        {"[abcdefghijklmnopqrstuvwxyz-abcdef]", "does not begin a part"},
    };
    struct nb_sweep_parts parts;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(read_file(&parts, wrong[i][0], &nothing), NB_USAGE);
        if (strstr(error.text, wrong[i][1]) == NULL)
            fail_msg("'%s' instead of '%s'", error.text, wrong[i][1]);
    }
    assert_int_equal(nb_sweep_parts_read(&parts, "/nowhere", &nothing, &error), NB_USAGE);
    assert_int_equal(nb_sweep_parts_read(&parts, "/", &nothing, &error), NB_USAGE);
}

static void test_presets(void **state) {
    (void)state;
    for (size_t i = 0; nb_sweep_presets[i] != NULL; i++) {
        struct nb_sweep_parts parts;
        if (nb_sweep_parts_read(&parts, nb_sweep_presets[i], &nothing, &error) != NB_OK)
            fail_msg("%s", error.text);
        assert_in_range(parts.count, 1, NB_MAX_PARTS);
        nb_sweep_parts_free(&parts);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists_of_counts),
        cmocka_unit_test(test_lists_of_reals),
        cmocka_unit_test(test_rules_of_the_learning_rate),
        cmocka_unit_test(test_parts_of_a_file),
        cmocka_unit_test(test_the_user_wins_in_every_part),
        cmocka_unit_test(test_files_that_are_refused),
        cmocka_unit_test(test_presets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
