// SPDX-License-Identifier: MIT
#include "src/commands.h"

#include <math.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "bench/peer.h"
#include "bench/peer_core.h"
#include "src/build.h"
#include "src/file.h"
#include "src/json.h"
#include "src/machine.h"
#include "src/peak.h"
#include "src/table.h"

#ifdef NB_HWLOC
#    include <hwloc.h>
#endif

struct info {
    bool no_peaks;
    const char *json, *peers_isa;
};

static void defaults(void *options) { *(struct info *)options = (struct info){0}; }

#define MAX_PEAKS (2 * NB_ISA_COUNT)

// One row of the ceilings, per second.
struct peak {
    const char *isa;
    size_t threads;
    double f32, f64, bandwidth;
};

struct findings {
    struct nb_machine machine;
    size_t default_threads;
    struct peak peaks[MAX_PEAKS];
    size_t peak_count;
    size_t array_bytes; // of each of the triad's three arrays
};

// Arrays that no cache holds, but not so large that a small machine suffers.
static size_t triad_bytes(const struct nb_machine *machine) {
    size_t cache = 0;
    for (size_t i = 0; i < machine->cache_count; i++)
        cache = machine->caches[i].bytes > cache ? machine->caches[i].bytes : cache;
    const size_t mebibyte = 1 << 20;
    size_t bytes = 2 * cache;
    bytes = bytes > 32 * mebibyte ? bytes : 32 * mebibyte;
    return bytes < 128 * mebibyte ? bytes : 128 * mebibyte;
}

static void measure(struct findings *found) {
    found->array_bytes = triad_bytes(&found->machine);
    for (enum nb_isa isa = 0; isa < NB_ISA_COUNT; isa++) {
        if (!nb_isa_usable(isa))
            continue;
        // One thread, and all of them where there are more.
        for (size_t threads = 1;; threads = found->default_threads) {
            found->peaks[found->peak_count++] = (struct peak){
                .isa = nb_isa_name(isa),
                .threads = threads,
                .f32 = nb_peak_flops_f32(isa, threads),
                .f64 = nb_peak_flops_f64(isa, threads),
                .bandwidth = nb_peak_bandwidth(isa, threads, found->array_bytes),
            };
            if (threads == found->default_threads)
                break;
        }
    }
}

// Why an ISA cannot be chosen, or NULL.
static const char *obstacle(enum nb_isa isa) {
    if (!nb_isa_built(isa))
        return "not in this program: it is for another kind of CPU";
    return nb_isa_usable(isa) ? NULL : "this CPU or operating system does not have it";
}

static json_t *libraries(void) {
    json_t *list = json_pack("{ss ss ss}", "zlib", zlibVersion(), "jansson", JANSSON_VERSION,
                             "openssl", OpenSSL_version(OPENSSL_VERSION_STRING));
#ifdef NB_HWLOC
    char hwloc[32];
    unsigned version = hwloc_get_api_version();
    snprintf(hwloc, sizeof hwloc, "%u.%u.%u", version >> 16, version >> 8 & 255, version & 255);
    json_object_set_new(list, "hwloc_api", json_string(hwloc));
#endif
#ifdef _OPENMP
    char openmp[16];
    snprintf(openmp, sizeof openmp, "%d", _OPENMP);
    json_object_set_new(list, "openmp", json_string(openmp));
#endif
    return list;
}

static json_t *info_json(const struct findings *found) {
    json_t *isas = json_array(), *peaks = json_array();
    for (enum nb_isa isa = 0; isa < NB_ISA_COUNT; isa++)
        json_array_append_new(isas,
                              json_pack("{ss ss sb sb sb ss?}", "name", nb_isa_name(isa), "about",
                                        nb_isa_about(isa), "exact", (int)nb_isa_exact(isa), "built",
                                        (int)nb_isa_built(isa), "usable", (int)nb_isa_usable(isa),
                                        "obstacle", obstacle(isa)));
    for (size_t i = 0; i < found->peak_count; i++) {
        const struct peak *peak = &found->peaks[i];
        json_array_append_new(peaks, json_pack("{ss sI so so so}", "isa", peak->isa, "threads",
                                               (json_int_t)peak->threads, "f32_flops_per_second",
                                               nb_json_number(peak->f32), "f64_flops_per_second",
                                               nb_json_number(peak->f64), "triad_bytes_per_second",
                                               nb_json_number(peak->bandwidth)));
    }
    json_t *peers = nb_peer_versions(NULL); // sets the variables
    return json_pack("{so so ss sI so so so so}", "machine", nb_machine_json(&found->machine),
                     "isas", isas, "default_isa", nb_isa_name(nb_isa_best()), "default_threads",
                     (json_int_t)found->default_threads, "libraries", libraries(), "peers", peers,
                     "peer_variables", nb_peer_core_variables(), "peaks", peaks);
}

static void print_caches(const struct nb_machine *machine) {
    printf("Caches:    ");
    for (size_t i = 0; i < machine->cache_count; i++) {
        const struct nb_cache *cache = &machine->caches[i];
        char kind[2] = "";
        if (cache->kind != 'u')
            kind[0] = cache->kind;
        printf("%sL%u%s %zu KiB", i == 0 ? "" : ", ", cache->level, kind, cache->bytes / 1024);
    }
    printf(machine->cache_count == 0 ? "unknown\n" : "\n");
}

static void print_isas(void) {
    printf("ISAs:      ");
    for (enum nb_isa isa = 0; isa < NB_ISA_COUNT; isa++) {
        const char *why = obstacle(isa);
        printf("%s%-8s %s", isa == 0 ? "" : "           ", nb_isa_name(isa), nb_isa_about(isa));
        if (why != NULL)
            printf(" - %s", why);
        printf(isa == nb_isa_best() ? " (default)\n" : "\n");
    }
}

static void print_versions(const char *title, json_t *list) {
    json_t *version;
    const char *name, *separator = "";
    printf("%s", title);
    json_object_foreach(list, name, version) {
        printf("%s%s %s", separator, name, json_string_value(version));
        separator = ", ";
    }
    printf(*separator == '\0' ? "none\n" : "\n");
    json_decref(list);
}

static void print_peaks(const struct findings *found) {
    static const struct nb_column columns[] = {
        {.name = "isa", .title = "ISA", .width = 8},
        {.name = "threads", .align = NB_RIGHT},
        {.name = "f32", .unit = "GFLOP/s", .align = NB_RIGHT, .digits = 1},
        {.name = "f64", .unit = "GFLOP/s", .align = NB_RIGHT, .digits = 1},
        {.name = "triad", .unit = "GB/s", .align = NB_RIGHT, .digits = 1},
    };
    printf("\nPeaks, measured now: FMA in registers, and a = b + s * c on arrays of %zu MiB\n",
           found->array_bytes >> 20);
    struct nb_table table;
    nb_table_begin(&table, stdout, NB_TABLE_TEXT, columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < found->peak_count; i++) {
        const struct peak *peak = &found->peaks[i];
        nb_table_row(&table, (struct nb_cell[]){
                                 nb_cell_text(peak->isa),
                                 nb_cell_count(peak->threads),
                                 nb_cell_number(peak->f32 * 1e-9),
                                 nb_cell_number(peak->f64 * 1e-9),
                                 nb_cell_number(peak->bandwidth * 1e-9),
                             });
    }
    nb_table_end(&table);
}

static void print_info(const struct findings *found) {
    const struct nb_machine *machine = &found->machine;
    printf("normbench %s, commit %s%s\n", nb_build_version(), nb_build_commit(),
           nb_build_dirty() ? " with changes" : "");
    printf("CPU:       %s (%s), %s\n", machine->cpu, machine->vendor, machine->architecture);
    printf("Cores:     %zu of %zu usable, %zu of %zu logical CPUs; %zu thread%s by default\n",
           machine->usable_cores, machine->cores, machine->usable_cpus, machine->cpus,
           found->default_threads, found->default_threads == 1 ? "" : "s");
    print_caches(machine);
    printf("Memory:    %.1f GiB, NUMA nodes: %zu\n",
           (double)machine->memory_bytes / (1024.0 * 1024 * 1024), machine->numa_nodes);
    printf("System:    %s, %s, %s; hypervisor: %s, governor: %s\n", machine->os, machine->kernel,
           machine->libc, machine->hypervisor, machine->governor);
    print_isas();
    printf("Compiler:  %s, %s\n", nb_build_compiler(), nb_build_flags());
    print_versions("Libraries: ", libraries());
    print_versions("Peers:     ", nb_peer_versions(NULL));
    if (found->peak_count > 0)
        print_peaks(found);
}

static enum nb_code write_json(const struct findings *found, struct nb_file *file,
                               struct nb_error *error) {
    enum nb_code code = nb_json_write(file->stream, info_json(found), JSON_INDENT(2), error);
    return code == NB_OK ? nb_file_commit(file, error) : code;
}

static enum nb_code run_info(void *data, struct nb_error *error) {
    const struct info *options = data;
    struct nb_file file = {0};
    enum nb_code code = nb_peer_core_hold(options->peers_isa, error);
    if (code == NB_OK && options->json != NULL)
        code = nb_file_open(&file, options->json, error);
    if (code != NB_OK)
        return code;
    struct findings found = {.peak_count = 0};
    nb_machine_read(&found.machine);
    found.default_threads = nb_machine_threads(&found.machine);
    if (!options->no_peaks)
        measure(&found);
    bool stdout_taken = file.stream == stdout;
    if (!stdout_taken)
        print_info(&found);
    if (options->json == NULL)
        return NB_OK;
    code = write_json(&found, &file, error);
    nb_file_discard(&file);
    if (code == NB_OK && !stdout_taken)
        printf("\n%s\n", options->json);
    return code;
}

static const struct nb_option options_list[] = {
    {.name = "no-peaks",
     .help = "do not measure: tell at once what is known",
     .type = &nb_option_flag,
     .offset = offsetof(struct info, no_peaks)},
    {.name = "json",
     .value = "FILE",
     .help = "write it all as JSON; -: to standard output, and nothing else there",
     .type = &nb_option_text,
     .offset = offsetof(struct info, json)},
    {.name = "peers-isa",
     .value = "NAME",
     .help = "avx2: what is said of peers is of libraries that are held to AVX2 [best]",
     .type = &nb_option_word,
     .choices = nb_peer_isas,
     .offset = offsetof(struct info, peers_isa)},
    {.name = NULL},
};

const struct nb_command nb_command_info = {
    .name = "info",
    .summary = "show this machine, the instruction sets and their measured peaks",
    .about = "Shows what results on this machine depend on: CPU, caches, cores, instruction sets\n"
             "and why one cannot be used, compiler and flags, libraries, and the peers that\n"
             "normbench bench can time beside our kernels; and measures the ceilings of\n"
             "arithmetic and of memory bandwidth for each instruction set.",
    .examples = "  normbench info\n"
                "  normbench info --no-peaks --json - | jq .machine",
    .groups = {{"Options", options_list}},
    .size = sizeof(struct info),
    .defaults = defaults,
    .run = run_info,
};
