// SPDX-License-Identifier: MIT
#include "bench/ceiling.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/cores.h"
#include "src/interrupt.h"
#include "src/peak.h"

enum { SAMPLES = 31 };
#define STREAM_SECONDS 0.3 // for the samples of one stream

// Above this share of the traffic, writing counts.
#define WRITES 0.05

const char *nb_level_name(enum nb_level level) {
    static const char *const names[] = {"L1", "L2", "L3", "memory"};
    return names[level];
}

const char *nb_stream_name(enum nb_stream stream) {
    static const char *const names[] = {"read", "write", "copy"};
    return names[stream];
}

// What of an L3 cache the cores that share it reach. Hypervisors report the cache of a whole socket
// as that of one core, where each few cores have a part of their own: 32 MiB, or 96 where more is
// stacked on them, of which each then has its share.
static size_t reached(const struct nb_cache *cache) {
    const size_t most = (size_t)32 << 20;
    const size_t cores = cache->shared_by > 0 ? cache->shared_by : 1;
    return cache->bytes / cores > most ? most * cores : cache->bytes;
}

void nb_ceilings_begin(struct nb_ceilings *ceilings, const struct nb_machine *machine) {
    *ceilings = (struct nb_ceilings){0};
    for (size_t i = 0; i < machine->cache_count; i++) {
        const struct nb_cache *cache = &machine->caches[i];
        if (cache->kind == 'i' || cache->level < 1 || cache->level > 3)
            continue;
        ceilings->capacity[cache->level - 1] = cache->level == 3 ? reached(cache) : cache->bytes;
        if (cache->bytes > ceilings->largest)
            ceilings->largest = cache->bytes;
    }
}

size_t nb_ceilings_beyond_caches(const struct nb_ceilings *ceilings) {
    const size_t least = (size_t)64 << 20, most = (size_t)256 << 20;
    const size_t bytes = 4 * ceilings->largest;
    return bytes < least ? least : bytes < most ? bytes : most;
}

// What `threads` cores have at a level: the first two belong to a core, the third to all.
static size_t capacity(const struct nb_ceilings *ceilings, enum nb_level level, size_t threads) {
    return ceilings->capacity[level] * (level == NB_L3 ? 1 : threads);
}

static size_t arrays_of(enum nb_stream stream) { return stream == NB_COPY ? 2 : 1; }

// Bytes of a stream's arrays together that live at this level and not below; 0: there is no such
// level.
static size_t footprint(const struct nb_ceilings *ceilings, enum nb_level level,
                        enum nb_stream stream, size_t threads) {
    if (level == NB_MEMORY)
        return arrays_of(stream) * nb_ceilings_beyond_caches(ceilings);
    size_t half = capacity(ceilings, level, threads) / 2;
    size_t below = level == NB_L1 ? 0 : capacity(ceilings, level - 1, threads);
    return half > below ? half : 0;
}

static const struct nb_kernel *kernel_of(enum nb_stream stream, struct nb_error *error) {
    static const char *const names[] = {"peak_read", "peak_write", "peak_copy"};
    const struct nb_kernel *kernel = nb_kernel_all(error);
    while (kernel != NULL && strcmp(kernel->name, names[stream]) != 0)
        kernel++;
    return kernel;
}

// Bytes per second of one stream over arrays of `bytes` in all: the best of several samples.
static enum nb_code measure_stream(const struct nb_ceiling *ceiling, enum nb_stream stream,
                                   size_t bytes, const struct nb_timing *timing, double *rate,
                                   struct nb_error *error) {
    const struct nb_kernel *kernel = kernel_of(stream, error);
    if (kernel == NULL)
        return error->code;
    size_t elements = bytes / arrays_of(stream) / sizeof(float), rows = ceiling->threads;
    struct nb_problem problem = {kernel, {1, elements, 1}};
    if (stream == NB_READ)
        problem.sizes = (struct nb_sizes){rows, elements / rows, 1};
    struct nb_implementation ours = nb_implementation_ours(kernel, NB_F32, ceiling->isa);
    struct nb_row row = nb_row_of(&problem, NB_F32, &ours, ceiling->threads, false);
    struct nb_timing brief = *timing;
    brief.samples = brief.room = SAMPLES;
    brief.check = false; // the rows of this kernel are
    enum nb_code code = nb_group_run(&row, 1, &brief, STREAM_SECONDS, 0, error);
    *rate = (row.traffic.read + row.traffic.written) / row.min;
    nb_row_free(&row);
    return code;
}

static enum nb_code measure(const struct nb_ceilings *ceilings, struct nb_ceiling *ceiling,
                            const struct nb_timing *timing, struct nb_error *error) {
    if (ceiling->threads > 1)
        nb_cores_wait(ceiling->threads, timing->patience);
    ceiling->flops[NB_F32] = nb_peak_flops_f32(ceiling->isa, ceiling->threads);
    if (ceiling->threads > 1)
        nb_cores_wait(ceiling->threads, timing->patience);
    ceiling->flops[NB_F64] = nb_peak_flops_f64(ceiling->isa, ceiling->threads);
    enum nb_code code = NB_OK;
    for (enum nb_level level = 0; level < NB_LEVELS; level++) {
        for (enum nb_stream stream = 0; stream < NB_STREAMS; stream++) {
            size_t bytes = footprint(ceilings, level, stream, ceiling->threads);
            ceiling->bytes[level][stream] = NAN;
            if (bytes > 0 && code == NB_OK && nb_interrupt_code() == NB_OK)
                code = measure_stream(ceiling, stream, bytes, timing,
                                      &ceiling->bytes[level][stream], error);
        }
    }
    return code;
}

const struct nb_ceiling *nb_ceilings_find(const struct nb_ceilings *ceilings,
                                          const struct nb_row *row) {
    for (size_t i = 0; i < ceilings->count; i++) {
        const struct nb_ceiling *ceiling = &ceilings->all[i];
        if (ceiling->threads == row->threads && ceiling->isa == row->implementation.isa)
            return ceiling;
    }
    return NULL;
}

enum nb_code nb_ceilings_measure(struct nb_ceilings *ceilings, const struct nb_row *rows,
                                 size_t count, const struct nb_timing *timing,
                                 struct nb_error *error) {
    enum nb_code code = NB_OK;
    for (size_t i = 0; i < count && code == NB_OK && nb_interrupt_code() == NB_OK; i++) {
        if (nb_ceilings_find(ceilings, &rows[i]) != NULL)
            continue;
        struct nb_ceiling *ceiling = &ceilings->all[ceilings->count];
        *ceiling =
            (struct nb_ceiling){.isa = rows[i].implementation.isa, .threads = rows[i].threads};
        code = measure(ceilings, ceiling, timing, error);
        if (nb_interrupt_code() == NB_OK)
            ceilings->count++;
    }
    return code;
}

// The level that holds what a row touches.
static enum nb_level level_of(const struct nb_ceilings *ceilings, const struct nb_ceiling *ceiling,
                              const struct nb_row *row) {
    for (enum nb_level level = NB_L1; level < NB_MEMORY && !row->cold; level++)
        if (row->working_set <= capacity(ceilings, level, ceiling->threads) &&
            !isnan(ceiling->bytes[level][NB_COPY]))
            return level;
    return NB_MEMORY;
}

void nb_ceilings_apply(const struct nb_ceilings *ceilings, struct nb_row *row) {
    const struct nb_ceiling *ceiling = nb_ceilings_find(ceilings, row);
    if (ceiling == NULL)
        return;
    double bytes = row->traffic.read + row->traffic.written;
    enum nb_level level = level_of(ceilings, ceiling, row);
    enum nb_stream stream = row->traffic.written < WRITES * bytes ? NB_READ : NB_COPY;
    if (row->traffic.read < WRITES * bytes)
        stream = NB_WRITE;
    double arithmetic = row->flops / ceiling->flops[row->dtype];
    double memory = bytes / ceiling->bytes[level][stream];
    row->least = fmax(arithmetic, memory);
    if (arithmetic > memory)
        strcpy(row->ceiling, "FMA");
    else
        snprintf(row->ceiling, sizeof row->ceiling, "%s %s", nb_level_name(level),
                 nb_stream_name(stream));
}
