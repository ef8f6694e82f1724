/* SPDX-License-Identifier: ISC */
/* What a person decides about others: nothing is taken from whoever is blocked, nothing stays of whoever
 * is forgotten, and nobody gets what was written to another by using their name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tests/support/core_pair.h"

/* --- Changed keys ------------------------------------------------------------------------------ */

/* Ada wrote to Bob, who is away; Eve asks her under his name. */
static struct pair *eve_asks_as_bob(void)
{
    struct pair *pair = pair_new(3);

    pair_befriend(pair, ADA, BOB);
    pair_forget_events(pair);
    pair_stop(pair, BOB);
    pair_send_many(pair, ADA, "bob", 0, 3);
    assert_int_equal(
        pair_command(pair, EVE,
                     &(struct es_command){.kind = ES_CMD_NAME, .name = pair_slice("bob")}),
        ES_OK);
    assert_int_equal(pair_add(pair, EVE, ADA), ES_OK);
    while (pair_told(pair, ADA, ES_EV_REQUEST) == 0)
        pair_run(pair, 100);
    return pair;
}

static struct es_label label_of(const struct pair *pair, uint32_t node, const char *who)
{
    struct es_label label = {0};

    assert_true(
        es_core_label(pair->nodes[node].core, pair_contact(pair, node, who).contact, &label));
    return label;
}

static void assert_only_bob_gets_them(struct pair *pair)
{
    assert_int_equal(pair_contact(pair, ADA, "bob").queued, 3);
    pair_start(pair, BOB);
    assert_true(pair_settle(pair));
    assert_true(pair_shows(pair, BOB, "ada", 0, 3));
    assert_int_equal(pair_told(pair, EVE, ES_EV_MESSAGE), 0);
    assert_int_equal(pair_rows(pair, EVE, ES_ROW_MESSAGE), 0);
}

static void messages_wait_while_somebody_claims_the_name(void **state)
{
    struct pair *pair = eve_asks_as_bob();

    (void)state;
    assert_int_equal(pair_told(pair, ADA, ES_EV_KEY_CHANGED), 1);
    assert_true(label_of(pair, ADA, "bob").key_changed);
    pair_run(pair, 30 * 60 * 1000); /* undecided: the request takes nothing over */
    assert_int_equal(pair_contact(pair, ADA, "bob").queued, 3);
    assert_int_equal(pair_told(pair, EVE, ES_EV_MESSAGE), 0);
    assert_int_equal(pair_do(pair, ADA, ES_CMD_DECLINE, "bob"), ES_OK);
    assert_false(label_of(pair, ADA, "bob").key_changed);
    assert_only_bob_gets_them(pair);
    pair_free(pair);
}

static void whoever_is_accepted_under_a_name_in_use_is_another_contact(void **state)
{
    struct pair *pair = eve_asks_as_bob();

    (void)state;
    assert_int_equal(pair_do(pair, ADA, ES_CMD_ACCEPT, "bob"), ES_OK);
    pair_run(pair, 30000);
    assert_int_equal(pair_contact(pair, ADA, "bob 2").state, ES_CONTACT_ACCEPTED);
    assert_int_not_equal(pair_contact(pair, ADA, "bob 2").contact,
                         pair_contact(pair, ADA, "bob").contact);
    assert_int_equal(pair_contact(pair, ADA, "bob 2").queued, 0);
    assert_only_bob_gets_them(pair);
    pair_send_many(pair, ADA, "bob 2", 7, 8); /* what is written to Eve is hers */
    assert_true(pair_settle(pair));
    assert_true(pair_shows(pair, EVE, "ada", 7, 8));
    assert_true(pair_shows(pair, BOB, "ada", 0, 3));
    pair_free(pair);
}

/* --- Blocking ---------------------------------------------------------------------------------- */

static void nothing_is_taken_from_the_blocked(void **state)
{
    static const enum es_row_kind kinds[] = {ES_ROW_SESSION, ES_ROW_MESSAGE,    ES_ROW_HELD,
                                             ES_ROW_GAP,     ES_ROW_REQUEST_IN, ES_ROW_CONTACT};
    struct pair *pair = pair_of_contacts();
    struct es_id before, after;

    (void)state;
    pair_send_many(pair, BOB, "ada", 0, 3);
    assert_true(pair_settle(pair));
    assert_int_equal(pair_do(pair, ADA, ES_CMD_BLOCK, "bob"), ES_OK);
    assert_int_equal(pair_rows(pair, ADA, ES_ROW_SESSION), 0);
    pair_forget_events(pair);
    before = pair_digest(pair, ADA, kinds, sizeof(kinds) / sizeof(kinds[0]));
    pair_send_many(pair, BOB, "ada", 3, 6);
    assert_int_equal(pair_do(pair, BOB, ES_CMD_RENEW, "ada"), ES_OK);
    pair_run(pair, 90 * 60 * 1000);
    for (size_t i = pair->n_taped; i-- > 0;) /* nor when it comes by others */
        if (!pair->tape[i].link && pair->tape[i].from == BOB && pair->n_taped - i < 50)
            pair_replay(pair, ADA, &pair->tape[i]);
    after = pair_digest(pair, ADA, kinds, sizeof(kinds) / sizeof(kinds[0]));
    assert_memory_equal(before.bytes, after.bytes, sizeof(before.bytes));
    assert_int_equal(pair_told(pair, ADA, ES_EV_MESSAGE), 0);
    assert_int_equal(pair_told(pair, ADA, ES_EV_PRESENT), 0);
    assert_false(pair_contact(pair, ADA, "bob").present);
    assert_true(pair_count(pair, ADA, ES_COUNT_REJECTED_REQUEST_BLOCKED) > 0);
    assert_int_equal(pair_send(pair, ADA, "bob", "no"), ES_E_BLOCKED);
    pair_free(pair);
}

static void unblocked_contacts_get_a_new_session(void **state)
{
    struct pair *pair = pair_of_contacts();

    (void)state;
    pair_send_many(pair, BOB, "ada", 0, 1);
    assert_true(pair_settle(pair));
    assert_int_equal(pair_do(pair, ADA, ES_CMD_BLOCK, "bob"), ES_OK);
    pair_send_many(pair, BOB, "ada", 1, 4);
    pair_run(pair, 60000);
    assert_true(pair_shows(pair, ADA, "bob", 0, 1));
    assert_int_equal(pair_do(pair, ADA, ES_CMD_UNBLOCK, "bob"), ES_OK);
    pair_send_many(pair, ADA, "bob", 0, 2);
    assert_true(pair_settle(pair));
    assert_true(pair_shows(pair, ADA, "bob", 0, 4));
    assert_true(pair_shows(pair, BOB, "ada", 0, 2));
    pair_free(pair);
}

/* --- Forgetting --------------------------------------------------------------------------------- */

static void forgetting_erases_every_row(void **state)
{
    static const enum es_row_kind gone[] = {ES_ROW_CONTACT, ES_ROW_SESSION,    ES_ROW_GAP,
                                            ES_ROW_OUTBOX,  ES_ROW_MESSAGE,    ES_ROW_HELD,
                                            ES_ROW_PENDING, ES_ROW_REQUEST_OUT};
    struct pair *pair = pair_of_contacts();

    (void)state;
    pair_send_many(pair, BOB, "ada", 0, 3);
    pair_send_many(pair, ADA, "bob", 0, 3);
    assert_true(pair_settle(pair));
    pair_stop(pair, BOB);
    pair_send_many(pair, ADA, "bob", 3, 5); /* these wait */
    assert_int_equal(pair_do(pair, ADA, ES_CMD_RENEW, "bob"), ES_OK);
    pair_run(pair, 1000);
    for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++)
        if (gone[i] != ES_ROW_GAP && gone[i] != ES_ROW_HELD)
            assert_true(pair_rows(pair, ADA, gone[i]) > 0);
    assert_int_equal(pair_do(pair, ADA, ES_CMD_FORGET, "bob"), ES_OK);
    for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++)
        assert_int_equal(pair_rows(pair, ADA, gone[i]), 0);
    pair_restart(pair, ADA);
    assert_int_equal(pair_do(pair, ADA, ES_CMD_READ, "bob"), ES_E_UNKNOWN);
    pair_start(pair, BOB);
    pair_send_many(pair, BOB, "ada", 3, 5); /* from somebody whom nobody knows any more */
    pair_run(pair, 60000);
    assert_int_equal(pair_rows(pair, ADA, ES_ROW_MESSAGE), 0);
    assert_int_equal(pair_rows(pair, ADA, ES_ROW_SESSION), 0);
    pair_free(pair);
}

static void a_declined_request_leaves_only_that_it_was_seen(void **state)
{
    struct pair *pair = pair_new(2);

    (void)state;
    assert_int_equal(pair_add(pair, ADA, BOB), ES_OK);
    while (pair_told(pair, BOB, ES_EV_REQUEST) == 0)
        pair_run(pair, 100);
    assert_int_equal(pair_do(pair, BOB, ES_CMD_DECLINE, "ada"), ES_OK);
    assert_int_equal(pair_rows(pair, BOB, ES_ROW_REQUEST_IN), 0);
    assert_int_equal(pair_rows(pair, BOB, ES_ROW_CONTACT), 0);
    assert_int_equal(pair_rows(pair, BOB, ES_ROW_SESSION), 0);
    assert_int_equal(pair_rows(pair, BOB, ES_ROW_SEEN), 1);
    pair_run(pair, 60 * 60 * 1000); /* she offers it again and again */
    assert_int_equal(pair_told(pair, BOB, ES_EV_REQUEST), 1);
    assert_int_equal(pair_contact(pair, ADA, "bob").state, ES_CONTACT_REQUESTED);
    assert_int_equal(pair_add(pair, ADA, BOB), ES_OK); /* a new one is a new question */
    pair_run(pair, 10000);
    assert_int_equal(pair_told(pair, BOB, ES_EV_REQUEST), 2);
    pair_free(pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_wait_while_somebody_claims_the_name),
        cmocka_unit_test(whoever_is_accepted_under_a_name_in_use_is_another_contact),
        cmocka_unit_test(nothing_is_taken_from_the_blocked),
        cmocka_unit_test(unblocked_contacts_get_a_new_session),
        cmocka_unit_test(forgetting_erases_every_row),
        cmocka_unit_test(a_declined_request_leaves_only_that_it_was_seen),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
