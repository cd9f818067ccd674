// SPDX-License-Identifier: MIT
#include "src/sweep_records.h"

#include <stdlib.h>
#include <string.h>

#include "kernels/kernels.h"
#include "src/error.h"

// The text under a key, or NULL.
static const char *text_of(const json_t *object, const char *key) {
    return json_string_value(json_object_get(object, key));
}

static bool is_fingerprint(const char *text) {
    return text != NULL && strlen(text) == NB_FINGERPRINT - 1 &&
           strspn(text, "0123456789abcdef") == NB_FINGERPRINT - 1;
}

static void describe(const json_t *record, char what[NB_CELL_TEXT_SIZE]) {
    const json_t *config = json_object_get(record, "config"),
                 *effective = json_object_get(record, "effective");
    snprintf(what, NB_CELL_TEXT_SIZE, "%s %.8s (%s, batch size %d, seed %d, %s, %d thread(s))",
             text_of(record, "purpose"), text_of(record, "cell"), text_of(config, "norm"),
             (int)json_integer_value(json_object_get(config, "batch_size")),
             (int)json_integer_value(json_object_get(config, "seed")), text_of(effective, "isa"),
             (int)json_integer_value(json_object_get(effective, "threads")));
    nb_one_line(what);
}

bool nb_sweep_records_add(void *user, const json_t *record) {
    struct nb_sweep_records *records = user;
    const char *id = text_of(record, "cell"), *bits = text_of(record, "bits");
    const char *status = text_of(record, "status"), *purpose = text_of(record, "purpose");
    const json_t *config = json_object_get(record, "config");
    const char *isa = text_of(json_object_get(record, "effective"), "isa");
    json_t *digests = json_object_get(record, "digests");
    if (!is_fingerprint(id) || !is_fingerprint(bits) || status == NULL || purpose == NULL ||
        isa == NULL || text_of(config, "norm") == NULL || !json_is_array(digests))
        return false;
    if ((records->count & (records->count - 1)) == 0) {
        size_t room = records->count == 0 ? 1 : 2 * records->count;
        void *larger = realloc(records->all, room * sizeof *records->all);
        if (larger == NULL) {
            records->no_memory = true;
            return true;
        }
        records->all = larger;
    }
    struct nb_sweep_record *kept = &records->all[records->count++];
    enum nb_isa known = nb_isa_by_name(isa);
    *kept = (struct nb_sweep_record){.exact = known < NB_ISA_COUNT && nb_isa_exact(known),
                                     .diverged = strcmp(status, "diverged") == 0,
                                     .digests = json_incref(digests)};
    memcpy(kept->id, id, sizeof kept->id);
    memcpy(kept->bits, bits, sizeof kept->bits);
    describe(record, kept->what);
    return true;
}

bool nb_sweep_records_have(const struct nb_sweep_records *records, const char *id) {
    for (size_t i = 0; i < records->count; i++)
        if (strcmp(records->all[i].id, id) == 0)
            return true;
    return false;
}

// The first epoch, from 1, after which the two differ; 0: none. A run that has diverged differs
// from one that went on.
static size_t differing_epoch(const struct nb_sweep_record *a, const struct nb_sweep_record *b) {
    size_t n = json_array_size(a->digests), m = json_array_size(b->digests);
    size_t common = n < m ? n : m;
    for (size_t i = 0; i < common; i++)
        if (!json_equal(json_array_get(a->digests, i), json_array_get(b->digests, i)))
            return i + 1;
    bool lost = (n < m && a->diverged) || (m < n && b->diverged);
    return lost ? common + 1 : 0;
}

// By bits; the one with most epochs first, so that the others can be compared with it. Then by id,
// so that the order does not depend on that of the file.
static int by_bits(const void *a, const void *b) {
    const struct nb_sweep_record *x = a, *y = b;
    int order = strcmp(x->bits, y->bits);
    size_t n = json_array_size(x->digests), m = json_array_size(y->digests);
    if (order == 0 && n != m)
        order = n > m ? -1 : 1;
    return order != 0 ? order : strcmp(x->id, y->id);
}

size_t nb_sweep_records_compare(struct nb_sweep_records *records, FILE *stream) {
    size_t differing = 0;
    const struct nb_sweep_record *reference = NULL;
    if (records->count > 0)
        qsort(records->all, records->count, sizeof *records->all, by_bits);
    for (size_t i = 0; i < records->count; i++) {
        const struct nb_sweep_record *record = &records->all[i];
        if (!record->exact)
            continue;
        if (reference == NULL || strcmp(reference->bits, record->bits) != 0) {
            reference = record;
            continue;
        }
        size_t epoch = differing_epoch(reference, record);
        if (epoch == 0)
            continue;
        differing++;
        fprintf(stream, "different bits: %s and %s, after epoch %zu\n", reference->what,
                record->what, epoch);
    }
    return differing;
}

void nb_sweep_records_free(struct nb_sweep_records *records) {
    for (size_t i = 0; i < records->count; i++)
        json_decref(records->all[i].digests);
    free(records->all);
    *records = (struct nb_sweep_records){0};
}
