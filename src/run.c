// SPDX-License-Identifier: MIT
#include "src/run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/kernels.h"
#include "src/interrupt.h"
#include "src/machine.h"

enum nb_code nb_run_begin(struct nb_run *run, const struct nb_settings *settings,
                          const struct nb_dataset *dataset, struct nb_error *error) {
    *run = (struct nb_run){
        .settings = *settings, .view = *dataset, .dataset = &run->view, .status = NB_STATUS_OK};
    enum nb_code code = nb_settings_check(settings, dataset->train.rows, error);
    if (code != NB_OK)
        return code;
    run->view.train.rows = nb_settings_rows(settings, dataset->train.rows);
    bool best = strcmp(settings->isa, "auto") == 0;
    enum nb_isa isa = best ? nb_isa_best() : nb_isa_by_name(settings->isa);
    if (isa == NB_ISA_COUNT || !nb_isa_usable(isa))
        return nb_error_set(error, NB_USAGE, "the ISA '%s' is not usable here; see normbench info",
                            settings->isa);
    size_t threads = settings->threads > 0 ? settings->threads : nb_machine_default_threads();
    code = nb_trainer_create(&run->trainer, settings, run->dataset, isa, threads, error);
    if (code != NB_OK)
        return code;
    run->isa = nb_trainer_isa(run->trainer);
    run->threads = nb_trainer_threads(run->trainer);
    run->parameters = nb_trainer_parameter_count(run->trainer);
    nb_trainer_digest(run->trainer, run->init_digest);
    run->epochs = calloc(settings->epochs, sizeof *run->epochs);
    if (run->epochs != NULL)
        return NB_OK;
    nb_trainer_free(run->trainer);
    return nb_error_set(error, NB_FAILED, "not enough memory for %zu epochs; use fewer --epochs",
                        settings->epochs);
}

enum nb_code nb_run_profile(struct nb_run *run, struct nb_error *error) {
    run->profiled = true;
    return nb_trainer_profile(run->trainer, error);
}

struct watcher {
    const struct nb_run *run;
    size_t rows_left; // of the epoch
    nb_watch_fn watch;
    void *user;
};

static bool on_step(void *user, size_t step, size_t steps, double loss) {
    (void)step, (void)steps;
    struct watcher *watcher = user;
    size_t batch = watcher->run->settings.batch_size;
    size_t rows = batch < watcher->rows_left ? batch : watcher->rows_left;
    watcher->rows_left -= rows;
    if (watcher->watch != NULL)
        watcher->watch(watcher->user, watcher->run, rows, loss);
    return nb_interrupt_code() == NB_OK;
}

bool nb_run_epoch(struct nb_run *run, nb_watch_fn watch, void *user) {
    if (run->status != NB_STATUS_OK || run->epoch_count == run->settings.epochs)
        return false;
    if (nb_interrupt_code() != NB_OK) {
        run->status = NB_STATUS_INTERRUPTED;
        return false;
    }
    struct nb_epoch *epoch = &run->epochs[run->epoch_count];
    struct watcher watcher = {run, run->dataset->train.rows, watch, user};
    run->status = nb_trainer_epoch(run->trainer, on_step, &watcher, epoch);
    run->epoch_count++;
    run->steps += epoch->steps;
    // The very last step can be the one that spoils the parameters: only the test shows it.
    if (run->status == NB_STATUS_OK && !isfinite(epoch->test_loss))
        run->status = NB_STATUS_DIVERGED;
    return true;
}

void nb_run_end(struct nb_run *run) {
    nb_trainer_digest(run->trainer, run->weights_digest);
    run->peak_resident_bytes = nb_machine_peak_resident();
    nb_trainer_free(run->trainer);
    run->trainer = NULL;
}

void nb_run_free(struct nb_run *run) {
    if (run->trainer != NULL)
        nb_trainer_free(run->trainer);
    free(run->epochs);
    *run = (struct nb_run){0};
}

bool nb_epoch_finished(const struct nb_epoch *epoch) { return isfinite(epoch->train_loss); }

double nb_epoch_accuracy(const struct nb_run *run, const struct nb_epoch *epoch) {
    if (!nb_epoch_finished(epoch))
        return NAN;
    return (double)epoch->test_correct / (double)run->dataset->test.rows;
}

double nb_epoch_speed(const struct nb_epoch *epoch) {
    return epoch->seconds > 0 ? (double)epoch->samples / epoch->seconds : NAN;
}
