// SPDX-License-Identifier: MIT
#include "src/record.h"

static json_t *text_or_null(const char *text) {
    // A path need not be UTF-8, JSON must be.
    json_t *string = text == NULL ? NULL : json_string(text);
    return string == NULL ? json_null() : string;
}

static json_t *config_json(const struct nb_settings *s) {
    json_t *hidden = json_array();
    for (size_t i = 0; i < s->hidden_count; i++)
        json_array_append_new(hidden, json_integer((json_int_t)s->hidden[i]));
    return json_pack("{ss so sI sI sI sf ss sf sb sf sI ss ss so ss so sI}",                //
                     "norm", nb_norm_name(s->norm), "hidden", hidden,                       //
                     "classes", (json_int_t)s->classes,                                     //
                     "batch_size", (json_int_t)s->batch_size,                               //
                     "epochs", (json_int_t)s->epochs, "lr", s->lr,                          //
                     "optimizer", nb_optimizer_name(s->optimizer), "momentum", s->momentum, //
                     "nesterov", (int)s->nesterov, "weight_decay", s->weight_decay,         //
                     "seed", (json_int_t)s->seed, "dtype", nb_dtype_name(s->dtype),         //
                     "isa", s->isa,                                                         //
                     "threads", s->threads > 0 ? json_integer((json_int_t)s->threads) : json_null(),
                     "dataset", s->dataset, "data_dir", text_or_null(s->data_dir), "train_rows",
                     (json_int_t)s->train_rows);
}

static json_t *data_json(const struct nb_dataset *dataset) {
    return json_pack("{ss sI sI sI sI s{ss ss ss ss} sb}", "dataset", dataset->name, //
                     "rows", (json_int_t)dataset->train.rows,                        //
                     "test_rows", (json_int_t)dataset->test.rows,                    //
                     "features", (json_int_t)dataset->features,                      //
                     "classes", (json_int_t)dataset->classes,                        //
                     "sha256",                                                       //
                     "train_images", dataset->sha256[0],                             //
                     "train_labels", dataset->sha256[1],                             //
                     "test_images", dataset->sha256[2],                              //
                     "test_labels", dataset->sha256[3],                              //
                     "published", (int)dataset->published);
}

static json_t *phases_json(const struct nb_epoch *epoch) {
    json_t *phases = json_object();
    for (enum nb_phase phase = 0; phase < NB_PHASE_COUNT; phase++)
        json_object_set_new(phases, nb_phase_name(phase), json_real(epoch->phases[phase]));
    return phases;
}

static json_t *epoch_json(const struct nb_run *run, const struct nb_epoch *epoch) {
    bool finished = nb_epoch_finished(epoch);
    return json_pack("{sI so so so so sf so so*}", "epoch", (json_int_t)epoch->epoch, //
                     "train_loss", nb_json_number(epoch->train_loss),                 //
                     "test_loss", nb_json_number(epoch->test_loss),                   //
                     "test_correct",
                     finished ? json_integer((json_int_t)epoch->test_correct) : json_null(), //
                     "test_accuracy", nb_json_number(nb_epoch_accuracy(run, epoch)),         //
                     "seconds", epoch->seconds,                                              //
                     "samples_per_second", nb_json_number(nb_epoch_speed(epoch)),            //
                     "phases", run->profiled ? phases_json(epoch) : NULL);
}

json_t *nb_record_json(const struct nb_run *run, const struct nb_machine *machine) {
    json_t *epochs = json_array();
    for (size_t i = 0; i < run->epoch_count; i++)
        json_array_append_new(epochs, epoch_json(run, &run->epochs[i]));
    return json_pack("{si so so s{ss sI} so sI so sI so ss ss ss}",                     //
                     "schema", NB_RECORD_SCHEMA, "config", config_json(&run->settings), //
                     "machine", nb_machine_json(machine),                               //
                     "effective", "isa", run->isa, "threads", (json_int_t)run->threads, //
                     "data", data_json(run->dataset),                                   //
                     "parameters", (json_int_t)run->parameters,                         //
                     "epochs", epochs, "steps", (json_int_t)run->steps,                 //
                     "peak_resident_bytes",
                     run->peak_resident_bytes > 0
                         ? json_integer((json_int_t)run->peak_resident_bytes)
                         : json_null(),
                     "status", nb_status_name(run->status), //
                     "init_digest", run->init_digest,       //
                     "weights_digest", run->weights_digest);
}

enum nb_code nb_record_write(FILE *stream, const struct nb_run *run,
                             const struct nb_machine *machine, enum nb_record_form form,
                             struct nb_error *error) {
    size_t flags = form == NB_RECORD_INDENTED ? JSON_INDENT(2) : JSON_COMPACT;
    return nb_json_write(stream, nb_record_json(run, machine), flags, error);
}
