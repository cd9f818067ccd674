// SPDX-License-Identifier: MIT
// Plots that cannot be drawn: without gnuplot, with one that fails, and in places that refuse them.
#include "src/gnuplot.h"
#include "tests/plots.h"

// A gnuplot of the test's own, or none, in an otherwise empty search path.
static enum nb_code with_gnuplot(const char *script, const char *folder,
                                 struct nb_plot_files *files, struct nb_error *error) {
    const char *bin = join(folder, "bin"), *program = join(folder, "bin/gnuplot");
    assert_int_equal(mkdir(bin, 0755), 0);
    if (script) {
        write_bytes(program, script, strlen(script));
        assert_int_equal(chmod(program, 0755), 0);
    }
    char *path = strdup(getenv("PATH"));
    setenv("PATH", bin, 1);
    struct nb_plot plot = loss_curves();
    enum nb_code code = nb_plot_write(&plot, folder, "curves", files, error);
    setenv("PATH", path, 1);
    free(path);
    remove(program);
    remove(bin);
    return code;
}

static void without_gnuplot_data_and_script_stay(void **state) {
    static const struct {
        const char *script, *says;
    } cases[] = {
        {NULL, "gnuplot-nox"},
        {"#!/bin/sh\necho '\"curves.gp\" line 3: warning: no font' >&2\n"
         "echo '\"curves.gp\" line 7: unknown terminal' >&2\nexit 1\n",
         "unknown terminal"},
        {"#!/bin/sh\n>curves.svg; kill -9 $$\n", "Killed"},
        {"#!/bin/sh\n>curves.svg; exit 0\n", "left no svg or no png"},
        {"#!/bin/sh\nwhile :; do :; done\n", "timed out"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        // Pictures of an earlier run, which would not show these data.
        write_bytes(join(*state, "curves.svg"), "old", 3);
        write_bytes(join(*state, "curves.png"), "old", 3);
        struct nb_plot_files files;
        struct nb_error error;
        nb_gnuplot_seconds = 1;
        EXPECT_ERROR(with_gnuplot(cases[i].script, *state, &files, &error), &error, NB_FAILED,
                     cases[i].says, "curves.gp", (const char *)*state);
        assert_int_equal(files_in(*state), 2);
        assert_string_equal(files.svg, "");
        assert_string_equal(files.png, "");
        free(read_text(files.csv));
        free(read_text(files.gp));
    }
}

static void refuses_bad_places(void **state) {
    struct nb_plot plot = loss_curves();
    struct nb_plot_files files;
    struct nb_error error;
    const char *const names[] = {
        "",    ".x",  "-x",   "a/b",
        "a b", "a'b", "a\nb", "0123456789012345678901234567890123456789012345678"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        EXPECT_ERROR(nb_plot_write(&plot, *state, names[i], &files, &error), &error, NB_USAGE,
                     "letters");
    EXPECT_ERROR(nb_plot_write(&plot, join(*state, "missing"), "x", &files, &error), &error,
                 NB_FAILED, "missing", "No such file");
    char deep[NB_PLOT_PATH];
    memset(deep, 'd', sizeof deep);
    deep[sizeof deep - 1] = '\0';
    EXPECT_ERROR(nb_plot_write(&plot, deep, "x", &files, &error), &error, NB_FAILED, "write");
    assert_int_equal(files_in(*state), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(without_gnuplot_data_and_script_stay, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(refuses_bad_places, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
