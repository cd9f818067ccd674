// SPDX-License-Identifier: MIT
#include "src/sweep_worker.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "src/record.h"
#include "src/run.h"

// What a sweep adds to the record of a run.
static void add_cell_keys(json_t *record, const struct nb_sweep_worker *worker) {
    const struct nb_sweep_cell *cell = worker->cell;
    json_t *keys = json_pack("{ss ss ss ss ss sf ss so sb}", "cell", cell->id, "bits", cell->bits,
                             "purpose", nb_purpose_names[cell->purpose], "part", cell->part,
                             "lr_rule", nb_lr_rule_names[cell->lr_rule], "lr_base", cell->lr_base,
                             "started", worker->started, "host_load",
                             nb_json_number(worker->host_load), "alone", (int)worker->alone);
    json_object_update(record, keys);
    json_decref(keys);
}

static void stamp(struct nb_sweep_worker *worker) {
    time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(worker->started, sizeof worker->started, "%Y-%m-%dT%H:%M:%SZ", &utc);
    if (getloadavg(&worker->host_load, 1) < 1)
        worker->host_load = NAN;
}

static void count_rows(void *user, const struct nb_run *run, size_t rows, double loss) {
    (void)run, (void)loss;
    atomic_fetch_add_explicit((_Atomic size_t *)user, rows, memory_order_relaxed);
}

// Trains the cell. The record of the run, or {"error": …}.
static json_t *train(const struct nb_sweep_worker *worker, const struct nb_machine *machine) {
    const struct nb_sweep_cell *cell = worker->cell;
    struct nb_run run;
    struct nb_error error;
    if (nb_run_begin(&run, &cell->settings, cell->dataset, &error) != NB_OK)
        return json_pack("{ss}", "error", error.text);
    json_t *digests = json_array();
    while (nb_run_epoch(&run, count_rows, worker->rows)) {
        char digest[NB_DIGEST];
        if (run.status != NB_STATUS_OK)
            continue; // the bits of a NaN are not promised
        nb_trainer_digest(run.trainer, digest);
        json_array_append_new(digests, json_string(digest));
    }
    nb_run_end(&run);
    json_t *record = nb_record_json(&run, machine);
    json_object_set_new(record, "digests", digests);
    nb_run_free(&run);
    return record;
}

// What a process sends that has no memory for its record.
static const char no_memory[] =
    "{\"error\": \"not enough memory; free some and start the sweep again\"}";

// The process of a cell, from its first moment to its last.
static _Noreturn void work(const struct nb_sweep_worker *worker, const struct nb_machine *machine,
                           pid_t parent, const sigset_t *mask, int private, int out) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1); // it died before that
    if (private >= 0)
        close(private);
    // Ctrl-C reaches this process, too. The parent decides what becomes of the cell.
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    sigprocmask(SIG_SETMASK, mask, NULL);
    json_t *record = train(worker, machine);
    char *text = nb_json_text(record, JSON_COMPACT);
    int written = dprintf(out, "%s", text == NULL ? no_memory : text);
    _exit(written < 0 ? 1 : 0);
}

enum nb_code nb_sweep_worker_make(struct nb_sweep_worker *worker, struct nb_error *error) {
    *worker = (struct nb_sweep_worker){.pipe = -1};
    void *shared =
        mmap(NULL, sizeof *worker->rows, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return nb_error_set(error, NB_FAILED, "not enough memory; free some");
    worker->rows = shared;
    return NB_OK;
}

enum nb_code nb_sweep_worker_start(struct nb_sweep_worker *worker, const struct nb_sweep_cell *cell,
                                   const struct nb_machine *machine, int private,
                                   struct nb_error *error) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return nb_error_set(error, NB_FAILED, "cannot make a pipe: %s", strerror(errno));
    worker->cell = cell;
    atomic_store(worker->rows, 0);
    stamp(worker);
    pid_t parent = getpid();
    sigset_t interrupts, mask; // one that comes before the process ignores them waits until it does
    sigemptyset(&interrupts);
    sigaddset(&interrupts, SIGINT);
    sigaddset(&interrupts, SIGTERM);
    sigprocmask(SIG_BLOCK, &interrupts, &mask);
    worker->pid = fork();
    if (worker->pid == 0) {
        close(ends[0]);
        work(worker, machine, parent, &mask, private, ends[1]);
    }
    int reason = errno;
    sigprocmask(SIG_SETMASK, &mask, NULL);
    close(ends[1]);
    worker->pipe = ends[0];
    if (worker->pid > 0)
        return NB_OK;
    close(ends[0]);
    worker->cell = NULL;
    return nb_error_set(error, NB_FAILED, "cannot start a process: %s; free some memory",
                        strerror(reason));
}

// Releases what belongs to the process; *status is how it ended.
static void finish(struct nb_sweep_worker *worker, int *status) {
    close(worker->pipe);
    while (waitpid(worker->pid, status, 0) < 0 && errno == EINTR)
        ;
    free(worker->text);
    worker->text = NULL;
    worker->length = 0;
    worker->pipe = -1;
}

// Reads once; the count is 0 at the end, and below 0 when nothing could be read.
static ssize_t receive(struct nb_sweep_worker *worker) {
    enum { PIECE = 1 << 16 };
    char *larger = realloc(worker->text, worker->length + PIECE);
    if (larger == NULL)
        return -1;
    worker->text = larger;
    ssize_t count;
    do
        count = read(worker->pipe, worker->text + worker->length, PIECE);
    while (count < 0 && errno == EINTR);
    worker->length += count > 0 ? (size_t)count : 0;
    return count;
}

enum nb_code nb_sweep_worker_take(struct nb_sweep_worker *worker, json_t **record,
                                  struct nb_error *error) {
    *record = NULL;
    ssize_t count = receive(worker);
    if (count > 0)
        return NB_OK;
    json_t *sent = count < 0 ? NULL : json_loadb(worker->text, worker->length, 0, NULL);
    int status;
    finish(worker, &status);
    char what[NB_CELL_TEXT_SIZE];
    nb_sweep_cell_describe(worker->cell, what);
    const char *why = json_string_value(json_object_get(sent, "error"));
    if (why != NULL)
        nb_error_set(error, NB_FAILED, "%s: %s", what, why);
    else if (WIFSIGNALED(status))
        nb_error_set(error, NB_FAILED,
                     "%s: its process was ended by signal %d; free some memory and start the "
                     "sweep again",
                     what, WTERMSIG(status));
    else if (sent == NULL)
        nb_error_set(error, NB_FAILED, "%s: %s; start the sweep again", what,
                     nb_json_memory_short() || count < 0 ? "not enough memory"
                                                         : "its process failed");
    bool failed = why != NULL || sent == NULL || WIFSIGNALED(status);
    if (failed) {
        json_decref(sent);
    } else {
        add_cell_keys(sent, worker);
        *record = sent;
    }
    worker->cell = NULL;
    return failed ? NB_FAILED : NB_OK;
}

void nb_sweep_worker_stop(struct nb_sweep_worker *worker) {
    if (worker->cell == NULL)
        return;
    int status;
    kill(worker->pid, SIGKILL);
    finish(worker, &status);
    worker->cell = NULL;
}

void nb_sweep_worker_free(struct nb_sweep_worker *worker) {
    nb_sweep_worker_stop(worker);
    if (worker->rows != NULL)
        munmap((void *)worker->rows, sizeof *worker->rows);
    *worker = (struct nb_sweep_worker){.pipe = -1};
}

json_t *nb_sweep_impossible(const struct nb_sweep_cell *cell, const struct nb_machine *machine) {
    struct nb_dataset view = *cell->dataset;
    view.train.rows = nb_settings_rows(&cell->settings, view.train.rows);
    const struct nb_run run = {.settings = cell->settings,
                               .dataset = &view,
                               .isa = cell->settings.isa,
                               .threads = cell->settings.threads};
    struct nb_sweep_worker worker = {.cell = cell, .alone = true};
    stamp(&worker);
    json_t *record = nb_record_json(&run, machine);
    if (record == NULL)
        return NULL;
    add_cell_keys(record, &worker);
    json_object_set_new(record, "digests", json_array());
    json_object_set_new(record, "status", json_string("impossible"));
    json_object_set_new(record, "reason", json_string(cell->impossible));
    json_object_set_new(record, "parameters", json_null());
    json_object_set_new(record, "init_digest", json_null());
    json_object_set_new(record, "weights_digest", json_null());
    return record;
}
