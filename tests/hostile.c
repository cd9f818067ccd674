// SPDX-License-Identifier: MIT
// A system on a bad day, preloaded into normbench by the tests of the commands: memory runs out,
// the clock steps back, and a file changes between being opened and being read. Other programs that
// are started with it, such as gnuplot, are left alone.
//
//   HOSTILE_FAIL=17      the 17th allocation fails
//   HOSTILE_COUNT=FILE   how many there were is written into that file
//   HOSTILE_CLOCK=1      each look at the date finds it a day before the last one
//   HOSTILE_FILE=PATH    this file shrinks to half its size before it is read, or,
//   HOSTILE_MORE=TEXT    with this, grows by the text
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

// glibc's own names of the functions that are replaced here, in libraries too.
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

// Sets a pointer to the function that is replaced here.
#define NEXT(call, name) *(void **)&(call) = dlsym(RTLD_NEXT, name)

static atomic_long allocations;
static long failing;
static bool active;
static _Thread_local bool excused;

__attribute__((constructor)) static void begin(void) {
    const char *fail = getenv("HOSTILE_FAIL");
    failing = fail == NULL ? 0 : strtol(fail, NULL, 10);
    active = strcmp(program_invocation_short_name, "normbench") == 0;
}

__attribute__((destructor)) static void report(void) {
    const char *path = getenv("HOSTILE_COUNT");
    if (path == NULL || !active)
        return;
    FILE *file = fopen(path, "w");
    if (file == NULL)
        return;
    fprintf(file, "%ld\n", atomic_load(&allocations));
    fclose(file);
}

static bool refused(void) {
    if (!active || excused || atomic_fetch_add(&allocations, 1) + 1 != failing)
        return false;
    errno = ENOMEM;
    return true;
}

// A build with counters calls this before it writes them (coverage_exit.c).
void hostile_end(void);
void hostile_end(void) { excused = true; }

void *malloc(size_t size) { return refused() ? NULL : __libc_malloc(size); }
void *calloc(size_t count, size_t size) { return refused() ? NULL : __libc_calloc(count, size); }
void *realloc(void *old, size_t size) { return refused() ? NULL : __libc_realloc(old, size); }

void *aligned_alloc(size_t alignment, size_t size) {
    return refused() ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
    *memory = refused() ? NULL : __libc_memalign(alignment, size);
    return *memory == NULL ? ENOMEM : 0;
}

// hwloc crashes when memory runs out. normbench asks it only while there is plenty.
static int without_failures(const char *name, void *topology) {
    int (*call)(void *);
    NEXT(call, name);
    excused = true;
    int result = call(topology);
    excused = false;
    return result;
}

int hwloc_topology_init(void *topology);
int hwloc_topology_load(void *topology);
int hwloc_topology_init(void *topology) {
    return without_failures("hwloc_topology_init", topology);
}
int hwloc_topology_load(void *topology) {
    return without_failures("hwloc_topology_load", topology);
}

// No library of a peer is found: some throw when memory runs out, and what they do is theirs.
void *dlopen(const char *file, int mode) {
    void *(*call)(const char *, int);
    NEXT(call, "dlopen");
    return call(active ? "/nowhere/peer.so" : file, mode);
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    static atomic_long days;
    int (*call)(clockid_t, struct timespec *);
    NEXT(call, "clock_gettime");
    int result = call(clock, time);
    if (active && clock == CLOCK_REALTIME && getenv("HOSTILE_CLOCK") != NULL)
        time->tv_sec -= 86400 * (atomic_fetch_add(&days, 1) + 1);
    return result;
}

time_t time(time_t *into) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (into != NULL)
        *into = now.tv_sec;
    return now.tv_sec;
}

static void change(void) {
    const char *path = getenv("HOSTILE_FILE"), *more = getenv("HOSTILE_MORE");
    struct stat status;
    if (path == NULL || stat(path, &status) != 0)
        return;
    if (more == NULL && truncate(path, status.st_size / 2) != 0)
        abort();
    int file = open(path, O_WRONLY | O_APPEND);
    if (more != NULL && write(file, more, strlen(more)) < 0)
        abort();
    close(file);
    unsetenv("HOSTILE_FILE"); // once
}

FILE *fdopen(int descriptor, const char *mode) {
    FILE *(*call)(int, const char *);
    NEXT(call, "fdopen");
    FILE *stream = call(descriptor, mode);
    if (active && mode[0] == 'r')
        change();
    return stream;
}

ssize_t pread(int descriptor, void *into, size_t size, off_t offset) {
    ssize_t (*call)(int, void *, size_t, off_t);
    NEXT(call, "pread64");
    if (active)
        change();
    return call(descriptor, into, size, offset);
}
