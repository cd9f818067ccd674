// SPDX-License-Identifier: MIT
#include "share/manual.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "src/build.h"
#include "src/commands.h"

// One character as roff: a minus is no hyphen, and quotes and accents are those of a terminal.
static void print_character(FILE *stream, char c) {
    const char *escape = c == '-'    ? "\\-"
                         : c == '\\' ? "\\e"
                         : c == '\'' ? "\\(aq"
                         : c == '`'  ? "\\(ga"
                         : c == '^'  ? "\\(ha"
                         : c == '~'  ? "\\(ti"
                                     : NULL;
    if (escape != NULL)
        fputs(escape, stream);
    else
        fputc(c, stream);
}

static void print_text(FILE *stream, const char *text, size_t length) {
    if (length > 0 && *text == '.')
        fputs("\\&", stream);
    for (size_t i = 0; i < length; i++)
        print_character(stream, text[i]);
}

static void print_word(FILE *stream, const char *text) { print_text(stream, text, strlen(text)); }

// Lines as they stand: examples.
static void print_literal(FILE *stream, const char *text) {
    fprintf(stream, ".nf\n");
    for (const char *line = text; *line != '\0'; line += *line == '\n') {
        size_t length = strcspn(line, "\n");
        print_text(stream, line, length);
        fputc('\n', stream);
        line += length;
    }
    fprintf(stream, ".fi\n");
}

// Paragraphs with empty lines between.
static void print_paragraphs(FILE *stream, const char *text) {
    for (const char *line = text; *line != '\0'; line += *line == '\n') {
        size_t length = strcspn(line, "\n");
        if (length == 0)
            fprintf(stream, ".PP");
        print_text(stream, line, length);
        fputc('\n', stream);
        line += length;
    }
}

static void print_title(FILE *stream, const char *name, const char *summary) {
    fprintf(stream, ".TH ");
    for (const char *p = name; *p != '\0'; p++)
        print_character(stream, (char)toupper((unsigned char)*p));
    fprintf(stream, " 1 \"\" \"normbench %s\" \"User Commands\"\n.SH NAME\n", nb_build_version());
    print_word(stream, name);
    fprintf(stream, " \\- ");
    print_word(stream, summary);
    fputc('\n', stream);
}

// One option: its names, what it does, its default, its variable.
static void print_option(FILE *stream, const struct nb_option *option, const void *options) {
    char value[NB_OPTION_TEXT], variable[NB_OPTION_TEXT];
    option->type->format(option, (const char *)options + option->offset, value);
    nb_option_variable(option, variable);
    fprintf(stream, ".TP\n\\fB\\-\\-");
    print_word(stream, option->name);
    fprintf(stream, "\\fR");
    if (option->value != NULL) {
        fprintf(stream, " \\fI");
        print_word(stream, option->value);
        fprintf(stream, "\\fR");
    }
    fputc('\n', stream);
    print_word(stream, option->help);
    if (*value != '\0' && option->value != NULL) {
        fprintf(stream, "\n[default: ");
        print_word(stream, value);
        fprintf(stream, "]");
    }
    fprintf(stream, "\n[environment: %s]\n", variable);
}

static void print_general(FILE *stream) {
    fprintf(stream, ".TP\n\\fB\\-h\\fR, \\fB\\-\\-help\\fR\nshow the help and exit\n"
                    ".TP\n\\fB\\-V\\fR, \\fB\\-\\-version\\fR\nshow the version and exit\n");
}

static void print_exit_codes(FILE *stream) {
    fprintf(stream, ".SH EXIT STATUS\n");
    print_paragraphs(stream, nb_program_exit_codes);
}

void nb_manual_program(FILE *stream) {
    print_title(stream, "normbench", "BatchNorm against LayerNorm on a CPU");
    fprintf(stream, ".SH SYNOPSIS\n\\fBnormbench\\fR \\fICOMMAND\\fR [\\fIOPTION\\fR]...\n"
                    ".SH DESCRIPTION\n");
    print_paragraphs(stream, nb_program_about);
    fprintf(stream, ".SH COMMANDS\n");
    for (size_t i = 0; nb_commands[i] != NULL; i++) {
        fprintf(stream, ".TP\n\\fBnormbench\\-%s\\fR(1)\n", nb_commands[i]->name);
        print_word(stream, nb_commands[i]->summary);
        fputc('\n', stream);
    }
    fprintf(stream, ".SH OPTIONS\n");
    print_general(stream);
    fprintf(stream,
            ".SH ENVIRONMENT\n"
            "Every option of a command can also come from the environment: the page of the\n"
            "command names the variables. The option wins.\n");
    print_exit_codes(stream);
    fprintf(stream, ".SH EXAMPLES\n");
    print_literal(stream, nb_program_examples);
}

enum nb_code nb_manual_command(const struct nb_command *command, FILE *stream,
                               struct nb_error *error) {
    void *options = calloc(1, command->size);
    if (options == NULL)
        return nb_error_set(error, NB_FAILED, "not enough memory");
    command->defaults(options);
    char name[64];
    snprintf(name, sizeof name, "normbench-%s", command->name);
    print_title(stream, name, command->summary);
    fprintf(stream, ".SH SYNOPSIS\n\\fBnormbench %s\\fR [\\fIOPTION\\fR]...", command->name);
    if (command->operands != NULL) {
        fprintf(stream, command->operands_optional ? " [\\fI" : " \\fI");
        print_word(stream, command->operands);
        fprintf(stream, command->operands_optional ? "\\fR]" : "\\fR");
    }
    fprintf(stream, "\n.SH DESCRIPTION\n");
    print_paragraphs(stream, command->about);
    fprintf(stream, ".SH OPTIONS\n");
    for (const struct nb_option_group *group = command->groups; group->title != NULL; group++) {
        if (*group->title != '\0') {
            fprintf(stream, ".SS ");
            print_word(stream, group->title);
            fputc('\n', stream);
        }
        for (const struct nb_option *option = group->options; option->name != NULL; option++)
            if (nb_command_has(command, option))
                print_option(stream, option, options);
    }
    fprintf(stream, ".SS General\n");
    print_general(stream);
    print_exit_codes(stream);
    fprintf(stream, ".SH EXAMPLES\n");
    print_literal(stream, command->examples);
    fprintf(stream, ".SH SEE ALSO\n\\fBnormbench\\fR(1)\n");
    free(options);
    return NB_OK;
}
