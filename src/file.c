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

// A name in the folder of `path` that no other process uses: "out/.run.json.1234.tmp". NULL when
// memory is short.
static char *temporary_name(const char *path) {
    const char *slash = strrchr(path, '/');
    int folder = slash == NULL ? 0 : (int)(slash + 1 - path);
    char *name;
    int length = asprintf(&name, "%.*s.%s.%ld.tmp", folder, path, path + folder, (long)getpid());
    return length < 0 ? NULL : name;
}

enum nb_code nb_file_open(struct nb_file *file, const char *path, struct nb_error *error) {
    *file = (struct nb_file){0};
    if (strcmp(path, "-") == 0) {
        file->path = strdup("standard output");
        file->stream = stdout;
        if (file->path != NULL)
            return NB_OK;
        forget(file);
        return nb_error_set(error, NB_FAILED, "not enough memory");
    }
    struct stat status;
    bool exists = stat(path, &status) == 0;
    // A link stays a link: the file that it leads to is replaced.
    file->path = exists ? realpath(path, NULL) : strdup(path);
    if (file->path == NULL || (exists && S_ISDIR(status.st_mode)) ||
        (exists && access(path, W_OK) != 0)) {
        int reason = exists && S_ISDIR(status.st_mode) ? EISDIR : errno;
        forget(file);
        return cannot_write(path, reason, error);
    }
    int flags = O_WRONLY | O_CLOEXEC;
    if (!exists || S_ISREG(status.st_mode)) {
        file->temporary = temporary_name(file->path);
        if (file->temporary == NULL) {
            forget(file);
            return cannot_write(path, ENOMEM, error);
        }
        flags |= O_CREAT | O_EXCL | O_NOFOLLOW;
    }
    const char *name = file->temporary == NULL ? file->path : file->temporary;
    int descriptor = open(name, flags, exists ? status.st_mode & 0777 : 0666);
    if (descriptor >= 0)
        file->stream = fdopen(descriptor, "w");
    if (file->stream != NULL)
        return NB_OK;
    int reason = errno;
    if (descriptor >= 0) {
        close(descriptor);
        if (file->temporary != NULL)
            unlink(file->temporary);
    }
    forget(file);
    return cannot_write(path, reason, error);
}

enum nb_code nb_file_commit(struct nb_file *file, struct nb_error *error) {
    errno = 0;
    bool failed = fflush(file->stream) != 0 || ferror(file->stream);
    int reason = errno == 0 ? EIO : errno;
    if (file->stream != stdout && fclose(file->stream) != 0 && !failed) {
        failed = true;
        reason = errno;
    }
    if (!failed && file->temporary != NULL && rename(file->temporary, file->path) != 0) {
        failed = true;
        reason = errno;
    }
    if (failed) {
        cannot_write(file->path, reason, error);
        if (file->temporary != NULL)
            unlink(file->temporary);
    }
    forget(file);
    return failed ? NB_FAILED : NB_OK;
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

enum nb_code nb_folder_make(const char *path, struct nb_error *error) {
    char *copy = strdup(path);
    if (copy == NULL)
        return nb_error_set(error, NB_FAILED, "not enough memory");
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
    if (reason != 0)
        return nb_error_set(error, NB_FAILED,
                            "cannot make the folder '%.400s': %s; choose another place", path,
                            strerror(reason));
    return NB_OK;
}
