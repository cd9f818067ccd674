// SPDX-License-Identifier: MIT
#include "src/command.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

bool nb_command_has(const struct nb_command *command, const struct nb_option *option) {
    for (const char *const *name = command->without; name != NULL && *name != NULL; name++)
        if (strcmp(*name, option->name) == 0)
            return false;
    return true;
}

// Reads a text that the user gave, and remembers it where the command wants that.
static enum nb_code take_option(const struct nb_command *command, const struct nb_option *option,
                                const char *source, const char *text, void *options,
                                struct nb_error *error) {
    enum nb_code code = nb_option_set(option, source, text, options, error);
    if (code != NB_OK || command->given_offset == 0)
        return code;
    struct nb_given *given = (struct nb_given *)((char *)options + command->given_offset);
    if (given->count == NB_MAX_GIVEN)
        return nb_error_set(error, NB_USAGE, "%s: more than %d options", source, NB_MAX_GIVEN);
    given->items[given->count].option = option;
    given->items[given->count++].text = text;
    return NB_OK;
}

// What getopt_long returns: 1 for an operand, a character for a short option and for what it
// refuses, and for the long options numbers above these.
enum { MAX_OPTIONS = 64, OPERAND = 1, HELP = 256, VERSION, FIRST };

// Sets every option that the environment names.
static enum nb_code read_environment(const struct nb_command *command, void *options,
                                     struct nb_error *error) {
    NB_EACH_OPTION(command, option) {
        char variable[NB_OPTION_TEXT];
        nb_option_variable(option, variable);
        const char *text = getenv(variable);
        if (text == NULL)
            continue;
        enum nb_code code = take_option(command, option, variable, text, options, error);
        if (code != NB_OK)
            return code;
    }
    return NB_OK;
}

// getopt_long has refused `argument`: says why.
static enum nb_code refuse(const struct option *known, size_t count, const char *argument,
                           bool value_missing, struct nb_error *error) {
    if (value_missing)
        return nb_error_set(error, NB_USAGE, "%.200s: needs a value", argument);
    if (strncmp(argument, "--", 2) != 0)
        return nb_error_set(error, NB_USAGE, "unknown option '%.200s'", argument);
    char name[NB_OPTION_TEXT];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(argument + 2, "="), argument + 2);
    const char *names[MAX_OPTIONS + 2];
    const char *first = NULL, *second = NULL;
    for (size_t i = 0; i < count; i++) {
        names[i] = known[i].name;
        if (strcmp(name, names[i]) == 0)
            return nb_error_set(error, NB_USAGE, "--%s: takes no value", name);
        if (strncmp(name, names[i], strlen(name)) == 0)
            second = first, first = names[i];
    }
    if (second != NULL)
        return nb_error_set(error, NB_USAGE, "--%s: could be --%s or --%s; write it in full", name,
                            second, first);
    const char *nearest = nb_nearest(name, names, count);
    if (nearest != NULL)
        return nb_error_set(error, NB_USAGE, "unknown option '--%s'; did you mean --%s?", name,
                            nearest);
    return nb_error_set(error, NB_USAGE, "unknown option '--%s'", name);
}

static enum nb_code take_operand(const struct nb_command *command, const char *text, size_t *taken,
                                 void *options, struct nb_error *error) {
    if (*taken == command->operand_count)
        return nb_error_set(error, NB_USAGE, "unexpected argument '%.200s'", text);
    const char **operands = (const char **)((char *)options + command->operand_offset);
    operands[(*taken)++] = text;
    return NB_OK;
}

static enum nb_code read_arguments(const struct nb_command *command, int argc, char **argv,
                                   void *options, enum nb_parsed *parsed, struct nb_error *error) {
    const struct nb_option *table[MAX_OPTIONS];
    struct option known[MAX_OPTIONS + 3];
    int count = 0;
    NB_EACH_OPTION(command, option) {
        if (count == MAX_OPTIONS)
            return nb_error_set(error, NB_FAILED, "more than %d options", MAX_OPTIONS);
        int argument = option->value == NULL ? optional_argument : required_argument;
        known[count] = (struct option){option->name, argument, NULL, FIRST + count};
        table[count++] = option;
    }
    known[count] = (struct option){"help", no_argument, NULL, HELP};
    known[count + 1] = (struct option){"version", no_argument, NULL, VERSION};
    known[count + 2] = (struct option){0};

    size_t operands = 0;
    opterr = 0;
    optind = 0; // a fresh start, also after an earlier call
    for (;;) {
        int index = optind == 0 ? 1 : optind; // of the argument that comes next
        int found = getopt_long(argc, argv, "-:hV", known, NULL);
        if (found == -1)
            break;
        if (found == HELP || found == 'h' || found == VERSION || found == 'V') {
            *parsed = found == HELP || found == 'h' ? NB_PARSED_HELP : NB_PARSED_VERSION;
            return NB_OK;
        }
        if (found == '?' || found == ':')
            return refuse(known, (size_t)count + 2, argv[index], found == ':', error);
        enum nb_code code;
        if (found == OPERAND) {
            code = take_operand(command, optarg, &operands, options, error);
        } else {
            const struct nb_option *option = table[found - FIRST];
            char source[NB_OPTION_TEXT];
            snprintf(source, sizeof source, "--%s", option->name);
            const char *text = optarg == NULL ? "yes" : optarg;
            code = take_option(command, option, source, text, options, error);
        }
        if (code != NB_OK)
            return code;
    }
    for (; optind < argc; optind++) { // after "--"
        enum nb_code code = take_operand(command, argv[optind], &operands, options, error);
        if (code != NB_OK)
            return code;
    }
    if (operands < command->operand_count && !command->operands_optional)
        return nb_error_set(error, NB_USAGE, "needs %s", command->operands);
    *parsed = NB_PARSED_RUN;
    return NB_OK;
}

enum nb_code nb_command_parse(const struct nb_command *command, int argc, char **argv,
                              void *options, enum nb_parsed *parsed, struct nb_error *error) {
    // Help comes first: a damaged environment or a wrong option before it must not hide it.
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0) {
            *parsed = NB_PARSED_HELP;
            return NB_OK;
        }
    command->defaults(options);
    enum nb_code code = read_environment(command, options, error);
    return code == NB_OK ? read_arguments(command, argc, argv, options, parsed, error) : code;
}

// Prints text in columns [indent, 80), broken at spaces; the cursor stands at column `column`.
static void print_wrapped(FILE *stream, const char *text, int indent, int column) {
    const char *word = text;
    while (*word != '\0') {
        int length = (int)strcspn(word, " ");
        if (column > indent && column + 1 + length > 80) {
            fprintf(stream, "\n");
            column = 0;
        } else if (column > indent) {
            fprintf(stream, " ");
            column++;
        }
        if (column < indent) {
            fprintf(stream, "%*s", indent - column, "");
            column = indent;
        }
        fprintf(stream, "%.*s", length, word);
        column += length;
        word += length;
        word += strspn(word, " ");
    }
    fprintf(stream, "\n");
}

// One option: its name in the left column, then what it does and its default.
static void print_option(FILE *stream, const struct nb_option *option, const void *options) {
    enum { INDENT = 25 };
    char value[NB_OPTION_TEXT], text[4 * NB_OPTION_TEXT];
    option->type->format(option, (const char *)options + option->offset, value);
    int length = snprintf(text, sizeof text, "%s", option->help);
    if (*value != '\0' && option->value != NULL)
        snprintf(text + length, sizeof text - (size_t)length, " [%s]", value);
    int column = fprintf(stream, option->value == NULL ? "  --%s" : "  --%s %s", option->name,
                         option->value);
    if (column > INDENT - 2) {
        fprintf(stream, "\n");
        column = 0;
    }
    print_wrapped(stream, text, INDENT, column);
}

void nb_command_help(const struct nb_command *command, FILE *stream) {
    void *options = calloc(1, command->size);
    if (options == NULL)
        return;
    command->defaults(options);
    const char *operands = command->operands == NULL ? "" : command->operands;
    const char *open = *operands == '\0' ? "" : command->operands_optional ? " [" : " ";
    fprintf(stream, "Usage: normbench %s [OPTION]...%s%s%s\n\n%s\n", command->name, open, operands,
            command->operands_optional ? "]" : "", command->about);
    for (const struct nb_option_group *group = command->groups; group->title != NULL; group++) {
        if (*group->title != '\0')
            fprintf(stream, "\n%s:\n", group->title);
        for (const struct nb_option *option = group->options; option->name != NULL; option++)
            if (nb_command_has(command, option))
                print_option(stream, option, options);
    }
    fprintf(stream, "\nGeneral:\n");
    print_wrapped(stream, "show this help and exit", 25, fprintf(stream, "  -h, --help"));
    print_wrapped(stream, "show the version and exit", 25, fprintf(stream, "  -V, --version"));
    char variable[NB_OPTION_TEXT];
    const struct nb_option *first = &command->groups[0].options[0];
    nb_option_variable(first, variable);
    fprintf(stream,
            "\nDefaults are in brackets. Every option can also come from the environment:\n"
            "%s=... is --%s. The option wins.\n"
            "\nExamples:\n%s\n",
            variable, first->name, command->examples);
    free(options);
}
