/* SPDX-License-Identifier: ISC */
/* mesh_world_test.c - several meshes on one virtual network: what they make of each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "node/core/mesh/state.h"
#include "tests/support/mesh_hand.h"

#define PERIOD_MS 900000
#define HOUR_MS 3600000

static struct rig *friends(size_t n)
{
    struct rig *rig = rig_new(n, true);

    for (unsigned a = 1; a <= n; a++) {
        for (unsigned b = a + 1; b <= n; b++)
            rig_befriend(rig, a, b);
    }
    return rig;
}

static void start_all(struct rig *rig)
{
    for (size_t i = 0; i < rig->n_nodes; i++)
        rig_start(&rig->node[i]);
}

/* Each pair has one link, bound on both sides. */
static void assert_paired(struct rig *rig)
{
    for (unsigned a = 1; a <= rig->n_nodes; a++) {
        for (unsigned b = 1; b <= rig->n_nodes; b++) {
            if (a != b)
                assert_int_equal(rig_links_bound(rig_node(rig, a), b), 1);
        }
        assert_int_equal(rig_links_up(rig_node(rig, a)), rig->n_nodes - 1);
    }
}

static enum es_path say(struct rig *rig, unsigned from, unsigned to)
{
    struct rig_node *node = rig_node(rig, from);
    struct es_context context = rig_begin(node);
    enum es_path path =
        es_mesh_send(node->mesh, &context, to, hand_envelope(1, 512, rig->wall_ms + HOUR_MS));

    rig_end(node, &context);
    return path;
}

/* --- Meeting ------------------------------------------------------------------------------------ */

static void two_friends_have_one_bound_link(void **state)
{
    (void)state;
    struct rig *rig = friends(2);

    start_all(rig);
    rig_run(rig, 100);
    assert_paired(rig);
    rig_run(rig, 60000);
    assert_paired(rig);
    assert_int_equal(hand_count(rig_node(rig, 1), ES_ORDER_DIAL) +
                         hand_count(rig_node(rig, 2), ES_ORDER_DIAL),
                     1);
    rig_free(rig);
}

static void two_strangers_have_one_link(void **state)
{
    (void)state;
    struct rig *rig = rig_new(2, true);

    start_all(rig);
    rig_run(rig, 60000);
    for (unsigned a = 1; a <= 2; a++) {
        assert_int_equal(rig_links_bound(rig_node(rig, a), 0), 1);
        assert_int_equal(rig_node(rig, a)->n_strangers, 1);
    }
    rig_free(rig);
}

/* Shows the advert of `of` to `to` so late that `to` dials when `of` does. */
static void show(struct rig *rig, unsigned of, unsigned to, uint64_t in_ms)
{
    struct rig_node *node = rig_node(rig, of);
    struct es_report report;
    char host[ES_HOST_BYTES_MAX];

    rig_host(of, host);
    report = hand_advert(of, &node->published.advert.link_key, host, node->published.port);
    rig_later(rig, rig_node(rig, to), in_ms, &report);
}

static void crossing_dials_leave_one_link(void **state)
{
    unsigned crossed = 0;

    (void)state;
    for (uint64_t late_ms = 0; late_ms <= 20; late_ms++) {
        struct rig *rig = friends(2);
        unsigned less;

        rig->adverts = false;
        start_all(rig);
        rig_run(rig, 10);
        less = memcmp(&rig->node[0].published.advert.link_key,
                      &rig->node[1].published.advert.link_key, ES_KEY_BYTES) < 0
                   ? 1
                   : 2;
        show(rig, less, 3 - less, 10);             /* dials 3 s later */
        show(rig, 3 - less, less, 3000 + late_ms); /* dials at once */
        rig_run(rig, 3100);
        for (unsigned a = 1; a <= 2; a++)
            assert_true(rig_node(rig, a)->present[3 - a]);
        rig_run(rig, 3000);
        assert_paired(rig);
        assert_int_equal(rig_node(rig, 1)->n_gone + rig_node(rig, 2)->n_gone, 0);
        crossed += hand_count(rig_node(rig, 1), ES_ORDER_DIAL) == 1 &&
                   hand_count(rig_node(rig, 2), ES_ORDER_DIAL) == 1;
        rig_free(rig);
    }
    assert_true(crossed >= 5); /* otherwise this would test nothing */
}

static void strangers_that_become_friends_end_with_one_bound_link(void **state)
{
    (void)state;
    struct rig *rig = rig_new(2, true);

    start_all(rig);
    rig_run(rig, 10000);
    rig_befriend(rig, 1, 2);
    for (unsigned a = 1; a <= 2; a++) {
        struct rig_node *node = rig_node(rig, a);
        struct es_context context = rig_begin(node);

        es_mesh_recognise_again(node->mesh, &context);
        rig_end(node, &context);
        rig_run(rig, 500);
    }
    rig_run(rig, 10000);
    assert_paired(rig);
    rig_free(rig);
}

static void recognition_on_one_side_is_enough(void **state)
{
    (void)state;
    for (unsigned knows = 1; knows <= 2; knows++) {
        struct rig *rig = friends(2);

        rig_node(rig, 3 - knows)->recognises[knows] = false;
        start_all(rig);
        rig_run(rig, 10000);
        assert_true(rig_node(rig, 1)->present[2] && rig_node(rig, 2)->present[1]);
        assert_int_equal(rig_links_bound(rig_node(rig, 1), 2), 1);
        rig_free(rig);
    }
}

static void six_friends_are_all_paired(void **state)
{
    (void)state;
    struct rig *rig = friends(6);

    start_all(rig);
    rig_run(rig, 5000);
    assert_paired(rig);
    rig_free(rig);
}

/* --- Rotation ----------------------------------------------------------------------------------- */

static void watch_presence(struct rig *rig)
{
    for (unsigned a = 1; a <= rig->n_nodes; a++) {
        const struct rig_node *node = rig_node(rig, a);

        for (unsigned b = 1; b <= rig->n_nodes; b++) {
            if (a != b)
                assert_true(node->present[b] && es_mesh_is_present(node->mesh, b));
        }
    }
}

static void rotation_never_breaks_a_link_before_the_next_stands(void **state)
{
    (void)state;
    struct rig *rig = friends(3);
    unsigned sent = 0, arrived = 0;

    start_all(rig);
    for (unsigned a = 1; a <= 3; a++) {
        rig_node(rig, a)->takes = true;
        rig_node(rig, a)->keeps_no_orders = true;
    }
    rig_run(rig, 1000);
    rig->watch = watch_presence;
    for (; sent < 5 * HOUR_MS / 500; sent++) {
        assert_int_equal(say(rig, 1 + sent % 3, 1 + (sent + 1 + sent / 3 % 2) % 3), ES_PATH_DIRECT);
        rig_run(rig, 500);
    }
    rig_run(rig, 20000);
    for (unsigned a = 1; a <= 3; a++) {
        const struct rig_node *node = rig_node(rig, a);

        arrived += node->n_envelopes;
        assert_int_equal(node->n_gone, 0);
        assert_in_range(node->counters.of[ES_COUNT_ROTATIONS], 18, 22);
        /* A link for each period of either side, and nothing that failed. */
        assert_int_equal(node->counters.of[ES_COUNT_LINKS_LOST], 0);
        assert_int_equal(node->counters.of[ES_COUNT_REJECTED_FRAME_UNEXPECTED], 0);
        assert_true(node->n_timers < 5 * 3600);
    }
    assert_int_equal(arrived, sent);
    assert_int_equal(rig_node(rig, 1)->n_acknowledged + rig_node(rig, 2)->n_acknowledged +
                         rig_node(rig, 3)->n_acknowledged,
                     sent);
    assert_paired(rig);
    rig_free(rig);
}

static void rotating_all_at_once_comes_to_rest(void **state)
{
    (void)state;
    struct rig *rig = friends(4);

    start_all(rig);
    rig_run(rig, 1000);
    for (int round = 0; round < 20; round++) {
        for (unsigned a = 1; a <= 4; a++) {
            struct rig_node *node = rig_node(rig, a);
            struct es_context context = rig_begin(node);

            es_mesh_rotate(node->mesh, &context, false);
            rig_end(node, &context);
        }
        rig_run(rig, 15000);
        assert_paired(rig);
    }
    rig_free(rig);
}

static void without_multicast_peers_follow_moves(void **state)
{
    (void)state;
    struct rig *rig = friends(2);

    start_all(rig);
    for (unsigned a = 1; a <= 2; a++)
        rig_node(rig, a)->keeps_no_orders = true;
    rig_run(rig, 1000);
    rig->adverts = false;
    rig->watch = watch_presence;
    rig_run(rig, 10ull * PERIOD_MS);
    assert_paired(rig);
    rig_free(rig);
}

/* --- Ends --------------------------------------------------------------------------------------- */

static void a_network_process_that_starts_again_comes_back(void **state)
{
    (void)state;
    struct rig *rig = friends(3);

    start_all(rig);
    rig_run(rig, 5000);
    rig_start(rig_node(rig, 2));
    assert_false(rig_node(rig, 2)->present[1]);
    rig_run(rig, 6000);
    assert_true(rig_node(rig, 1)->present[2] && rig_node(rig, 2)->present[1]);
    assert_true(rig_node(rig, 3)->present[2] && rig_node(rig, 2)->present[3]);
    /* What a listener was not told is noticed by its pings. */
    rig_run(rig, 120000);
    assert_paired(rig);
    rig_free(rig);
}

static void a_cut_is_noticed_and_healed(void **state)
{
    (void)state;
    struct rig *rig = friends(2);

    start_all(rig);
    rig_run(rig, 5000);
    rig->split = true;
    for (size_t i = 0; i < rig->n_links; i++)
        rig->links[i].cut = true;
    rig_run(rig, 4 * ES_PING_MS_MAX);
    assert_false(rig_node(rig, 1)->present[2] || rig_node(rig, 2)->present[1]);
    rig_run(rig, HOUR_MS);
    rig->split = false;
    rig_run(rig, 40000);
    assert_paired(rig);
    rig_free(rig);
}

static void a_node_that_stops_is_gone_at_once(void **state)
{
    (void)state;
    struct rig *rig = friends(2);
    struct rig_node *node = rig_node(rig, 1);
    struct es_context context;

    start_all(rig);
    rig_run(rig, 5000);
    context = rig_begin(node);
    es_mesh_stop(node->mesh, &context);
    rig_end(node, &context);
    rig_run(rig, 100);
    assert_false(rig_node(rig, 2)->present[1]);
    rig_run(rig, HOUR_MS);
    assert_int_equal(rig_links_up(rig_node(rig, 2)), 0);
    rig_free(rig);
}

/* --- Determinism and timers --------------------------------------------------------------------- */

static uint64_t hash_orders(const struct rig *rig)
{
    uint64_t hash = 14695981039346656037u;

    for (size_t n = 0; n < rig->n_nodes; n++) {
        for (size_t i = 0; i < rig->node[n].n_orders; i++) {
            const struct es_order *order = &rig->node[n].orders[i].order;

            hash = (hash ^ (uint64_t)order->kind) * 1099511628211u;
            for (size_t at = 0; order->kind == ES_ORDER_FRAME && at < order->frame.bytes.len; at++)
                hash = (hash ^ order->frame.bytes.ptr[at]) * 1099511628211u;
        }
    }
    return hash;
}

static void the_same_seed_gives_the_same_orders(void **state)
{
    uint64_t hash[2];

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct rig *rig = friends(4);
        void *other_addresses = malloc(12345);

        start_all(rig);
        rig_run(rig, 3ull * PERIOD_MS);
        hash[i] = hash_orders(rig);
        rig_free(rig);
        free(other_addresses);
    }
    assert_true(hash[0] == hash[1]);
}

static void quiet_nodes_sleep(void **state)
{
    (void)state;
    struct rig *rig = friends(6);

    start_all(rig);
    rig_run(rig, HOUR_MS);
    for (unsigned a = 1; a <= 6; a++)
        assert_true(rig_node(rig, a)->n_timers < 3600); /* five pings in 30 s, and rotations */
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_friends_have_one_bound_link),
        cmocka_unit_test(two_strangers_have_one_link),
        cmocka_unit_test(crossing_dials_leave_one_link),
        cmocka_unit_test(strangers_that_become_friends_end_with_one_bound_link),
        cmocka_unit_test(recognition_on_one_side_is_enough),
        cmocka_unit_test(six_friends_are_all_paired),
        cmocka_unit_test(rotation_never_breaks_a_link_before_the_next_stands),
        cmocka_unit_test(rotating_all_at_once_comes_to_rest),
        cmocka_unit_test(without_multicast_peers_follow_moves),
        cmocka_unit_test(a_network_process_that_starts_again_comes_back),
        cmocka_unit_test(a_cut_is_noticed_and_healed),
        cmocka_unit_test(a_node_that_stops_is_gone_at_once),
        cmocka_unit_test(the_same_seed_gives_the_same_orders),
        cmocka_unit_test(quiet_nodes_sleep),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
