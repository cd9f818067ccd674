// SPDX-License-Identifier: MIT
#include "src/machine.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#if defined(__x86_64__) || defined(__i386__)
#    include <cpuid.h>
#endif

#include "src/cgroup.h"
#include "src/sysfs.h"
#include "src/topology.h"

// ARM gives numbers where x86 gives a name. Servers and boards that people measure on; others show
// their numbers.
static const struct {
    unsigned implementer, part;
    const char *name;
} arm_cores[] = {
    {0x41, 0xd03, "ARM Cortex-A53"},  {0x41, 0xd07, "ARM Cortex-A57"},
    {0x41, 0xd08, "ARM Cortex-A72"},  {0x41, 0xd0b, "ARM Cortex-A76"},
    {0x41, 0xd0c, "ARM Neoverse N1"}, {0x41, 0xd40, "ARM Neoverse V1"},
    {0x41, 0xd49, "ARM Neoverse N2"}, {0x41, 0xd4f, "ARM Neoverse V2"},
    {0x46, 0x001, "Fujitsu A64FX"},   {0x48, 0xd01, "HiSilicon Kunpeng 920"},
    {0xc0, 0xac3, "Ampere-1"},
};

static void read_arm_cpu(struct nb_machine *machine, const char *cpuinfo) {
    char implementer[16], part[16];
    if (!nb_sysfs_value(implementer, sizeof implementer, cpuinfo, "CPU implementer") ||
        !nb_sysfs_value(part, sizeof part, cpuinfo, "CPU part"))
        return;
    snprintf(machine->vendor, sizeof machine->vendor, "implementer %s", implementer);
    snprintf(machine->cpu, sizeof machine->cpu, "implementer %s part %s", implementer, part);
    for (size_t i = 0; i < sizeof arm_cores / sizeof *arm_cores; i++) {
        if (strtoul(implementer, NULL, 16) != arm_cores[i].implementer ||
            strtoul(part, NULL, 16) != arm_cores[i].part)
            continue;
        const char *name = arm_cores[i].name;
        snprintf(machine->cpu, sizeof machine->cpu, "%s", name);
        snprintf(machine->vendor, sizeof machine->vendor, "%.*s", (int)strcspn(name, " -"), name);
    }
}

void nb_machine_read_cpu(struct nb_machine *machine, const char *cpuinfo) {
    strcpy(machine->cpu, "unknown");
    strcpy(machine->vendor, "unknown");
    char text[sizeof machine->cpu];
    if (nb_sysfs_value(text, sizeof text, cpuinfo, "model name"))
        strcpy(machine->cpu, text);
    if (nb_sysfs_value(text, sizeof machine->vendor, cpuinfo, "vendor_id"))
        strcpy(machine->vendor, text);
    else
        read_arm_cpu(machine, cpuinfo);
}

static void read_hypervisor(struct nb_machine *machine) {
    size_t size = sizeof machine->hypervisor;
#if defined(__x86_64__) || defined(__i386__)
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c >> 31)) {
        snprintf(machine->hypervisor, size, "none");
        return;
    }
    unsigned name[3] = {0};
    __cpuid(0x40000000, a, name[0], name[1], name[2]);
    snprintf(machine->hypervisor, size, "%.12s", (const char *)name);
    if (!machine->hypervisor[0])
        snprintf(machine->hypervisor, size, "unnamed");
#else
    if (!nb_sysfs_line(machine->hypervisor, size, "/sys/hypervisor/type") &&
        !nb_sysfs_line(machine->hypervisor, size, "/proc/device-tree/hypervisor/compatible"))
        snprintf(machine->hypervisor, size, "unknown");
#endif
}

static void read_system(struct nb_machine *machine) {
    struct utsname name;
    if (uname(&name)) {
        strcpy(machine->kernel, "unknown");
        strcpy(machine->architecture, "unknown");
    } else {
        snprintf(machine->kernel, sizeof machine->kernel, "%.32s %.80s", name.sysname,
                 name.release);
        snprintf(machine->architecture, sizeof machine->architecture, "%.31s", name.machine);
    }
    if (!nb_sysfs_value(machine->os, sizeof machine->os, "/etc/os-release", "PRETTY_NAME"))
        strcpy(machine->os, "unknown");
    strcpy(machine->libc, "unknown");
#ifdef _CS_GNU_LIBC_VERSION
    confstr(_CS_GNU_LIBC_VERSION, machine->libc, sizeof machine->libc); // "glibc 2.36"
#endif
    if (!nb_sysfs_line(machine->governor, sizeof machine->governor,
                       "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"))
        strcpy(machine->governor, "unknown");
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    if (pages > 0 && page > 0)
        machine->memory_bytes = (uint64_t)pages * (uint64_t)page;
    for (int i = getloadavg(machine->load, 3) < 0 ? 0 : 3; i < 3; i++)
        machine->load[i] = NAN;
}

static double quota(void) { return nb_cgroup_quota("/proc/self/cgroup", "/sys/fs/cgroup"); }

// getrusage would count what ran in this process before its program, for as long as that was
// larger.
uint64_t nb_machine_peak_resident(void) {
    char text[32];
    if (!nb_sysfs_value(text, sizeof text, "/proc/self/status", "VmHWM"))
        return 0;
    return (uint64_t)strtoull(text, NULL, 10) * 1024;
}

void nb_machine_read(struct nb_machine *machine) {
    *machine = (struct nb_machine){0};
    nb_topology_read(machine);
    machine->quota = quota();
    nb_machine_read_cpu(machine, "/proc/cpuinfo");
    read_hypervisor(machine);
    read_system(machine);
}

// The number that an OpenMP variable starts with ("4", "4,2"), or `most` when it is unset or makes
// no sense.
static size_t omp_limit(const char *variable, size_t most) {
    const char *text = getenv(variable);
    if (!text)
        return most;
    char *end;
    long value = strtol(text, &end, 10);
    end += strspn(end, " \t");
    if (end == text || value < 1 || (*end && *end != ','))
        return most;
    return (size_t)value < most ? (size_t)value : most;
}

#ifdef _OPENMP
enum { THREADED = true };
#else
enum { THREADED = false };
#endif

size_t nb_machine_threads(const struct nb_machine *machine) {
    if (!THREADED)
        return 1;
    size_t threads = machine->usable_cores > 0 ? machine->usable_cores : 1;
    double granted = ceil(machine->quota);
    if (granted > 0 && granted < (double)threads)
        threads = (size_t)granted;
    return omp_limit("OMP_NUM_THREADS", omp_limit("OMP_THREAD_LIMIT", threads));
}

size_t nb_machine_default_threads(void) {
    struct nb_machine machine = {.quota = quota()};
    nb_topology_read(&machine);
    return nb_machine_threads(&machine);
}

// Values of the record: what is unknown is null.
static json_t *text_json(const char *text) {
    json_t *string = strcmp(text, "unknown") ? json_string(text) : NULL; // NULL if it is not UTF-8
    return string ? string : json_null();
}

static json_t *count_json(uint64_t count) {
    return count > 0 ? json_integer((json_int_t)count) : json_null();
}

static json_t *load_json(const struct nb_machine *machine) {
    if (isnan(machine->load[0]))
        return json_null();
    return json_pack("[fff]", machine->load[0], machine->load[1], machine->load[2]);
}

static json_t *caches_json(const struct nb_machine *machine) {
    json_t *list = json_array();
    for (size_t i = 0; i < machine->cache_count; i++) {
        const struct nb_cache *cache = &machine->caches[i];
        const char *kind = cache->kind == 'd'   ? "data"
                           : cache->kind == 'i' ? "instructions"
                                                : "unified";
        json_array_append_new(list, json_pack("{sisssoso}", "level", (int)cache->level, "kind",
                                              kind, "bytes", count_json(cache->bytes), "shared_by",
                                              count_json(cache->shared_by)));
    }
    return list;
}

// The variables that steer OpenMP, as they are.
static json_t *openmp_json(void) {
    json_t *object = json_object();
    for (char **entry = environ; *entry; entry++) {
        const char *value = strchr(*entry, '=');
        if (!value || (strncmp(*entry, "OMP_", 4) != 0 && strncmp(*entry, "GOMP_", 5) != 0 &&
                       strncmp(*entry, "KMP_", 4) != 0))
            continue;
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)(value - *entry), *entry);
        json_object_set_new(object, name, json_string(value + 1));
    }
    return object;
}

static json_t *build_json(void) {
    bool known = strcmp(nb_build_commit(), "unknown");
    return json_pack("{sssosossss}", "version", nb_build_version(), "commit",
                     text_json(nb_build_commit()), "dirty",
                     known ? json_boolean(nb_build_dirty()) : json_null(), "compiler",
                     nb_build_compiler(), "flags", nb_build_flags());
}

json_t *nb_machine_json(const struct nb_machine *machine) {
    return json_pack(
        "{sososs so so so so so so so so so so so so so so so so so}", "cpu",
        text_json(machine->cpu), "vendor", text_json(machine->vendor), "architecture",
        machine->architecture, "packages", count_json(machine->packages), "cores",
        count_json(machine->cores), "cpus", count_json(machine->cpus), "usable_cores",
        count_json(machine->usable_cores), "usable_cpus", count_json(machine->usable_cpus),
        "cpu_quota", machine->quota > 0 ? json_real(machine->quota) : json_null(), "caches",
        caches_json(machine), "numa_nodes", count_json(machine->numa_nodes), "memory_bytes",
        count_json(machine->memory_bytes), "hypervisor", text_json(machine->hypervisor), "governor",
        text_json(machine->governor), "os", text_json(machine->os), "kernel",
        text_json(machine->kernel), "libc", text_json(machine->libc), "load", load_json(machine),
        "openmp", openmp_json(), "build", build_json());
}
