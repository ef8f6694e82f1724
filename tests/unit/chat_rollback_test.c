/* SPDX-License-Identifier: ISC */
/* A node that starts from an older image of its disk: both sides notice, the session is renewed, and
 * from then on nothing is lost; no nonce is used twice at any time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "sim/network.h"
#include "tests/support/core_pair.h"

/* Both write a few texts that arrive. */
static void talk(struct pair *pair, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        pair_send_many(pair, ADA, "bob", i, i + 1);
        pair_send_many(pair, BOB, "ada", i, i + 1);
        pair_run(pair, 3000);
    }
    assert_true(pair_settle(pair));
}

static void assert_renewed(struct pair *pair)
{
    assert_true(pair_told(pair, ADA, ES_EV_RENEWED) > 0);
    assert_true(pair_told(pair, BOB, ES_EV_RENEWED) > 0);
}

/* Each shows these texts of the other's once. */
static void assert_once(const struct pair *pair, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        assert_int_equal(pair_times_shown(pair, ADA, "bob", i), 1);
        assert_int_equal(pair_times_shown(pair, BOB, "ada", i), 1);
    }
}

/* Bob goes back by `lost` of six exchanges. */
static void go_back(uint32_t lost)
{
    struct pair *pair = pair_of_contacts();
    struct es_store *image;

    talk(pair, 0, 6 - lost);
    image = pair_image(pair, BOB);
    talk(pair, 6 - lost, 6);
    pair_restore(pair, BOB, image);
    pair_forget_events(pair);
    pair_run(pair, 120000);
    assert_renewed(pair);
    talk(pair, 6, 10);
    assert_true(pair_shows(pair, ADA, "bob", 0, 10)); /* she lost nothing */
    assert_once(pair, 0, 6 - lost);
    assert_once(pair, 6, 10);
    assert_int_equal(pair_told(pair, ADA, ES_EV_DELIVERED), 4);
    assert_int_equal(pair_told(pair, BOB, ES_EV_DELIVERED), 4);
    assert_true(pair_nonces_fresh(pair));
    assert_int_equal(pair_keys_reused(pair), 0);
    pair_free(pair);
}

static void both_notice_and_go_on(void **state)
{
    (void)state;
    for (uint32_t lost = 1; lost <= 6; lost++)
        go_back(lost);
}

/* Bob writes before he can know that he went back, more than what vanished, and so does Ada. */
static void both_write_before_they_notice(void **state)
{
    struct pair *pair = pair_of_contacts();
    struct es_store *image;

    (void)state;
    talk(pair, 0, 3);
    image = pair_image(pair, BOB);
    talk(pair, 3, 6);
    pair_stop(pair, BOB);
    pair_send_many(pair, ADA, "bob", 6, 20);
    pair_restore(pair, BOB, image);
    pair_forget_events(pair);
    pair_send_many(pair, BOB, "ada", 6, 20);
    assert_true(pair_settle(pair));
    pair_run(pair, 120000);
    assert_renewed(pair);
    talk(pair, 20, 23);
    assert_once(pair, 0, 3);
    assert_once(pair, 6, 23);
    assert_true(pair_nonces_fresh(pair));
    assert_int_equal(pair_keys_reused(pair), 0);
    pair_free(pair);
}

/* Bob knows where Ada is and not that it is her, and hears nobody's adverts: no proof comes. */
static void connect_to_ada(struct pair *pair)
{
    const struct es_publication *at = &pair->world->nodes[ADA].publication;
    struct es_command command = {
        .kind = ES_CMD_CONNECT,
        .connect = {.at = {.port = at->port}, .key = at->advert.link_key},
    };

    es_sim_host_of(ADA, command.connect.at.host);
    assert_int_equal(pair_command(pair, BOB, &command), ES_OK);
}

static void a_stranger_is_asked_for_a_session(void **state)
{
    struct pair *pair = pair_of_contacts();
    struct es_store *image;

    (void)state;
    talk(pair, 0, 3);
    image = pair_image(pair, BOB);
    talk(pair, 3, 6);
    pair->world->options.multicast_loss = 1000;
    pair->world->calm = false;
    pair_stop(pair, BOB);
    pair_restart(pair, ADA);
    pair_restore(pair, BOB, image);
    pair_forget_events(pair);
    pair_send_many(pair, ADA, "bob", 6, 20);
    pair_send_many(pair, BOB, "ada", 6, 20);
    pair_run(pair, 60000);
    assert_int_equal(pair_told(pair, ADA, ES_EV_MESSAGE), 0);
    connect_to_ada(pair);
    assert_true(pair_settle(pair));
    assert_renewed(pair);
    assert_once(pair, 0, 3);
    assert_once(pair, 6, 20);
    assert_true(pair_nonces_fresh(pair));
    assert_int_equal(pair_keys_reused(pair), 0);
    pair_free(pair);
}

/* Both go back, to different times. */
static void both_go_back(void **state)
{
    struct pair *pair = pair_of_contacts();
    struct es_store *of_ada, *of_bob;

    (void)state;
    talk(pair, 0, 2);
    of_ada = pair_image(pair, ADA);
    talk(pair, 2, 4);
    of_bob = pair_image(pair, BOB);
    talk(pair, 4, 6);
    pair_stop(pair, BOB);
    pair_restore(pair, ADA, of_ada);
    pair_start(pair, BOB);
    pair_restore(pair, BOB, of_bob);
    pair_forget_events(pair);
    pair_run(pair, 300000);
    assert_renewed(pair);
    talk(pair, 6, 10);
    assert_once(pair, 0, 2);
    assert_once(pair, 6, 10);
    assert_true(pair_nonces_fresh(pair));
    pair_free(pair);
}

/* The older image does not hold the session that both talk in now. */
static void the_image_is_older_than_the_session(void **state)
{
    struct pair *pair = pair_of_contacts();
    struct es_store *image;

    (void)state;
    talk(pair, 0, 2);
    image = pair_image(pair, BOB);
    assert_int_equal(pair_do(pair, ADA, ES_CMD_RENEW, "bob"), ES_OK);
    pair_run(pair, 30000);
    assert_renewed(pair);
    talk(pair, 2, 4);
    pair_run(pair, 2 * 60 * 60 * 1000); /* renewals have a distance of an hour */
    pair_restore(pair, BOB, image);
    pair_forget_events(pair);
    pair_run(pair, 300000);
    assert_renewed(pair);
    talk(pair, 4, 8);
    assert_once(pair, 0, 2);
    assert_once(pair, 4, 8);
    assert_true(pair_nonces_fresh(pair));
    pair_free(pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_notice_and_go_on),
        cmocka_unit_test(both_write_before_they_notice),
        cmocka_unit_test(a_stranger_is_asked_for_a_session),
        cmocka_unit_test(both_go_back),
        cmocka_unit_test(the_image_is_older_than_the_session),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
