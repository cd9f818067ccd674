// SPDX-License-Identifier: MIT
// A command of the program as plain data: its options, its help and what it runs.
#ifndef NB_SRC_COMMAND_H
#define NB_SRC_COMMAND_H

#include <stdbool.h>
#include <stdio.h>

#include "src/error.h"
#include "src/option.h"

#define NB_MAX_GROUPS 8
#define NB_MAX_GIVEN 128

// Options under one heading of --help.
struct nb_option_group {
    const char *title;               // empty: the heading before goes on
    const struct nb_option *options; // ended by one without a name
};

// The options that the user has set, by the environment or the command line, in that order.
struct nb_given {
    struct {
        const struct nb_option *option;
        const char *text;
    } items[NB_MAX_GIVEN];
    size_t count;
};

struct nb_command {
    const char *name;       // "train"
    const char *summary;    // one phrase, for the list of commands
    const char *about;      // what it does, for its --help; lines of at most 80 columns
    const char *examples;   // one a line, for its --help
    const char *operands;   // what must follow besides options: "A.json B.json"; NULL: nothing
    size_t operand_count;   // the words in `operands`
    bool operands_optional; // they may be missing, and are NULL then
    const char *const *operand_words; // words that mean something, ended by NULL; else: paths
    size_t operand_offset; // of const char *[operand_count] in the options; they point into argv
    size_t given_offset;   // of a struct nb_given in the options; 0: there is none
    struct nb_option_group groups[NB_MAX_GROUPS]; // ended by one without a title
    const char *const *without; // options of the groups that it lacks, ended by NULL; NULL: none
    size_t size;                // of the command's options
    void (*defaults)(void *options);
    // Runs the command. On NB_OK and on the codes of a signal there is no message.
    enum nb_code (*run)(void *options, struct nb_error *error);
};

// Whether the command has this option of its groups.
bool nb_command_has(const struct nb_command *command, const struct nb_option *option);

// A loop over the options of a command, in the order of its groups.
#define NB_EACH_OPTION(command, option)                                                          \
    for (const struct nb_option_group *group = (command)->groups; group->title != NULL; group++) \
        for (const struct nb_option *option = group->options; option->name != NULL; option++)    \
            if (nb_command_has(command, option))

enum nb_parsed { NB_PARSED_RUN, NB_PARSED_HELP, NB_PARSED_VERSION };

// Fills options (command->size bytes) with the defaults, then the environment, then the arguments.
// argv[0] is the command's name. NB_USAGE with the remedy for anything that is not understood.
enum nb_code nb_command_parse(const struct nb_command *command, int argc, char **argv,
                              void *options, enum nb_parsed *parsed, struct nb_error *error);

// What `normbench COMMAND --help` prints.
void nb_command_help(const struct nb_command *command, FILE *stream);

#endif
