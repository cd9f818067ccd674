// SPDX-License-Identifier: MIT
// The file of records: cut at every byte, damaged everywhere, locked, and on a disk that is full.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/journal.h"

static const char lines[] = "{\"cell\":\"a\",\"x\":[1,2]}\n"
                            "{\"cell\":\"b\",\"x\":{\"y\":\"z\\n\"}}\n"
                            "{\"cell\":\"c\",\"x\":0.5}\n";
enum { LENGTH = sizeof lines - 1, LINES = 3 };

static char folder[] = "/tmp/normbench-journal-XXXXXX", path[64];
static struct nb_error error;

static int set_up(void **state) {
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/records.jsonl", folder);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static void write_file(const char *bytes, size_t length) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static void expect_file(const char *bytes, size_t length) {
    char content[1024];
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fread(content, 1, sizeof content, file), length);
    fclose(file);
    assert_memory_equal(content, bytes, length);
}

// The cells that were shown, as one text.
static char shown[64];

static bool show(void *user, const json_t *record) {
    assert_ptr_equal(user, shown);
    const char *cell = json_string_value(json_object_get(record, "cell"));
    if (cell != NULL)
        strcat(shown, cell);
    return cell != NULL;
}

static enum nb_code open_journal(struct nb_journal *journal) {
    *shown = '\0';
    error = (struct nb_error){0};
    return nb_journal_open(journal, path, show, shown, &error);
}

static enum nb_code append(struct nb_journal *journal, const char *cell) {
    json_t *record = json_pack("{ss}", "cell", cell);
    enum nb_code code = nb_journal_append(journal, record, &error);
    json_decref(record);
    return code;
}

static void test_a_new_file_grows_and_is_read_back(void **state) {
    (void)state;
    struct nb_journal journal;
    unlink(path);
    assert_int_equal(nb_journal_read(path, show, shown, &error), NB_OK); // none is no record
    assert_int_equal(open_journal(&journal), NB_OK);
    assert_int_equal(append(&journal, "a"), NB_OK);
    expect_file("{\"cell\":\"a\"}\n", 13); // before it is closed
    assert_int_equal(append(&journal, "b"), NB_OK);
    assert_int_equal(journal.lines, 2);
    assert_int_equal(journal.size, 26);
    nb_journal_close(&journal);
    nb_journal_close(&journal);
    assert_int_equal(open_journal(&journal), NB_OK);
    assert_string_equal(shown, "ab");
    assert_int_equal(journal.dropped, 0);
    assert_int_equal(append(&journal, "c"), NB_OK);
    nb_journal_close(&journal);
    *shown = '\0';
    assert_int_equal(nb_journal_read(path, show, shown, &error), NB_OK);
    assert_string_equal(shown, "abc");
}

// Cut after any number of bytes, the whole lines stay, and what follows goes.
static void test_cut_at_every_byte(void **state) {
    (void)state;
    for (size_t length = 0; length <= LENGTH; length++) {
        size_t whole = 0, count = 0;
        for (size_t i = 0; i < length; i++)
            if (lines[i] == '\n')
                whole = i + 1, count++;
        struct nb_journal journal;
        write_file(lines, length);
        *shown = '\0';
        assert_int_equal(nb_journal_read(path, show, shown, &error), NB_OK);
        assert_int_equal(strlen(shown), count);
        expect_file(lines, length); // reading repairs nothing
        assert_int_equal(open_journal(&journal), NB_OK);
        assert_int_equal(strlen(shown), count);
        assert_memory_equal(shown, "abc", count);
        assert_int_equal(journal.lines, count);
        assert_int_equal(journal.dropped, length - whole);
        expect_file(lines, whole);
        assert_int_equal(append(&journal, "d"), NB_OK);
        nb_journal_close(&journal);
        assert_int_equal(open_journal(&journal), NB_OK);
        assert_int_equal(strlen(shown), count + 1);
        assert_int_equal(journal.dropped, 0);
        nb_journal_close(&journal);
    }
}

// What a power loss leaves where the last line was to be.
static void test_a_damaged_last_line_goes(void **state) {
    (void)state;
    static const struct {
        const char *tail;
        size_t length;
    } tails[] = {{"\0\0\0\0", 4}, {"\0\0\0\n", 4}, {"{\"cell\":\"d\",\0\0\n", 15}, {"{]\n", 3}};
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        char bytes[256];
        memcpy(bytes, lines, LENGTH);
        memcpy(bytes + LENGTH, tails[i].tail, tails[i].length);
        write_file(bytes, LENGTH + tails[i].length);
        struct nb_journal journal;
        assert_int_equal(open_journal(&journal), NB_OK);
        assert_string_equal(shown, "abc");
        assert_int_equal(journal.dropped, tails[i].length);
        expect_file(lines, LENGTH);
        nb_journal_close(&journal);
    }
}

static void expect_damage(const char *bytes, size_t length, size_t line, const char *what) {
    char begin[256], message[sizeof error.text];
    static const char remedy[] = "; remove that line, or choose another folder";
    struct nb_journal journal;
    snprintf(begin, sizeof begin, "'%s', line %zu: %s", path, line, what);
    write_file(bytes, length);
    assert_int_equal(open_journal(&journal), NB_DATA);
    assert_memory_equal(error.text, begin, strlen(begin));
    assert_string_equal(error.text + strlen(error.text) - strlen(remedy), remedy);
    strcpy(message, error.text);
    expect_file(bytes, length);
    assert_int_equal(nb_journal_read(path, show, shown, &error), NB_DATA);
    assert_string_equal(error.text, message);
}

// A zero byte anywhere but in the last line is damage, and the file stays as it is. (In place of
// the last line break but one it makes one last line of two.)
static void test_damage_at_every_byte_before_the_last_line(void **state) {
    (void)state;
    size_t last = LENGTH - strlen("{\"cell\":\"c\",\"x\":0.5}\n");
    for (size_t i = 0, line = 1; i < last - 1; i++) {
        char bytes[LENGTH];
        memcpy(bytes, lines, LENGTH);
        bytes[i] = '\0';
        expect_damage(bytes, LENGTH, line, "damaged: ");
        line += lines[i] == '\n';
    }
}

static void test_a_file_of_another_kind_stays(void **state) {
    (void)state;
    static const char *const files[] = {"hello", "hello\n", "\n", "7", "7\n", "[1,2]", "[1,2]\n"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        expect_damage(files[i], strlen(files[i]), 1, "damaged: ");
    expect_damage("{\"x\":1}\n", 8, 1, "no record of a sweep");
    expect_damage("{\"cell\":\"a\"}\n{}\n", 16, 2, "no record of a sweep");
}

static void test_one_writer(void **state) {
    (void)state;
    struct nb_journal first, second;
    write_file(lines, LENGTH);
    assert_int_equal(open_journal(&first), NB_OK);
    assert_int_equal(open_journal(&second), NB_USAGE);
    assert_string_equal(shown, "");
    assert_non_null(strstr(error.text, "another sweep is writing it; wait until that one ends"));
    assert_int_equal(nb_journal_read(path, show, shown, &error), NB_OK); // reading is always free
    nb_journal_close(&first);
    assert_int_equal(open_journal(&second), NB_OK);
    nb_journal_close(&second);
}

// In a process of its own, for the limit stays.
static int append_beyond(rlim_t limit) {
    struct nb_journal journal;
    struct rlimit most = {limit, limit};
    signal(SIGXFSZ, SIG_IGN);
    if (open_journal(&journal) != NB_OK || setrlimit(RLIMIT_FSIZE, &most) != 0)
        return 2;
    if (append(&journal, "a line that does not fit any more") != NB_FAILED)
        return 3;
    return strstr(error.text, "cannot write '") == NULL || strstr(error.text, "raise") == NULL;
}

// However much of the line the disk takes, the file is as it was before.
static void test_a_disk_that_is_full(void **state) {
    (void)state;
    for (rlim_t more = 0; more < 40; more++) {
        write_file(lines, LENGTH);
        pid_t child = fork();
        if (child == 0)
            _exit(append_beyond(LENGTH + more));
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
        expect_file(lines, LENGTH);
    }
}

static void test_what_cannot_be_opened(void **state) {
    (void)state;
    struct nb_journal journal;
    assert_int_equal(nb_journal_open(&journal, folder, show, shown, &error), NB_FAILED);
    assert_int_equal(nb_journal_open(&journal, "/nowhere/records", show, shown, &error), NB_FAILED);
    assert_non_null(strstr(error.text, "cannot write '/nowhere/records'"));
    assert_int_equal(nb_journal_open(&journal, "/dev/full", show, shown, &error), NB_OK);
    assert_int_equal(append(&journal, "a"), NB_FAILED);
    nb_journal_close(&journal);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_new_file_grows_and_is_read_back),
        cmocka_unit_test(test_cut_at_every_byte),
        cmocka_unit_test(test_a_damaged_last_line_goes),
        cmocka_unit_test(test_damage_at_every_byte_before_the_last_line),
        cmocka_unit_test(test_a_file_of_another_kind_stays),
        cmocka_unit_test(test_one_writer),
        cmocka_unit_test(test_a_disk_that_is_full),
        cmocka_unit_test(test_what_cannot_be_opened),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
