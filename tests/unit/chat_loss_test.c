/* SPDX-License-Identifier: ISC */
/* Whole windows that get lost while somebody is away, and receipts that get lost in any pattern: both
 * talk again, each message is shown once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tests/support/core_pair.h"

#define TEXTS 150 /* two windows and more */

static void assert_all_arrived(struct pair *pair, uint32_t to)
{
    assert_true(pair_settle(pair));
    assert_true(pair_shows(pair, ADA, "bob", 0, to));
    assert_true(pair_shows(pair, BOB, "ada", 0, to));
    assert_int_equal(pair_told(pair, ADA, ES_EV_DELIVERED), to);
    assert_int_equal(pair_told(pair, BOB, ES_EV_DELIVERED), to);
    assert_int_equal(pair_told(pair, ADA, ES_EV_MESSAGE), to);
    assert_int_equal(pair_told(pair, BOB, ES_EV_MESSAGE), to);
}

/* --- Windows ---------------------------------------------------------------------------------- */

static int add_sealed(void *ctx, const struct es_row *row)
{
    struct es_outgoing out;
    struct es_slice envelope;

    assert_true(es_body_decode_outgoing(row->body, &out, &envelope));
    *(size_t *)ctx += out.sealed;
    return 0;
}

static size_t count_sealed(const struct pair *pair, uint32_t node)
{
    struct es_store_reader *reader = pair->nodes[node].reader;
    size_t n = 0;

    reader->ops->each(reader, ES_ROW_OUTBOX, add_sealed, &n);
    return n;
}

/* Both write more than a window holds while they do not reach each other for some days. */
static struct pair *apart_for(uint32_t days)
{
    struct pair *pair = pair_of_contacts();

    pair_cut(pair, ADA, BOB, true);
    pair_send_many(pair, ADA, "bob", 0, TEXTS);
    pair_send_many(pair, BOB, "ada", 0, TEXTS);
    assert_in_range(count_sealed(pair, ADA), ES_WINDOW - 4, ES_WINDOW);
    assert_in_range(count_sealed(pair, BOB), ES_WINDOW - 4, ES_WINDOW);
    pair_days(pair, days);
    return pair;
}

/* Three days: whoever carried any of it has forgotten it. */
static void a_window_expires_while_they_are_apart(void **state)
{
    struct pair *pair = apart_for(3);

    (void)state;
    pair_cut(pair, ADA, BOB, false);
    assert_all_arrived(pair, TEXTS);
    pair_free(pair);
}

/* After a week both ask for a new session. */
static void a_window_expires_and_the_session_is_renewed(void **state)
{
    struct pair *pair = apart_for(9);

    (void)state;
    pair_cut(pair, ADA, BOB, false);
    assert_all_arrived(pair, TEXTS);
    pair_run(pair, 15 * 60 * 1000); /* requests are offered every ten minutes by now */
    assert_true(pair_told(pair, ADA, ES_EV_RENEWED) > 0);
    assert_true(pair_told(pair, BOB, ES_EV_RENEWED) > 0);
    assert_true(pair_nonces_fresh(pair));
    pair_free(pair);
}

static bool is_taped_before(const struct pair *pair, size_t n, struct es_slice envelope)
{
    struct es_id id = es_envelope_id(envelope);

    for (size_t i = 0; i < n; i++)
        if (memcmp(pair->tape[i].id.bytes, id.bytes, sizeof(id.bytes)) == 0)
            return true;
    return false;
}

/* counter: what was sent up to here never arrives, however often it is sent. */
static bool lose_for_good(struct pair *pair, uint32_t from, uint32_t to, struct es_slice envelope)
{
    (void)from;
    (void)to;
    return !is_taped_before(pair, (size_t)pair->counter, envelope);
}

/* Not one envelope of a whole window ever arrives, that which asks for an answer neither: no ACK can
 * open the window. */
static void a_window_is_lost_for_good(void **state)
{
    struct pair *pair = pair_of_contacts();

    (void)state;
    pair->passes = lose_for_good;
    pair->counter = UINT32_MAX;
    pair_send_many(pair, ADA, "bob", 0, TEXTS);
    pair_send_many(pair, BOB, "ada", 0, TEXTS);
    pair_run(pair, 120000);
    pair->counter = pair->n_taped;
    pair_run(pair, 120000);
    assert_int_equal(pair_told(pair, ADA, ES_EV_MESSAGE), 0);
    assert_int_equal(pair_told(pair, BOB, ES_EV_MESSAGE), 0);
    pair_days(pair, 9);
    assert_all_arrived(pair, TEXTS);
    assert_true(pair_told(pair, ADA, ES_EV_RENEWED) > 0);
    assert_true(pair_told(pair, BOB, ES_EV_RENEWED) > 0);
    pair_free(pair);
}

#define LOST_TEXTS 40

static struct es_id lost[LOST_TEXTS];

/* The first forty envelopes of Ada never arrive: counter says how many she has sealed. */
static bool lose_first(struct pair *pair, uint32_t from, uint32_t to, struct es_slice envelope)
{
    struct es_id id = es_envelope_id(envelope);

    (void)to;
    if (from != ADA)
        return true;
    for (size_t i = 0; i < pair->counter; i++)
        if (memcmp(lost[i].bytes, id.bytes, sizeof(id.bytes)) == 0)
            return false;
    if (pair->counter == LOST_TEXTS)
        return true;
    lost[pair->counter++] = id;
    return false;
}

/* Most of a window gets lost for good, its end arrives. What comes behind the lost ones is shown after
 * three days; they are given up after two weeks, sealed anew and shown, once each. */
static void most_of_a_window_is_lost_for_good(void **state)
{
    struct pair *pair = pair_of_contacts();

    (void)state;
    pair->passes = lose_first;
    pair_send_many(pair, ADA, "bob", 0, TEXTS);
    pair_run(pair, 60000);
    assert_int_equal(pair->counter, LOST_TEXTS);
    assert_int_equal(pair_rows(pair, BOB, ES_ROW_GAP), LOST_TEXTS);
    assert_int_equal(pair_rows(pair, BOB, ES_ROW_HELD), TEXTS - LOST_TEXTS);
    assert_int_equal(pair_told(pair, BOB, ES_EV_MESSAGE), 0);
    pair_send_many(pair, BOB, "ada", 0, TEXTS); /* the other direction is as it was */
    pair_run(pair, 60000);
    assert_true(pair_shows(pair, ADA, "bob", 0, TEXTS));
    pair_days(pair, 5);
    assert_true(pair_shows(pair, BOB, "ada", LOST_TEXTS, TEXTS));
    pair_days(pair, 13);
    assert_true(pair_settle(pair));
    for (uint32_t i = 0; i < TEXTS; i++)
        assert_int_equal(pair_times_shown(pair, BOB, "ada", i), 1);
    assert_int_equal(pair_told(pair, ADA, ES_EV_DELIVERED), TEXTS);
    assert_int_equal(pair_count(pair, BOB, ES_COUNT_MESSAGES_DUPLICATE), 0);
    pair_free(pair);
}

/* --- Receipts ---------------------------------------------------------------------------------- */

#define PATTERN_BITS 9

static uint32_t pattern;

/* The n-th thing that Bob sends is lost when bit n of the pattern says so. */
static bool lose_by_pattern(struct pair *pair, uint32_t from)
{
    if (from != BOB || pair->counter == PATTERN_BITS)
        return true;
    return (pattern >> pair->counter++ & 1) == 0;
}

static bool lose_envelope_by_pattern(struct pair *pair, uint32_t from, uint32_t to,
                                     struct es_slice envelope)
{
    (void)to;
    (void)envelope;
    return lose_by_pattern(pair, from);
}

static bool lose_ack_by_pattern(struct pair *pair, uint32_t from, uint32_t to,
                                enum es_frame_kind kind)
{
    (void)to;
    return kind != ES_FRAME_ACK || lose_by_pattern(pair, from);
}

/* Receipts of links and of sessions, in every pattern of nine; each begins where the last one ended. */
static void receipts_are_lost_in_every_pattern(void **state)
{
    struct pair *pair = pair_of_contacts();
    uint32_t sent = 0;

    (void)state;
    pair->passes = lose_envelope_by_pattern;
    pair->passes_frame = lose_ack_by_pattern;
    for (pattern = 0; pattern < 1u << PATTERN_BITS; pattern++, sent += 2) {
        pair->counter = 0;
        pair_send_many(pair, ADA, "bob", sent, sent + 1);
        pair_send_many(pair, BOB, "ada", sent, sent + 1);
        pair_run(pair, 50);
        pair_send_many(pair, ADA, "bob", sent + 1, sent + 2);
        pair_send_many(pair, BOB, "ada", sent + 1, sent + 2);
        assert_true(pair_settle(pair));
        assert_int_equal(pair_told(pair, ADA, ES_EV_DELIVERED), sent + 2);
        assert_int_equal(pair_told(pair, BOB, ES_EV_MESSAGE), sent + 2);
    }
    assert_true(pair->dropped > 0);
    assert_all_arrived(pair, sent);
    assert_int_equal(pair_told(pair, ADA, ES_EV_RENEWED), 0);
    pair_free(pair);
}

static struct es_sim_rng losses;

static bool lose_at_random(uint32_t from)
{
    return from != BOB || !es_sim_chance(&losses, 600);
}

static bool lose_envelope_at_random(struct pair *pair, uint32_t from, uint32_t to,
                                    struct es_slice envelope)
{
    (void)pair;
    (void)to;
    (void)envelope;
    return lose_at_random(from);
}

static bool lose_ack_at_random(struct pair *pair, uint32_t from, uint32_t to,
                               enum es_frame_kind kind)
{
    (void)pair;
    (void)to;
    return kind != ES_FRAME_ACK || lose_at_random(from);
}

static void lose_receipts(struct pair *pair, bool lose)
{
    pair->passes = lose ? lose_envelope_at_random : NULL;
    pair->passes_frame = lose ? lose_ack_at_random : NULL;
}

static void lose_many_receipts(uint64_t seed)
{
    struct pair *pair = pair_of_contacts();
    const struct pair_event *read;

    losses = es_sim_rng(seed, ES_SIM_FAULTS, 0);
    lose_receipts(pair, true);
    for (uint32_t i = 0; i < TEXTS; i += 10) {
        pair_send_many(pair, ADA, "bob", i, i + 10);
        pair_send_many(pair, BOB, "ada", i, i + 10);
        pair_run(pair, es_sim_below(&losses, 5000));
    }
    pair_run(pair, 5 * 60 * 1000);
    lose_receipts(pair, false);
    assert_all_arrived(pair, TEXTS);
    assert_true(pair->dropped > TEXTS / 10);
    lose_receipts(pair, true); /* that it was read is told as reliably */
    assert_int_equal(pair_do(pair, BOB, ES_CMD_READ, "ada"), ES_OK);
    pair_run(pair, 60 * 1000);
    lose_receipts(pair, false);
    pair_run(pair, 5 * 60 * 1000);
    read = pair_last(pair, ADA, ES_EV_READ);
    assert_non_null(read);
    assert_int_equal(read->event.message.sequence, TEXTS);
    pair_free(pair);
}

/* Six of ten, for minutes. */
static void receipts_are_lost_at_random(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++)
        lose_many_receipts(seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_expires_while_they_are_apart),
        cmocka_unit_test(a_window_expires_and_the_session_is_renewed),
        cmocka_unit_test(a_window_is_lost_for_good),
        cmocka_unit_test(most_of_a_window_is_lost_for_good),
        cmocka_unit_test(receipts_are_lost_in_every_pattern),
        cmocka_unit_test(receipts_are_lost_at_random),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
