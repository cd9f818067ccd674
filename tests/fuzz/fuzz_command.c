// SPDX-License-Identifier: MIT
// The command line and the environment, without running anything. The first byte chooses the
// command; each line is an argument, or a variable if it begins with NORMBENCH_. What is accepted,
// written as --name=value for every option and read again, is the same; what can be trained has a
// description that fits its text.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/commands.h"
#include "src/settings.h"
#include "tests/fuzz/harness.h"

static const struct nb_command *const commands[] = {
    &nb_command_bench, &nb_command_train,  &nb_command_experiment, &nb_command_sweep,  //
    &nb_command_check, &nb_command_verify, &nb_command_compare,    &nb_command_report, //
    &nb_command_info,
};

enum { COMMANDS = sizeof commands / sizeof *commands, MOST = 300 };

#define FOR_EACH_OPTION(command, option)                                                         \
    for (const struct nb_option_group *group = (command)->groups; group->title != NULL; group++) \
        for (const struct nb_option *option = group->options; option->name != NULL; option++)

static bool is_left_out(const struct nb_command *command, const struct nb_option *option) {
    for (const char *const *name = command->without; name != NULL && *name != NULL; name++)
        if (strcmp(*name, option->name) == 0)
            return true;
    return false;
}

struct arguments {
    char *texts[MOST + 1];
    int count;
};

// Writes what was read as arguments, each to be freed.
static void write_arguments(struct arguments *written, const struct nb_command *command,
                            char *options) {
    written->count = 0;
    written->texts[written->count++] = strdup(command->name);
    FOR_EACH_OPTION(command, option) {
        char value[NB_OPTION_TEXT];
        if (is_left_out(command, option))
            continue;
        nb_fuzz_value(option, options, value);
        if (*value != '\0')
            NB_REQUIRE(asprintf(&written->texts[written->count++], "--%s=%s", option->name, value) >
                       0);
    }
    written->texts[written->count++] = strdup("--");
    const char *const *operands = (const char *const *)(options + command->operand_offset);
    for (size_t i = 0; i < command->operand_count && operands[i] != NULL; i++)
        written->texts[written->count++] = strdup(operands[i]);
    written->texts[written->count] = NULL;
}

// Settings are found by the offset of one of their options.
static void check_settings(const struct nb_command *command, const char *options) {
    FOR_EACH_OPTION(command, option) {
        if (strcmp(option->name, "batch-size") != 0 || is_left_out(command, option))
            continue;
        const struct nb_settings *settings =
            (const void *)(options + option->offset - offsetof(struct nb_settings, batch_size));
        struct nb_error error;
        char text[NB_SETTINGS_TEXT];
        enum nb_code code = nb_settings_check(settings, 60000, &error);
        nb_fuzz_check(code, &error);
        nb_settings_describe(settings, 784, text);
        NB_REQUIRE(strlen(text) < sizeof text - 1);
        NB_REQUIRE(nb_settings_rows(settings, 60000) <= 60000);
    }
}

static void read_back(const struct nb_command *command, char *options) {
    struct arguments written, again;
    enum nb_parsed parsed;
    struct nb_error error;
    char *same = calloc(1, command->size);
    NB_REQUIRE(same != NULL);
    write_arguments(&written, command, options);
    NB_REQUIRE(nb_command_parse(command, written.count, written.texts, same, &parsed, &error) ==
               NB_OK);
    NB_REQUIRE(parsed == NB_PARSED_RUN);
    write_arguments(&again, command, same);
    NB_REQUIRE(written.count == again.count);
    for (int i = 0; i < written.count; i++) {
        NB_REQUIRE(strcmp(written.texts[i], again.texts[i]) == 0);
        free(written.texts[i]);
        free(again.texts[i]);
    }
    free(same);
}

void nb_fuzz_target(const uint8_t *data, size_t size) {
    if (size == 0)
        return;
    const struct nb_command *command = commands[*data % COMMANDS];
    char *text = nb_fuzz_text(data + 1, size - 1), *rest = text, *options;
    struct arguments variables = {.count = 0}, given = {.texts = {(char *)command->name}, 1};
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        char *value = strchr(line, '=');
        bool variable = strncmp(line, "NORMBENCH_", 10) == 0 && value != NULL;
        struct arguments *list = variable ? &variables : &given;
        if (list->count == MOST)
            break;
        list->texts[list->count++] = line;
        if (variable) {
            *value = '\0';
            setenv(line, value + 1, 1);
        }
    }
    given.texts[given.count] = NULL;

    options = calloc(1, command->size);
    NB_REQUIRE(options != NULL);
    enum nb_parsed parsed = NB_PARSED_RUN;
    struct nb_error error;
    enum nb_code code =
        nb_command_parse(command, given.count, given.texts, options, &parsed, &error);
    nb_fuzz_check(code, &error);
    // The values that came from the environment point into it.
    if (code == NB_OK && parsed == NB_PARSED_RUN) {
        check_settings(command, options);
        read_back(command, options);
    }
    for (int i = 0; i < variables.count; i++)
        unsetenv(variables.texts[i]);
    free(options);
    free(text);
}
