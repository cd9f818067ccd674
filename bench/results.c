// SPDX-License-Identifier: MIT
#include "bench/results.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "bench/gbench.h"
#include "bench/report.h"
#include "bench/roofline.h"
#include "bench/standing.h"
#include "src/file.h"
#include "src/json.h"

// The length of the trademark sign that is at `text`, or 0.
static size_t trademark(const char *text) {
    static const char *const signs[] = {"(R)", "(TM)"};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        if (strncasecmp(text, signs[i], strlen(signs[i])) == 0)
            return strlen(signs[i]);
    }
    return 0;
}

enum nb_code nb_results_folder(const struct nb_bench *bench, const char *parent,
                               char folder[NB_FOLDER_TEXT], struct nb_error *error) {
    char name[64];
    size_t length = 0;
    for (const char *c = bench->machine.cpu; *c != '\0' && length + 1 < sizeof name;) {
        const size_t sign = trademark(c);
        if (sign == 0 && isalnum((unsigned char)*c))
            name[length++] = (char)tolower((unsigned char)*c);
        else if (sign == 0 && length > 0 && name[length - 1] != '-')
            name[length++] = '-';
        c += sign > 0 ? sign : 1;
    }
    while (length > 0 && name[length - 1] == '-')
        length--;
    name[length] = '\0';
    const size_t room = NB_FOLDER_TEXT - sizeof name - 32;
    if (strlen(parent) > room)
        return nb_error_set(
            error, NB_USAGE,
            "--results: '%.200s...' is too long; name a folder of at most %zu bytes", parent, room);
    enum nb_code code = nb_folder_make(parent, error);
    for (int i = 1; code == NB_OK; i++) {
        char suffix[16] = "";
        if (i > 1)
            snprintf(suffix, sizeof suffix, "-%d", i);
        snprintf(folder, NB_FOLDER_TEXT, "%s/%s-%.10s%s", parent, name, bench->date, suffix);
        if (mkdir(folder, 0777) == 0)
            break;
        if (errno != EEXIST)
            code = nb_error_set(error, NB_FAILED,
                                "cannot make the folder '%.400s': %s; choose another place", folder,
                                strerror(errno));
    }
    return code;
}

// What a folder is being written from.
struct work {
    const struct nb_bench *bench;
    const char *folder;
    FILE *paths;
    struct nb_rooflines rooflines;
    struct nb_error *error;
};

static enum nb_code put_json(const struct work *work, FILE *stream) {
    return nb_gbench_write(work->bench, stream, work->error);
}

static enum nb_code put_csv(const struct work *work, FILE *stream) {
    nb_report_csv(work->bench, stream);
    return NB_OK;
}

static enum nb_code put_standing(const struct work *work, FILE *stream) {
    return nb_standing_table(work->bench, stream, NB_TABLE_CSV, work->error);
}

static enum nb_code put_card(const struct work *work, FILE *stream) {
    json_t *card = nb_machine_json(&work->bench->machine);
    json_object_set_new(card, "peers", nb_peer_versions(work->bench->options.request.peers));
    return nb_json_write(stream, card, JSON_INDENT(2), work->error);
}

static enum nb_code put_page(const struct work *work, FILE *stream) {
    const char *pictures[NB_MAX_ROOFLINES + 1];
    size_t count = 0;
    for (size_t i = 0; i < work->rooflines.count; i++) {
        const char *path = work->rooflines.files[i].svg, *slash = strrchr(path, '/');
        if (*path != '\0')
            pictures[count++] = slash == NULL ? path : slash + 1;
    }
    pictures[count] = NULL;
    return nb_report_page(work->bench, stream, pictures, work->error);
}

static enum nb_code write_file(const struct work *work, const char *name,
                               enum nb_code (*put)(const struct work *, FILE *)) {
    char path[NB_FOLDER_TEXT + 32];
    struct nb_file file;
    snprintf(path, sizeof path, "%s/%s", work->folder, name);
    enum nb_code code = nb_file_open(&file, path, work->error);
    if (code == NB_OK)
        code = put(work, file.stream);
    if (code == NB_OK)
        code = nb_file_commit(&file, work->error);
    else
        nb_file_discard(&file);
    if (code == NB_OK)
        fprintf(work->paths, "%s\n", path);
    return code;
}

enum nb_code nb_results_write(const struct nb_bench *bench, const char *folder, FILE *paths,
                              struct nb_error *unplotted, struct nb_error *error) {
    struct work *work = calloc(1, sizeof *work);
    if (work == NULL)
        return nb_error_set(error, NB_FAILED, "not enough memory; free some");
    work->bench = bench;
    work->folder = folder;
    work->paths = paths;
    work->error = error;
    *unplotted = (struct nb_error){.code = NB_OK};
    enum nb_code code = write_file(work, "bench.json", put_json);
    if (code == NB_OK)
        code = write_file(work, "bench.csv", put_csv);
    if (code == NB_OK)
        code = write_file(work, "standing.csv", put_standing);
    if (code == NB_OK)
        code = write_file(work, "machine.json", put_card);
    if (code == NB_OK)
        nb_rooflines_write(bench, folder, &work->rooflines, unplotted);
    for (size_t i = 0; i < work->rooflines.count; i++) {
        const struct nb_plot_files *files = &work->rooflines.files[i];
        const char *const names[] = {files->svg, files->png, files->csv, files->gp};
        for (size_t j = 0; j < sizeof names / sizeof *names; j++)
            if (*names[j] != '\0')
                fprintf(paths, "%s\n", names[j]);
    }
    if (code == NB_OK)
        code = write_file(work, "README.md", put_page);
    free(work);
    return code;
}
