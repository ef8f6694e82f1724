/* SPDX-License-Identifier: ISC */
/* Every table of the chat layer filled to its limit, and one more: the answer that stands beside the
 * number in node/wire/limits.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/core/e2ee/handshake.h"
#include "tests/support/core_pair.h"

/* --- Strangers who ask ------------------------------------------------------------------------- */

static void draw(void *ctx, void *buf, size_t len)
{
    es_sim_bytes(ctx, buf, len);
}

static struct es_identity identity_of(uint32_t number)
{
    struct es_sim_rng rng = es_sim_rng(1000 + number, ES_SIM_ENTROPY, 0);
    struct es_identity identity;
    struct es_sign_secret seed;

    es_sim_bytes(&rng, seed.bytes, sizeof(seed.bytes));
    es_identity_init(&identity, &seed);
    return identity;
}

/* The request of stranger `number` to a node, worked. */
static void make_request(const struct pair *pair, uint32_t node, uint32_t number,
                         uint8_t envelope[static ES_ENVELOPE_BYTES_MIN])
{
    static const struct es_key no_psk;
    const struct es_request request = {.kind = ES_REQUEST_CONTACT,
                                       .greeting = es_slice("hello", 5)};
    struct es_identity identity = identity_of(number);
    struct es_sim_rng rng = es_sim_rng(2000 + number, ES_SIM_ENTROPY, 0);
    const struct es_entropy entropy = {.ctx = &rng, .random = draw};
    struct es_pending pending;
    struct es_peer_key peer;
    struct es_target target;
    struct es_self_view self;
    struct es_work work;
    struct es_tag tag;

    es_core_self(pair->nodes[node].core, &self);
    assert_true(es_peer_key_init(&peer, &self.address));
    memcpy(target.name, self.address.bytes, sizeof(target.name));
    target.dh = peer.dh;
    assert_true(es_request_seal(&identity, &target, &no_psk, &request, UINT16_MAX, &entropy,
                                envelope, &pending));
    es_work_begin(&work, envelope, &entropy);
    while (!es_work_search(&work, pair->world->settings.work_bits, 1000, &tag))
        continue;
    memcpy(envelope + ES_ENVELOPE_TAG_AT, tag.bytes, sizeof(tag.bytes));
}

static void ask(struct pair *pair, uint32_t node, uint32_t number)
{
    uint8_t envelope[ES_ENVELOPE_BYTES_MIN];

    make_request(pair, node, number, envelope);
    pair_inject(pair, node, ES_SLICE_OF(envelope));
    pair_run(pair, 1000);
}

static void decline_all(struct pair *pair)
{
    struct es_request_view view;
    char address[ES_ADDRESS_CHARS + 1];
    size_t at = 0;

    while (es_core_request_next(pair->nodes[ADA].core, &at, &view)) {
        es_address_format(&view.address, address);
        assert_int_equal(pair_do(pair, ADA, ES_CMD_DECLINE, address), ES_OK);
        at = 0;
    }
}

static void requests_that_wait(void **state)
{
    struct pair *pair = pair_new(1);

    (void)state;
    for (uint32_t i = 0; i <= ES_REQUESTS_MAX; i++)
        ask(pair, ADA, i);
    assert_int_equal(pair_told(pair, ADA, ES_EV_REQUEST), ES_REQUESTS_MAX);
    assert_int_equal(pair_rows(pair, ADA, ES_ROW_REQUEST_IN), ES_REQUESTS_MAX);
    assert_int_equal(pair_count(pair, ADA, ES_COUNT_REJECTED_REQUEST_FULL), 1);
    decline_all(pair);
    assert_int_equal(pair_rows(pair, ADA, ES_ROW_REQUEST_IN), 0);
    ask(pair, ADA, ES_REQUESTS_MAX); /* its sender repeats it */
    assert_int_equal(pair_told(pair, ADA, ES_EV_REQUEST), ES_REQUESTS_MAX + 1);
    pair_free(pair);
}

/* Of strangers the last 4,096 are refused when they come again, before and after a restart; the one
 * before them is asked about once more. */
static void requests_that_were_seen(void **state)
{
    struct pair *pair = pair_new(1);

    (void)state;
    for (uint32_t i = 0; i <= ES_SEEN_REQUESTS_MAX; i++) {
        ask(pair, ADA, i);
        if (i % ES_REQUESTS_MAX == ES_REQUESTS_MAX - 1)
            decline_all(pair);
    }
    decline_all(pair);
    assert_int_equal(pair_told(pair, ADA, ES_EV_REQUEST), ES_SEEN_REQUESTS_MAX + 1);
    assert_int_equal(pair_rows(pair, ADA, ES_ROW_SEEN), ES_SEEN_REQUESTS_MAX);
    for (int restarted = 0; restarted < 2; restarted++) {
        ask(pair, ADA, 1);
        ask(pair, ADA, ES_SEEN_REQUESTS_MAX);
        assert_int_equal(pair_told(pair, ADA, ES_EV_REQUEST), ES_SEEN_REQUESTS_MAX + 1);
        pair_restart(pair, ADA);
        pair_run(pair, 2000);
    }
    ask(pair, ADA, 0);
    assert_int_equal(pair_told(pair, ADA, ES_EV_REQUEST), ES_SEEN_REQUESTS_MAX + 2);
    pair_free(pair);
}

/* n requests on one link, all at once. */
static uint32_t flood(struct pair *pair, uint32_t from, uint32_t n)
{
    uint32_t link = pair_stranger(pair, ADA, es_slice(NULL, 0));
    uint8_t envelope[ES_ENVELOPE_BYTES_MIN];

    for (uint32_t i = from; i < from + n; i++) {
        make_request(pair, ADA, i, envelope);
        pair_stranger_sends(pair, ADA, link, ES_SLICE_OF(envelope));
    }
    return from + n;
}

/* A minute's worth is tried at once; then each link fills its share, and all together the rest. */
static void requests_that_wait_for_their_trial(void **state)
{
    const uint32_t links = ES_TRIALS_MAX / ES_TRIALS_PER_LINK_MAX;
    struct pair *pair = pair_new(1);
    uint64_t refused, tried;
    uint32_t n;

    (void)state;
    pair_run(pair, 120000);
    n = flood(pair, 0, ES_TRIALS_PER_MINUTE);
    tried = pair_count(pair, ADA, ES_COUNT_REQUESTS_OPENED);
    assert_in_range(tried, ES_TRIALS_PER_MINUTE - 1, ES_TRIALS_PER_MINUTE);
    assert_int_equal(pair_count(pair, ADA, ES_COUNT_REJECTED_REQUEST_QUEUE), 0);
    n = flood(pair, n, ES_TRIALS_PER_LINK_MAX + 2); /* one of them may still be tried at once */
    refused = pair_count(pair, ADA, ES_COUNT_REJECTED_REQUEST_QUEUE);
    assert_in_range(refused, 1, 2);
    for (uint32_t i = 1; i < links; i++)
        n = flood(pair, n, ES_TRIALS_PER_LINK_MAX);
    assert_in_range(pair_count(pair, ADA, ES_COUNT_REJECTED_REQUEST_QUEUE), refused, refused + 1);
    refused = pair_count(pair, ADA, ES_COUNT_REJECTED_REQUEST_QUEUE);
    flood(pair, n, 5); /* a link of its own, and no place left */
    assert_int_equal(pair_count(pair, ADA, ES_COUNT_REJECTED_REQUEST_QUEUE), refused + 5);
    tried = pair_count(pair, ADA, ES_COUNT_REQUESTS_OPENED);
    pair_run(pair, 60000);
    assert_in_range(pair_count(pair, ADA, ES_COUNT_REQUESTS_OPENED) - tried,
                    ES_TRIALS_PER_MINUTE - 2, ES_TRIALS_PER_MINUTE + 2);
    pair_run(pair, 180000);
    assert_in_range(pair_count(pair, ADA, ES_COUNT_REQUESTS_OPENED) - tried, ES_TRIALS_MAX - 2,
                    ES_TRIALS_MAX);
    pair_free(pair);
}

/* --- Contacts ---------------------------------------------------------------------------------- */

static enum es_err add(struct pair *pair, uint32_t number)
{
    struct es_identity identity = identity_of(number);
    char address[ES_ADDRESS_CHARS + 1];

    es_address_format(&identity.address, address);
    return pair_do(pair, ADA, ES_CMD_ADD, address);
}

static void contacts(void **state)
{
    struct pair *pair = pair_new(1);

    (void)state;
    for (uint32_t i = 0; i < ES_CONTACTS_MAX; i++)
        assert_int_equal(add(pair, i), ES_OK);
    assert_int_equal(add(pair, ES_CONTACTS_MAX), ES_E_CONTACTS_FULL);
    assert_int_equal(pair_rows(pair, ADA, ES_ROW_CONTACT), ES_CONTACTS_MAX);
    pair_restart(pair, ADA);
    pair_run(pair, 2000);
    assert_int_equal(add(pair, ES_CONTACTS_MAX), ES_E_CONTACTS_FULL);
    ask(pair, ADA, ES_CONTACTS_MAX); /* who asks waits, and is refused a place, too */
    assert_int_equal(pair_told(pair, ADA, ES_EV_REQUEST), 1);
    assert_int_equal(add(pair, ES_CONTACTS_MAX), ES_E_CONTACTS_FULL);
    assert_int_equal(pair_rows(pair, ADA, ES_ROW_REQUEST_IN), 1);
    pair_free(pair);
}

/* The oldest gives way; the newest is the one that is answered. */
static void requests_of_ours_to_one_contact(void **state)
{
    struct pair *pair = pair_new(2);

    (void)state;
    pair_cut(pair, ADA, BOB, true);
    for (int i = 0; i < ES_PENDING_PER_CONTACT_MAX + 2; i++)
        assert_int_equal(pair_add(pair, ADA, BOB), ES_OK);
    assert_int_equal(pair_rows(pair, ADA, ES_ROW_PENDING), ES_PENDING_PER_CONTACT_MAX);
    assert_int_equal(pair_rows(pair, ADA, ES_ROW_REQUEST_OUT), 1);
    pair_restart(pair, ADA);
    pair_cut(pair, ADA, BOB, false);
    while (pair_told(pair, BOB, ES_EV_REQUEST) == 0)
        pair_run(pair, 1000);
    assert_int_equal(pair_do(pair, BOB, ES_CMD_ACCEPT, "ada"), ES_OK);
    pair_send_many(pair, BOB, "ada", 0, 1);
    assert_true(pair_settle(pair));
    assert_true(pair_shows(pair, ADA, "bob", 0, 1));
    pair_free(pair);
}

/* However often it is renewed: the oldest that is not sealed in gives way. */
static void sessions_with_one_contact(void **state)
{
    struct pair *pair = pair_of_contacts();

    (void)state;
    for (uint32_t i = 0; i < ES_SESSIONS_PER_CONTACT_MAX + 2; i++) {
        assert_int_equal(
            pair_do(pair, i % 2 == 0 ? ADA : BOB, ES_CMD_RENEW, pair_name(i % 2 == 0 ? BOB : ADA)),
            ES_OK);
        pair_run(pair, 61 * 60 * 1000);
        pair_send_many(pair, ADA, "bob", i, i + 1);
        pair_send_many(pair, BOB, "ada", i, i + 1);
        assert_true(pair_settle(pair));
    }
    assert_int_equal(pair_rows(pair, ADA, ES_ROW_SESSION), ES_SESSIONS_PER_CONTACT_MAX);
    assert_int_equal(pair_rows(pair, BOB, ES_ROW_SESSION), ES_SESSIONS_PER_CONTACT_MAX);
    assert_true(pair_shows(pair, ADA, "bob", 0, ES_SESSIONS_PER_CONTACT_MAX + 2));
    assert_true(pair_shows(pair, BOB, "ada", 0, ES_SESSIONS_PER_CONTACT_MAX + 2));
    pair_free(pair);
}

static void invites(void **state)
{
    const struct es_command invite = {.kind = ES_CMD_INVITE,
                                      .invite = {.uses = 1, .for_ms = PAIR_DAY_MS}};
    struct pair *pair = pair_new(1);

    (void)state;
    for (int i = 0; i < ES_INVITES_MAX; i++)
        assert_int_equal(pair_command(pair, ADA, &invite), ES_OK);
    assert_int_equal(pair_command(pair, ADA, &invite), ES_E_INVITES_FULL);
    assert_int_equal(pair_rows(pair, ADA, ES_ROW_INVITE), ES_INVITES_MAX);
    pair_days(pair, 2); /* they have expired: one that is over gives way */
    assert_int_equal(pair_command(pair, ADA, &invite), ES_OK);
    pair_free(pair);
}

/* --- Messages ---------------------------------------------------------------------------------- */

static void bytes_of_texts_names_and_greetings(void **state)
{
    static char text[ES_TEXT_BYTES_MAX + 1];
    struct pair *pair = pair_of_contacts();
    struct es_command command = {.kind = ES_CMD_SEND,
                                 .who = pair_slice("bob"),
                                 .send = {.text = es_slice(text, ES_TEXT_BYTES_MAX)}};
    char *shown;

    (void)state;
    memset(text, 'x', sizeof(text));
    assert_int_equal(pair_command(pair, ADA, &command), ES_OK);
    command.send.text.len++;
    assert_int_equal(pair_command(pair, ADA, &command), ES_E_TOO_LONG);
    assert_true(pair_settle(pair));
    shown = pair_shown(pair, BOB, "ada", false);
    assert_int_equal(strlen(shown), ES_TEXT_BYTES_MAX + 1);
    free(shown);
    command = (struct es_command){.kind = ES_CMD_NAME, .name = es_slice(text, ES_NAME_BYTES_MAX)};
    assert_int_equal(pair_command(pair, ADA, &command), ES_OK);
    command.name.len++;
    assert_int_equal(pair_command(pair, ADA, &command), ES_E_NAME);
    command = (struct es_command){.kind = ES_CMD_RENAME,
                                  .who = pair_slice("bob"),
                                  .petname = es_slice(text, ES_NAME_BYTES_MAX + 1)};
    assert_int_equal(pair_command(pair, ADA, &command), ES_E_NAME);
    command = (struct es_command){.kind = ES_CMD_ADD,
                                  .who = pair_slice("bob"),
                                  .add = {.greeting = es_slice(text, ES_GREETING_BYTES_MAX + 1)}};
    assert_int_equal(pair_command(pair, ADA, &command), ES_E_TOO_LONG);
    pair_run(pair, 10000);
    assert_int_equal(strlen(pair_contact(pair, BOB, "ada").claimed_name), ES_NAME_BYTES_MAX);
    pair_free(pair);
}

static bool lose_first_envelope(struct pair *pair, uint32_t from, uint32_t to,
                                struct es_slice envelope)
{
    static struct es_id lost;
    struct es_id id = es_envelope_id(envelope);

    (void)to;
    if (from != ADA)
        return true;
    if (pair->counter++ == 0)
        lost = id;
    return memcmp(lost.bytes, id.bytes, sizeof(id.bytes)) != 0;
}

/* They wait for the first one, which never comes; the one that finds no place is shown. */
static void messages_that_wait_for_an_earlier_one(void **state)
{
    struct pair *pair = pair_of_contacts();

    (void)state;
    pair->passes = lose_first_envelope;
    for (uint32_t i = 0; i <= ES_HELD_PER_CONTACT_MAX; i += 32) {
        pair_send_many(pair, ADA, "bob", i, i + 32);
        pair_run(pair, 3000);
    }
    assert_true(pair_count(pair, BOB, ES_COUNT_MESSAGES_SHOWN) > 0);
    assert_true(pair_rows(pair, BOB, ES_ROW_HELD) <= ES_HELD_PER_CONTACT_MAX);
    pair->passes = NULL;
    assert_true(pair_settle(pair));
    pair_run(pair, 60000);
    for (uint32_t i = 0; i < ES_HELD_PER_CONTACT_MAX; i += 101)
        assert_int_equal(pair_times_shown(pair, BOB, "ada", i), 1);
    assert_int_equal(pair_count(pair, BOB, ES_COUNT_MESSAGES_SHOWN), ES_HELD_PER_CONTACT_MAX + 32);
    assert_int_equal(pair_rows(pair, BOB, ES_ROW_HELD), 0);
    pair_free(pair);
}

static void messages_that_are_not_delivered(void **state)
{
    struct pair *pair = pair_of_contacts();

    (void)state;
    pair_stop(pair, BOB);
    pair_send_many(pair, ADA, "bob", 0, ES_OUTBOX_MAX);
    assert_int_equal(pair_send(pair, ADA, "bob", "one more"), ES_E_OUTBOX_FULL);
    assert_int_equal(pair_contact(pair, ADA, "bob").queued, ES_OUTBOX_MAX);
    assert_int_equal(pair_rows(pair, ADA, ES_ROW_MESSAGE), ES_OUTBOX_MAX);
    pair_free(pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_that_wait),
        cmocka_unit_test(requests_that_were_seen),
        cmocka_unit_test(requests_that_wait_for_their_trial),
        cmocka_unit_test(contacts),
        cmocka_unit_test(requests_of_ours_to_one_contact),
        cmocka_unit_test(sessions_with_one_contact),
        cmocka_unit_test(invites),
        cmocka_unit_test(bytes_of_texts_names_and_greetings),
        cmocka_unit_test(messages_that_wait_for_an_earlier_one),
        cmocka_unit_test(messages_that_are_not_delivered),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
