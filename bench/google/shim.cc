// SPDX-License-Identifier: MIT
#include "bench/google/shim.h"

#include <benchmark/benchmark.h>

extern "C" void nb_google_begin(int *argc, char **argv, void (*help)(void)) {
    benchmark::Initialize(argc, argv, help);
}

extern "C" void nb_google_print_help(void) { benchmark::PrintDefaultHelp(); }

extern "C" void nb_google_context(const char *key, const char *text) {
    benchmark::AddCustomContext(key, text);
}

// One measurement: as many calls as the library has decided. Its clock is the default one, because
// UseRealTime and UseManualTime would append to the name; real_time is wall time with each of them.
static void measure(benchmark::State &state, const nb_google_benchmark &given) {
    const char *obstacle = given.prepare(given.data);
    if (obstacle != nullptr) {
        state.SkipWithError(obstacle);
        return;
    }
    double seconds = 0;
    while (state.KeepRunningBatch(state.max_iterations))
        seconds = given.run(given.data, static_cast<size_t>(state.max_iterations));
    double calls_per_second = static_cast<double>(state.max_iterations) / seconds;
    if (given.flops > 0)
        state.counters["flops_per_second"] = given.flops * calls_per_second;
    if (given.bytes > 0)
        state.counters["bytes_per_second"] = given.bytes * calls_per_second;
}

extern "C" void nb_google_register(const nb_google_benchmark *benchmark) {
    nb_google_benchmark given = *benchmark;
    benchmark::RegisterBenchmark(benchmark->name,
                                 [given](benchmark::State &state) { measure(state, given); });
}

extern "C" size_t nb_google_run(void) {
    size_t count = benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return count;
}
