// SPDX-License-Identifier: MIT
// What this machine is and what this program was built with: the card that goes with every number.
#ifndef NB_SRC_MACHINE_H
#define NB_SRC_MACHINE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/build.h"

#define NB_MAX_CACHES 8

struct nb_cache {
    unsigned level;   // 1, 2, 3
    char kind;        // 'd' data, 'i' instructions, 'u' both
    size_t bytes;     // of one of them
    size_t shared_by; // logical CPUs that share one of them; 0: unknown
};

// Text is "unknown" and counts are 0 where the system does not tell.
struct nb_machine {
    char cpu[128], vendor[64], architecture[32]; // "AMD EPYC 9354", "AuthenticAMD", "x86_64"
    size_t packages, cores, cpus;     // of the machine: sockets, physical cores, logical CPUs
    size_t usable_cores, usable_cpus; // of those, the ones that this process may run on
    double quota;                     // CPUs' worth of time granted by the control group; 0: all
    struct nb_cache caches[NB_MAX_CACHES]; // as CPU 0 sees them, by rising level
    size_t cache_count;
    size_t numa_nodes;
    uint64_t memory_bytes; // physical
    char hypervisor[32];   // "none" on bare metal, else its name: "KVMKVMKVM"
    char governor[32];     // of CPU 0's frequency
    char os[128], kernel[128], libc[64];
    double load[3]; // mean number of runnable processes over 1, 5 and 15 minutes; NaN: unknown
};

// Looks now. Never fails: what cannot be read is unknown.
void nb_machine_read(struct nb_machine *machine);

// Its part for `cpu` and `vendor`, from a file like /proc/cpuinfo.
void nb_machine_read_cpu(struct nb_machine *machine, const char *cpuinfo);

// The most memory that this process has had resident, in bytes; 0 where the system does not tell.
uint64_t nb_machine_peak_resident(void);

// Threads for a run that names none: the physical cores that this process may use, not more than
// the control group's quota rounded up, nor than OMP_NUM_THREADS and OMP_THREAD_LIMIT where these
// are set to a positive number. At least 1; 1 without OpenMP. The first asks the machine itself.
size_t nb_machine_default_threads(void);
size_t nb_machine_threads(const struct nb_machine *machine);

// The "machine" object of a run record: all of the above, the build (src/build.h), and the OMP_*
// and GOMP_* variables that are set. What is unknown is null. A new reference; NULL when memory is
// short.
json_t *nb_machine_json(const struct nb_machine *machine);

#endif
