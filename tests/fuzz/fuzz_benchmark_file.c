// SPDX-License-Identifier: MIT
// The benchmark files that `compare` reads. What is accepted has times above 0 or says why not; the
// same file packed by gzip gives the same; and compared with itself it shows no change. Memory is
// in proportion to the file, packed or not (-rss_limit_mb).
#include <math.h>
#include <string.h>
#include <zlib.h>

#include "src/benchmark_comparison.h"
#include "tests/fuzz/harness.h"

static void check_benchmark(const struct nb_benchmark *benchmark) {
    NB_REQUIRE(benchmark->name != NULL);
    NB_REQUIRE((benchmark->times.n == 0) == (benchmark->fault != NULL));
    NB_REQUIRE(isnan(benchmark->noise_floor) || benchmark->noise_floor >= 0);
    for (size_t i = 0; i < benchmark->times.n; i++) {
        double time = benchmark->times.x[i];
        NB_REQUIRE(time > 0 && isfinite(time));
        NB_REQUIRE(i == 0 || time >= benchmark->times.x[i - 1]);
    }
}

static void require_same(const struct nb_benchmark_file *a, const struct nb_benchmark_file *b) {
    NB_REQUIRE(a->count == b->count && a->non_numbers == b->non_numbers);
    for (size_t i = 0; i < a->count; i++) {
        const struct nb_benchmark *x = &a->benchmarks[i], *y = &b->benchmarks[i];
        NB_REQUIRE(strcmp(x->name, y->name) == 0 && x->times.n == y->times.n);
        NB_REQUIRE((x->fault == NULL) == (y->fault == NULL));
        for (size_t k = 0; k < x->times.n; k++)
            NB_REQUIRE(x->times.x[k] == y->times.x[k]);
    }
}

// Reads the file once more, as a gzip file.
static void read_packed(const struct nb_benchmark_file *file, const uint8_t *data, size_t size) {
    static uint8_t packed[1 << 17];
    z_stream z = {.next_in = (uint8_t *)data, .avail_in = (uInt)size};
    z.next_out = packed;
    z.avail_out = sizeof packed;
    NB_REQUIRE(deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 1, Z_DEFAULT_STRATEGY) == Z_OK);
    bool whole = deflate(&z, Z_FINISH) == Z_STREAM_END;
    deflateEnd(&z);
    if (!whole)
        return;
    struct nb_benchmark_file same;
    struct nb_error error;
    const char *path = nb_fuzz_file("bench.json.gz", packed, sizeof packed - z.avail_out);
    NB_REQUIRE(nb_benchmark_file_read(&same, path, &error) == NB_OK);
    require_same(file, &same);
    nb_benchmark_file_free(&same);
}

static void compare_with_itself(const struct nb_benchmark_file *file) {
    const struct nb_comparison_rule rule = {.alpha = 0.05, .seed = 1};
    struct nb_filter all;
    struct nb_benchmark_comparison comparison;
    struct nb_error error;
    NB_REQUIRE(nb_filter_make(&all, NULL, &error) == NB_OK);
    NB_REQUIRE(nb_benchmark_compare(&comparison, file, file, &all, &rule, &error) == NB_OK);
    NB_REQUIRE(comparison.count == file->count);
    NB_REQUIRE(comparison.counts[NB_FASTER] == 0 && comparison.counts[NB_SLOWER] == 0);
    NB_REQUIRE(comparison.counts[NB_ONLY_A] == 0 && comparison.counts[NB_ONLY_B] == 0);
    nb_benchmark_comparison_free(&comparison);
    nb_filter_free(&all);
    json_t *differences = nb_benchmark_context_differences(file, file);
    NB_REQUIRE(json_array_size(differences) == 0);
    json_decref(differences);
}

void nb_fuzz_target(const uint8_t *data, size_t size) {
    struct nb_benchmark_file file;
    struct nb_error error;
    enum nb_code code =
        nb_benchmark_file_read(&file, nb_fuzz_file("bench.json", data, size), &error);
    nb_fuzz_check(code, &error);
    if (code != NB_OK) {
        NB_REQUIRE(file.rows == NULL && file.context == NULL && file.benchmarks == NULL);
        return;
    }
    NB_REQUIRE(file.count > 0);
    size_t samples = 0;
    for (size_t i = 0; i < file.count; i++) {
        check_benchmark(&file.benchmarks[i]);
        NB_REQUIRE(nb_benchmark_file_find(&file, file.benchmarks[i].name) == &file.benchmarks[i]);
        samples += file.benchmarks[i].times.n;
    }
    if (data[0] != 0x1f)
        read_packed(&file, data, size);
    if (file.count == 1 && samples <= 8) // each sample costs thousands of draws
        compare_with_itself(&file);
    nb_benchmark_file_free(&file);
}
