// SPDX-License-Identifier: MIT
// Files that are part of the program, so that it needs none of them around: the sample of MNIST and
// the list of published digests. src/embed.py makes the table when the program is built.
#ifndef NB_SRC_EMBEDDED_H
#define NB_SRC_EMBEDDED_H

#include <stddef.h>

struct nb_embedded {
    const char *name; // of the file, without its folder
    const unsigned char *bytes;
    size_t size;
};

// All files, ended by one without a name.
extern const struct nb_embedded nb_embedded_files[];

// The file of that name, which must be there.
const struct nb_embedded *nb_embedded_file(const char *name);

#endif
