// SPDX-License-Identifier: MIT
// The choice of a peer's core: by what children find, whatever becomes of them, and never against
// the user. The peer is a stand-in for OpenBLAS that tells its times.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/implementation.h"
#include "bench/peer_core.h"
#include "kernels/autovec/autovec.h"
#include "kernels/kernels.h"

static const char *const variable = "OPENBLAS_CORETYPE";

// What a trial with the variable at `value` does; NULL: unset.
struct play {
    const char *value, *core;
    double seconds;
    enum { TELLS, ABORTS, FAILS, HANGS } deed;
};

static bool play(const void *peer, struct nb_core_trial *trial) {
    const char *value = getenv(variable);
    for (const struct play *play = peer; play->core != NULL; play++) {
        if ((value == NULL) != (play->value == NULL) ||
            (value != NULL && strcmp(value, play->value) != 0))
            continue;
        if (play->deed == ABORTS)
            abort();
        while (play->deed == HANGS)
            pause();
        snprintf(trial->core, sizeof trial->core, "%s", play->core);
        trial->seconds = play->seconds;
        dprintf(STDERR_FILENO, "what a library complains of\n");
        return play->deed == TELLS;
    }
    return false;
}

// The variable after the choice.
static const char *choice(const char *name, const struct play *plays) {
    nb_peer_core_choose(name, play, plays);
    return getenv(variable);
}

static int unset(void **state) {
    (void)state;
    return unsetenv(variable);
}

// A CPU that leaves nothing to choose from: then nothing is tried.
static void need_avx2(void) {
    if (!nb_isa_usable(NB_ISA_AVX2)) {
        printf("skipped: without AVX2 no core is tried\n");
        skip();
    }
}

static void test_the_quickest(void **state) {
    (void)state;
    need_avx2();
    const struct play old[] = {{NULL, "Prescott", 8, TELLS}, {"Haswell", "Haswell", 2, TELLS}, {0}};
    assert_string_equal(choice("openblas", old), "Haswell");
    assert_null(nb_peer_core_held("openblas")); // although the variable is set by now
    unset(state);
    const struct play three[] = {{NULL, "Prescott", 8, TELLS},
                                 {"SkylakeX", "SkylakeX", 1, TELLS},
                                 {"Haswell", "Haswell", 2, TELLS},
                                 {0}};
    assert_string_equal(choice("openblas", three),
                        nb_isa_usable(NB_ISA_AVX512) ? "SkylakeX" : "Haswell");
    unset(state);
    const struct play wide_is_slow[] = {{NULL, "Prescott", 8, TELLS},
                                        {"SkylakeX", "SkylakeX", 3, TELLS},
                                        {"Haswell", "Haswell", 2, TELLS},
                                        {0}};
    assert_string_equal(choice("openblas", wide_is_slow), "Haswell");
}

static void test_hardly_quicker_is_not_enough(void **state) {
    (void)state;
    const struct play plays[] = {{NULL, "Zen", 1, TELLS},
                                 {"SkylakeX", "SkylakeX", 0.91, TELLS},
                                 {"Haswell", "Haswell", 1.5, TELLS},
                                 {0}};
    assert_null(choice("openblas", plays));
    assert_null(nb_peer_core_held("openblas"));
}

static void test_another_core_than_was_meant(void **state) {
    (void)state;
    const struct play plays[] = {{NULL, "Prescott", 8, TELLS},
                                 {"SkylakeX", "Nehalem", 1, TELLS},
                                 {"Haswell", "", 1, TELLS},
                                 {0}};
    assert_null(choice("openblas", plays));
}

static void test_who_dies_is_left_out(void **state) {
    (void)state;
    const struct play all[] = {{NULL, "Prescott", 8, TELLS},
                               {"SkylakeX", "SkylakeX", 1, ABORTS},
                               {"Haswell", "Haswell", 1, FAILS},
                               {0}};
    assert_null(choice("openblas", all));
    const struct play own[] = {{NULL, "Prescott", 8, ABORTS},
                               {"SkylakeX", "SkylakeX", 1, TELLS},
                               {"Haswell", "Haswell", 1, TELLS},
                               {0}};
    assert_null(choice("openblas", own));
    need_avx2();
    const struct play one[] = {{NULL, "Prescott", 8, TELLS},
                               {"SkylakeX", "SkylakeX", 1, ABORTS},
                               {"Haswell", "Haswell", 2, TELLS},
                               {0}};
    assert_string_equal(choice("openblas", one), "Haswell");
}

static void test_nobody_hears_of_it(void **state) {
    (void)state;
    need_avx2();
    FILE *heard = tmpfile();
    assert_non_null(heard);
    int before = dup(STDERR_FILENO);
    dup2(fileno(heard), STDERR_FILENO);
    const struct play plays[] = {
        {NULL, "Prescott", 8, TELLS}, {"Haswell", "Haswell", 2, TELLS}, {0}};
    const char *chosen = choice("openblas", plays);
    dup2(before, STDERR_FILENO);
    close(before);
    assert_string_equal(chosen, "Haswell");
    assert_int_equal(lseek(fileno(heard), 0, SEEK_END), 0);
    fclose(heard);
}

// Also where this process does not want to hear of time that is up.
static void test_who_hangs_is_left_out(void **state) {
    (void)state;
    sigset_t alarms, before;
    sigemptyset(&alarms);
    sigaddset(&alarms, SIGALRM);
    assert_int_equal(sigprocmask(SIG_BLOCK, &alarms, &before), 0);
    void (*handler)(int) = signal(SIGALRM, SIG_IGN);
    const struct play plays[] = {{NULL, "Prescott", 8, HANGS}, {0}};
    assert_null(choice("openblas", plays));
    signal(SIGALRM, handler);
    sigprocmask(SIG_SETMASK, &before, NULL);
}

static void test_the_user_decides(void **state) {
    (void)state;
    const struct play plays[] = {
        {NULL, "Prescott", 8, TELLS},     {"Nehalem", "Nehalem", 8, TELLS},
        {"", "Prescott", 8, TELLS},       {"SkylakeX", "SkylakeX", 1, TELLS},
        {"Haswell", "Haswell", 1, TELLS}, {0}};
    for (size_t i = 1; i < 3; i++) { // empty is a decision, too
        setenv(variable, plays[i].value, 1);
        assert_string_equal(choice("openblas", plays), plays[i].value);
        assert_string_equal(nb_peer_core_held("openblas"), variable);
        assert_null(nb_peer_core_held("blis"));
        json_t *variables = nb_peer_core_variables();
        assert_string_equal(json_string_value(json_object_get(variables, variable)),
                            plays[i].value);
        json_decref(variables);
    }
}

static void test_peers_without_a_variable(void **state) {
    (void)state;
    const struct play plays[] = {{NULL, "Prescott", 8, TELLS},
                                 {"SkylakeX", "SkylakeX", 1, TELLS},
                                 {"Haswell", "Haswell", 1, TELLS},
                                 {0}};
    assert_null(choice("libxsmm", plays));
    json_t *variables = nb_peer_core_variables();
    assert_null(json_object_get(variables, variable));
    json_decref(variables);
}

// The last test: nothing sets free what is held.
static void test_autovec_is_held_with_them(void **state) {
    (void)state;
    struct nb_error error;
    need_avx2();
    const struct nb_kernel *kernel = nb_kernel_all(&error);
    const void *best = nb_implementation_ours(kernel, NB_F64, NB_ISA_AUTOVEC).table;
    const void *ours = nb_implementation_ours(kernel, NB_F64, NB_ISA_AVX2).table;
    assert_ptr_equal(best, nb_isa_kernels_f64(NB_ISA_AUTOVEC));
    assert_int_equal(nb_peer_core_hold("avx2", &error), NB_OK);
    for (enum nb_dtype dtype = 0; dtype < NB_DTYPES; dtype++) {
        struct nb_implementation held = nb_implementation_ours(kernel, dtype, NB_ISA_AUTOVEC);
        assert_string_equal(held.name, "autovec");
        assert_ptr_equal(held.table, dtype == NB_F32
                                         ? (const void *)nb_autovec_kernels_f32(NB_ISA_AVX2)
                                         : nb_autovec_kernels_f64(NB_ISA_AVX2));
        assert_ptr_not_equal(held.table, dtype == NB_F32
                                             ? (const void *)nb_autovec_kernels_f32(NB_ISA_SCALAR)
                                             : nb_autovec_kernels_f64(NB_ISA_SCALAR));
        assert_true((held.table == best) == !nb_isa_usable(NB_ISA_AVX512) || dtype == NB_F32);
    }
    assert_ptr_equal(nb_implementation_ours(kernel, NB_F64, NB_ISA_AVX2).table, ours);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_the_quickest, unset),
        cmocka_unit_test_setup(test_hardly_quicker_is_not_enough, unset),
        cmocka_unit_test_setup(test_another_core_than_was_meant, unset),
        cmocka_unit_test_setup(test_who_dies_is_left_out, unset),
        cmocka_unit_test_setup(test_nobody_hears_of_it, unset),
        cmocka_unit_test_setup(test_who_hangs_is_left_out, unset),
        cmocka_unit_test_setup(test_the_user_decides, unset),
        cmocka_unit_test_setup(test_peers_without_a_variable, unset),
        cmocka_unit_test_setup(test_autovec_is_held_with_them, unset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
