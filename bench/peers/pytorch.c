// SPDX-License-Identifier: MIT
// PyTorch: normalization, as its users call it from Python. One child process times it for all
// rows, each on its own copy of the operands; bench/pytorch/peer.py, which is part of this program,
// is that child, and says how the two talk.
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/peer.h"
#include "src/clock.h"
#include "src/embedded.h"

// Our threads spin for some milliseconds after their last piece: the child's need their cores.
enum { NAP_NANOSECONDS = 1000000, NAPS = 12 };

enum { LINE = 1024 };

// The child's side is its standard input and output. -1: there is none.
static int child = -1;

static int spawn(pid_t *pid, const char *python, int output, bool serve) {
    const struct nb_embedded *file = nb_embedded_file("peer.py");
    char *script = strndup((const char *)file->bytes, file->size), parent[16];
    if (script == NULL)
        return ENOMEM;
    snprintf(parent, sizeof parent, "%d", (int)getpid());
    char *arguments[] = {(char *)python, "-B", "-c", script, serve ? "serve" : "version",
                         parent,         NULL};
    posix_spawn_file_actions_t actions;
    int failure = posix_spawn_file_actions_init(&actions);
    if (failure == 0) {
        posix_spawn_file_actions_adddup2(&actions, output, STDIN_FILENO);
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
        failure = posix_spawnp(pid, python, &actions, NULL, arguments, environ);
        posix_spawn_file_actions_destroy(&actions);
    }
    free(script);
    return failure;
}

// Starts the child and returns this program's side of the connection, or -1.
static int start(pid_t *pid, const char *python, bool serve) {
    int sides[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sides) != 0)
        return -1;
    int failure = spawn(pid, python, sides[1], serve);
    close(sides[1]);
    if (failure == 0)
        return sides[0];
    close(sides[0]);
    return -1;
}

// Moves all of the data, `out` to the side or in from it; false: the connection has ended.
static bool move_all(int side, char *data, size_t size, bool out) {
    while (size > 0) {
        ssize_t n = out ? send(side, data, size, MSG_NOSIGNAL) : recv(side, data, size, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        data += n;
        size -= (size_t)n;
    }
    return true;
}

static bool give(const void *data, size_t size) {
    return move_all(child, (char *)(uintptr_t)data, size, true);
}

static bool take(int side, void *data, size_t size) { return move_all(side, data, size, false); }

// A line without its end; false: there is none, or it is too long.
static bool take_line(int side, char line[LINE]) {
    for (size_t i = 0; i < LINE && take(side, &line[i], 1); i++)
        if (line[i] == '\n') {
            line[i] = '\0';
            return true;
        }
    return false;
}

// The Python that has torch, and the version of that; both empty: there is none.
static char python[4096], torch_version[64];

static bool ask_version(const char *candidate) {
    pid_t pid;
    char line[LINE] = "";
    int side = start(&pid, candidate, false);
    if (side < 0)
        return false;
    bool found = take_line(side, line);
    close(side);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    if (found) {
        snprintf(python, sizeof python, "%s", candidate);
        snprintf(torch_version, sizeof torch_version, "%.*s", (int)sizeof torch_version - 1, line);
    }
    return found;
}

// Asked once. Who names a Python means this one and no other.
static const char *version(void) {
    static bool asked;
    if (!asked) {
        const char *named = getenv("NORMBENCH_PYTHON");
        if (named != NULL)
            ask_version(named);
        else if (!ask_version("/usr/bin/python3"))
            ask_version("python3");
        asked = true;
    }
    return torch_version[0] == '\0' ? NULL : torch_version;
}

// What the rows are told apart by.
struct table {
    unsigned key;
};

// Bytes of an operand that is written, as PyTorch makes it: sums are those of all rows.
static size_t result_bytes(const struct nb_job *job, size_t o) {
    const struct nb_values *shape = &job->operands->shape[o];
    bool summed = job->implementation->offer->summed >> o & 1;
    return (summed ? shape->cols : shape->count) * shape->size;
}

__attribute__((format(printf, 3, 4))) static int append(char line[LINE], int length,
                                                        const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    length += vsnprintf(line + length, (size_t)(LINE - length), format, arguments);
    va_end(arguments);
    return length; // a line is some two hundred characters
}

static bool send_operands(const struct nb_job *job, unsigned key) {
    const struct nb_operands *operands = job->operands;
    const struct nb_problem *problem = operands->problem;
    char line[LINE];
    int length = append(line, 0, "open %u %s %s %zu %zu", key, problem->kernel->name,
                        nb_dtype_name(operands->dtype), problem->sizes.m, problem->sizes.n);
    for (size_t o = 0; o < NB_OPERANDS; o++)
        if (operands->shape[o].read)
            length = append(line, length, " %s:%zu", operands->subject->operands[o].name,
                            operands->shape[o].count * operands->shape[o].size);
    length = append(line, length, "\n");
    bool good = give(line, (size_t)length);
    for (size_t o = 0; o < NB_OPERANDS && good; o++)
        if (operands->shape[o].read)
            good = give(operands->given + operands->offset[o],
                        operands->shape[o].count * operands->shape[o].size);
    return good;
}

static void hang_up(void) {
    close(child);
    child = -1;
}

static enum nb_code open_row(const struct nb_job *job, void **table, struct nb_error *error) {
    static unsigned keys;
    pid_t pid; // it ends with the connection, and with this process
    struct table *row = calloc(1, sizeof *row);
    if (row == NULL)
        return nb_error_set(error, NB_FAILED, "not enough memory; free some");
    row->key = keys++;
    if (child < 0)
        child = start(&pid, python, true);
    char answer[LINE] = "no answer";
    if (child >= 0 && !(send_operands(job, row->key) && take_line(child, answer)))
        hang_up();
    if (strcmp(answer, "ok") == 0) {
        *table = row;
        return NB_OK;
    }
    free(row);
    return nb_error_set(error, NB_FAILED, "PyTorch in %.100s: %.200s", python, answer);
}

static bool take_results(const struct nb_job *job) {
    const struct nb_operands *operands = job->operands;
    bool good = true;
    for (size_t o = 0; o < NB_OPERANDS && good; o++)
        if (operands->shape[o].written)
            good = take(child, operands->first + operands->offset[o], result_bytes(job, o));
    return good;
}

// "1.5e-3 1.4e-3", in seconds.
static bool read_times(const char *line, struct nb_elapsed *elapsed) {
    char *cpu, *end;
    elapsed->wall = strtod(line, &cpu);
    elapsed->cpu = strtod(cpu, &end);
    return cpu > line && end > cpu;
}

// What this process had worked when the child last ended: its threads sleep if it is no more.
static double used;

static void wait_for_sleep(void) {
    const struct timespec nap = {.tv_nsec = NAP_NANOSECONDS};
    for (int naps = 0; naps < NAPS && nb_process_seconds() - used > 0.2e-9 * NAP_NANOSECONDS;
         naps++) {
        used = nb_process_seconds();
        nanosleep(&nap, NULL);
    }
}

static struct nb_elapsed run(const void *table, const struct nb_job *job, size_t calls,
                             size_t next) {
    (void)next;
    const struct table *row = table;
    struct nb_elapsed elapsed = {NAN, NAN};
    char line[LINE];
    int length = append(line, 0, "run %u %zu %zu", row->key, calls, job->threads);
    for (size_t o = 0; o < NB_OPERANDS && job->checked; o++)
        if (job->operands->shape[o].written)
            length = append(line, length, " %s:%zu", job->operands->subject->operands[o].name,
                            result_bytes(job, o));
    length = append(line, length, "\n");
    if (job->threads > 1)
        wait_for_sleep();
    bool good = child >= 0 && give(line, (size_t)length) && take_line(child, line) &&
                read_times(line, &elapsed) && (!job->checked || take_results(job));
    used = nb_process_seconds();
    if (good)
        return elapsed;
    if (child >= 0)
        hang_up();
    return (struct nb_elapsed){NAN, NAN};
}

static void close_row(void *table) {
    struct table *row = table;
    char line[LINE];
    int length = append(line, 0, "close %u\n", row->key);
    if (child >= 0 && !(give(line, (size_t)length) && take_line(child, line)))
        hang_up();
    free(row);
}

enum { DGAMMA = 7, DBETA };
#define OFFER(name, ...) \
    { .kernel = name, .dtypes = {true, true}, .hot_only = true, __VA_ARGS__ }

static const struct nb_offer offers[] = {
    OFFER("layernorm_forward", .folded = false),
    OFFER("layernorm_backward", .summed = 1u << DGAMMA | 1u << DBETA),
    OFFER("batchnorm_forward", .folded = true),
    OFFER("batchnorm_backward", .summed = 0),
    {0},
};

const struct nb_peer nb_peer_pytorch = {
    .name = "pytorch",
    .version = version,
    .remedy = "script/setup pytorch installs it; NORMBENCH_PYTHON names the Python that has it",
    .offers = offers,
    .whole = true,
    .open = open_row,
    .close = close_row,
    .run = run,
};
