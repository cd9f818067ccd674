// SPDX-License-Identifier: MIT
// The records of a sweep as `sweep` reads them before it goes on. To look at the file and to open
// it are of one mind and show the same; looking changes nothing, opening cuts off at most a damaged
// end, and what is appended is there when the file is opened again. What is said of differing bits
// goes to a terminal, and holds nothing but printable lines.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/journal.h"
#include "src/sweep_records.h"
#include "tests/fuzz/harness.h"

// Requires that the file holds exactly this.
static void require_content(const char *path, const void *data, size_t size) {
    FILE *file = fopen(path, "re");
    NB_REQUIRE(file != NULL);
    char *content = malloc(size + 1);
    NB_REQUIRE(content != NULL && fread(content, 1, size + 1, file) == size);
    NB_REQUIRE(memcmp(content, data, size) == 0);
    free(content);
    fclose(file);
}

static void check_comparison(struct nb_sweep_records *records) {
    char *text;
    size_t size, lines = 0;
    FILE *stream = open_memstream(&text, &size);
    NB_REQUIRE(stream != NULL);
    size_t differing = nb_sweep_records_compare(records, stream);
    NB_REQUIRE(fclose(stream) == 0);
    for (size_t i = 0; i < size; i++) {
        NB_REQUIRE(text[i] == '\n' || ((unsigned char)text[i] >= ' ' && text[i] != 0x7f));
        lines += text[i] == '\n';
    }
    NB_REQUIRE(lines == differing);
    free(text);
}

void nb_fuzz_target(const uint8_t *data, size_t size) {
    struct nb_sweep_records looked = {0}, opened = {0}, again = {0};
    struct nb_error error, other;
    char path[4096];
    snprintf(path, sizeof path, "%s", nb_fuzz_file("records.jsonl", data, size));
    enum nb_code code = nb_journal_read(path, nb_sweep_records_add, &looked, &error);
    nb_fuzz_check(code, &error);
    require_content(path, data, size);

    struct nb_journal journal;
    NB_REQUIRE(nb_journal_open(&journal, path, nb_sweep_records_add, &opened, &other) == code);
    NB_REQUIRE(looked.count == opened.count);
    if (code != NB_OK) {
        NB_REQUIRE(strcmp(error.text, other.text) == 0);
        require_content(path, data, size);
    } else {
        size_t kept = (size_t)journal.size;
        NB_REQUIRE(journal.lines == opened.count && kept + journal.dropped == size);
        NB_REQUIRE(journal.dropped == 0 || memchr(data + kept, '\n', journal.dropped - 1) == NULL);
        require_content(path, data, kept);
        static const char record[] =
            "{\"cell\":\"0000000000000000000000000000000000000000000000000000000000000000\","
            "\"bits\":\"0000000000000000000000000000000000000000000000000000000000000000\","
            "\"status\":\"ok\",\"purpose\":\"timing\",\"config\":{\"norm\":\"batch\"},"
            "\"effective\":{\"isa\":\"scalar\"},\"digests\":[]}";
        json_t *added = json_loads(record, 0, NULL);
        NB_REQUIRE(nb_journal_append(&journal, added, &error) == NB_OK);
        json_decref(added);
        nb_journal_close(&journal);
        NB_REQUIRE(nb_journal_open(&journal, path, nb_sweep_records_add, &again, &error) == NB_OK);
        NB_REQUIRE(again.count == opened.count + 1 && journal.dropped == 0);
        nb_journal_close(&journal);
        check_comparison(&again);
    }
    nb_sweep_records_free(&looked);
    nb_sweep_records_free(&opened);
    nb_sweep_records_free(&again);
}
