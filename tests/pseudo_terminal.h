// SPDX-License-Identifier: MIT
// A terminal of the tests' own: what a program writes to `stream` is read back as text.
#ifndef NB_TESTS_PSEUDO_TERMINAL_H
#define NB_TESTS_PSEUDO_TERMINAL_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

struct pseudo_terminal {
    int master;
    FILE *stream;
};

static inline struct pseudo_terminal pseudo_terminal_open(unsigned short columns) {
    struct pseudo_terminal terminal = {.master = posix_openpt(O_RDWR | O_NOCTTY)};
    if (terminal.master < 0 || grantpt(terminal.master) || unlockpt(terminal.master))
        abort();
    int slave = open(ptsname(terminal.master), O_RDWR | O_NOCTTY);
    struct termios settings;
    struct winsize size = {.ws_row = 24, .ws_col = columns};
    if (slave < 0 || tcgetattr(slave, &settings))
        abort();
    cfmakeraw(&settings);
    if (tcsetattr(slave, TCSANOW, &settings) || ioctl(slave, TIOCSWINSZ, &size))
        abort();
    fcntl(terminal.master, F_SETFL, O_NONBLOCK);
    terminal.stream = fdopen(slave, "w");
    return terminal;
}

// Takes what was written since the last call.
static inline void pseudo_terminal_read(struct pseudo_terminal *terminal, char *text, size_t size) {
    fflush(terminal->stream);
    size_t used = 0;
    ssize_t got;
    while (used < size - 1 && (got = read(terminal->master, text + used, size - 1 - used)) > 0)
        used += (size_t)got;
    text[used] = '\0';
}

static inline void pseudo_terminal_close(struct pseudo_terminal *terminal) {
    fclose(terminal->stream);
    close(terminal->master);
}

#endif
