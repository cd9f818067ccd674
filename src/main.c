// SPDX-License-Identifier: MIT
// normbench COMMAND [OPTION]...: finds the command, reads its options, runs it and exits with its
// code.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "src/build.h"
#include "src/commands.h"
#include "src/json.h"

// A file that is opened while 0, 1 or 2 is closed would get that number, and then what is printed.
static void occupy_standard_descriptors(void) {
    for (int descriptor = 0; descriptor <= 2; descriptor++)
        if (fcntl(descriptor, F_GETFD) == -1 && errno == EBADF)
            // The wrong direction on purpose: a use of the closed stream still fails.
            (void)!open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY);
}

// Kernels keep blocks of their operands on the stack, 2 MB at most. A stack that cannot grow,
// as under `ulimit -v`, ends a program without a word: so it grows now, and before that a mapping
// of its size shows whether there is room. A function of its own does it, since one moves the
// stack's end where it begins.
enum { STACK = 9 << 18 };
__attribute__((noinline)) static bool touch_stack(void) {
    volatile char stack[STACK];
    stack[0] = 0;
    return stack[0] == 0;
}

static bool grow_stack(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur < 2 * STACK)
        return true; // as its owner wanted it
    void *room = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED)
        return false;
    munmap(room, STACK);
    return touch_stack();
}

static void print_help(void) {
    printf("Usage: normbench COMMAND [OPTION]...\n\n%s\n\nCommands:\n", nb_program_about);
    for (int i = 0; nb_commands[i] != NULL; i++)
        printf("  %-12s %s\n", nb_commands[i]->name, nb_commands[i]->summary);
    printf("\n"
           "  -h, --help     show this help and exit; normbench COMMAND --help for a command\n"
           "  -V, --version  show the version and exit\n"
           "\n%s\n\nExamples:\n%s\n",
           nb_program_exit_codes, nb_program_examples);
}

static enum nb_code print_version(void) {
    printf("normbench %s\n", nb_build_version());
    return NB_OK;
}

static enum nb_code fail(const char *command, const struct nb_error *error) {
    const char *name = command == NULL ? "" : command, *space = command == NULL ? "" : " ";
    fprintf(stderr, "normbench%s%s: %s", space, name, error->text);
    if (error->code == NB_USAGE)
        fprintf(stderr, "; see normbench%s%s --help", space, name);
    fprintf(stderr, "\n");
    return error->code;
}

static enum nb_code run_command(const struct nb_command *command, int argc, char **argv) {
    struct nb_error error = {0};
    void *options = calloc(1, command->size);
    if (options == NULL) {
        nb_error_set(&error, NB_FAILED, "not enough memory; free some");
        return fail(command->name, &error);
    }
    enum nb_parsed parsed = NB_PARSED_RUN;
    enum nb_code code = nb_command_parse(command, argc, argv, options, &parsed, &error);
    if (code == NB_OK && parsed == NB_PARSED_HELP)
        nb_command_help(command, stdout);
    else if (code == NB_OK && parsed == NB_PARSED_VERSION)
        print_version();
    else if (code == NB_OK)
        code = command->run(options, &error);
    free(options);
    return error.code == NB_OK ? code : fail(command->name, &error);
}

static enum nb_code dispatch(int argc, char **argv) {
    struct nb_error error;
    if (argc < 2) {
        nb_error_set(&error, NB_USAGE, "a command is missing");
        return fail(NULL, &error);
    }
    const char *word = argv[1];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        print_help();
        return NB_OK;
    }
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0)
        return print_version();
    const char *names[NB_COMMANDS];
    size_t count = 0;
    for (; nb_commands[count] != NULL; count++) {
        names[count] = nb_commands[count]->name;
        if (strcmp(word, names[count]) == 0)
            return run_command(nb_commands[count], argc - 1, argv + 1);
    }
    const char *kind = *word == '-' ? "option" : "command", *nearest = NULL;
    if (*word != '-')
        nearest = nb_nearest(word, names, count);
    if (nearest != NULL)
        nb_error_set(&error, NB_USAGE, "unknown %s '%.200s'; did you mean %s?", kind, word,
                     nearest);
    else
        nb_error_set(&error, NB_USAGE, "unknown %s '%.200s'", kind, word);
    return fail(NULL, &error);
}

int main(int argc, char **argv) {
    occupy_standard_descriptors();
    // A reader that goes away must not end a run of hours before its record is written: the write
    // fails instead.
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); // the same with a limit of file sizes
    nb_json_watch_memory();
    if (!grow_stack()) {
        fprintf(stderr, "normbench: not enough memory; free some\n");
        return NB_FAILED;
    }
    enum nb_code code = dispatch(argc, argv);
    errno = 0;
    if ((fflush(stdout) != 0 || ferror(stdout)) && code != NB_FAILED) {
        fprintf(stderr, "normbench: cannot write to standard output: %s\n",
                errno == 0 ? "a write failed" : strerror(errno));
        if (code == NB_OK)
            code = NB_FAILED;
    }
    return code;
}
