// SPDX-License-Identifier: MIT
#include "src/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "src/file.h"
#include "src/json.h"
#include "src/lines.h"

static enum nb_code refused(const char *what, const char *path, int reason,
                            struct nb_error *error) {
    return nb_error_set(error, NB_FAILED, "cannot %s '%.400s': %s%s", what, path, strerror(reason),
                        nb_file_remedy(reason));
}

// Shows the records of the lines; *count becomes how many there are.
static enum nb_code show_all(struct nb_lines *lines, nb_record_fn show, void *user, size_t *count) {
    enum nb_code code;
    json_t *record;
    *count = 0;
    while ((code = nb_lines_next(lines, &record)) == NB_OK && record != NULL) {
        bool good = show(user, record);
        json_decref(record);
        if (!good)
            return nb_lines_refuse(
                lines, "no record of a sweep; remove that line, or choose another folder");
        ++*count;
    }
    return code;
}

// A new file is there after a power loss only when its folder is on the disk, too.
static void sync_folder(const char *path) {
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL   ? strdup(".")
                   : slash == path ? strdup("/")
                                   : strndup(path, (size_t)(slash - path));
    int descriptor = folder == NULL ? -1 : open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor >= 0) {
        fsync(descriptor); // some file systems refuse; there is nothing else to do then
        close(descriptor);
    }
    free(folder);
}

static enum nb_code lock(const struct nb_journal *journal, struct nb_error *error) {
    if (flock(journal->descriptor, LOCK_EX | LOCK_NB) == 0)
        return NB_OK;
    if (errno == EWOULDBLOCK)
        return nb_error_set(error, NB_USAGE,
                            "'%.400s': another sweep is writing it; wait until that one ends, or "
                            "use another --output",
                            journal->path);
    return refused("lock", journal->path, errno, error);
}

static enum nb_code read_all(struct nb_journal *journal, nb_record_fn show, void *user,
                             struct nb_error *error) {
    struct nb_lines lines;
    enum nb_code code = nb_lines_load(&lines, journal->descriptor, journal->path, error);
    if (code == NB_OK)
        code = show_all(&lines, show, user, &journal->lines);
    nb_lines_free(&lines);
    journal->size = (off_t)lines.whole;
    journal->dropped = lines.length - lines.whole;
    if (code == NB_OK && journal->dropped > 0 &&
        (ftruncate(journal->descriptor, journal->size) != 0 || fsync(journal->descriptor) != 0))
        code = refused("repair", journal->path, errno, error);
    return code;
}

enum nb_code nb_journal_open(struct nb_journal *journal, const char *path, nb_record_fn show,
                             void *user, struct nb_error *error) {
    *journal = (struct nb_journal){.path = strdup(path)};
    if (journal->path == NULL)
        return nb_error_set(error, NB_FAILED, "not enough memory; free some");
    journal->descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    enum nb_code code = journal->descriptor < 0 ? refused("write", path, errno, error) : NB_OK;
    if (code == NB_OK)
        code = lock(journal, error);
    if (code == NB_OK)
        code = read_all(journal, show, user, error);
    if (code == NB_OK)
        sync_folder(path);
    else
        nb_journal_close(journal);
    return code;
}

enum nb_code nb_journal_read(const char *path, nb_record_fn show, void *user,
                             struct nb_error *error) {
    if (access(path, F_OK) != 0 && errno == ENOENT)
        return NB_OK;
    struct nb_lines lines;
    size_t count;
    enum nb_code code = nb_lines_open(&lines, path, error);
    if (code == NB_OK)
        code = show_all(&lines, show, user, &count);
    nb_lines_free(&lines);
    return code;
}

// Writes the line, in one piece unless the disk takes only a part; then asks again, to learn why.
// What was taken of a line that does not fit goes away again.
static enum nb_code write_line(struct nb_journal *journal, const char *line, size_t length,
                               struct nb_error *error) {
    size_t done = 0;
    while (done < length) {
        ssize_t count = write(journal->descriptor, line + done, length - done);
        if (count < 0 && errno != EINTR)
            break;
        done += count > 0 ? (size_t)count : 0;
    }
    if (done == length && fsync(journal->descriptor) == 0)
        return NB_OK;
    refused("write", journal->path, errno, error);
    if (ftruncate(journal->descriptor, journal->size) != 0)
        refused("repair", journal->path, errno, error); // the next nb_journal_open will
    return NB_FAILED;
}

enum nb_code nb_journal_append(struct nb_journal *journal, const json_t *record,
                               struct nb_error *error) {
    char *text = nb_json_text(record, JSON_COMPACT), *line = NULL;
    int length = text == NULL ? -1 : asprintf(&line, "%s\n", text);
    free(text);
    if (length < 0)
        return nb_error_set(error, NB_FAILED, "not enough memory for a record; free some");
    enum nb_code code = write_line(journal, line, (size_t)length, error);
    free(line);
    if (code == NB_OK) {
        journal->size += length;
        journal->lines++;
    }
    return code;
}

void nb_journal_close(struct nb_journal *journal) {
    if (journal->path == NULL)
        return;
    if (journal->descriptor >= 0)
        close(journal->descriptor);
    free(journal->path);
    *journal = (struct nb_journal){.descriptor = -1};
}
