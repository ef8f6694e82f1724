/* SPDX-License-Identifier: ISC */
/* Messages to somebody who turns out to be another, or whose answer is no: each arrives or is told to
 * have failed. And what a peer says it has lost is sealed anew within limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/people.h"

#define TEXTS 3

/* A visible person was asked by an introduction key and written to. */
struct scene {
    struct people *people;
    struct es_contact *visible;
    struct es_dh_secret introduction;
};

static struct es_slice text(const char *bytes)
{
    return es_slice((const uint8_t *)bytes, strlen(bytes));
}

static void write_texts(struct people *people, struct es_contact *contact)
{
    for (int i = 0; i < TEXTS; i++) {
        struct es_message message = {.text = text("hello")};

        assert_int_equal(es_conversation_send(people->chat, &people->context, contact, &message),
                         ES_OK);
    }
}

static void set_up(struct scene *scene)
{
    static const struct es_key no_psk = {{0}};
    struct es_target target;

    scene->people = people_new();
    memset(scene->introduction.bytes, 9, sizeof(scene->introduction.bytes));
    target.dh = es_dh_public_of(&scene->introduction);
    memcpy(target.name, target.dh.bytes, sizeof(target.name));
    scene->visible = es_contact_make(scene->people->chat, &scene->people->context);
    assert_int_equal(es_ask(scene->people->chat, &scene->people->context, scene->visible, &target,
                            &no_psk, ES_REQUEST_CONTACT, es_slice(NULL, 0)),
                     ES_OK);
    write_texts(scene->people, scene->visible);
}

/* Whoever has the introduction key accepts as the identity of this seed. */
static void accepts(struct scene *scene, uint8_t seed)
{
    static const struct es_key no_psk = {{0}};
    const struct es_identity self = people_identity(seed);
    struct es_addressee addressee = {.secret = scene->introduction};
    struct es_dh_public introduction = es_dh_public_of(&scene->introduction);
    struct es_request_opened opened;
    uint8_t envelope[ES_ENVELOPE_BYTES_MIN];
    struct es_session session = {0};
    struct es_tag_entry entry = {.kind = ES_TAG_PENDING};
    struct es_position at;
    struct es_key link_key;
    uint32_t peer;

    memcpy(addressee.name, introduction.bytes, sizeof(addressee.name));
    assert_true(es_request_open(&addressee, &no_psk, 1,
                                ES_SLICE_OF(scene->visible->asking->envelope), &opened));
    assert_true(es_accept(&self, &addressee, &opened.from, &opened.one_time, &opened.gs,
                          &opened.th1, &scene->people->env.entropy, &session, &link_key));
    es_session_seal(&session, &scene->people->env.entropy, ES_CLASS_512, 0, es_slice(NULL, 0),
                    envelope, &at);
    entry.owner = scene->visible->pending[0]->number;
    assert_true(es_ask_answered(scene->people->chat, &scene->people->context, &entry,
                                ES_SLICE_OF(envelope), &peer));
}

static size_t failed_texts(struct people *people, enum es_err why)
{
    struct es_effects effects;
    size_t n = 0;

    assert_true(es_batches_take(people->context.batches, &effects));
    for (size_t i = 0; i < effects.n_events; i++) {
        const struct es_event *event = &effects.events[i];

        n += event->kind == ES_EV_FAILED && event->own && event->message.sequence != 0 &&
             event->err == why;
    }
    return n;
}

static void what_waits_goes_to_a_contact_known_already(void **state)
{
    struct scene scene;
    struct es_contact *bob;

    (void)state;
    set_up(&scene);
    bob = people_contact(scene.people, 2);
    accepts(&scene, 2);
    assert_int_equal(scene.people->chat->n_contacts, 1);
    assert_int_equal(bob->n_outbox, TEXTS);
    assert_int_equal(scene.people->chat->n_texts, TEXTS);
    assert_int_equal(failed_texts(scene.people, ES_E_CONTACT), 0);
    people_free(scene.people);
}

static void what_waits_for_somebody_blocked_fails(void **state)
{
    struct scene scene;

    (void)state;
    set_up(&scene);
    people_contact(scene.people, 2)->state = ES_CONTACT_BLOCKED;
    accepts(&scene, 2);
    assert_int_equal(scene.people->chat->n_texts, 0);
    assert_int_equal(failed_texts(scene.people, ES_E_BLOCKED), TEXTS);
    people_free(scene.people);
}

static void open_invite(struct people *people, struct es_contact *contact)
{
    static const struct es_key psk = {{1}};
    struct es_target target = {.dh = contact->key.dh};

    contact->state = ES_CONTACT_REQUESTED;
    memcpy(target.name, contact->key.address.bytes, sizeof(target.name));
    assert_int_equal(es_ask(people->chat, &people->context, contact, &target, &psk,
                            ES_REQUEST_INVITE, es_slice(NULL, 0)),
                     ES_OK);
}

/* The oldest request of ours to this contact is refused. */
static void refuse_oldest(struct people *people, struct es_contact *contact)
{
    const struct es_pending *pending =
        contact->pending[1] == NULL ? contact->pending[0] : contact->pending[1];
    const struct es_tag_entry entry = {.kind = ES_TAG_REFUSAL, .owner = pending->number};
    uint8_t envelope[ES_ENVELOPE_BYTES_MIN];
    uint32_t peer;

    es_refusal_seal(&pending->gs, ES_REFUSAL_INVITE_USED, 0, &people->env.entropy, envelope);
    assert_true(
        es_ask_answered(people->chat, &people->context, &entry, ES_SLICE_OF(envelope), &peer));
}

static void another_invite_since_is_not_refused(void **state)
{
    struct people *people = people_new();
    struct es_contact *bob = people_contact(people, 2);

    (void)state;
    open_invite(people, bob);
    open_invite(people, bob);
    write_texts(people, bob);
    refuse_oldest(people, bob);
    assert_non_null(bob->asking);
    assert_non_null(bob->pending[0]);
    assert_int_equal(people->chat->n_texts, TEXTS);
    people_free(people);
}

static void a_refused_invite_fails_what_was_written(void **state)
{
    struct people *people = people_new();
    struct es_contact *bob = people_contact(people, 2);

    (void)state;
    open_invite(people, bob);
    write_texts(people, bob);
    refuse_oldest(people, bob);
    assert_int_equal(people->chat->n_texts, 0);
    assert_int_equal(people->chat->n_contacts, 1);
    for (uint64_t i = 1; i <= TEXTS; i++) {
        const struct es_message_id id = {.incarnation = bob->incarnation, .sequence = i};
        struct es_row_key key = es_key_message(bob->number, ES_MESSAGE_OURS, id, NULL);
        struct es_message message;
        struct es_slice body;

        assert_true(es_chat_read(people->chat, ES_ROW_MESSAGE, &key, &body));
        assert_true(es_message_decode(body, &message));
        assert_int_equal(message.failed, ES_E_INVITE_USED);
        assert_int_equal(es_chat_message_state(people->chat, &message), ES_MESSAGE_FAILED);
    }
    assert_int_equal(failed_texts(people, ES_E_INVITE_USED), TEXTS);
    people_free(people);
}

static void after_a_refusal_nothing_is_written_before_another_request(void **state)
{
    struct people *people = people_new();
    struct es_contact *bob = people_contact(people, 2);
    struct es_message message = {.text = text("hello")};

    (void)state;
    open_invite(people, bob);
    write_texts(people, bob);
    refuse_oldest(people, bob);
    assert_int_equal(es_conversation_send(people->chat, &people->context, bob, &message),
                     ES_E_NOT_ASKED);
    assert_int_equal(people->chat->n_texts, 0);
    open_invite(people, bob);
    assert_int_equal(es_conversation_send(people->chat, &people->context, bob, &message), ES_OK);
    people_free(people);
}

/* --- Lost keys ---------------------------------------------------------------------------------- */

static void what_is_lost_again_and_again_is_left(void **state)
{
    struct people *people = people_new();
    struct es_contact *bob = people_contact(people, 2);
    struct es_live_session *session = people_session(people, bob, true);
    const struct es_ack lost = {.lost_chain = UINT32_MAX};
    uint64_t sealed_before;

    (void)state;
    write_texts(people, bob);
    es_seal_due(people->chat, &people->context);
    assert_int_equal(bob->n_sealed, TEXTS);
    for (int i = 0; i < ES_LOST_PER_MESSAGE_MAX; i++) {
        es_ack_apply(people->chat, &people->context, session, &lost);
        assert_int_equal(bob->n_sealed, 0);
        es_seal_due(people->chat, &people->context);
        assert_int_equal(bob->n_sealed, TEXTS);
    }
    assert_false(bob->renew);
    sealed_before = people->counters.of[ES_COUNT_ENVELOPES_SEALED];
    for (int i = 0; i < 100; i++) {
        es_ack_apply(people->chat, &people->context, session, &lost);
        es_seal_due(people->chat, &people->context);
    }
    assert_int_equal(people->counters.of[ES_COUNT_ENVELOPES_SEALED], sealed_before);
    assert_int_equal(bob->n_sealed, TEXTS);
    assert_int_equal(people->chat->n_texts, TEXTS);
    assert_true(bob->renew);
    people_free(people);
}

/* Records are sealed anew as other envelopes: the addressee's hour bounds them. */
static void lost_records_have_an_hours_limit(void **state)
{
    struct people *people = people_new();
    struct es_contact *bob = people_contact(people, 2);
    struct es_live_session *session = people_session(people, bob, true);
    const struct es_ack lost = {.lost_chain = UINT32_MAX};

    (void)state;
    session->ratchet.window = UINT16_MAX;
    es_outbox_owe(people->chat, &people->context, bob, ES_OWED_PROFILE);
    for (int i = 0; i < ES_LOST_PER_HOUR_MAX + 100; i++) {
        people->context.sealed = 0;
        es_seal_due(people->chat, &people->context);
        es_ack_apply(people->chat, &people->context, session, &lost);
    }
    assert_int_equal(people->counters.of[ES_COUNT_ENVELOPES_SEALED], ES_LOST_PER_HOUR_MAX + 1);
    people_free(people);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_waits_goes_to_a_contact_known_already),
        cmocka_unit_test(what_waits_for_somebody_blocked_fails),
        cmocka_unit_test(another_invite_since_is_not_refused),
        cmocka_unit_test(a_refused_invite_fails_what_was_written),
        cmocka_unit_test(after_a_refusal_nothing_is_written_before_another_request),
        cmocka_unit_test(what_is_lost_again_and_again_is_left),
        cmocka_unit_test(lost_records_have_an_hours_limit),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
