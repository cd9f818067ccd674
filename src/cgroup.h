// SPDX-License-Identifier: MIT
// How much processor time the control group of this process grants: a container's CPU limit.
#ifndef NB_SRC_CGROUP_H
#define NB_SRC_CGROUP_H

// CPUs' worth of time (0.5, 2, ...), the least of the group and the groups above it; 0: no limit.
// `membership` is /proc/self/cgroup, `mount` is /sys/fs/cgroup; both versions of control groups are
// understood.
double nb_cgroup_quota(const char *membership, const char *mount);

#endif
