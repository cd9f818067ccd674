// SPDX-License-Identifier: MIT
// What the program believes of its machine: on this one only what must hold anywhere, the rest on
// machines made of files.
#include "tests/idx_files.h"

#include <math.h>
#include <sched.h>

#include "src/cgroup.h"
#include "src/machine.h"
#include "src/sysfs.h"
#include "src/topology.h"

// Writes a file and the folders above it.
static void write_deep(const char *folder, const char *name, const char *text) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    for (char *slash = path + strlen(folder) + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
        *slash = '\0';
        mkdir(path, 0755);
    }
    write_bytes(path, text, strlen(text));
}

static void default_threads_are_bounded(void **state) {
    (void)state;
    unsetenv("OMP_NUM_THREADS");
    unsetenv("OMP_THREAD_LIMIT");
    size_t most = nb_machine_default_threads();
    assert_true(most >= 1);
    static const struct {
        const char *variable, *value;
        size_t threads; // 0: as many as without
    } cases[] = {
        {"OMP_NUM_THREADS", "1", 1},   {"OMP_NUM_THREADS", "1,4", 1},
        {"OMP_NUM_THREADS", " 1 ", 1}, {"OMP_NUM_THREADS", "1000000", 0},
        {"OMP_NUM_THREADS", "0", 0},   {"OMP_NUM_THREADS", "-1", 0},
        {"OMP_NUM_THREADS", "", 0},    {"OMP_NUM_THREADS", "one", 0},
        {"OMP_NUM_THREADS", "1x", 0},  {"OMP_THREAD_LIMIT", "1", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        setenv(cases[i].variable, cases[i].value, 1);
        assert_int_equal(nb_machine_default_threads(), cases[i].threads ? cases[i].threads : most);
        unsetenv(cases[i].variable);
    }
}

static void threads_follow_cores_and_quota(void **state) {
    (void)state;
#ifndef _OPENMP
    skip(); // such a build has one thread
#endif
    static const struct {
        size_t cores;
        double quota;
        size_t threads;
    } cases[] = {{8, 0, 8}, {8, 0.25, 1}, {8, 2, 2}, {8, 2.5, 3}, {2, 64, 2}, {0, 0, 1}};
    unsetenv("OMP_NUM_THREADS");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct nb_machine machine = {.usable_cores = cases[i].cores, .quota = cases[i].quota};
        assert_int_equal(nb_machine_threads(&machine), cases[i].threads);
    }
    struct nb_machine machine = {.usable_cores = 8};
    setenv("OMP_NUM_THREADS", "3", 1);
    assert_int_equal(nb_machine_threads(&machine), 3);
    unsetenv("OMP_NUM_THREADS");
}

static void default_threads_follow_affinity(void **state) {
    (void)state;
    cpu_set_t all, one;
    unsetenv("OMP_NUM_THREADS");
    assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
    CPU_ZERO(&one);
    for (size_t cpu = 0; cpu < CPU_SETSIZE && !CPU_COUNT(&one); cpu++)
        if (CPU_ISSET(cpu, &all))
            CPU_SET(cpu, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    struct nb_machine machine;
    nb_machine_read(&machine);
    size_t threads = nb_machine_default_threads();
    sched_setaffinity(0, sizeof all, &all);
    assert_int_equal(threads, 1);
    assert_int_equal(machine.usable_cpus, 1);
    assert_int_equal(machine.usable_cores, 1);
}

static void counts_agree(void **state) {
    (void)state;
    struct nb_machine machine;
    nb_machine_read(&machine);
    assert_true(machine.usable_cpus >= 1 && machine.usable_cores >= 1);
    assert_true(machine.usable_cores <= machine.usable_cpus);
    if (machine.cpus > 0) {
        assert_true(machine.usable_cpus <= machine.cpus);
        assert_true(machine.packages <= machine.cores && machine.cores <= machine.cpus);
    }
    assert_true(machine.memory_bytes > 1 << 20);
    const char *const texts[] = {machine.cpu,      machine.vendor, machine.architecture,
                                 machine.governor, machine.os,     machine.hypervisor,
                                 machine.kernel,   machine.libc};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_true(texts[i][0] != '\0');
    for (size_t i = 1; i < machine.cache_count; i++)
        assert_true(machine.caches[i].level >= machine.caches[i - 1].level);
}

static void record_says_null_where_unknown(void **state) {
    (void)state;
    struct nb_machine machine = {.cpu = "Test", .vendor = "unknown", .governor = "unknown"};
    machine.load[0] = NAN;
    setenv("OMP_PLACES", "cores", 1);
    json_t *json = nb_machine_json(&machine);
    unsetenv("OMP_PLACES");
    assert_non_null(json);
    assert_string_equal(json_string_value(json_object_get(json, "cpu")), "Test");
    const char *const unknown[] = {"vendor",       "governor",   "cores", "usable_cores",
                                   "memory_bytes", "numa_nodes", "load",  "cpu_quota"};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        assert_true(json_is_null(json_object_get(json, unknown[i])));
    json_t *openmp = json_object_get(json, "openmp");
    assert_string_equal(json_string_value(json_object_get(openmp, "OMP_PLACES")), "cores");
    json_t *build = json_object_get(json, "build");
    assert_string_equal(json_string_value(json_object_get(build, "version")), nb_build_version());
    assert_null(strchr(nb_build_flags(), '/'));
    size_t length = strlen(nb_build_commit());
    assert_true(length == 40 ? strspn(nb_build_commit(), "0123456789abcdef") == 40
                             : !strcmp(nb_build_commit(), "unknown"));
    json_decref(json);
}

// Two sockets of two cores of two threads each, CPU 7 switched off; this process may use 0, 4, 2.
static void counts_cores_of_linux(void **state) {
    static const char *const siblings[] = {"0,4", "1,5", "2,6", "3", "0,4", "1,5", "2,6"};
    write_deep(*state, "devices/system/cpu/online", "0-6\n");
    write_deep(*state, "devices/system/node/online", "0-1\n");
    for (int cpu = 0; cpu < 7; cpu++) {
        char name[128];
        snprintf(name, sizeof name, "devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu);
        write_deep(*state, name, siblings[cpu]);
        snprintf(name, sizeof name, "devices/system/cpu/cpu%d/topology/physical_package_id", cpu);
        write_deep(*state, name, cpu % 4 < 2 ? "0\n" : "1\n");
    }
    static const char *const caches[][4] = {{"1", "Data", "48K", "0,4"},
                                            {"1", "Instruction", "32K", "0,4"},
                                            {"2", "Unified", "2048K", "0,4"},
                                            {"3", "Unified", "36M", "0-1,4-5"}};
    static const char *const fields[] = {"level", "type", "size", "shared_cpu_list"};
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++) {
            char name[128];
            snprintf(name, sizeof name, "devices/system/cpu/cpu0/cache/index%d/%s", i, fields[j]);
            write_deep(*state, name, caches[i][j]);
        }
    static bool usable[NB_MAX_CPUS];
    usable[0] = usable[4] = usable[2] = true;
    struct nb_machine machine = {0};
    assert_true(nb_topology_sysfs(&machine, *state, usable));
    assert_int_equal(machine.cpus, 7);
    assert_int_equal(machine.cores, 4);
    assert_int_equal(machine.packages, 2);
    assert_int_equal(machine.usable_cores, 2);
    assert_int_equal(machine.numa_nodes, 2);
    assert_int_equal(machine.cache_count, 4);
    assert_int_equal(machine.caches[0].bytes, 48 << 10);
    assert_int_equal(machine.caches[1].kind, 'i');
    assert_int_equal(machine.caches[2].shared_by, 2);
    assert_int_equal(machine.caches[3].bytes, 36 << 20);
    assert_int_equal(machine.caches[3].shared_by, 4);
    assert_int_equal(machine.caches[3].kind, 'u');
    assert_false(nb_topology_sysfs(&machine, join(*state, "missing"), usable));
}

// x86 names its CPU and ARM numbers it: known cores have names, the others show their numbers.
static void names_of_cpus(void **state) {
    static const struct {
        const char *cpuinfo, *cpu, *vendor;
    } cases[] = {
        {"processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Intel(R) Xeon(R) CPU\n",
         "Intel(R) Xeon(R) CPU", "GenuineIntel"},
        {"processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n", "ARM Neoverse N1", "ARM"},
        {"processor\t: 0\nCPU implementer\t: 0xc0\nCPU part\t: 0xac3\n", "Ampere-1", "Ampere"},
        {"processor\t: 0\nCPU implementer\t: 0x61\nCPU part\t: 0x022\n",
         "implementer 0x61 part 0x022", "implementer 0x61"},
        {"processor\t: 0\nCPU part\t: 0xd0c\n", "unknown", "unknown"},
        {"processor\t: 0\nhart\t: 0\n", "unknown", "unknown"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct nb_machine machine;
        write_deep(*state, "cpuinfo", cases[i].cpuinfo);
        nb_machine_read_cpu(&machine, join(*state, "cpuinfo"));
        assert_string_equal(machine.cpu, cases[i].cpu);
        assert_string_equal(machine.vendor, cases[i].vendor);
    }
}

static void expect_quota(const char *folder, const char *membership, double quota) {
    write_deep(folder, "membership", membership);
    double found = nb_cgroup_quota(join(folder, "membership"), folder);
    assert_memory_equal(&found, &quota, sizeof quota);
}

static void quota_of_control_groups(void **state) {
    write_deep(*state, "cpu.max", "max 100000\n");
    expect_quota(*state, "0::/\n", 0);
    write_deep(*state, "a/cpu.max", "400000 100000\n");
    write_deep(*state, "a/b/cpu.max", "max 100000\n");
    expect_quota(*state, "0::/a/b\n", 4);
    write_deep(*state, "a/b/cpu.max", "150000 100000\n");
    expect_quota(*state, "0::/a/b\n", 1.5);
    write_deep(*state, "a/cpu.max", "50000 100000\n"); // the outer group binds
    expect_quota(*state, "0::/a/b\n", 0.5);
    expect_quota(*state, "0::/somewhere/else\n", 0);
    write_deep(*state, "cpu.max", "300000 100000\n");
    expect_quota(*state, "0::/somewhere/else\n", 3); // a container: its root is the limit
    write_deep(*state, "cpu,cpuacct/c/cpu.cfs_quota_us", "250000\n");
    write_deep(*state, "cpu,cpuacct/c/cpu.cfs_period_us", "100000\n");
    expect_quota(*state, "5:memory:/c\n4:cpu,cpuacct:/c\n3:cpuset:/c\n", 2.5);
    write_deep(*state, "cpu,cpuacct/c/cpu.cfs_quota_us", "-1\n");
    expect_quota(*state, "4:cpu,cpuacct:/c\n", 0);
    expect_quota(*state, "garbage\n\n::\n0::\n", 3);
    double missing = nb_cgroup_quota(join(*state, "missing"), *state);
    assert_true(missing >= 0 && missing <= 0);
}

static void values_of_description_files(void **state) {
    const char *path = join(*state, "release");
    char value[8];
    write_deep(*state, "release", "NAME=\"A B\"\nNAMES=x\nmodel name\t: CPU 1\nempty=\n");
    assert_true(nb_sysfs_value(value, sizeof value, path, "NAME"));
    assert_string_equal(value, "A B");
    assert_true(nb_sysfs_value(value, sizeof value, path, "model name"));
    assert_string_equal(value, "CPU 1");
    assert_false(nb_sysfs_value(value, sizeof value, path, "empty"));
    assert_false(nb_sysfs_value(value, sizeof value, path, "model"));
    assert_string_equal(value, "");
    assert_false(nb_sysfs_line(value, sizeof value, "%s/none", (const char *)*state));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(default_threads_are_bounded),
        cmocka_unit_test(threads_follow_cores_and_quota),
        cmocka_unit_test(default_threads_follow_affinity),
        cmocka_unit_test(counts_agree),
        cmocka_unit_test(record_says_null_where_unknown),
        cmocka_unit_test_setup_teardown(counts_cores_of_linux, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(names_of_cpus, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(quota_of_control_groups, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(values_of_description_files, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
