// SPDX-License-Identifier: MIT
// The processors of this machine: sockets, physical cores, logical CPUs, the caches between them,
// and which of them this process may use.
#ifndef NB_SRC_TOPOLOGY_H
#define NB_SRC_TOPOLOGY_H

#include <stdbool.h>
#include "src/machine.h"

#define NB_MAX_CPUS 8192

// Fills the counts and the caches of *machine, which is zeroed. Asks hwloc where the program was
// built with it, else Linux.
void nb_topology_read(struct nb_machine *machine);

// The part that asks Linux alone, for CPUs with usable (NB_MAX_CPUS); `root` is "/sys". False when
// that does not tell.
bool nb_topology_sysfs(struct nb_machine *machine, const char *root, const bool *usable);

#endif
