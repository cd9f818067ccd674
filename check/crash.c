// SPDX-License-Identifier: MIT
#include "check/crash.h"

#include <setjmp.h>
#include <signal.h>
#include <stddef.h>

static const int caught[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE};
#define CAUGHT (sizeof caught / sizeof *caught)

static struct sigaction before[CAUGHT];
static stack_t stack_before;
static sigjmp_buf escape;
static volatile sig_atomic_t armed;
static struct nb_crash crash;

static void handle(int number, siginfo_t *info, void *context) {
    (void)context;
    if (armed) {
        armed = 0;
        crash = (struct nb_crash){number, info->si_addr};
        siglongjmp(escape, number);
    }
    signal(number, SIG_DFL); // the tester's own crash: die of it when the instruction runs again
}

void nb_crash_open(void) {
    // A stack of its own, because a kernel may crash by running out of stack.
    static unsigned char room[1 << 16];
    stack_t stack = {.ss_sp = room, .ss_size = sizeof room};
    sigaltstack(&stack, &stack_before);
    struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < CAUGHT; i++)
        sigaction(caught[i], &action, &before[i]);
}

void nb_crash_close(void) {
    for (size_t i = 0; i < CAUGHT; i++)
        sigaction(caught[i], &before[i], NULL);
    sigaltstack(&stack_before, NULL);
}

struct nb_crash nb_crash_run(void (*function)(void *user), void *user) {
    crash = (struct nb_crash){0};
    if (sigsetjmp(escape, 1) == 0) {
        armed = 1;
        function(user);
        armed = 0;
    }
    return crash;
}

const char *nb_crash_name(int signal) {
    switch (signal) {
    case SIGSEGV:
        return "SIGSEGV";
    case SIGBUS:
        return "SIGBUS";
    case SIGILL:
        return "SIGILL";
    case SIGFPE:
        return "SIGFPE";
    }
    return "a signal";
}
