// SPDX-License-Identifier: MIT
#include "src/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/file.h"
#include "src/json.h"

static enum nb_code refused(const char *what, const char *path, int reason,
                            struct nb_error *error) {
    return nb_error_set(error, NB_FAILED, "cannot %s '%.400s': %s%s", what, path, strerror(reason),
                        nb_file_remedy(reason));
}

// The whole file; NULL when it cannot be read.
static char *load(int descriptor, size_t *length) {
    struct stat status;
    if (fstat(descriptor, &status) != 0)
        return NULL;
    size_t room = (size_t)status.st_size;
    char *bytes = malloc(room + 1);
    *length = 0;
    while (bytes != NULL && *length < room) {
        ssize_t count = pread(descriptor, bytes + *length, room - *length, (off_t)*length);
        if (count == 0)
            break;
        if (count > 0) {
            *length += (size_t)count;
        } else if (errno != EINTR) {
            free(bytes);
            return NULL;
        }
    }
    return bytes;
}

// Whether the last line may be what is left of a record: its beginning, or a block that the disk
// never got. Anything else is a file of another kind, of which nothing is cut off.
static bool may_be_cut(const char *line) { return *line == '{' || *line == '\0'; }

// Shows the records in bytes (length). *whole is the length of the undamaged lines.
static enum nb_code read_lines(const char *bytes, size_t length, const char *path,
                               nb_record_fn show, void *user, size_t *whole, size_t *lines,
                               struct nb_error *error) {
    *whole = *lines = 0;
    while (*whole < length) {
        const char *line = bytes + *whole, *end = memchr(line, '\n', length - *whole);
        size_t size = end == NULL ? length - *whole : (size_t)(end - line);
        bool last = end == NULL || *whole + size + 1 == length;
        json_t *record = json_loadb(line, size, JSON_REJECT_DUPLICATES, NULL);
        if (nb_json_memory_short()) { // which says nothing about the line
            json_decref(record);
            return nb_error_set(error, NB_FAILED, "not enough memory to read '%.400s'; free some",
                                path);
        }
        if ((record == NULL || end == NULL) && last && may_be_cut(line)) {
            json_decref(record);
            return NB_OK;
        }
        bool good = record != NULL && end != NULL && show(user, record);
        json_decref(record);
        if (!good)
            return nb_error_set(
                error, NB_DATA, "%.400s, line %zu: %s; remove that line, or choose another folder",
                path, *lines + 1, record == NULL ? "is damaged" : "is no record of a sweep");
        *whole += size + 1;
        ++*lines;
    }
    return NB_OK;
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
    size_t length, whole;
    char *bytes = load(journal->descriptor, &length);
    if (bytes == NULL)
        return refused("read", journal->path, errno, error);
    enum nb_code code =
        read_lines(bytes, length, journal->path, show, user, &whole, &journal->lines, error);
    free(bytes);
    journal->size = (off_t)whole;
    journal->dropped = length - whole;
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
    size_t length = 0, whole, lines;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0 && errno == ENOENT)
        return NB_OK;
    char *bytes = descriptor < 0 ? NULL : load(descriptor, &length);
    int reason = errno;
    if (descriptor >= 0)
        close(descriptor);
    if (bytes == NULL)
        return nb_error_set(error, NB_DATA, "cannot read '%.400s': %s; check the path", path,
                            strerror(reason));
    enum nb_code code = read_lines(bytes, length, path, show, user, &whole, &lines, error);
    free(bytes);
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
