// SPDX-License-Identifier: MIT
#include "bench/gbench.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "bench/report.h"
#include "src/record.h"

#define NANO 1e9

static json_t *caches_json(const struct nb_machine *machine) {
    json_t *list = json_array();
    for (size_t i = 0; i < machine->cache_count; i++) {
        const struct nb_cache *cache = &machine->caches[i];
        const char *type = cache->kind == 'd'   ? "Data"
                           : cache->kind == 'i' ? "Instruction"
                                                : "Unified";
        json_array_append_new(list, json_pack("{ss si sI sI}", "type", type, "level",
                                              (int)cache->level, "size", (json_int_t)cache->bytes,
                                              "num_sharing", (json_int_t)cache->shared_by));
    }
    return list;
}

static json_t *ceiling_json(const struct nb_ceiling *ceiling) {
    json_t *bandwidth = json_object();
    for (enum nb_level level = 0; level < NB_LEVELS; level++) {
        json_t *streams = json_object();
        for (enum nb_stream stream = 0; stream < NB_STREAMS; stream++)
            json_object_set_new(streams, nb_stream_name(stream),
                                nb_json_number(ceiling->bytes[level][stream]));
        json_object_set_new(bandwidth, nb_level_name(level), streams);
    }
    return json_pack("{ss sI so so so}", "isa", nb_isa_name(ceiling->isa), "threads",
                     (json_int_t)ceiling->threads, "f32_flops_per_second",
                     nb_json_number(ceiling->flops[NB_F32]), "f64_flops_per_second",
                     nb_json_number(ceiling->flops[NB_F64]), "bytes_per_second", bandwidth);
}

static json_t *context_json(const struct nb_bench *bench) {
    const struct nb_machine *machine = &bench->machine;
    json_t *ceilings = json_array(), *load = json_array();
    for (size_t i = 0; i < bench->ceilings.count; i++)
        json_array_append_new(ceilings, ceiling_json(&bench->ceilings.all[i]));
    for (size_t i = 0; i < 3; i++)
        json_array_append_new(load, nb_json_number(machine->load[i]));
    json_t *ours =
        json_pack("{so so so sI sI ss so sb}", "machine", nb_machine_json(machine), "peers",
                  nb_peer_versions(bench->options.request.peers), "ceilings", ceilings, "seed",
                  (json_int_t)bench->options.seed, "samples", (json_int_t)bench->options.samples,
                  "status", bench->ended == NB_OK ? "ok" : "interrupted", "noise_floor",
                  nb_json_number(bench->noise_floor), "dry_run", (int)bench->options.dry_run);
    return json_pack("{ss ss ss sI so so ss ss si so}", "date", bench->date, "host_name",
                     machine->cpu, "executable", "normbench", "num_cpus", (json_int_t)machine->cpus,
                     "caches", caches_json(machine), "load_avg", load, "library_version",
                     nb_build_version(), "library_build_type",
#ifdef NDEBUG
                     "release",
#else
                     "debug",
#endif
                     "json_schema_version", 1, "normbench", ours);
}

// What all entries of a row begin with.
static json_t *entry_json(const struct nb_row *row, size_t index, const char *suffix,
                          const char *type) {
    char name[NB_ROW_NAME], full[NB_ROW_NAME + 16];
    nb_row_name(row, name);
    snprintf(full, sizeof full, "%s%s", name, suffix);
    return json_pack("{ss sI sI ss ss sI sI ss}", "name", full, "family_index", (json_int_t)index,
                     "per_family_instance_index", (json_int_t)0, "run_name", name, "run_type", type,
                     "repetitions", (json_int_t)row->samples, "threads", (json_int_t)row->threads,
                     "time_unit", "ns");
}

static json_t *sample_json(const struct nb_row *row, size_t index, size_t sample) {
    json_t *entry = entry_json(row, index, "", "iteration");
    json_t *more =
        json_pack("{sI sI so so}", "repetition_index", (json_int_t)sample, "iterations",
                  (json_int_t)row->calls, "real_time", nb_json_number(NANO * row->wall[sample]),
                  "cpu_time", nb_json_number(NANO * row->cpu[sample]));
    json_object_update(entry, more);
    json_decref(more);
    if (sample == 0 && isfinite(row->noise)) // one entry is enough for normbench compare
        json_object_set_new(entry, "noise_floor", json_real(row->noise));
    return entry;
}

static json_t *error_json(const struct nb_row *row, size_t index) {
    json_t *entry = entry_json(row, index, "", "iteration");
    json_t *more = json_pack("{si sI sb ss so so}", "repetition_index", 0, "iterations",
                             (json_int_t)0, "error_occurred", 1, "error_message", row->error,
                             "real_time", json_real(0), "cpu_time", json_real(0));
    json_object_update(entry, more);
    json_decref(more);
    return entry;
}

static double mean_of(const double *values, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += values[i];
    return sum / (double)count;
}

static json_t *median_json(const struct nb_bench *bench, const struct nb_row *row, size_t index) {
    char problem[NB_PROBLEM_TEXT], reproducer[NB_REPRODUCER_TEXT];
    nb_problem_text(row->problem, problem);
    nb_report_reproducer(bench, row, reproducer);
    json_t *samples = json_array(), *rounds = json_array();
    for (size_t i = 0; i < row->samples; i++) {
        json_array_append_new(samples, nb_json_number(NANO * row->wall[i]));
        json_array_append_new(rounds, json_integer((json_int_t)row->round[i]));
    }
    json_t *entry = entry_json(row, index, "_median", "aggregate");
    json_t *more =
        json_pack("{ss ss sI so so ss ss ss ss ss ss ss so so}", "aggregate_name", "median",
                  "aggregate_unit", "time", "iterations", (json_int_t)row->samples, "real_time",
                  nb_json_number(NANO * row->median), "cpu_time",
                  nb_json_number(NANO * mean_of(row->cpu, row->samples)), "family",
                  row->problem->kernel->family, "kernel", row->problem->kernel->name, "problem",
                  problem, "dtype", nb_dtype_name(row->dtype), "isa", row->implementation.name,
                  "cache", row->cold ? "cold" : "hot", "check", nb_verdict_name(row->verdict),
                  "samples", samples, "rounds", rounds);
    json_object_update(entry, more);
    json_decref(more);
    const struct {
        const char *name;
        double value;
    } numbers[] = {
        {"calls_per_sample", (double)row->calls},
        {"min", NANO * row->min},
        {"p05", NANO * row->p05},
        {"p95", NANO * row->p95},
        {"mad", NANO * row->mad},
        {"noise_floor", row->noise},
        {"flops", row->flops},
        {"bytes_read", row->traffic.read},
        {"bytes_written", row->traffic.written},
        {"gflops_per_second", nb_row_gflops(row)},
        {"gbytes_per_second", nb_row_gbytes(row)},
        {"flops_per_byte", nb_row_intensity(row)},
        {"share_of_ceiling", row->least / row->median},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        json_object_set_new(entry, numbers[i].name, nb_json_number(numbers[i].value));
    json_object_set_new(entry, "ceiling",
                        row->ceiling[0] != '\0' ? json_string(row->ceiling) : json_null());
    const struct nb_row *peer = row->best_peer;
    json_object_set_new(entry, "vs_best_peer", nb_json_number(row->vs_best_peer));
    json_object_set_new(entry, "best_peer",
                        peer ? json_string(peer->implementation.name) : json_null());
    json_object_set_new(entry, "unstable", json_boolean(nb_row_unstable(row)));
    json_object_set_new(entry, "shared_samples", json_integer((json_int_t)row->shared));
    json_object_set_new(entry, "reproduce", json_string(reproducer));
    return entry;
}

enum nb_code nb_gbench_write(const struct nb_bench *bench, FILE *stream, struct nb_error *error) {
    fputs("{\"context\": ", stream);
    enum nb_code code = nb_json_write(stream, context_json(bench), JSON_INDENT(1), error);
    fputs(",\"benchmarks\": [\n", stream);
    const char *before = ""; // what separates an entry from those before it
    for (size_t i = 0; i < bench->selection.count && code == NB_OK; i++) {
        const struct nb_row *row = &bench->selection.rows[i];
        // An entry that says what is wrong, one for each sample, and their median.
        size_t wrong = row->verdict == NB_WRONG, median = row->samples > 0;
        for (size_t j = 0; j < wrong + row->samples + median && code == NB_OK; j++) {
            fputs(before, stream);
            before = ",";
            json_t *entry = j < wrong                  ? error_json(row, i)
                            : j < wrong + row->samples ? sample_json(row, i, j - wrong)
                                                       : median_json(bench, row, i);
            code = nb_json_write(stream, entry, JSON_COMPACT, error);
        }
    }
    fputs("]}\n", stream);
    return code;
}
