/* SPDX-License-Identifier: ISC */
/* A contact whose wall clock is wrong, by days or years: still present, and messages flow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/support/core_pair.h"

#define MINUTE_MS (60ull * 1000)
#define BEHIND_MS (-3 * (int64_t)PAIR_DAY_MS)
#define AHEAD_MS (3652 * (int64_t)PAIR_DAY_MS)

static void assert_together(struct pair *pair, uint32_t *io_sent)
{
    pair_run(pair, 2 * MINUTE_MS);
    assert_true(pair_contact(pair, ADA, "bob").present);
    assert_true(pair_contact(pair, BOB, "ada").present);
    pair_send_many(pair, ADA, "bob", *io_sent, *io_sent + 3);
    pair_send_many(pair, BOB, "ada", *io_sent, *io_sent + 3);
    *io_sent += 3;
    assert_true(pair_settle(pair));
    assert_true(pair_shows(pair, ADA, "bob", 0, *io_sent));
    assert_true(pair_shows(pair, BOB, "ada", 0, *io_sent));
}

/* Rotations and restarts of both: each time the other must be recognised anew. */
static void meet_again(struct pair *pair, uint32_t *io_sent)
{
    assert_together(pair, io_sent);
    pair_run(pair, 40 * MINUTE_MS);
    assert_together(pair, io_sent);
    pair_restart(pair, BOB);
    assert_together(pair, io_sent);
    pair_restart(pair, ADA);
    assert_together(pair, io_sent);
    pair_stop(pair, BOB);
    pair_run(pair, 100 * MINUTE_MS); /* longer than a key of presence lasts */
    pair_start(pair, BOB);
    assert_together(pair, io_sent);
}

static void assert_not_renewed(const struct pair *pair)
{
    assert_int_equal(pair_told(pair, ADA, ES_EV_RENEWED), 0);
    assert_int_equal(pair_told(pair, BOB, ES_EV_RENEWED), 0);
}

static void a_new_contact_is_three_days_behind(void **state)
{
    struct pair *pair = pair_new(2);
    uint32_t sent = 0;

    (void)state;
    pair->nodes[BOB].clock.wall_offset_ms = BEHIND_MS;
    pair_restart(pair, BOB);
    pair_befriend(pair, ADA, BOB);
    meet_again(pair, &sent);
    assert_not_renewed(pair);
    pair_free(pair);
}

/* Bob's clock is wrong when he starts, right when he starts again. */
static void start_with(int64_t offset_ms)
{
    struct pair *pair = pair_of_contacts();
    uint32_t sent = 0;

    pair_stop(pair, BOB);
    pair->nodes[BOB].clock.wall_offset_ms += offset_ms;
    pair_start(pair, BOB);
    meet_again(pair, &sent);
    pair_stop(pair, BOB);
    pair->nodes[BOB].clock.wall_offset_ms -= offset_ms;
    pair_start(pair, BOB);
    meet_again(pair, &sent);
    assert_not_renewed(pair);
    pair_free(pair);
}

/* Bob's clock is set while both run, and later set right. */
static void jump_by(int64_t offset_ms)
{
    struct pair *pair = pair_of_contacts();
    uint32_t sent = 0;

    assert_together(pair, &sent);
    pair->nodes[BOB].clock.wall_offset_ms += offset_ms;
    meet_again(pair, &sent);
    pair->nodes[BOB].clock.wall_offset_ms -= offset_ms;
    meet_again(pair, &sent);
    assert_not_renewed(pair);
    pair_free(pair);
}

static void a_contact_starts_three_days_behind(void **state)
{
    (void)state;
    start_with(BEHIND_MS);
}

static void a_contact_starts_ten_years_ahead(void **state)
{
    (void)state;
    start_with(AHEAD_MS);
}

static void a_clock_falls_three_days_behind(void **state)
{
    (void)state;
    jump_by(BEHIND_MS);
}

static void a_clock_jumps_ten_years_ahead(void **state)
{
    (void)state;
    jump_by(AHEAD_MS);
}

/* What was sealed before the jump still arrives behind it. */
static void messages_wait_for_a_clock_that_jumps(void **state)
{
    struct pair *pair = pair_of_contacts();

    (void)state;
    pair_stop(pair, BOB);
    pair_send_many(pair, ADA, "bob", 0, 100);
    pair_run(pair, 10 * MINUTE_MS);
    pair->nodes[BOB].clock.wall_offset_ms += AHEAD_MS;
    pair_start(pair, BOB);
    assert_true(pair_settle(pair));
    assert_true(pair_shows(pair, BOB, "ada", 0, 100));
    pair_stop(pair, BOB);
    pair_send_many(pair, ADA, "bob", 100, 200);
    pair->nodes[BOB].clock.wall_offset_ms -= AHEAD_MS - BEHIND_MS;
    pair_start(pair, BOB);
    assert_true(pair_settle(pair));
    assert_true(pair_shows(pair, BOB, "ada", 0, 200));
    pair_free(pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_contact_is_three_days_behind),
        cmocka_unit_test(a_contact_starts_three_days_behind),
        cmocka_unit_test(a_contact_starts_ten_years_ahead),
        cmocka_unit_test(a_clock_falls_three_days_behind),
        cmocka_unit_test(a_clock_jumps_ten_years_ahead),
        cmocka_unit_test(messages_wait_for_a_clock_that_jumps),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
