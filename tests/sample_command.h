// SPDX-License-Identifier: MIT
// A command with an option of each type, for the tests of options and of commands.
#ifndef NB_TESTS_SAMPLE_COMMAND_H
#define NB_TESTS_SAMPLE_COMMAND_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "src/command.h"
#include "src/settings_options.h"

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

static inline void defaults(void *options) {
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
static inline enum nb_code parse(const char *a, const char *b, const char *c) {
    char *argv[] = {(char *)"sample", (char *)a, (char *)b, (char *)c, NULL};
    int argc = 1;
    while (argv[argc] != NULL)
        argc++;
    error = (struct nb_error){0};
    return nb_command_parse(&command, argc, argv, &options, &parsed, &error);
}

static inline void expect_refusal(const char *a, const char *b, const char *message) {
    assert_int_equal(parse(a, b, NULL), NB_USAGE);
    assert_string_equal(error.text, message);
}

#endif
