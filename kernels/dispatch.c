// SPDX-License-Identifier: MIT
// Which ISAs this library has and this machine can run. Compiled for the baseline CPU, with
// -DNB_BUILT_<TABLE> for every table that kernels/meson.build builds.
#include "kernels/kernels.h"

#include <string.h>

#include "kernels/autovec/autovec.h"
#include "kernels/version.h"

// What the CPU offers and the operating system saves on a context switch: the compiler's run-time
// asks both.
#if defined(__x86_64__)
#    define CPU_HAS_FMA (__builtin_cpu_supports("avx") && __builtin_cpu_supports("fma"))
#    define CPU_HAS_AVX2 (__builtin_cpu_supports("avx2") && CPU_HAS_FMA)
#    define CPU_HAS_AVX512                                                           \
        (CPU_HAS_AVX2 && __builtin_cpu_supports("avx512f") &&                        \
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && \
         __builtin_cpu_supports("avx512vl"))
#endif

#define DECLARE(table)                                       \
    extern const struct nb_kernels_f32 nb_table_f32_##table; \
    extern const struct nb_kernels_f64 nb_table_f64_##table;
DECLARE(autovec)
DECLARE(autovec_avx2)
DECLARE(autovec_avx512)
DECLARE(scalar)
DECLARE(scalar_fma)
DECLARE(avx2)
DECLARE(avx512)
DECLARE(neon)

static const struct {
    const char *name, *about;
    bool exact;
} isas[] = {
#define ENTRY(id, name, exact, about) {name, about, exact},
    NB_ISA_LIST(ENTRY)
#undef ENTRY
};

const char *nb_version(void) { return NB_VERSION; }

const char *nb_isa_name(enum nb_isa isa) { return isas[isa].name; }
const char *nb_isa_about(enum nb_isa isa) { return isas[isa].about; }
bool nb_isa_exact(enum nb_isa isa) { return isas[isa].exact; }

enum nb_isa nb_isa_by_name(const char *name) {
    enum nb_isa isa = 0;
    while (isa < NB_ISA_COUNT && strcmp(isas[isa].name, name) != 0)
        isa++;
    return isa;
}

struct tables {
    const struct nb_kernels_f32 *f32;
    const struct nb_kernels_f64 *f64;
    bool usable;
};

#define TABLES(table, usable) \
    (struct tables) { &nb_table_f32_##table, &nb_table_f64_##table, usable }

static struct tables autovec_up_to(enum nb_isa most) {
#if defined(NB_BUILT_AUTOVEC_AVX512)
    if (most >= NB_ISA_AVX512 && CPU_HAS_AVX512)
        return TABLES(autovec_avx512, true);
#endif
#if defined(NB_BUILT_AUTOVEC_AVX2)
    if (most >= NB_ISA_AVX2 && CPU_HAS_AVX2)
        return TABLES(autovec_avx2, true);
#endif
    (void)most;
    return TABLES(autovec, true);
}

const struct nb_kernels_f32 *nb_autovec_kernels_f32(enum nb_isa most) {
    return autovec_up_to(most).f32;
}
const struct nb_kernels_f64 *nb_autovec_kernels_f64(enum nb_isa most) {
    return autovec_up_to(most).f64;
}

// The tables of an ISA that was built; NULLs otherwise.
static struct tables tables_of(enum nb_isa isa) {
    switch (isa) {
    case NB_ISA_AUTOVEC:
        return autovec_up_to(NB_ISA_COUNT);
    case NB_ISA_SCALAR:
#if defined(NB_BUILT_SCALAR_FMA)
        if (CPU_HAS_FMA)
            return TABLES(scalar_fma, true);
#endif
        return TABLES(scalar, true);
    case NB_ISA_AVX2:
#if defined(NB_BUILT_AVX2)
        return TABLES(avx2, CPU_HAS_AVX2);
#else
        break;
#endif
    case NB_ISA_AVX512:
#if defined(NB_BUILT_AVX512)
        return TABLES(avx512, CPU_HAS_AVX512);
#else
        break;
#endif
    case NB_ISA_NEON:
#if defined(NB_BUILT_NEON)
        return TABLES(neon, true);
#else
        break;
#endif
    case NB_ISA_COUNT:
        break;
    }
    return (struct tables){0};
}

bool nb_isa_built(enum nb_isa isa) { return tables_of(isa).f32 != NULL; }
bool nb_isa_usable(enum nb_isa isa) { return tables_of(isa).usable; }

enum nb_isa nb_isa_best(void) {
    enum nb_isa best = NB_ISA_COUNT - 1;
    while (!nb_isa_exact(best) || !nb_isa_usable(best))
        best--; // at most down to scalar
    return best;
}

const struct nb_kernels_f32 *nb_isa_kernels_f32(enum nb_isa isa) {
    struct tables tables = tables_of(isa);
    return tables.usable ? tables.f32 : NULL;
}

const struct nb_kernels_f64 *nb_isa_kernels_f64(enum nb_isa isa) {
    struct tables tables = tables_of(isa);
    return tables.usable ? tables.f64 : NULL;
}
