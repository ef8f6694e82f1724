/* SPDX-License-Identifier: ISC */
/* node_test.c - what the node does when its store fails: nothing is passed on that is not on the
 * disk, nothing of the disk is lost, and it goes on by itself. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/daemon/node.h"
#include "tests/support/faulty_store.h"

#define LIMIT_MS 20000

struct world {
    struct faulty_store *store;
    struct es_node *node;
    int restored, orders, listens;
    uint64_t answered; /* request of the last answer that was ES_OK */
};

/* --- A world ------------------------------------------------------------------------------------- */

static void on_order(void *ctx, const struct es_order *order)
{
    struct world *world = ctx;

    world->orders++;
    world->listens += order->kind == ES_ORDER_LISTEN;
}

static void on_event(void *ctx, const struct es_event *event)
{
    struct world *world = ctx;

    if (event->kind == ES_EV_ANSWER && event->err == ES_OK)
        world->answered = event->request;
}

static void on_restored(void *ctx)
{
    struct world *world = ctx;

    world->restored++;
}

static void start(struct world *world)
{
    const struct es_node_calls calls = {
        .ctx = world, .order = on_order, .event = on_event, .restored = on_restored};
    struct es_settings settings = es_settings_default();
    enum es_err err;

    world->node = es_node_new(faulty_store_of(world->store), &settings, &calls, &err);
    assert_non_null(world->node);
}

static void turn(struct world *world)
{
    struct pollfd ready = {.fd = es_node_fd(world->node), .events = POLLIN};
    uint64_t now_ms = es_node_now_ms(), wake_ms;

    es_node_turn(world->node);
    wake_ms = es_node_wake_at(world->node);
    (void)poll(&ready, 1,
               wake_ms <= now_ms       ? 0
               : wake_ms - now_ms < 50 ? (int)(wake_ms - now_ms)
                                       : 50);
    es_node_results(world->node);
}

#define turn_until(world, condition)                                                               \
    do {                                                                                           \
        uint64_t until_ms = es_node_now_ms() + LIMIT_MS;                                           \
                                                                                                   \
        while (!(condition)) {                                                                     \
            assert_true(es_node_now_ms() < until_ms);                                              \
            turn(world);                                                                           \
        }                                                                                          \
    } while (0)

static void give_name(struct world *world, uint64_t request, const char *name)
{
    struct es_command command = {
        .kind = ES_CMD_NAME, .request = request, .name = es_slice(name, strlen(name))};

    es_node_command(world->node, &command);
}

static const char *name_of(struct world *world)
{
    struct es_self_view self;

    es_core_self(es_node_core(world->node), &self);
    return self.name;
}

/* With an identity of the name "first". */
static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    struct es_command init = {.kind = ES_CMD_INIT, .request = 1, .name = es_slice("first", 5)};

    assert_non_null(world);
    world->store = faulty_store_new();
    start(world);
    es_node_command(world->node, &init);
    turn_until(world, world->answered == 1);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;

    es_node_free(world->node);
    faulty_store_free(world->store);
    free(world);
    return 0;
}

static void restart(struct world *world)
{
    es_node_free(world->node);
    start(world);
}

/* --- Failures ------------------------------------------------------------------------------------- */

static void a_failed_commit_is_undone(void **state)
{
    static const int errors[] = {-EIO, -ENOSPC};
    struct world *world = *state;

    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        int restored = world->restored;

        faulty_store_fail(world->store, errors[i], 0, 1);
        give_name(world, 2, "second");
        turn_until(world, world->restored == restored + 1);
        assert_string_equal(name_of(world), "first");
        assert_int_equal(es_node_disk_full(world->node), errors[i] == -ENOSPC);
        assert_false(es_node_ready(world->node));
        turn_until(world, es_node_ready(world->node));
        assert_false(es_node_disk_full(world->node));
        assert_int_equal(world->answered, 1);
    }
    give_name(world, 3, "third");
    turn_until(world, world->answered == 3);
    restart(world);
    assert_string_equal(name_of(world), "third");
}

/* What follows a failed batch was thought of with that batch in mind. */
static void nothing_is_committed_after_a_failed_batch(void **state)
{
    struct world *world = *state;
    int tries;

    faulty_store_hold(world->store, true);
    faulty_store_fail(world->store, -ENOSPC, 0, 1);
    give_name(world, 2, "second");
    es_node_turn(world->node);
    give_name(world, 3, "third");
    es_node_turn(world->node);
    assert_false(es_node_idle(world->node));
    tries = faulty_store_tries(world->store);
    faulty_store_hold(world->store, false);
    turn_until(world, world->restored == 1);
    assert_int_equal(faulty_store_tries(world->store), tries + 1);
    assert_int_equal(world->answered, 1);
    assert_string_equal(name_of(world), "first");
}

static void what_was_committed_before_a_failure_is_passed_on(void **state)
{
    struct world *world = *state;

    faulty_store_hold(world->store, true);
    faulty_store_fail(world->store, -ENOSPC, 1, 1);
    give_name(world, 2, "second");
    es_node_turn(world->node);
    give_name(world, 3, "third");
    es_node_turn(world->node);
    faulty_store_hold(world->store, false);
    turn_until(world, world->restored == 1);
    assert_int_equal(world->answered, 2);
    assert_string_equal(name_of(world), "second");
}

static void inputs_of_a_failed_node_are_dropped(void **state)
{
    const struct es_report report = {.kind = ES_REPORT_LISTENING, .listening = {.port = 42000}};
    struct world *world = *state;

    faulty_store_fail(world->store, -ENOSPC, 0, -1);
    give_name(world, 2, "second");
    turn_until(world, world->restored == 3);
    assert_true(es_node_disk_full(world->node));
    es_node_report(world->node, &report);
    es_node_network_started(world->node);
    give_name(world, 3, "third");
    assert_string_equal(name_of(world), "first");
    assert_int_equal(world->orders, 0);
    faulty_store_fail(world->store, 0, 0, 0);
    turn_until(world, es_node_ready(world->node));
    assert_string_equal(name_of(world), "first");
    assert_int_equal(world->answered, 1);
}

/* The network process is told everything again: it is a new one. */
static void a_restored_core_knows_no_network(void **state)
{
    struct world *world = *state;
    int listens;

    es_node_network_started(world->node);
    turn_until(world, world->listens > 0);
    listens = world->listens;
    faulty_store_fail(world->store, -EIO, 0, 1);
    give_name(world, 2, "second");
    turn_until(world, world->restored == 1);
    turn_until(world, es_node_ready(world->node));
    assert_int_equal(world->listens, listens);
    es_node_network_started(world->node);
    turn_until(world, world->listens == 2 * listens);
}

static void a_store_that_stays_broken_ends_the_node(void **state)
{
    struct world *world = *state;

    faulty_store_fail(world->store, -EIO, 0, -1);
    give_name(world, 2, "second");
    turn_until(world, es_node_broken(world->node));
    turn(world);
    assert_false(es_node_ready(world->node));
    faulty_store_fail(world->store, 0, 0, 0);
    restart(world);
    assert_string_equal(name_of(world), "first");
}

static void it_can_be_freed_at_any_moment_of_a_failure(void **state)
{
    struct world *world = *state;

    faulty_store_fail(world->store, -ENOSPC, 0, -1);
    give_name(world, 2, "second");
    es_node_turn(world->node); /* with the writer */
    restart(world);
    give_name(world, 2, "second");
    turn_until(world, world->restored == 1); /* while it pauses */
    restart(world);
    faulty_store_fail(world->store, 0, 0, 0);
    restart(world);
    assert_string_equal(name_of(world), "first");
}

/* Whichever of many commits fails: what was answered is there afterwards, what was not is not. */
static void any_commit_may_fail(void **state)
{
    struct world *world = *state;
    char last[16] = "first";

    for (int after = 0; after < 6; after++) {
        int restored = world->restored;

        faulty_store_fail(world->store, after % 2 == 0 ? -EIO : -ENOSPC, after, 1);
        for (uint64_t request = 10; world->restored == restored; request++) {
            char name[16];

            snprintf(name, sizeof(name), "name %d %d", after, (int)request);
            give_name(world, request, name);
            turn_until(world, world->answered == request || world->restored > restored);
            if (world->answered == request)
                memcpy(last, name, sizeof(last));
        }
        assert_string_equal(name_of(world), last);
        turn_until(world, es_node_ready(world->node));
        restart(world);
        assert_string_equal(name_of(world), last);
        world->answered = 1;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_failed_commit_is_undone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_committed_after_a_failed_batch, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_was_committed_before_a_failure_is_passed_on, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(inputs_of_a_failed_node_are_dropped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_restored_core_knows_no_network, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_store_that_stays_broken_ends_the_node, set_up, tear_down),
        cmocka_unit_test_setup_teardown(it_can_be_freed_at_any_moment_of_a_failure, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(any_commit_may_fail, set_up, tear_down),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
