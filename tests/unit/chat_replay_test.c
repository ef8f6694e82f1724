/* SPDX-License-Identifier: ISC */
/* Whatever was sent once and arrives again, from anybody, in any frame: the live session and the whole
 * store stay byte for byte as they were. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "node/core/e2ee/handshake.h"
#include "tests/support/core_pair.h"

/* What a session consists of. */
static const enum es_row_kind live[] = {ES_ROW_SESSION, ES_ROW_GAP,        ES_ROW_OUTBOX,
                                        ES_ROW_MESSAGE, ES_ROW_HELD,       ES_ROW_CONTACT,
                                        ES_ROW_PENDING, ES_ROW_REQUEST_IN, ES_ROW_REQUEST_OUT};
#define LIVE_KINDS (sizeof(live) / sizeof(live[0]))

static void assert_same(const struct es_id *a, const struct es_id *b)
{
    assert_memory_equal(a->bytes, b->bytes, sizeof(a->bytes));
}

static void assert_replay_changes_nothing(struct pair *pair, uint32_t node,
                                          const struct pair_taped *taped)
{
    struct es_id before = pair_digest_all(pair, node), after;

    pair_replay(pair, node, taped);
    after = pair_digest_all(pair, node);
    assert_same(&before, &after);
}

/* The first `n` of the tape, at both: each is replayed to its addressee and reflected to its sender. */
static void replay_everything(struct pair *pair, size_t n)
{
    struct es_id ada = pair_digest(pair, ADA, live, LIVE_KINDS);
    struct es_id bob = pair_digest(pair, BOB, live, LIVE_KINDS), later;

    for (size_t i = 0; i < n; i++) {
        assert_replay_changes_nothing(pair, ADA, &pair->tape[i]);
        assert_replay_changes_nothing(pair, BOB, &pair->tape[i]);
        if (i % 50 == 49)
            pair_run(pair, 60000); /* what is tried in a minute has a limit */
    }
    pair_run(pair, 120000);
    later = pair_digest(pair, ADA, live, LIVE_KINDS);
    assert_same(&ada, &later);
    later = pair_digest(pair, BOB, live, LIVE_KINDS);
    assert_same(&bob, &later);
}

static void talk(struct pair *pair, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        pair_send_many(pair, ADA, "bob", i, i + 1);
        pair_send_many(pair, BOB, "ada", i, i + 1);
        pair_run(pair, 1000);
    }
    assert_true(pair_settle(pair));
    assert_true(pair_shows(pair, ADA, "bob", 0, to));
    assert_true(pair_shows(pair, BOB, "ada", 0, to));
}

static size_t count_taped(const struct pair *pair, bool link)
{
    size_t n = 0;

    for (size_t i = 0; i < pair->n_taped; i++)
        n += pair->tape[i].link == link;
    return n;
}

static void replays_leave_everything_as_it_was(void **state)
{
    struct pair *pair = pair_of_contacts();
    size_t n;

    (void)state;
    talk(pair, 0, 5);
    pair_run(pair, 30000);
    n = pair->n_taped;
    assert_true(count_taped(pair, true) > 0);
    assert_true(count_taped(pair, false) > 10); /* request, acceptance, texts, receipts */
    replay_everything(pair, n);
    talk(pair, 5, 8);
    pair_restart(pair, ADA);
    pair_restart(pair, BOB);
    pair_run(pair, 60000);
    replay_everything(pair, n);
    talk(pair, 8, 10);
    assert_int_equal(pair_told(pair, ADA, ES_EV_RENEWED), 0);
    assert_int_equal(pair_told(pair, BOB, ES_EV_RENEWED), 0);
    assert_int_equal(pair_told(pair, BOB, ES_EV_REQUEST), 0);
    pair_free(pair);
}

static void altered_envelopes_leave_everything_as_it_was(void **state)
{
    struct pair *pair = pair_of_contacts();
    size_t n;

    (void)state;
    talk(pair, 0, 3);
    pair_cut(pair, ADA, BOB, true);
    pair_send_many(pair, ADA, "bob", 3, 4); /* Bob waits for this one */
    pair_run(pair, 5000);
    n = pair->n_taped - 1;
    assert_int_equal(pair->tape[n].from, ADA);
    for (size_t at = ES_ENVELOPE_TAG_AT; at < pair->tape[n].len; at += 13) {
        pair->tape[n].bytes[at] ^= 0x40;
        assert_replay_changes_nothing(pair, BOB, &pair->tape[n]);
        pair->tape[n].bytes[at] ^= 0x40;
        if (at % 3 == 0)
            pair_run(pair, 10000);
    }
    assert_true(pair_count(pair, BOB, ES_COUNT_REJECTED_ENVELOPE_BAD) > 10);
    pair_replay(pair, BOB, &pair->tape[n]); /* as it was sealed it still opens */
    assert_true(pair_shows(pair, BOB, "ada", 0, 4));
    pair_cut(pair, ADA, BOB, false);
    pair_send_many(pair, BOB, "ada", 3, 4);
    talk(pair, 4, 6);
    pair_free(pair);
}

/* --- Requests --------------------------------------------------------------------------------- */

static const struct pair_taped *taped_request(const struct pair *pair)
{
    for (size_t i = 0; i < pair->n_taped; i++)
        if (!pair->tape[i].link &&
            pair_is_request(pair, ADA, es_slice(pair->tape[i].bytes, pair->tape[i].len)))
            return &pair->tape[i];
    return NULL;
}

/* Ada asks Bob; returns her request as it was sent. */
static struct pair_taped ask(struct pair *pair)
{
    const struct pair_taped *request;

    assert_int_equal(pair_add(pair, ADA, BOB), ES_OK);
    while (pair_told(pair, BOB, ES_EV_REQUEST) == 0)
        pair_run(pair, 100);
    request = taped_request(pair);
    assert_non_null(request);
    return *request;
}

static void draw(void *ctx, void *buf, size_t len)
{
    es_sim_bytes(ctx, buf, len);
}

/* The same request under another tag and a later expiry: anybody can make that. */
static void work_anew(struct pair *pair, uint8_t *envelope)
{
    struct es_sim_rng rng = es_sim_rng(7, ES_SIM_ENTROPY, 0);
    const struct es_entropy entropy = {.ctx = &rng, .random = draw};
    struct es_work work;
    struct es_tag tag;

    es_work_begin(&work, envelope, &entropy);
    while (!es_work_search(&work, pair->world->settings.work_bits, 1000, &tag))
        continue;
    memcpy(envelope + ES_ENVELOPE_TAG_AT, tag.bytes, sizeof(tag.bytes));
    envelope[2]++;
}

static void a_waiting_request_is_not_asked_twice(void **state)
{
    struct pair *pair = pair_new(2);
    struct pair_taped request = ask(pair);
    uint8_t envelope[ES_ENVELOPE_BYTES_MIN];
    struct es_id before;

    (void)state;
    before = pair_digest_all(pair, BOB);
    pair_replay(pair, BOB, &request);
    memcpy(envelope, request.bytes, sizeof(envelope));
    work_anew(pair, envelope);
    pair_inject(pair, BOB, ES_SLICE_OF(envelope));
    struct es_id after = pair_digest_all(pair, BOB);

    assert_same(&before, &after);
    assert_int_equal(pair_told(pair, BOB, ES_EV_REQUEST), 1);
    assert_true(pair_count(pair, BOB, ES_COUNT_REJECTED_REQUEST_SEEN) >= 2);
    pair_free(pair);
}

/* Bob does this about Ada; then her old request arrives again and again, also after a restart. */
static void request_stays_seen(struct pair *pair, const struct pair_taped *request)
{
    struct es_id before, after;

    pair_cut(pair, ADA, BOB, true);
    pair_forget_events(pair);
    for (int i = 0; i < 2; i++) {
        before = pair_digest_all(pair, BOB);
        pair_replay(pair, BOB, request);
        after = pair_digest_all(pair, BOB);
        assert_same(&before, &after);
        assert_int_equal(pair_told(pair, BOB, ES_EV_REQUEST), 0);
        assert_int_equal(pair_rows(pair, BOB, ES_ROW_REQUEST_IN), 0);
        pair_restart(pair, BOB);
        pair_run(pair, 5000);
    }
}

static void a_declined_request_is_not_asked_again(void **state)
{
    struct pair *pair = pair_new(2);
    struct pair_taped request = ask(pair);

    (void)state;
    assert_int_equal(pair_do(pair, BOB, ES_CMD_DECLINE, "ada"), ES_OK);
    request_stays_seen(pair, &request);
    pair_free(pair);
}

static void a_request_stays_seen_when_the_contact_is_forgotten(void **state)
{
    struct pair *pair = pair_new(2);
    struct pair_taped request = ask(pair);

    (void)state;
    assert_int_equal(pair_do(pair, BOB, ES_CMD_ACCEPT, "ada"), ES_OK);
    pair_run(pair, 10000);
    assert_int_equal(pair_do(pair, BOB, ES_CMD_FORGET, "ada"), ES_OK);
    request_stays_seen(pair, &request);
    pair_free(pair);
}

/* A request that is accepted at once when it comes: between contacts none comes twice. */
static void a_replayed_renewal_makes_no_session(void **state)
{
    struct pair *pair = pair_of_contacts();
    size_t from = pair->n_taped;

    (void)state;
    assert_int_equal(pair_do(pair, ADA, ES_CMD_RENEW, "bob"), ES_OK);
    pair_run(pair, 30000);
    assert_int_equal(pair_told(pair, BOB, ES_EV_RENEWED), 1);
    talk(pair, 0, 3);
    assert_true(pair->n_taped > from);
    replay_everything(pair, pair->n_taped);
    talk(pair, 3, 5);
    assert_int_equal(pair_told(pair, BOB, ES_EV_RENEWED), 1);
    pair_free(pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replays_leave_everything_as_it_was),
        cmocka_unit_test(altered_envelopes_leave_everything_as_it_was),
        cmocka_unit_test(a_waiting_request_is_not_asked_twice),
        cmocka_unit_test(a_declined_request_is_not_asked_again),
        cmocka_unit_test(a_request_stays_seen_when_the_contact_is_forgotten),
        cmocka_unit_test(a_replayed_renewal_makes_no_session),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
