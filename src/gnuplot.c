// SPDX-License-Identifier: MIT
#include "src/gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// Starts the child; returns 0 or an errno. Signals that this program blocks or ignores are the
// child's as usual.
static int start(pid_t *child, const char *folder, const char *script) {
    char *arguments[] = {"gnuplot", "--default-settings", (char *)script, NULL};
    posix_spawn_file_actions_t actions;
    int failure = posix_spawn_file_actions_init(&actions);
    if (failure)
        return failure;
    const int log_flags = O_WRONLY | O_CREAT | O_EXCL;
    failure = posix_spawn_file_actions_addchdir_np(&actions, folder);
    if (!failure)
        failure =
            posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (!failure)
        failure = posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "gnuplot.log",
                                                   log_flags, 0600);
    if (!failure)
        failure = posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    if (!failure)
        failure = posix_spawnp(child, arguments[0], &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    return failure;
}

double nb_gnuplot_seconds = 120;

// Waits for the child and takes its life after nb_gnuplot_seconds; returns 0 or an errno.
static int wait_for(pid_t child, int *status) {
    const struct timespec nap = {.tv_nsec = 5000000};
    struct timespec begin, now;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (bool late = false; true; nanosleep(&nap, NULL)) {
        pid_t ended = waitpid(child, status, late ? 0 : WNOHANG);
        if (ended == child)
            return late ? ETIMEDOUT : 0;
        if (ended < 0 && errno != EINTR)
            return errno;
        clock_gettime(CLOCK_MONOTONIC, &now);
        late = (double)(now.tv_sec - begin.tv_sec) > nb_gnuplot_seconds;
        if (late)
            kill(child, SIGKILL);
    }
}

// What gnuplot complained of: the first line of its log that names a line of the script and is no
// mere warning.
static void complaint(char text[256], const char *folder) {
    char path[4096], line[256];
    strcpy(text, "it says nothing");
    snprintf(path, sizeof path, "%s/gnuplot.log", folder);
    FILE *log = fopen(path, "r");
    if (!log)
        return;
    while (fgets(line, sizeof line, log)) {
        if (!strstr(line, "\" line ") || strstr(line, "warning"))
            continue;
        line[strcspn(line, "\n")] = '\0';
        strcpy(text, line);
        break;
    }
    fclose(log);
}

enum nb_code nb_gnuplot_run(const char *folder, const char *script, const char *place,
                            struct nb_error *error) {
    pid_t child;
    int status = 0, failure = start(&child, folder, script);
    if (failure == ENOENT)
        return nb_error_set(error, NB_FAILED,
                            "no pictures, as gnuplot is not installed; install it (Debian: apt "
                            "install gnuplot-nox), then run \"gnuplot %s\" in \"%s\"",
                            script, place);
    if (!failure)
        failure = wait_for(child, &status);
    if (!failure && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return NB_OK;
    char text[256];
    if (failure)
        snprintf(text, sizeof text, "%s", strerror(failure));
    else if (WIFSIGNALED(status))
        snprintf(text, sizeof text, "%s", strsignal(WTERMSIG(status)));
    else
        complaint(text, folder);
    return nb_error_set(
        error, NB_FAILED,
        "no pictures, as gnuplot failed (%s); gnuplot 5.2 or later with the svg and "
        "pngcairo terminals is needed (Debian: gnuplot-nox), then run \"gnuplot %s\" "
        "in \"%s\"",
        text, script, place);
}
