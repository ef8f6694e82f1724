/* SPDX-License-Identifier: ISC */
/* How two people become contacts although what they send to each other gets lost: requests that
 * cross, an acceptance of which only a later envelope arrives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tests/support/core_pair.h"

#define SESSIONS_MAX 4

struct sessions {
    struct es_live_session at[SESSIONS_MAX];
    size_t n;
};

static int add_session(void *ctx, const struct es_row *row)
{
    struct sessions *sessions = ctx;

    assert_true(sessions->n < SESSIONS_MAX);
    assert_true(es_body_decode_session(row->body, &sessions->at[sessions->n++]));
    return 0;
}

/* The session in which most was sent: in a long conversation the one that is sealed in. */
static struct es_session used_session(const struct pair *pair, uint32_t node)
{
    struct es_store_reader *reader = pair->nodes[node].reader;
    struct sessions sessions = {.n = 0};
    const struct es_session *used;

    reader->ops->each(reader, ES_ROW_SESSION, add_session, &sessions);
    assert_true(sessions.n > 0);
    used = &sessions.at[0].ratchet;
    for (size_t i = 1; i < sessions.n; i++)
        if (sessions.at[i].ratchet.send.number > used->send.number)
            used = &sessions.at[i].ratchet;
    return *used;
}

/* In turns, so that each text of one is an answer to the other's. */
static void talk(struct pair *pair, uint32_t to)
{
    for (uint32_t i = 0; i < to; i++) {
        pair_send_many(pair, ADA, "bob", i, i + 1);
        pair_run(pair, 500);
        pair_send_many(pair, BOB, "ada", i, i + 1);
        pair_run(pair, 500);
    }
    assert_true(pair_settle(pair));
    assert_true(pair_shows(pair, ADA, "bob", 0, to));
    assert_true(pair_shows(pair, BOB, "ada", 0, to));
    assert_int_equal(pair_count(pair, ADA, ES_COUNT_MESSAGES_DUPLICATE), 0);
    assert_int_equal(pair_count(pair, BOB, ES_COUNT_MESSAGES_DUPLICATE), 0);
}

static void assert_contacts(const struct pair *pair)
{
    assert_int_equal(pair_contact(pair, ADA, "bob").state, ES_CONTACT_ACCEPTED);
    assert_int_equal(pair_contact(pair, BOB, "ada").state, ES_CONTACT_ACCEPTED);
    assert_int_equal(pair_told(pair, ADA, ES_EV_ACCEPTED), 1);
    assert_int_equal(pair_told(pair, BOB, ES_EV_ACCEPTED), 1);
    /* Nobody was asked what the requests had answered already. */
    assert_int_equal(pair_told(pair, ADA, ES_EV_REQUEST), 0);
    assert_int_equal(pair_told(pair, BOB, ES_EV_REQUEST), 0);
}

static void cross(struct pair *pair)
{
    assert_int_equal(pair_add(pair, ADA, BOB), ES_OK);
    assert_int_equal(pair_add(pair, BOB, ADA), ES_OK);
    pair_run(pair, 60000);
}

/* counter: whose requests never arrive. */
static bool lose_requests(struct pair *pair, uint32_t from, uint32_t to, struct es_slice envelope)
{
    (void)to;
    return from != pair->counter || !pair_is_request(pair, from, envelope);
}

static void one_request_arrives(uint32_t lost)
{
    struct pair *pair = pair_new(2);

    pair->passes = lose_requests;
    pair->counter = lost;
    cross(pair);
    assert_true(pair->dropped > 0);
    assert_contacts(pair);
    assert_int_equal(pair_rows(pair, ADA, ES_ROW_SESSION), 1);
    assert_int_equal(pair_rows(pair, BOB, ES_ROW_SESSION), 1);
    talk(pair, 10);
    pair->passes = NULL; /* it arrives after all: one more session, nothing else */
    pair_run(pair, 20 * 60 * 1000);
    pair_send_many(pair, ADA, "bob", 10, 11);
    pair_send_many(pair, BOB, "ada", 10, 11);
    assert_true(pair_settle(pair));
    assert_true(pair_shows(pair, ADA, "bob", 0, 11));
    assert_true(pair_shows(pair, BOB, "ada", 0, 11));
    assert_contacts(pair);
    assert_int_equal(pair_rows(pair, ADA, ES_ROW_REQUEST_OUT), 0);
    assert_int_equal(pair_rows(pair, BOB, ES_ROW_REQUEST_OUT), 0);
    pair_free(pair);
}

static void only_the_first_of_two_crossing_requests_arrives(void **state)
{
    (void)state;
    one_request_arrives(BOB);
}

static void only_the_second_of_two_crossing_requests_arrives(void **state)
{
    (void)state;
    one_request_arrives(ADA);
}

static struct es_sign_public address_of(const struct pair *pair, uint32_t node)
{
    struct es_self_view self;

    es_core_self(pair->nodes[node].core, &self);
    return self.address;
}

/* Both talk in the same session, and it is the one that the smaller address accepted. */
static void assert_rule_of_crossing(const struct pair *pair)
{
    struct es_sign_public ada = address_of(pair, ADA), bob = address_of(pair, BOB);
    struct es_session of_ada = used_session(pair, ADA), of_bob = used_session(pair, BOB);
    bool ada_smaller = memcmp(ada.bytes, bob.bytes, sizeof(ada.bytes)) < 0;

    assert_memory_equal(of_ada.id.bytes, of_bob.id.bytes, sizeof(of_ada.id.bytes));
    assert_int_equal(of_ada.initiator, !ada_smaller);
    assert_int_equal(of_bob.initiator, ada_smaller);
}

static void both_crossing_requests_arrive(void **state)
{
    struct pair *pair = pair_new(2);

    (void)state;
    cross(pair);
    assert_contacts(pair);
    assert_int_equal(pair_count(pair, ADA, ES_COUNT_REQUESTS_OPENED), 1);
    assert_int_equal(pair_count(pair, BOB, ES_COUNT_REQUESTS_OPENED), 1);
    talk(pair, 10);
    assert_rule_of_crossing(pair);
    pair_free(pair);
}

/* Requests arrive, acceptances do not: each accepts before anything of the other's is heard. */
static bool lose_all_but_requests(struct pair *pair, uint32_t from, uint32_t to,
                                  struct es_slice envelope)
{
    (void)pair;
    (void)to;
    return pair_is_request(pair, from, envelope);
}

static void both_accept_before_either_hears(void **state)
{
    struct pair *pair = pair_new(2);

    (void)state;
    pair->passes = lose_all_but_requests;
    cross(pair);
    assert_true(pair->dropped > 0);
    assert_int_equal(pair_rows(pair, ADA, ES_ROW_SESSION), 1);
    assert_int_equal(pair_rows(pair, BOB, ES_ROW_SESSION), 1);
    pair->passes = NULL;
    pair_run(pair, 60000);
    assert_contacts(pair);
    talk(pair, 10);
    assert_rule_of_crossing(pair);
    pair_free(pair);
}

/* --- The acceptor's first chain ---------------------------------------------------------------- */

#define LOST_FIRST 4

/* The first four envelopes that Bob seals never arrive, however often he sends them. */
static struct es_id lost[LOST_FIRST];

static bool lose_first_four(struct pair *pair, uint32_t from, uint32_t to, struct es_slice envelope)
{
    struct es_id id = es_envelope_id(envelope);

    (void)to;
    if (from != BOB)
        return true;
    for (size_t i = 0; i < pair->counter; i++)
        if (memcmp(lost[i].bytes, id.bytes, sizeof(id.bytes)) == 0)
            return false;
    if (pair->counter == LOST_FIRST)
        return true;
    lost[pair->counter++] = id;
    return false;
}

static struct pair *accepted_from_the_fifth(void)
{
    struct pair *pair = pair_new(2);

    pair->passes = lose_first_four;
    assert_int_equal(pair_add(pair, ADA, BOB), ES_OK);
    while (pair_told(pair, BOB, ES_EV_REQUEST) == 0)
        pair_run(pair, 100);
    assert_int_equal(pair_do(pair, BOB, ES_CMD_ACCEPT, "ada"), ES_OK);
    /* The first envelope is Bob's profile; three texts are lost with it. */
    pair_send_many(pair, BOB, "ada", 0, LOST_FIRST - 1);
    pair_run(pair, 5000);
    assert_int_equal(pair->counter, LOST_FIRST);
    assert_int_equal(pair_contact(pair, ADA, "bob").state, ES_CONTACT_REQUESTED);
    pair_send_many(pair, BOB, "ada", LOST_FIRST - 1, LOST_FIRST);
    pair_run(pair, 5000);
    return pair;
}

static void requester_opens_the_first_chain_from_its_fifth_envelope(void **state)
{
    struct pair *pair = accepted_from_the_fifth();

    (void)state;
    assert_int_equal(pair_contact(pair, ADA, "bob").state, ES_CONTACT_ACCEPTED);
    assert_int_equal(pair_told(pair, ADA, ES_EV_ACCEPTED), 1);
    assert_int_equal(pair_rows(pair, ADA, ES_ROW_GAP), LOST_FIRST);
    pair_send_many(pair, ADA, "bob", 0, 10);
    pair_run(pair, 5000);
    assert_true(pair_shows(pair, BOB, "ada", 0, 10)); /* she talks in it at once */
    pair->passes = NULL;                              /* the four arrive late */
    pair_send_many(pair, BOB, "ada", LOST_FIRST, 10);
    assert_true(pair_settle(pair));
    assert_true(pair_shows(pair, ADA, "bob", 0, 10));
    assert_int_equal(pair_rows(pair, ADA, ES_ROW_GAP), 0);
    assert_int_equal(pair_told(pair, BOB, ES_EV_DELIVERED), 10);
    pair_free(pair);
}

/* What is lost for good is given up after two weeks, sealed anew and shown then: once each. */
static void first_envelopes_lost_for_good_are_sealed_anew(void **state)
{
    struct pair *pair = accepted_from_the_fifth();

    (void)state;
    pair_days(pair, 17);
    assert_true(pair_settle(pair));
    assert_int_equal(pair_times_shown(pair, ADA, "bob", 0), 1);
    assert_int_equal(pair_times_shown(pair, ADA, "bob", 1), 1);
    assert_int_equal(pair_times_shown(pair, ADA, "bob", 2), 1);
    assert_int_equal(pair_times_shown(pair, ADA, "bob", 3), 1);
    assert_int_equal(pair_rows(pair, ADA, ES_ROW_GAP), 0);
    assert_int_equal(pair_told(pair, BOB, ES_EV_DELIVERED), 4);
    pair_free(pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_first_of_two_crossing_requests_arrives),
        cmocka_unit_test(only_the_second_of_two_crossing_requests_arrives),
        cmocka_unit_test(both_crossing_requests_arrive),
        cmocka_unit_test(both_accept_before_either_hears),
        cmocka_unit_test(requester_opens_the_first_chain_from_its_fifth_envelope),
        cmocka_unit_test(first_envelopes_lost_for_good_are_sealed_anew),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
