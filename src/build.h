// SPDX-License-Identifier: MIT
// How this program was built, fixed when it was configured. No path of the build machine is in it.
#ifndef NB_SRC_BUILD_H
#define NB_SRC_BUILD_H

#include <stdbool.h>

const char *nb_build_version(void);  // "0.1.0"
const char *nb_build_commit(void);   // 40 hexadecimal digits, or "unknown" outside a checkout
bool nb_build_dirty(void);           // the checkout had changes that were not committed
const char *nb_build_compiler(void); // "gcc 12.2.0"

// Of all code: "-O3 -std=c11 -ffp-contract=off"; the flags of an ISA come on top.
const char *nb_build_flags(void);

#endif
