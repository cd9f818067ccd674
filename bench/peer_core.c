// SPDX-License-Identifier: MIT
#include "bench/peer_core.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/peers/peer_list.h"
#include "kernels/kernels.h"

enum {
    CORES = 2,
    ROUNDS = 7,
    PATIENCE = 2, // seconds of a trial, which takes some hundredths of one
};

static const struct library {
    const char *peer, *variable;
    struct core {
        enum nb_isa isa;    // that it needs
        const char *value;  // of the variable
        const char *called; // by the library, when it runs it; NULL: it does not say
    } cores[CORES];
} libraries[] = {
    {"openblas",
     "OPENBLAS_CORETYPE",
     {{NB_ISA_AVX512, "SkylakeX", "SkylakeX"}, {NB_ISA_AVX2, "Haswell", "Haswell"}}},
    // These choose well by themselves, by what the CPU can do.
    {"onednn", "ONEDNN_MAX_CPU_ISA", {{NB_ISA_AVX2, "AVX2", NULL}}},
    {"onednn-packed", "ONEDNN_MAX_CPU_ISA", {{NB_ISA_AVX2, "AVX2", NULL}}},
    {"libxsmm", "LIBXSMM_TARGET", {{NB_ISA_AVX2, "hsw", NULL}}},
    {"pytorch", "ATEN_CPU_CAPABILITY", {{NB_ISA_AVX2, "avx2", NULL}}},
#ifdef NB_BLIS_SKX // numbers, which are those of the blis.h of this build: others' differ
    {"blis",
     "BLIS_ARCH_TYPE",
     {{NB_ISA_AVX512, NB_BLIS_SKX, "skx"}, {NB_ISA_AVX2, NB_BLIS_HASWELL, "haswell"}}},
#endif
};

enum { LIBRARIES = sizeof libraries / sizeof *libraries };

static bool held[LIBRARIES];               // by the user, or by nb_peer_core_hold
static enum nb_isa held_to = NB_ISA_COUNT; // by the latter

// The child's part. It answers, or it dies: of a signal, of the core it tries, or because its time
// is up. What it says to people is about cores that nobody chose.
_Noreturn static void answer(int pipe, nb_core_try *try, const void *peer) {
    const struct rlimit none = {0, 0};
    sigset_t blocked;
    sigemptyset(&blocked);
    sigprocmask(SIG_SETMASK, &blocked, NULL);
    signal(SIGALRM, SIG_DFL);
    alarm(PATIENCE);
    setrlimit(RLIMIT_CORE, &none);
    int null = open("/dev/null", O_WRONLY);
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    struct nb_core_trial trial = {.seconds = 0};
    bool done = try(peer, &trial) && write(pipe, &trial, sizeof trial) == sizeof trial;
    _exit(done ? EXIT_SUCCESS : EXIT_FAILURE);
}

// What a child with the variable at `value` finds; NULL: not set.
static bool ask(const char *variable, const char *value, nb_core_try *try, const void *peer,
                struct nb_core_trial *trial) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    pid_t child = fork();
    if (child == 0) {
        if (value == NULL || setenv(variable, value, 1) == 0)
            answer(ends[1], try, peer);
        _exit(EXIT_FAILURE);
    }
    close(ends[1]);
    ssize_t size;
    do
        size = read(ends[0], trial, sizeof *trial);
    while (size < 0 && errno == EINTR);
    close(ends[0]);
    while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
        ;
    return size == sizeof *trial;
}

// Whether there is something to try.
static bool suits(const struct library *library) {
    for (size_t i = 0; i < CORES; i++)
        if (library->cores[i].called != NULL && nb_isa_usable(library->cores[i].isa))
            return true;
    return false;
}

// The one that wins most rounds. All run in each round, one after the other, for what slows this
// machine for a while should not slow one of them alone.
static void choose(const struct library *library, nb_core_try *try, const void *peer) {
    struct nb_core_trial own, trial;
    bool silent[CORES] = {false};
    int wins[CORES + 1] = {0}; // the last ones are those of the library's own choice
    for (int round = 0; round < ROUNDS; round++) {
        if (!ask(library->variable, NULL, try, peer, &own))
            return;
        double least = 0.9 * own.seconds;
        size_t winner = CORES;
        for (size_t i = 0; i < CORES; i++) {
            const struct core *core = &library->cores[i];
            if (silent[i] || !nb_isa_usable(core->isa) || strcmp(core->called, own.core) == 0)
                continue;
            // A library that does not know the value, or calls another core so, runs another.
            silent[i] = !ask(library->variable, core->value, try, peer, &trial) ||
                        strcmp(core->called, trial.core) != 0;
            if (!silent[i] && trial.seconds < least) {
                least = trial.seconds;
                winner = i;
            }
        }
        wins[winner]++;
    }
    size_t chosen = CORES;
    for (size_t i = 0; i < CORES; i++)
        if (wins[i] > wins[chosen])
            chosen = i;
    if (chosen < CORES)
        setenv(library->variable, library->cores[chosen].value, 1);
}

void nb_peer_core_choose(const char *name, nb_core_try *try, const void *peer) {
    for (size_t i = 0; i < LIBRARIES; i++) {
        if (strcmp(libraries[i].peer, name) != 0)
            continue;
        held[i] = getenv(libraries[i].variable) != NULL;
        if (!held[i] && suits(&libraries[i]))
            choose(&libraries[i], try, peer);
    }
}

const char *const nb_peer_isas[] = {"best", "avx2", NULL};

enum nb_code nb_peer_core_hold(const char *name, struct nb_error *error) {
    if (name == NULL || strcmp(name, "best") == 0)
        return NB_OK;
    const enum nb_isa isa = nb_isa_by_name(name);
    if (!nb_isa_usable(isa))
        return nb_error_set(error, NB_USAGE,
                            "--peers-isa: this computer cannot run %s; leave the option out", name);
    for (size_t i = 0; i < LIBRARIES; i++)
        for (size_t j = 0; j < CORES; j++)
            if (libraries[i].cores[j].value != NULL && libraries[i].cores[j].isa == isa)
                setenv(libraries[i].variable, libraries[i].cores[j].value, 1);
    held_to = isa;
    return NB_OK;
}

enum nb_isa nb_peer_core_held_to(void) { return held_to; }

const char *nb_peer_core_held(const char *name) {
    for (size_t i = 0; i < LIBRARIES; i++)
        if (held[i] && strcmp(libraries[i].peer, name) == 0)
            return libraries[i].variable;
    return NULL;
}

json_t *nb_peer_core_variables(void) {
    json_t *variables = json_object();
    for (size_t i = 0; i < LIBRARIES; i++) {
        const char *value = getenv(libraries[i].variable);
        if (value != NULL)
            json_object_set_new(variables, libraries[i].variable, json_string(value));
    }
    return variables;
}
