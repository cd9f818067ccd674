// SPDX-License-Identifier: MIT
// describe man|bash|zsh|fish [COMMAND]: prints what is installed beside the program and made from
// its tables: a manual page, or completions for a shell. Only the build runs it.
#include <stdio.h>
#include <string.h>

#include "src/commands.h"
#include "share/completion.h"
#include "share/manual.h"

static enum nb_code describe_command(const char *name, struct nb_error *error) {
    for (size_t i = 0; nb_commands[i] != NULL; i++)
        if (strcmp(nb_commands[i]->name, name) == 0)
            return nb_manual_command(nb_commands[i], stdout, error);
    return nb_error_set(error, NB_USAGE, "there is no command '%.200s'", name);
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";
    struct nb_error error = {0};
    enum nb_code code = NB_OK;
    if (argc == 3 && strcmp(what, "man") == 0)
        code = describe_command(argv[2], &error);
    else if (argc == 2 && strcmp(what, "man") == 0)
        nb_manual_program(stdout);
    else if (argc == 2 && strcmp(what, "bash") == 0)
        nb_completion_bash(stdout);
    else if (argc == 2 && strcmp(what, "zsh") == 0)
        nb_completion_zsh(stdout);
    else if (argc == 2 && strcmp(what, "fish") == 0)
        nb_completion_fish(stdout);
    else
        code = nb_error_set(&error, NB_USAGE, "usage: describe man|bash|zsh|fish [COMMAND]");
    if (code == NB_OK && (fflush(stdout) != 0 || ferror(stdout)))
        code = nb_error_set(&error, NB_FAILED, "cannot write to standard output");
    if (code != NB_OK)
        fprintf(stderr, "describe: %s\n", error.text);
    return code;
}
