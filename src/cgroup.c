// SPDX-License-Identifier: MIT
#include "src/cgroup.h"

#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/sysfs.h"

// The limit that one folder states, or infinity.
static double folder_quota(const char *folder) {
    char line[64];
    long quota = -1, period = 0;
    if (nb_sysfs_line(line, sizeof line, "%s/cpu.max", folder)) {
        char *rest;
        quota = strtol(line, &rest, 10);
        if (rest == line) // "max 100000"
            return INFINITY;
        period = strtol(rest, NULL, 10);
    } else if (nb_sysfs_line(line, sizeof line, "%s/cpu.cfs_quota_us", folder)) {
        quota = strtol(line, NULL, 10);
        nb_sysfs_line(line, sizeof line, "%s/cpu.cfs_period_us", folder);
        period = strtol(line, NULL, 10);
    }
    return quota > 0 && period > 0 ? (double)quota / (double)period : INFINITY;
}

// The least limit from group `path` up to the root of the hierarchy at `root`. Inside a container
// the path may be the host's and lead nowhere; the root is then the container's own group.
static double least_quota(const char *root, const char *path) {
    char folder[PATH_MAX];
    int length = snprintf(folder, sizeof folder, "%s%s", root, path);
    if (length >= (int)sizeof folder)
        return folder_quota(root);
    double least = INFINITY;
    for (;;) {
        least = fmin(least, folder_quota(folder));
        char *slash = strrchr(folder, '/');
        if (!slash || (size_t)(slash - folder) < strlen(root))
            return least;
        *slash = '\0';
    }
}

// Whether a list such as "cpu,cpuacct" names the cpu controller.
static bool has_cpu(const char *controllers) {
    for (const char *at = controllers; at; at = strchr(at, ',')) {
        at += *at == ',';
        if (!strncmp(at, "cpu", 3) && (at[3] == ',' || at[3] == '\0'))
            return true;
    }
    return false;
}

double nb_cgroup_quota(const char *membership, const char *mount) {
    FILE *file = fopen(membership, "r");
    if (!file)
        return 0;
    double least = INFINITY;
    char line[PATH_MAX];
    while (fgets(line, sizeof line, file)) { // "0::/group", or in version 1 "4:cpu,cpuacct:/group"
        line[strcspn(line, "\n")] = '\0';
        char *controllers = strchr(line, ':');
        char *path = controllers ? strchr(++controllers, ':') : NULL;
        if (!path)
            continue;
        *path++ = '\0';
        char root[PATH_MAX];
        if (!*controllers)
            snprintf(root, sizeof root, "%s", mount);
        else if (has_cpu(controllers))
            snprintf(root, sizeof root, "%s/%s", mount, controllers);
        else
            continue;
        least = fmin(least, least_quota(root, path));
    }
    fclose(file);
    return isinf(least) ? 0 : least;
}
