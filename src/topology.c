// SPDX-License-Identifier: MIT
#include "src/topology.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef NB_HWLOC
#    include <hwloc.h>
#endif
#ifdef _OPENMP
#    include <omp.h>
#endif

#include "src/sysfs.h"

// Marks the CPUs that this process may run on, usable (NB_MAX_CPUS), and returns how many they are.
static size_t usable_cpus(bool *usable) {
    size_t count = 0;
#ifdef _OPENMP
    // When OMP_PLACES or OMP_PROC_BIND is set, OpenMP narrows the affinity of the thread that asks
    // to its own place; what the process may use is all places together. Clang's OpenMP knows
    // places at all times, and only those of its start.
    const bool bound = omp_get_proc_bind() != omp_proc_bind_false;
    static int ids[NB_MAX_CPUS];
    for (int place = 0; bound && place < omp_get_num_places(); place++) {
        int in_place = omp_get_place_num_procs(place);
        if (in_place > NB_MAX_CPUS)
            continue;
        omp_get_place_proc_ids(place, ids);
        for (int i = 0; i < in_place; i++) {
            if (ids[i] < 0 || ids[i] >= NB_MAX_CPUS || usable[ids[i]])
                continue;
            usable[ids[i]] = true;
            count++;
        }
    }
    if (count > 0)
        return count;
#endif
    cpu_set_t set[NB_MAX_CPUS / CPU_SETSIZE];
    memset(set, 0, sizeof set);
    if (sched_getaffinity(0, sizeof set, set))
        return 0;
    for (size_t cpu = 0; cpu < NB_MAX_CPUS; cpu++) {
        usable[cpu] = CPU_ISSET_S(cpu, sizeof set, set);
        count += usable[cpu];
    }
    return count;
}

static void add_cache(struct nb_machine *machine, struct nb_cache cache) {
    if (machine->cache_count < NB_MAX_CACHES && cache.bytes > 0)
        machine->caches[machine->cache_count++] = cache;
}

#ifdef NB_HWLOC
static size_t hwloc_count(hwloc_topology_t hwloc, hwloc_obj_type_t type) {
    int count = hwloc_get_nbobjs_by_type(hwloc, type);
    return count > 0 ? (size_t)count : 0;
}

static void hwloc_caches(struct nb_machine *machine, hwloc_topology_t hwloc) {
    hwloc_obj_t object = hwloc_get_obj_by_type(hwloc, HWLOC_OBJ_PU, 0);
    for (; object; object = object->parent) {
        if (!hwloc_obj_type_is_cache(object->type))
            continue;
        const struct hwloc_cache_attr_s *cache = &object->attr->cache;
        char kind = 'u';
        if (cache->type != HWLOC_OBJ_CACHE_UNIFIED)
            kind = cache->type == HWLOC_OBJ_CACHE_DATA ? 'd' : 'i';
        add_cache(machine,
                  (struct nb_cache){.level = cache->depth,
                                    .kind = kind,
                                    .bytes = cache->size,
                                    .shared_by = (size_t)hwloc_bitmap_weight(object->cpuset)});
    }
}

// hwloc does not ask whether it gets the memory that it asks for: it crashes.
static bool hwloc_has_room(void) {
    void *room = malloc((size_t)64 << 20);
    free(room);
    return room != NULL;
}

static bool from_hwloc(struct nb_machine *machine, const bool *usable) {
    hwloc_topology_t hwloc;
    if (hwloc_topology_init(&hwloc))
        return false;
    hwloc_topology_set_icache_types_filter(hwloc, HWLOC_TYPE_FILTER_KEEP_ALL);
    hwloc_topology_set_flags(hwloc, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED);
    bool loaded = !hwloc_topology_load(hwloc) && hwloc_count(hwloc, HWLOC_OBJ_CORE) > 0;
    if (loaded) {
        machine->packages = hwloc_count(hwloc, HWLOC_OBJ_PACKAGE);
        machine->cores = hwloc_count(hwloc, HWLOC_OBJ_CORE);
        machine->cpus = hwloc_count(hwloc, HWLOC_OBJ_PU);
        machine->numa_nodes = hwloc_count(hwloc, HWLOC_OBJ_NUMANODE);
        for (unsigned i = 0; i < machine->cores; i++) {
            hwloc_obj_t core = hwloc_get_obj_by_type(hwloc, HWLOC_OBJ_CORE, i);
            int cpu = hwloc_bitmap_first(core->cpuset);
            while (cpu >= 0 && cpu < NB_MAX_CPUS && !usable[cpu])
                cpu = hwloc_bitmap_next(core->cpuset, cpu);
            machine->usable_cores += cpu >= 0 && cpu < NB_MAX_CPUS;
        }
        hwloc_caches(machine, hwloc);
    }
    hwloc_topology_destroy(hwloc);
    return loaded;
}
#endif

// Calls visit with every number of a list such as "0-3,8"; returns how many there are.
static size_t for_each(const char *list, void (*visit)(size_t number, void *user), void *user) {
    size_t count = 0;
    for (char *end; *list; list = end + (*end == ',')) {
        size_t first = strtoul(list, &end, 10), last = first;
        if (end == list)
            break;
        if (*end == '-')
            last = strtoul(end + 1, &end, 10);
        for (; first <= last && first < NB_MAX_CPUS; first++, count++)
            if (visit)
                visit(first, user);
    }
    return count;
}

struct sysfs_walk {
    struct nb_machine *machine;
    const char *root;
    const bool *usable;
    bool core[NB_MAX_CPUS], usable_core[NB_MAX_CPUS]; // a core goes by its first CPU
    bool package[NB_MAX_CPUS];
};

// Counts a thing the first time it is seen.
static void count_once(bool *seen, size_t *count) {
    *count += !*seen;
    *seen = true;
}

static void visit_cpu(size_t cpu, void *user) {
    struct sysfs_walk *walk = user;
    char line[256];
    nb_sysfs_line(line, sizeof line, "%s/devices/system/cpu/cpu%zu/topology/thread_siblings_list",
                  walk->root, cpu);
    size_t core = line[0] ? strtoul(line, NULL, 10) : cpu;
    nb_sysfs_line(line, sizeof line, "%s/devices/system/cpu/cpu%zu/topology/physical_package_id",
                  walk->root, cpu);
    long package = strtol(line, NULL, 10); // -1 on some ARM boards
    if (core >= NB_MAX_CPUS || package >= NB_MAX_CPUS)
        return;
    count_once(&walk->core[core], &walk->machine->cores);
    count_once(&walk->package[package > 0 ? package : 0], &walk->machine->packages);
    if (walk->usable[cpu])
        count_once(&walk->usable_core[core], &walk->machine->usable_cores);
}

static void sysfs_caches(struct nb_machine *machine, const char *root) {
    for (unsigned i = 0; i < NB_MAX_CACHES; i++) {
        char level[32], type[32], size[32], shared[4096];
        const char *folder = "devices/system/cpu/cpu0/cache/index";
        if (!nb_sysfs_line(level, sizeof level, "%s/%s%u/level", root, folder, i) ||
            !nb_sysfs_line(type, sizeof type, "%s/%s%u/type", root, folder, i) ||
            !nb_sysfs_line(size, sizeof size, "%s/%s%u/size", root, folder, i))
            return;
        nb_sysfs_line(shared, sizeof shared, "%s/%s%u/shared_cpu_list", root, folder, i);
        char *unit, kind = 'u';
        if (type[0] == 'D' || type[0] == 'I')
            kind = type[0] == 'D' ? 'd' : 'i';
        size_t bytes = strtoul(size, &unit, 10);
        add_cache(machine, (struct nb_cache){.level = (unsigned)strtoul(level, NULL, 10),
                                             .kind = kind,
                                             .bytes = bytes << (*unit == 'K'   ? 10
                                                                : *unit == 'M' ? 20
                                                                               : 0),
                                             .shared_by = for_each(shared, NULL, NULL)});
    }
}

bool nb_topology_sysfs(struct nb_machine *machine, const char *root, const bool *usable) {
    char online[4096], nodes[4096];
    if (!nb_sysfs_line(online, sizeof online, "%s/devices/system/cpu/online", root))
        return false;
    struct sysfs_walk walk = {.machine = machine, .root = root, .usable = usable};
    machine->cpus = for_each(online, visit_cpu, &walk);
    nb_sysfs_line(nodes, sizeof nodes, "%s/devices/system/node/online", root);
    machine->numa_nodes = for_each(nodes, NULL, NULL);
    sysfs_caches(machine, root);
    return machine->cores > 0;
}

static bool by_level(const struct nb_cache *a, const struct nb_cache *b) {
    return a->level != b->level ? a->level < b->level : a->kind < b->kind;
}

void nb_topology_read(struct nb_machine *machine) {
    bool usable[NB_MAX_CPUS] = {false}, known = false;
    machine->usable_cpus = usable_cpus(usable);
#ifdef NB_HWLOC
    known = hwloc_has_room() && from_hwloc(machine, usable);
#endif
    if (!known)
        known = nb_topology_sysfs(machine, "/sys", usable);
    if (!known) // nothing tells which CPUs share a core: count each as one
        machine->usable_cores = machine->usable_cpus;
    for (size_t i = 1; i < machine->cache_count; i++)
        for (size_t j = i; j > 0 && by_level(&machine->caches[j], &machine->caches[j - 1]); j--) {
            struct nb_cache lower = machine->caches[j];
            machine->caches[j] = machine->caches[j - 1];
            machine->caches[j - 1] = lower;
        }
}
