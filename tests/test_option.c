// SPDX-License-Identifier: MIT
// Options: what is read, what is refused, and what the message says.
#include "tests/sample_command.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/kernels.h"

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
        {"lr", "1e-310", "9.99999999999997e-311"},
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_show_and_read_back),
        cmocka_unit_test(test_defaults_are_the_settings),
        cmocka_unit_test(test_bad_values_are_refused),
        cmocka_unit_test(test_a_refusal_changes_nothing),
        cmocka_unit_test(test_numbers_ignore_the_locale),
        cmocka_unit_test(test_isa),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
