// SPDX-License-Identifier: MIT
// Threads that wait for one another: nobody goes on before all have come, whether they spin or
// sleep, and more of them than cores.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>

#include "src/barrier.h"

enum { MOST_MEMBERS = 9, ROUNDS = 400 };

struct team {
    struct nb_barrier barrier;
    size_t members;
    size_t done[MOST_MEMBERS]; // rounds of each: plain, so that only the barrier orders them
};

struct member {
    struct team *team;
    size_t id;
    size_t astray; // rounds in which somebody was not where all must be
};

static void *work(void *member_) {
    struct member *me = member_;
    struct team *team = me->team;
    for (size_t round = 1; round <= ROUNDS; round++) {
        team->done[me->id] = round;
        nb_barrier_wait(&team->barrier, team->members);
        for (size_t i = 0; i < team->members; i++)
            me->astray += team->done[i] != round;
        nb_barrier_wait(&team->barrier, team->members);
    }
    return NULL;
}

static void run(size_t members) {
    struct team team = {.members = members};
    struct member member[MOST_MEMBERS];
    pthread_t thread[MOST_MEMBERS];
    nb_barrier_init(&team.barrier);
    for (size_t i = 0; i < members; i++) {
        member[i] = (struct member){.team = &team, .id = i};
        assert_int_equal(pthread_create(&thread[i], NULL, work, &member[i]), 0);
    }
    for (size_t i = 0; i < members; i++) {
        assert_int_equal(pthread_join(thread[i], NULL), 0);
        assert_int_equal(member[i].astray, 0);
        assert_int_equal(team.done[i], ROUNDS);
    }
}

static void test_rounds(void **state) {
    (void)state;
    const char *policies[] = {NULL, "active", "passive", "PASSIVE"};
    for (size_t p = 0; p < sizeof policies / sizeof *policies; p++) {
        if (policies[p] == NULL)
            unsetenv("OMP_WAIT_POLICY");
        else
            setenv("OMP_WAIT_POLICY", policies[p], 1);
        for (size_t members = 1; members <= MOST_MEMBERS; members += members < 3 ? 1 : 3)
            run(members);
    }
}

// A team of one that waits for nobody, and is not counted as asleep.
static void test_patience(void **state) {
    (void)state;
    struct nb_barrier barrier;
    setenv("OMP_WAIT_POLICY", "passive", 1);
    nb_barrier_init(&barrier);
    assert_true(barrier.patient);
    setenv("OMP_WAIT_POLICY", "active", 1);
    nb_barrier_init(&barrier);
    assert_false(barrier.patient);
    nb_barrier_wait(&barrier, 1);
    assert_int_equal(atomic_load(&barrier.round), 1);
    assert_int_equal(atomic_load(&barrier.sleepers), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rounds),
        cmocka_unit_test(test_patience),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
