// SPDX-License-Identifier: MIT
// Command lines: unknown words, help, that the environment comes second, and what a command is
// told.
#include "tests/sample_command.h"

#include <stdlib.h>
#include <string.h>

static void test_unknown_options(void **state) {
    (void)state;
    expect_refusal("--bach-size", "1", "unknown option '--bach-size'; did you mean --batch-size?");
    expect_refusal("--batchsize=1", NULL,
                   "unknown option '--batchsize'; did you mean --batch-size?");
    expect_refusal("--wombat", NULL, "unknown option '--wombat'");
    expect_refusal("--m", NULL, "--m: needs a value");
    expect_refusal("--d", "x", "--d: could be --dataset or --data-dir; write it in full");
    expect_refusal("--epochs", NULL, "--epochs: needs a value");
    expect_refusal("--help=x", NULL, "--help: takes no value");
    expect_refusal("-x", NULL, "unknown option '-x'");
    expect_refusal("fast", NULL, "unexpected argument 'fast'");
    expect_refusal("--", "fast", "unexpected argument 'fast'");
}

static void test_help_and_version(void **state) {
    (void)state;
    assert_int_equal(parse("--help", NULL, NULL), NB_OK);
    assert_int_equal(parsed, NB_PARSED_HELP);
    assert_int_equal(parse("-h", NULL, NULL), NB_OK);
    assert_int_equal(parsed, NB_PARSED_HELP);
    assert_int_equal(parse("--wombat", "--help", NULL), NB_OK);
    assert_int_equal(parsed, NB_PARSED_HELP);
    assert_int_equal(parse("--version", NULL, NULL), NB_OK);
    assert_int_equal(parsed, NB_PARSED_VERSION);
}

static void test_environment(void **state) {
    (void)state;
    setenv("NORMBENCH_BATCH_SIZE", "7", 1);
    setenv("NORMBENCH_NESTEROV", "yes", 1);
    assert_int_equal(parse(NULL, NULL, NULL), NB_OK);
    assert_int_equal(options.settings.batch_size, 7);
    assert_true(options.settings.nesterov);
    assert_int_equal(parse("--batch-size=9", "--nesterov=no", NULL), NB_OK);
    assert_int_equal(options.settings.batch_size, 9);
    assert_false(options.settings.nesterov);
    assert_int_equal(parse("--nesterov", NULL, NULL), NB_OK);
    assert_true(options.settings.nesterov);

    // A bad value is an error even where an option would win, but not where help is asked for.
    setenv("NORMBENCH_BATCH_SIZE", "7.5", 1);
    expect_refusal("--batch-size=9", NULL,
                   "NORMBENCH_BATCH_SIZE: '7.5' is not a whole number from 1 to 2147483647");
    assert_int_equal(parse("--help", NULL, NULL), NB_OK);
    setenv("NORMBENCH_BATCH_SIZE", "", 1);
    expect_refusal(NULL, NULL,
                   "NORMBENCH_BATCH_SIZE: is empty; it takes a whole number from 1 to 2147483647");
    unsetenv("NORMBENCH_BATCH_SIZE");
    unsetenv("NORMBENCH_NESTEROV");
}

static void test_the_last_of_two_wins(void **state) {
    (void)state;
    assert_int_equal(parse("--epochs=3", "--epochs=5", NULL), NB_OK);
    assert_int_equal(options.settings.epochs, 5);
}

static void test_nearest(void **state) {
    (void)state;
    static const char *const words[] = {"train", "experiment", "info"};
    assert_string_equal(nb_nearest("trian", words, 3), "train");
    assert_string_equal(nb_nearest("experimant", words, 3), "experiment");
    assert_string_equal(nb_nearest("inf", words, 3), "info");
    assert_null(nb_nearest("wombat", words, 3));
    assert_null(nb_nearest("", words, 3));
    char lengthy[1000];
    memset(lengthy, 'x', sizeof lengthy);
    lengthy[sizeof lengthy - 1] = '\0';
    assert_null(nb_nearest(lengthy, words, 3));
}

static void test_help_text(void **state) {
    (void)state;
    char *text;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    nb_command_help(&command, stream);
    fclose(stream);
    for (const struct nb_option_group *group = command.groups; group->title != NULL; group++)
        for (const struct nb_option *o = group->options; o->name != NULL; o++)
            assert_non_null(strstr(text, o->name));
    assert_non_null(strstr(text, "NORMBENCH_NORMS"));
    assert_non_null(strstr(text, "[128]"));
    char *rest;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
        assert_true(strlen(line) <= 80);
    free(text);
}

// A command that lacks an option of its groups, may be without its operand, and is told what was
// set.
struct told {
    struct nb_settings settings;
    const char *name;
    struct nb_given given;
};

static const char *const without[] = {"seed", NULL};

static void told_defaults(void *data) {
    *(struct told *)data = (struct told){.settings = nb_settings_default()};
}

static const struct nb_command telling = {
    .name = "telling",
    .about = "For tests.",
    .examples = "  none",
    .operands = "NAME",
    .operand_count = 1,
    .operands_optional = true,
    .operand_offset = offsetof(struct told, name),
    .given_offset = offsetof(struct told, given),
    .groups = {{"Training", nb_training_options}},
    .without = without,
    .size = sizeof(struct told),
    .defaults = told_defaults,
};

static void test_what_was_given(void **state) {
    (void)state;
    struct told told;
    char *none[] = {(char *)"telling", NULL};
    assert_int_equal(nb_command_parse(&telling, 1, none, &told, &parsed, &error), NB_OK);
    assert_null(told.name);
    assert_int_equal(told.given.count, 0);
    char *some[] = {(char *)"telling", (char *)"--lr=2", (char *)"word", (char *)"--nesterov",
                    NULL};
    setenv("NORMBENCH_EPOCHS", "7", 1);
    setenv("NORMBENCH_SEED", "7", 1);
    assert_int_equal(nb_command_parse(&telling, 4, some, &told, &parsed, &error), NB_OK);
    unsetenv("NORMBENCH_EPOCHS");
    unsetenv("NORMBENCH_SEED");
    assert_string_equal(told.name, "word");
    assert_int_equal(told.settings.seed, 0);
    static const char *const expected[][2] = {{"epochs", "7"}, {"lr", "2"}, {"nesterov", "yes"}};
    assert_int_equal(told.given.count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(told.given.items[i].option->name, expected[i][0]);
        assert_string_equal(told.given.items[i].text, expected[i][1]);
    }
    char *lacking[] = {(char *)"telling", (char *)"--seed=1", NULL};
    assert_int_equal(nb_command_parse(&telling, 2, lacking, &told, &parsed, &error), NB_USAGE);
    assert_non_null(strstr(error.text, "unknown option '--seed'"));
    char *many[NB_MAX_GIVEN + 3] = {(char *)"telling"};
    for (int i = 1; i <= NB_MAX_GIVEN + 1; i++)
        many[i] = (char *)"--lr=2";
    assert_int_equal(nb_command_parse(&telling, NB_MAX_GIVEN + 1, many, &told, &parsed, &error),
                     NB_OK);
    assert_int_equal(nb_command_parse(&telling, NB_MAX_GIVEN + 2, many, &told, &parsed, &error),
                     NB_USAGE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unknown_options), cmocka_unit_test(test_help_and_version),
        cmocka_unit_test(test_environment),     cmocka_unit_test(test_the_last_of_two_wins),
        cmocka_unit_test(test_nearest),         cmocka_unit_test(test_help_text),
        cmocka_unit_test(test_what_was_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
