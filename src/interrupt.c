// SPDX-License-Identifier: MIT
#include "src/interrupt.h"

#include <signal.h>
#include <unistd.h>

static volatile sig_atomic_t caught;

static void on_signal(int number) {
    if (caught != 0)
        _exit(128 + number);
    caught = number;
}

void nb_interrupt_catch(void) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    const int signals[] = {SIGINT, SIGTERM};
    for (int i = 0; i < 2; i++) {
        struct sigaction old;
        // A signal that the parent has us ignore (nohup, a background job of a script) stays
        // ignored.
        if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction(signals[i], &action, NULL);
    }
}

enum nb_code nb_interrupt_code(void) { return caught == 0 ? NB_OK : (enum nb_code)(128 + caught); }
