// SPDX-License-Identifier: MIT
#include "src/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *nb_file_remedy(int reason) {
    switch (reason) {
    case ENOENT:
        return "; make its folder first";
    case EISDIR:
        return "; name a file inside it";
    case ENOTDIR:
        return "; a part of the path is a file";
    case EEXIST: // the temporary one
        return "; remove the .tmp file beside it, or name another file";
    case ENAMETOOLONG:
        return "; choose a shorter name";
    case ENOSPC:
    case EDQUOT:
        return "; free some space and start again";
    case EFBIG:
        return "; raise the limit of file sizes and start again";
    case ENOMEM:
        return "; free some memory and start again";
    case EACCES:
    case EPERM:
    case EROFS:
        return "; choose a place that you may write to";
    default:
        return "";
    }
}

static enum nb_code cannot_write(const char *path, int reason, struct nb_error *error) {
    return nb_error_set(error, NB_FAILED, "cannot write '%.400s': %s%s", path, strerror(reason),
                        nb_file_remedy(reason));
}

// Releases what the struct holds, keeping errno.
static void forget(struct nb_file *file) {
    int reason = errno;
    free(file->path);
    free(file->temporary);
    *file = (struct nb_file){0};
    errno = reason;
}

// The path without links, also of a file that is not there yet. NULL with errno.
static char *resolve(const char *path, bool exists) {
    if (exists)
        return realpath(path, NULL);
    const char *slash = strrchr(path, '/');
    char *start = slash == NULL ? strdup(".") : strndup(path, (size_t)(slash + 1 - path));
    char *folder = start == NULL ? NULL : realpath(start, NULL), *whole = NULL;
    const char *base = slash == NULL ? path : slash + 1;
    if (folder != NULL &&
        asprintf(&whole, "%s/%s", strcmp(folder, "/") == 0 ? "" : folder, base) < 0)
        whole = NULL;
    free(start);
    free(folder);
    return whole;
}

// A name in the folder of `path` that no other process uses: "/out/.run.json.1234.tmp". NULL when
// memory is short.
static char *temporary_name(const char *path) {
    const char *base = strrchr(path, '/') + 1;
    char *name;
    int length = asprintf(&name, "%.*s.%s.%ld.tmp", (int)(base - path), path, base, (long)getpid());
    return length < 0 ? NULL : name;
}

// Opens a file that has no name until it is whole, so that nothing is left of it whatever ends this
// program; or one with the temporary name, where the file system knows only such.
static int open_temporary(struct nb_file *file, mode_t mode) {
    const int flags = O_WRONLY | O_CLOEXEC;
    char *base = strrchr(file->path, '/') + 1, first = *base;
    *base = '\0';
    int descriptor =
        access("/proc/self/fd", X_OK) == 0 ? open(file->path, flags | O_TMPFILE, mode) : -1;
    *base = first;
    file->unnamed = descriptor >= 0;
    if (descriptor < 0)
        descriptor = open(file->temporary, flags | O_CREAT | O_EXCL, mode);
    return descriptor;
}

static enum nb_code open_path(struct nb_file *file, const char *path, struct nb_error *error) {
    struct stat status = {0};
    bool exists = stat(path, &status) == 0;
    if (!exists && errno != ENOENT) // a loop of links, a name that is too long
        return cannot_write(path, errno, error);
    if (S_ISDIR(status.st_mode) || *path == '\0' || path[strlen(path) - 1] == '/')
        return cannot_write(path, exists ? EISDIR : ENOENT, error);
    // A link stays a link: the file that it leads to is replaced.
    file->path = resolve(path, exists);
    if (file->path == NULL || (exists && access(path, W_OK) != 0))
        return cannot_write(path, errno, error);
    int descriptor;
    if (!exists || S_ISREG(status.st_mode)) {
        file->temporary = temporary_name(file->path);
        if (file->temporary == NULL)
            return cannot_write(path, ENOMEM, error);
        descriptor = open_temporary(file, exists ? status.st_mode & 0777 : 0666);
    } else {
        descriptor = open(file->path, O_WRONLY | O_CLOEXEC);
    }
    if (descriptor < 0)
        return cannot_write(path, errno, error);
    file->stream = fdopen(descriptor, "w");
    if (file->stream != NULL)
        return NB_OK;
    int reason = errno;
    close(descriptor);
    if (file->temporary != NULL && !file->unnamed)
        unlink(file->temporary);
    return cannot_write(path, reason, error);
}

enum nb_code nb_file_open(struct nb_file *file, const char *path, struct nb_error *error) {
    *file = (struct nb_file){0};
    enum nb_code code = NB_OK;
    if (strcmp(path, "-") != 0)
        code = open_path(file, path, error);
    else if ((file->path = strdup("standard output")) != NULL)
        file->stream = stdout;
    else
        code = cannot_write(path, ENOMEM, error);
    if (code != NB_OK)
        forget(file);
    return code;
}

// Gives the file its temporary name, if it has none yet.
static bool name_it(const struct nb_file *file) {
    char opened[32];
    if (!file->unnamed)
        return true;
    snprintf(opened, sizeof opened, "/proc/self/fd/%d", fileno(file->stream));
    return linkat(AT_FDCWD, opened, AT_FDCWD, file->temporary, AT_SYMLINK_FOLLOW) == 0;
}

enum nb_code nb_file_commit(struct nb_file *file, struct nb_error *error) {
    errno = 0;
    bool good = fflush(file->stream) == 0 && !ferror(file->stream) && name_it(file);
    // An earlier write failed, and why is forgotten: one more byte asks again.
    if (!good && errno == 0 && file->temporary != NULL && write(fileno(file->stream), "", 1) > 0)
        errno = EIO;
    int reason = errno == 0 ? EIO : errno;
    if (file->stream != stdout && fclose(file->stream) != 0 && good) {
        good = false;
        reason = errno;
    }
    if (good && file->temporary != NULL && rename(file->temporary, file->path) != 0) {
        good = false;
        reason = errno;
    }
    if (!good)
        cannot_write(file->path, reason, error);
    if (!good && file->temporary != NULL)
        unlink(file->temporary);
    forget(file);
    return good ? NB_OK : NB_FAILED;
}

void nb_file_discard(struct nb_file *file) {
    if (file->stream == NULL)
        return;
    if (file->stream != stdout)
        fclose(file->stream);
    if (file->temporary != NULL)
        unlink(file->temporary);
    forget(file);
}

bool nb_text_close(FILE *stream, char *const *text) {
    bool whole = stream != NULL && !ferror(stream);
    // Without memory for the text, fclose succeeds and leaves NULL.
    return stream != NULL && fclose(stream) == 0 && whole && *text != NULL;
}

enum nb_code nb_folder_make(const char *path, struct nb_error *error) {
    char *copy = strdup(path);
    if (copy == NULL)
        return nb_error_set(error, NB_FAILED, "not enough memory; free some");
    int reason = 0;
    for (char *p = copy; reason == 0; p++) {
        if (*p != '/' && *p != '\0')
            continue;
        char end = *p;
        *p = '\0';
        struct stat status;
        if (*copy != '\0' && mkdir(copy, 0777) != 0 && errno != EEXIST)
            reason = errno;
        else if (*copy != '\0' && (stat(copy, &status) != 0 || !S_ISDIR(status.st_mode)))
            reason = ENOTDIR;
        *p = end;
        if (end == '\0')
            break;
    }
    free(copy);
    if (reason == 0 && access(path, W_OK | X_OK) != 0)
        return nb_error_set(error, NB_FAILED, "cannot write into the folder '%.400s': %s%s", path,
                            strerror(errno), nb_file_remedy(errno));
    if (reason != 0)
        return nb_error_set(error, NB_FAILED,
                            "cannot make the folder '%.400s': %s; choose another place", path,
                            strerror(reason));
    return NB_OK;
}
