// SPDX-License-Identifier: MIT
// Options: what is read, what is refused, what the message says, and that the environment comes
// second.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/kernels.h"
#include "src/command.h"
#include "src/settings_options.h"

// A command with an option of each type.
struct sample {
    struct nb_settings settings;
    struct nb_choices norms;
    const char *file;
};

static const struct nb_option norms_options[] = {
    {.name = "norms",
     .value = "LIST",
     .help = "norms",
     .type = &nb_option_choices,
     .offset = offsetof(struct sample, norms),
     .choices = nb_norm_names},
    {.name = "norm",
     .value = "NAME",
     .help = "norm",
     .type = &nb_option_choice,
     .offset = offsetof(struct sample, settings.norm),
     .choices = nb_norm_names},
    {.name = "file",
     .value = "FILE",
     .help = "file",
     .type = &nb_option_text,
     .offset = offsetof(struct sample, file)},
    {.name = NULL},
};

static void defaults(void *options) {
    *(struct sample *)options = (struct sample){.settings = nb_settings_default()};
}

static const struct nb_command command = {
    .name = "sample",
    .summary = "for tests",
    .about = "For tests.",
    .examples = "  none",
    .groups = {{"Norms", norms_options},
               {"Model", nb_model_options},
               {"Training", nb_training_options},
               {"Machine", nb_machine_options},
               {"Data", nb_data_options}},
    .size = sizeof(struct sample),
    .defaults = defaults,
};

static struct sample options;
static enum nb_parsed parsed;
static struct nb_error error;

// Parses up to three arguments.
static enum nb_code parse(const char *a, const char *b, const char *c) {
    char *argv[] = {(char *)"sample", (char *)a, (char *)b, (char *)c, NULL};
    int argc = 1;
    while (argv[argc] != NULL)
        argc++;
    error = (struct nb_error){0};
    return nb_command_parse(&command, argc, argv, &options, &parsed, &error);
}

static void expect_refusal(const char *a, const char *b, const char *message) {
    assert_int_equal(parse(a, b, NULL), NB_USAGE);
    assert_string_equal(error.text, message);
}

// The value of an option as text.
static const char *shown(const char *name) {
    static char text[NB_OPTION_TEXT];
    for (const struct nb_option_group *group = command.groups; group->title != NULL; group++)
        for (const struct nb_option *o = group->options; o->name != NULL; o++)
            if (strcmp(o->name, name) == 0) {
                o->type->format(o, (const char *)&options + o->offset, text);
                return text;
            }
    fail_msg("no option %s", name);
    return NULL;
}

// Every option is given the first text, must then show the second, and read that back to the same.
static void test_values_show_and_read_back(void **state) {
    (void)state;
    static const char *const values[][3] = {
        {"norms", "layer,batch", "layer,batch"},
        {"norms", "none", "none"},
        {"norm", "none", "none"},
        {"norm", "batch", "batch"},
        {"norm", "layer", "layer"},
        {"file", "a b,c=d", "a b,c=d"},
        {"hidden", "1000,1000", "1000,1000"},
        {"hidden", "none", "none"},
        {"hidden", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,1048576",
         "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,1048576"},
        {"classes", "256", "256"},
        {"batch-size", "2147483647", "2147483647"},
        {"batch-size", "007", "7"},
        {"epochs", "1", "1"},
        {"lr", "1e-3", "0.001"},
        {"lr", ".5", "0.5"},
        {"lr", "5.", "5"},
        {"lr", "+2E+1", "20"},
        {"lr", "0.1000000000000000055", "0.1"},
        {"lr", "2.2250738585072014e-308", "2.2250738585072014e-308"},
        {"optimizer", "adam", "adam"},
        {"momentum", "0.99999999999999989", "0.9999999999999999"},
        {"momentum", "0", "0"},
        {"weight-decay", "1e300", "1e+300"},
        {"nesterov", "yes", "yes"},
        {"nesterov", "0", "no"},
        {"seed", "9223372036854775807", "9223372036854775807"},
        {"seed", "0", "0"},
        {"dtype", "f64", "f64"},
        {"isa", "scalar", "scalar"},
        {"isa", "auto", "auto"},
        {"threads", "1024", "1024"},
        {"threads", "auto", "auto"},
        {"dataset", "fashion-mnist", "fashion-mnist"},
        {"data-dir", "/x", "/x"},
        {"train-rows", "55000", "55000"},
        {"train-rows", "0", "0"},
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char argument[NB_OPTION_TEXT];
        for (int round = 1; round <= 2; round++) {
            snprintf(argument, sizeof argument, "--%s=%s", values[i][0], values[i][round]);
            assert_int_equal(parse(argument, NULL, NULL), NB_OK);
            assert_int_equal(parsed, NB_PARSED_RUN);
            assert_string_equal(shown(values[i][0]), values[i][2]);
        }
    }
}

static void test_defaults_are_the_settings(void **state) {
    (void)state;
    assert_int_equal(parse(NULL, NULL, NULL), NB_OK);
    static const char *const values[][2] = {
        {"norm", "batch"},   {"hidden", "256"},    {"classes", "10"},     {"batch-size", "128"},
        {"epochs", "10"},    {"lr", "0.1"},        {"optimizer", "sgd"},  {"momentum", "0"},
        {"seed", "0"},       {"dtype", "f32"},     {"weight-decay", "0"}, {"isa", "auto"},
        {"threads", "auto"}, {"dataset", "mnist"}, {"nesterov", "no"},    {"data-dir", ""},
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        assert_string_equal(shown(values[i][0]), values[i][1]);
}

static void refuse_all(const char *name, const char *expected, const char *const *bad) {
    for (; *bad != NULL; bad++) {
        char argument[NB_OPTION_TEXT], message[1024];
        snprintf(argument, sizeof argument, "--%s", name);
        snprintf(message, sizeof message, "--%s: '%s' is not %s", name, *bad, expected);
        expect_refusal(argument, *bad, message);
        snprintf(message, sizeof message, "--%s: is empty; it takes %s", name, expected);
        expect_refusal(argument, "", message);
    }
}

static void test_bad_values_are_refused(void **state) {
    (void)state;
    refuse_all("batch-size", "a whole number from 1 to 2147483647",
               (const char *[]){"12x", "0", "-1", "+1", " 1", "1 ", "1.0", "1e3", "0x10",
                                "2147483648", "18446744073709551617", "99999999999999999999999",
                                "nan", "½", "1,2", NULL});
    refuse_all("seed", "a whole number from 0 to 9223372036854775807",
               (const char *[]){"-1", "9223372036854775808", "18446744073709551616", "x", NULL});
    refuse_all("lr", "a number above 0",
               (const char *[]){"0",     "0.0",  "-0.1",     "-0",    "nan",    "NaN",
                                "inf",   "-inf", "infinity", "1e999", "1e-999", "0,1",
                                "0x1p3", "1e",   "e5",       ".",     "1 ",     " 1",
                                "1.2.3", "+",    "1f",       "1_000", NULL});
    refuse_all("momentum", "a number from 0 up to, but not including, 1",
               (const char *[]){"1", "-0.1", "1.5", "nan", "0.99999999999999999", NULL});
    refuse_all("weight-decay", "a number of 0 or more", (const char *[]){"-1e-9", "inf", NULL});
    refuse_all("hidden", "none or a list of at most 16 widths from 1 to 1048576, such as 1000,1000",
               (const char *[]){",", "1,", ",1", "1,,2", "0", "1048577", "none,1", "a", "1;2",
                                "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17", NULL});
    refuse_all("norm", "one of none, batch, layer",
               (const char *[]){"Batch", "batc", "batch,layer", NULL});
    refuse_all("norms", "a list of different words, with commas between, out of none, batch, layer",
               (const char *[]){"batch,batch", "batch,", ",", "x", "batch layer", NULL});
    refuse_all("threads", "auto or a whole number from 1 to 1024",
               (const char *[]){"0", "1025", "-1", "all", NULL});
    refuse_all("dataset", "one of mnist, fashion-mnist, mnist-sample",
               (const char *[]){"MNIST", "cifar", NULL});
    expect_refusal("--nesterov=maybe", NULL, "--nesterov: 'maybe' is not yes or no");
}

// A setting that is refused leaves the field as it was.
static void test_a_refusal_changes_nothing(void **state) {
    (void)state;
    assert_int_equal(parse("--hidden=1,2,x", NULL, NULL), NB_USAGE);
    assert_string_equal(shown("hidden"), "256");
    assert_int_equal(parse("--norms=batch,x", NULL, NULL), NB_USAGE);
    assert_int_equal(options.norms.count, 0);
    assert_int_equal(parse("--lr=1e999", NULL, NULL), NB_USAGE);
    assert_string_equal(shown("lr"), "0.1");
}

static void test_numbers_ignore_the_locale(void **state) {
    (void)state;
    static const char *const comma[] = {"de_DE.UTF-8", "de_DE", "fr_FR.UTF-8", "nl_NL.UTF-8"};
    const char *set = NULL;
    for (size_t i = 0; i < sizeof comma / sizeof *comma && set == NULL; i++)
        set = setlocale(LC_ALL, comma[i]);
    if (set == NULL)
        print_message("no locale with a decimal comma is installed\n");
    assert_int_equal(parse("--lr", "0.25", NULL), NB_OK);
    assert_true(options.settings.lr == 0.25);
    assert_string_equal(shown("lr"), "0.25");
    assert_int_equal(parse("--lr", "0,25", NULL), NB_USAGE);
    setlocale(LC_ALL, "C");
}

static void test_isa(void **state) {
    (void)state;
    assert_int_equal(parse("--isa", "sse9", NULL), NB_USAGE);
    char expected[NB_OPTION_TEXT] = "--isa: 'sse9' is not usable here; choose one of auto";
    for (enum nb_isa isa = 0; isa < NB_ISA_COUNT; isa++) {
        const char *name = nb_isa_name(isa);
        if (nb_isa_usable(isa))
            strcat(strcat(expected, ", "), name);
        assert_int_equal(parse("--isa", name, NULL), nb_isa_usable(isa) ? NB_OK : NB_USAGE);
    }
    expect_refusal("--isa", "sse9", expected);
}

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
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
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
        cmocka_unit_test(test_values_show_and_read_back),
        cmocka_unit_test(test_defaults_are_the_settings),
        cmocka_unit_test(test_bad_values_are_refused),
        cmocka_unit_test(test_a_refusal_changes_nothing),
        cmocka_unit_test(test_numbers_ignore_the_locale),
        cmocka_unit_test(test_isa),
        cmocka_unit_test(test_unknown_options),
        cmocka_unit_test(test_help_and_version),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_the_last_of_two_wins),
        cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_help_text),
        cmocka_unit_test(test_what_was_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
