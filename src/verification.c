// SPDX-License-Identifier: MIT
#include "src/verification.h"

#include <stdlib.h>
#include <string.h>

#include "src/interrupt.h"
#include "src/machine.h"
#include "src/progress.h"
#include "src/record.h"
#include "src/table.h"

static const struct nb_column columns[] = {
    {.name = "setting", .width = 22},
    {.name = "norm", .width = 5},
    {.name = "dtype"},
    {.name = "batch", .align = NB_RIGHT},
    {.name = "optimizer"},
    {.name = "runs", .align = NB_RIGHT},
    {.name = "result"},
};

// The data sets of a list, one for each name and number of classes.
struct shelf {
    struct nb_dataset *datasets;
    size_t count;
};

static const struct nb_dataset *find_dataset(const struct shelf *shelf,
                                             const struct nb_settings *settings) {
    for (size_t i = 0; i < shelf->count; i++)
        if (strcmp(shelf->datasets[i].name, settings->dataset) == 0 &&
            shelf->datasets[i].classes == settings->classes)
            return &shelf->datasets[i];
    return NULL;
}

static enum nb_code load_dataset(struct shelf *shelf, const struct nb_settings *settings,
                                 const char *data_dir, struct nb_error *error) {
    void *larger = realloc(shelf->datasets, (shelf->count + 1) * sizeof *shelf->datasets);
    if (larger == NULL)
        return nb_error_set(error, NB_FAILED, "not enough memory; free some");
    shelf->datasets = larger;
    struct nb_dataset *dataset = &shelf->datasets[shelf->count];
    bool sample = strcmp(settings->dataset, "mnist-sample") == 0;
    enum nb_code code = nb_dataset_load(dataset, settings->dataset, sample ? NULL : data_dir,
                                        settings->classes, error);
    if (code != NB_OK)
        return code;
    shelf->count++;
    if (!dataset->published)
        return nb_error_set(error, NB_DATA,
                            "%s: does not hold the published %s; run script/fetch-data %s, or name "
                            "another folder",
                            dataset->folder, dataset->name, dataset->name);
    return NB_OK;
}

static void free_datasets(struct shelf *shelf) {
    for (size_t i = 0; i < shelf->count; i++)
        nb_dataset_free(&shelf->datasets[i]);
    free(shelf->datasets);
}

// Everything that can be wrong before the first run is.
static enum nb_code prepare(const struct nb_published_list *list, bool publish,
                            const char *data_dir, struct shelf *shelf, struct nb_error *error) {
    for (size_t i = 0; i < list->count; i++) {
        const struct nb_published *entry = &list->entries[i];
        const struct nb_settings *settings = &entry->settings;
        if (*entry->init_digest == '\0' && !publish)
            return nb_error_set(error, NB_DATA, "%.200s has no digests; make them with --print",
                                entry->name);
        enum nb_code code = NB_OK;
        if (find_dataset(shelf, settings) == NULL)
            code = load_dataset(shelf, settings, data_dir, error);
        if (code != NB_OK)
            return code;
        struct nb_error why;
        size_t rows = find_dataset(shelf, settings)->train.rows;
        if (nb_settings_check(settings, rows, &why) != NB_OK)
            return nb_error_set(error, NB_DATA, "%.200s in the list: %s", entry->name, why.text);
    }
    return NB_OK;
}

static void on_step(void *progress, const struct nb_run *run, size_t rows, double loss) {
    (void)run, (void)loss;
    nb_progress_add(progress, (double)rows, (double)rows);
}

// One run; its digests stay in `run` after nb_run_free has released the rest.
static enum nb_code train(struct nb_run *run, const struct nb_published *entry, enum nb_isa isa,
                          size_t threads, const struct nb_dataset *dataset,
                          struct nb_progress *progress, struct nb_error *error) {
    struct nb_settings settings = entry->settings;
    settings.isa = nb_isa_name(isa);
    settings.threads = threads;
    enum nb_code code = nb_run_begin(run, &settings, dataset, error);
    if (code != NB_OK)
        return code;
    char label[64];
    snprintf(label, sizeof label, "%.30s, %s, %zu thread%s", entry->name, run->isa, run->threads,
             run->threads == 1 ? "" : "s");
    nb_progress_label(progress, label);
    while (nb_run_epoch(run, on_step, progress))
        ;
    nb_run_end(run);
    return run->status == NB_STATUS_INTERRUPTED ? nb_interrupt_code() : NB_OK;
}

// What the runs of one setting gave.
struct result {
    size_t runs, differing;
    char first[64]; // where a difference was first seen
    json_t *json;   // (runs)
};

static bool compare(const struct nb_published *entry, const struct nb_run *run,
                    struct result *result) {
    bool init = strcmp(run->init_digest, entry->init_digest) == 0;
    bool weights = strcmp(run->weights_digest, entry->weights_digest) == 0;
    bool same = init && weights && run->status == NB_STATUS_OK;
    result->runs++;
    result->differing += !same;
    if (!same && result->differing == 1)
        snprintf(result->first, sizeof result->first, "%s, %zu thread%s%s", run->isa, run->threads,
                 run->threads == 1 ? "" : "s",
                 run->status == NB_STATUS_DIVERGED ? ": diverged"
                 : init                            ? ""
                                                   : ": initial weights");
    json_array_append_new(result->json, json_pack("{ss sI ss ss ss sb}", "isa", run->isa, //
                                                  "threads", (json_int_t)run->threads,    //
                                                  "status", nb_status_name(run->status),  //
                                                  "init_digest", run->init_digest,        //
                                                  "weights_digest", run->weights_digest,  //
                                                  "same", (int)same));
    return same;
}

static enum nb_code try_setting(const struct nb_verification *verification,
                                struct nb_published *entry, const struct nb_dataset *dataset,
                                struct nb_progress *progress, struct result *result,
                                struct nb_error *error) {
    const struct nb_places *places = &verification->places;
    size_t all = places->isa_count * places->thread_count;
    for (size_t i = 0; i < all; i++) {
        struct nb_run run;
        enum nb_code code =
            train(&run, entry, places->isas[i / places->thread_count],
                  places->threads[i % places->thread_count], dataset, progress, error);
        if (code == NB_OK && i == 0 && verification->publish) {
            strcpy(entry->init_digest, run.init_digest);
            strcpy(entry->weights_digest, run.weights_digest);
        }
        if (code == NB_OK)
            compare(entry, &run, result);
        nb_run_free(&run);
        if (code != NB_OK)
            return code;
    }
    return NB_OK;
}

static const char *optimizer_text(const struct nb_settings *settings) {
    if (settings->optimizer == NB_ADAM)
        return "Adam";
    return settings->nesterov ? "Nesterov" : settings->momentum > 0 ? "momentum" : "SGD";
}

static void print_row(struct nb_table *table, const struct nb_published *entry,
                      const struct nb_places *places, const struct result *result) {
    const struct nb_settings *settings = &entry->settings;
    char runs[48], text[160] = "same bits";
    snprintf(runs, sizeof runs, "%zu x %zu", places->isa_count, places->thread_count);
    if (result->differing > 0)
        snprintf(text, sizeof text, "DIFFERENT in %zu of %zu, first %s", result->differing,
                 result->runs, result->first);
    nb_table_row(table, (struct nb_cell[]){
                            nb_cell_text(entry->name),
                            nb_cell_text(nb_norm_name(settings->norm)),
                            nb_cell_text(nb_dtype_name(settings->dtype)),
                            nb_cell_count(settings->batch_size),
                            nb_cell_text(optimizer_text(settings)),
                            nb_cell_text(runs),
                            nb_cell_text(text),
                        });
}

static void add_result(struct nb_verification *verification, const struct nb_published *entry,
                       const struct result *result) {
    char options[NB_SETTINGS_TEXT];
    verification->count++;
    verification->runs += result->runs;
    if (result->differing > 0 && verification->differing++ == 0)
        verification->first_differing = entry;
    json_array_append_new(verification->settings,
                          json_pack("{ss ss ss ss sb sO}", "name", entry->name,    //
                                    "train", nb_published_options(entry, options), //
                                    "init_digest", entry->init_digest,             //
                                    "weights_digest", entry->weights_digest,       //
                                    "same", result->differing == 0, "runs", result->json));
}

static void print_places(const struct nb_places *places, FILE *people) {
    fprintf(people, "Each setting on");
    for (size_t i = 0; i < places->isa_count; i++)
        fprintf(people, "%s %s", i == 0 ? "" : ",", nb_isa_name(places->isas[i]));
    fprintf(people, ", each with");
    for (size_t i = 0; i < places->thread_count; i++)
        fprintf(people, "%s %zu", i == 0 ? "" : ",", places->threads[i]);
    fprintf(people, " thread%s\n", places->thread_count == 1 && places->threads[0] == 1 ? "" : "s");
}

static enum nb_code try_settings(struct nb_verification *verification,
                                 struct nb_published_list *list, const struct shelf *shelf,
                                 FILE *people, struct nb_error *error) {
    const struct nb_places *places = &verification->places;
    double rows = 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct nb_settings *settings = &list->entries[i].settings;
        size_t available = find_dataset(shelf, settings)->train.rows;
        rows += (double)(nb_settings_rows(settings, available) * settings->epochs);
    }
    struct nb_progress progress;
    struct nb_table table;
    print_places(places, people);
    nb_table_begin(&table, people, NB_TABLE_TEXT, columns, sizeof columns / sizeof *columns);
    nb_progress_begin(&progress, stderr, rows * (double)(places->isa_count * places->thread_count),
                      "img");
    enum nb_code code = NB_OK;
    for (size_t i = 0; i < list->count && code == NB_OK; i++) {
        struct nb_published *entry = &list->entries[i];
        struct result result = {.json = json_array()};
        code = try_setting(verification, entry, find_dataset(shelf, &entry->settings), &progress,
                           &result, error);
        nb_progress_clear(&progress);
        if (code == NB_OK) {
            print_row(&table, entry, places, &result);
            add_result(verification, entry, &result);
        }
        json_decref(result.json);
    }
    nb_progress_end(&progress);
    nb_table_end(&table);
    return code;
}

enum nb_code nb_verification_run(struct nb_verification *verification,
                                 struct nb_published_list *list, const char *data_dir, FILE *people,
                                 struct nb_error *error) {
    struct shelf shelf = {.count = 0};
    verification->settings = json_array();
    enum nb_code code = prepare(list, verification->publish, data_dir, &shelf, error);
    if (code == NB_OK)
        code = try_settings(verification, list, &shelf, people, error);
    free_datasets(&shelf);
    return code;
}

void nb_verification_free(struct nb_verification *verification) {
    json_decref(verification->settings);
    *verification = (struct nb_verification){0};
}

json_t *nb_verification_json(const struct nb_verification *verification) {
    struct nb_machine machine;
    nb_machine_read(&machine);
    return json_pack("{si so so sI sI sI sb}", "schema", NB_RECORD_SCHEMA, "machine",
                     nb_machine_json(&machine), "settings", json_incref(verification->settings),
                     "count", (json_int_t)verification->count, "runs",
                     (json_int_t)verification->runs, "differing",
                     (json_int_t)verification->differing, "same", verification->differing == 0);
}
