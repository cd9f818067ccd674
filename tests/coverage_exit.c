// SPDX-License-Identifier: MIT
// Part of a build with counters (script/coverage): a process that ends by _exit, as those of a
// sweep's cells do, writes its counters, too. What a test takes from the program is not taken from
// libgcov: it would crash without memory, and leave damaged files where their size is limited.
#include <dlfcn.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

extern void __gcov_dump(void);
extern _Noreturn void __real__exit(int status);
_Noreturn void __wrap__exit(int status); // -Wl,--wrap=_exit

// Before libgcov's own destructor, which writes the counters.
__attribute__((destructor)) static void excuse(void) {
    void (*hostile_end)(void); // of hostile.c, where that is preloaded
    *(void **)&hostile_end = dlsym(RTLD_DEFAULT, "hostile_end");
    if (hostile_end != NULL)
        hostile_end();
    struct rlimit size;
    if (getrlimit(RLIMIT_FSIZE, &size) != 0 || size.rlim_cur == RLIM_INFINITY)
        return;
    setenv("GCOV_PREFIX", "/dev/null", 1); // a place where no file can be, of which it complains
    dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
}

_Noreturn void __wrap__exit(int status) {
    excuse();
    __gcov_dump();
    __real__exit(status);
}
