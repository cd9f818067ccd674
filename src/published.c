// SPDX-License-Identifier: MIT
#include "src/published.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "src/embedded.h"
#include "src/settings_options.h"

static const struct nb_option norm_options[] = {
    {.name = "norm",
     .value = "NAME",
     .type = &nb_option_choice,
     .offset = offsetof(struct nb_settings, norm),
     .choices = nb_norm_names},
    {.name = NULL},
};

// What defines the bits of a run, in the order in which it is printed.
static const struct nb_option *const tables[] = {
    nb_data_options,
    norm_options,
    nb_model_options,
    nb_training_options,
};

// A list is for every machine, so it names no folder.
#define FOR_EACH_OPTION(option)                                                      \
    for (size_t table = 0; table < sizeof tables / sizeof *tables; table++)          \
        for (const struct nb_option *option = tables[table]; option->name; option++) \
            if (strcmp(option->name, "data-dir") != 0)

static const struct nb_option *find_option(const char *name) {
    FOR_EACH_OPTION(option)
    if (strcmp(option->name, name) == 0)
        return option;
    return NULL;
}

// A list while it is read.
struct reader {
    struct nb_published_list *list;
    const char *source; // its path, for messages
    size_t line;
    bool trained; // the latest entry has its line of options
    struct nb_error *error;
};

__attribute__((format(printf, 2, 3))) static enum nb_code refuse(struct reader *reader,
                                                                 const char *format, ...) {
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return nb_error_set(reader->error, NB_DATA, "%s, line %zu: %s", reader->source, reader->line,
                        text);
}

// Reads "--option value --option=value --flag" into the settings.
static enum nb_code read_options(struct reader *reader, char *text, struct nb_settings *settings) {
    *settings = nb_settings_default();
    for (char *word; (word = strsep(&text, " \t")) != NULL;) {
        if (*word == '\0')
            continue;
        char *value = strchr(word, '=');
        if (value != NULL)
            *value++ = '\0';
        const struct nb_option *option = strncmp(word, "--", 2) == 0 ? find_option(word + 2) : NULL;
        if (option == NULL)
            return refuse(reader,
                          "'%.100s' is no option of normbench train that defines bits; remove it",
                          word);
        if (value == NULL && option->value == NULL)
            value = "yes";
        if (value == NULL && text != NULL) {
            text += strspn(text, " \t");
            value = strsep(&text, " \t");
        }
        struct nb_error why;
        if (nb_option_set(option, word, value == NULL ? "" : value, settings, &why) != NB_OK)
            return refuse(reader, "%s; correct it", why.text);
    }
    return NB_OK;
}

static enum nb_code read_digest(struct reader *reader, const char *text, char digest[NB_DIGEST]) {
    static const char start[] = "sha256:";
    const char *hex = text + sizeof start - 1;
    if (strncmp(text, start, sizeof start - 1) != 0 || strlen(hex) != 64 ||
        strspn(hex, "0123456789abcdef") != 64)
        return refuse(reader,
                      "'%.100s' is no digest: sha256: and 64 hexadecimal digits; copy it "
                      "again, or make it with --print",
                      text);
    strcpy(digest, text);
    return NB_OK;
}

// What an entry must have when the next one begins, or the list ends.
static enum nb_code check_entry(struct reader *reader) {
    if (reader->list->count == 0)
        return NB_OK;
    const struct nb_published *entry = &reader->list->entries[reader->list->count - 1];
    if (!reader->trained)
        return refuse(reader, "%.100s has no line of settings; add 'train' with its options",
                      entry->name);
    if ((*entry->init_digest == '\0') != (*entry->weights_digest == '\0'))
        return refuse(reader, "%.100s has one digest of two; make both with --print", entry->name);
    return NB_OK;
}

static enum nb_code begin_entry(struct reader *reader, const char *name) {
    struct nb_published_list *list = reader->list;
    enum nb_code code = check_entry(reader);
    if (code != NB_OK)
        return code;
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->entries[i].name, name) == 0)
            return refuse(reader, "a second '%.100s'; give it another name", name);
    void *larger = realloc(list->entries, (list->count + 1) * sizeof *list->entries);
    if (larger == NULL)
        return nb_error_set(reader->error, NB_FAILED, "not enough memory; free some");
    list->entries = larger;
    struct nb_published *entry = &list->entries[list->count];
    *entry = (struct nb_published){.name = strdup(name)};
    if (entry->name == NULL)
        return nb_error_set(reader->error, NB_FAILED, "not enough memory; free some");
    list->count++;
    reader->trained = false;
    return NB_OK;
}

// One line without its end.
static enum nb_code read_line(struct reader *reader, char *line) {
    char *end = line + strlen(line);
    while (end > line && strchr(" \t\r\n", end[-1]) != NULL)
        *--end = '\0';
    if (*line == '\0' || *line == '#')
        return NB_OK;
    if (*line != ' ' && *line != '\t')
        return begin_entry(reader, line);
    if (reader->list->count == 0)
        return refuse(reader, "comes before the first name; begin with a line that is a name");
    struct nb_published *entry = &reader->list->entries[reader->list->count - 1];
    line += strspn(line, " \t");
    char *key = strsep(&line, " \t"), *rest = line == NULL ? end : line + strspn(line, " \t");
    if (strcmp(key, "train") == 0) {
        reader->trained = true;
        return read_options(reader, rest, &entry->settings);
    }
    if (strcmp(key, "init") == 0)
        return read_digest(reader, rest, entry->init_digest);
    if (strcmp(key, "weights") == 0)
        return read_digest(reader, rest, entry->weights_digest);
    return refuse(reader, "'%.100s' is not one of train, init, weights; correct it", key);
}

static enum nb_code read_lines(struct reader *reader, FILE *stream) {
    char *line = NULL;
    size_t room = 0;
    enum nb_code code = NB_OK;
    errno = 0;
    for (ssize_t length; code == NB_OK && (length = getline(&line, &room, stream)) >= 0;) {
        reader->line++;
        code = strlen(line) == (size_t)length ? read_line(reader, line)
                                              : refuse(reader, "is not text; use another file");
    }
    free(line);
    if (code == NB_OK && !feof(stream) && errno == ENOMEM) // for a line: the list goes on
        code = nb_error_set(reader->error, NB_FAILED, "%s: no memory to read it; free some",
                            reader->source);
    else if (code == NB_OK && !feof(stream))
        code = nb_error_set(reader->error, NB_DATA, "%s: reading fails: %s; name a text file",
                            reader->source, strerror(errno));
    if (code == NB_OK)
        code = check_entry(reader);
    if (code == NB_OK && reader->list->count == 0)
        code = nb_error_set(reader->error, NB_DATA, "%s: names no settings; use another file",
                            reader->source);
    return code;
}

enum nb_code nb_published_read(struct nb_published_list *list, const char *path,
                               struct nb_error *error) {
    *list = (struct nb_published_list){0};
    struct reader reader = {.list = list, .source = path, .error = error};
    FILE *stream;
    if (path != NULL) {
        stream = fopen(path, "re");
    } else {
        const struct nb_embedded *own = nb_embedded_file("published.txt");
        reader.source = own->name;
        stream = fmemopen((void *)own->bytes, own->size, "r"); // which only reads
    }
    if (stream == NULL && errno == ENOMEM)
        return nb_error_set(error, NB_FAILED, "%s: no memory to read it; free some", reader.source);
    if (stream == NULL)
        return nb_error_set(error, NB_DATA,
                            "%s: cannot open it: %s; check the path and its "
                            "permissions",
                            reader.source, strerror(errno));
    enum nb_code code = read_lines(&reader, stream);
    fclose(stream);
    if (code != NB_OK)
        nb_published_free(list);
    return code;
}

void nb_published_free(struct nb_published_list *list) {
    for (size_t i = 0; i < list->count; i++)
        free(list->entries[i].name);
    free(list->entries);
    *list = (struct nb_published_list){0};
}

const char *nb_published_options(const struct nb_published *entry, char text[NB_SETTINGS_TEXT]) {
    struct nb_settings defaults = nb_settings_default();
    size_t used = 0;
    *text = '\0';
    FOR_EACH_OPTION(option) {
        char value[NB_OPTION_TEXT], usual[NB_OPTION_TEXT];
        option->type->format(option, (const char *)&entry->settings + option->offset, value);
        option->type->format(option, (const char *)&defaults + option->offset, usual);
        if (strcmp(value, usual) == 0 || used >= NB_SETTINGS_TEXT)
            continue;
        bool flag = option->value == NULL;
        used += (size_t)snprintf(text + used, NB_SETTINGS_TEXT - used, "%s--%s%s%s",
                                 used == 0 ? "" : " ", option->name, flag ? "" : " ",
                                 flag ? "" : value);
    }
    return text;
}

void nb_published_print(const struct nb_published *entry, FILE *stream) {
    char options[NB_SETTINGS_TEXT];
    fprintf(stream, "\n%s\n  train    %s\n", entry->name, nb_published_options(entry, options));
    if (*entry->init_digest != '\0')
        fprintf(stream, "  init     %s\n  weights  %s\n", entry->init_digest,
                entry->weights_digest);
}
