// SPDX-License-Identifier: MIT
#include "src/notice.h"

#include <stdio.h>

void nb_notice_dataset(const struct nb_dataset *dataset) {
    fprintf(stderr, "normbench: %s from %s: %zu training and %zu test rows\n", dataset->name,
            dataset->folder, dataset->train.rows, dataset->test.rows);
    if (!dataset->published)
        fprintf(stderr,
                "normbench: note: the checksums of these files are not the published ones of %s; "
                "results will differ from published ones\n",
                dataset->name);
}

void nb_notice_begin(const struct nb_run *run, const char *what) {
    char settings[NB_SETTINGS_TEXT];
    nb_settings_describe(&run->settings, run->dataset->features, settings);
    fprintf(stderr, "normbench: %s, %s; %s, %zu thread%s\n", what, settings, run->isa, run->threads,
            run->threads == 1 ? "" : "s");
}

void nb_notice_end(const struct nb_run *run) {
    const char *norm = nb_norm_title(run->settings.norm);
    if (run->status == NB_STATUS_DIVERGED)
        fprintf(stderr,
                "normbench: %s diverged in epoch %zu, at step %zu: the loss is no longer finite; "
                "try a smaller --lr than %g\n",
                norm, run->epoch_count, run->steps, run->settings.lr);
    else if (run->status == NB_STATUS_INTERRUPTED)
        fprintf(stderr, "normbench: %s interrupted at step %zu\n", norm, run->steps);
}
