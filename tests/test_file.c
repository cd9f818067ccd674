// SPDX-License-Identifier: MIT
// Output files: they appear whole or not at all, and a failure says why, however long ago it was.
#include "tests/idx_files.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "src/file.h"

static struct nb_error error;

static void expect_file(const char *path, const char *text) {
    struct bytes bytes = read_bytes(path);
    assert_int_equal(bytes.size, strlen(text));
    assert_memory_equal(bytes.data, text, bytes.size);
    free(bytes.data);
}

static struct nb_file written(const char *path, const char *text) {
    struct nb_file file;
    assert_int_equal(nb_file_open(&file, path, &error), NB_OK);
    assert_true(fputs(text, file.stream) >= 0 && fflush(file.stream) == 0);
    return file;
}

static void appears_when_it_is_whole(void **state) {
    const char *path = join(*state, "out");
    struct nb_file file = written(path, "new");
    assert_int_not_equal(access(path, F_OK), 0);
    assert_int_equal(nb_file_commit(&file, &error), NB_OK);
    expect_file(path, "new");
    assert_null(file.stream);
}

// The old one is there until then, and lends its permissions.
static void takes_the_place_of_the_old_one(void **state) {
    const char *path = join(*state, "out");
    struct stat status;
    write_bytes(path, "old", 3);
    assert_int_equal(chmod(path, 0640), 0);
    struct nb_file file = written(path, "new");
    expect_file(path, "old");
    nb_file_discard(&file);
    nb_file_discard(&file);
    expect_file(path, "old");
    file = written(path, "newer");
    assert_int_equal(nb_file_commit(&file, &error), NB_OK);
    expect_file(path, "newer");
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0640);
}

static void a_link_stays_a_link(void **state) {
    const char *path = join(*state, "link"), *target = join(*state, "target");
    struct stat status;
    write_bytes(target, "old", 3);
    assert_int_equal(symlink("target", path), 0);
    struct nb_file file = written(path, "new");
    assert_string_equal(strrchr(file.path, '/'), "/target");
    assert_int_equal(nb_file_commit(&file, &error), NB_OK);
    expect_file(target, "new");
    assert_int_equal(lstat(path, &status), 0);
    assert_true(S_ISLNK(status.st_mode));
}

// In a process of its own, for the limit stays. Without a buffer the stream has nothing left to
// write when it is closed, and would not know why it failed.
static int write_beyond(const char *path) {
    const struct rlimit none = {0, 0};
    struct nb_file file;
    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &none) != 0 || nb_file_open(&file, path, &error) != NB_OK)
        return 2;
    setvbuf(file.stream, NULL, _IONBF, 0);
    if (fputs("text", file.stream) >= 0 || nb_file_commit(&file, &error) != NB_FAILED)
        return 3;
    return strstr(error.text, "raise the limit of file sizes") == NULL || access(path, F_OK) == 0;
}

static void an_early_failure_tells_why(void **state) {
    const char *path = join(*state, "out");
    int status;
    pid_t child = fork();
    if (child == 0)
        _exit(write_beyond(path));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void) {
#define IN_FOLDER(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(appears_when_it_is_whole),
        IN_FOLDER(takes_the_place_of_the_old_one),
        IN_FOLDER(a_link_stays_a_link),
        IN_FOLDER(an_early_failure_tells_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
