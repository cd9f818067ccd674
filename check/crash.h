// SPDX-License-Identifier: MIT
// Runs code that may crash and lives to tell.
#ifndef NB_CHECK_CRASH_H
#define NB_CHECK_CRASH_H

struct nb_crash {
    int signal;          // 0: none
    const void *address; // that was touched, for SIGSEGV and SIGBUS
};

// From open to close, the handlers of SIGSEGV, SIGBUS, SIGILL and SIGFPE are ours.
void nb_crash_open(void);
void nb_crash_close(void);

struct nb_crash nb_crash_run(void (*function)(void *user), void *user);

const char *nb_crash_name(int signal); // "SIGSEGV"

#endif
