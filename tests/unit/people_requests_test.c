/* SPDX-License-Identifier: ISC */
/* Requests and invites: what is none, what an invite's secret gives, and clocks at their end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "node/core/e2ee/proof.h"
#include "tests/support/people.h"

static void an_envelope_without_work_is_foreign(void **state)
{
    struct people *people = people_new();
    struct es_mesh_calls calls = es_chat_mesh_calls(people->chat);
    uint8_t envelope[ES_ENVELOPE_BYTES_MIN];
    uint32_t peer = 0;

    (void)state;
    do {
        es_proof_random(es_seal_expiry(people->chat, &people->context), &people->env.entropy,
                        envelope);
    } while (es_work_valid(envelope, people->settings.work_bits));
    assert_int_equal(
        calls.envelope(calls.ctx, &people->context, 1, 0, 0, ES_SLICE_OF(envelope), &peer),
        ES_ENVELOPE_FOREIGN);
    assert_int_equal(people->chat->n_trials, 0);
    people_free(people);
}

/* Asked by seed 2 with this secret; the label follows from the session that was made. */
static struct es_label label_after(struct people *people, struct es_open_invite *invite)
{
    static const struct es_key no_psk = {{0}};
    const struct es_identity asker = people_identity(2);
    const struct es_identity *self = &people->chat->self.identity;
    const struct es_request request = {.kind =
                                           invite != NULL ? ES_REQUEST_INVITE : ES_REQUEST_RENEWAL};
    struct es_target target;
    struct es_addressee addressee = {.secret = self->secret};
    struct es_key psks[2] = {no_psk, invite != NULL ? invite->secret : no_psk};
    struct es_request_opened opened;
    struct es_pending pending = {0};
    struct es_peer_key self_key;
    uint8_t envelope[ES_ENVELOPE_BYTES_MIN];
    struct es_label label;

    assert_true(es_peer_key_init(&self_key, &self->address));
    target.dh = self_key.dh;
    memcpy(target.name, self->address.bytes, sizeof(target.name));
    memcpy(addressee.name, self->address.bytes, sizeof(addressee.name));
    assert_true(es_request_seal(&asker, &target, &psks[invite != NULL], &request, 0,
                                &people->env.entropy, envelope, &pending));
    assert_true(
        es_request_open(&addressee, psks, 1 + (invite != NULL), ES_SLICE_OF(envelope), &opened));
    es_asked_take(people->chat, &people->context, 1, addressee.name, &opened, invite);
    assert_int_equal(people->chat->n_contacts, 1);
    es_sessions_confirmed(people->chat, &people->context, people->chat->contacts[0]->sessions[0]);
    people->chat->contacts[0]->sessions[0]->ratchet.confirmed = true;
    assert_true(es_chat_label(people->chat, people->chat->contacts[0]->number, &label));
    return label;
}

static void the_label_says_whether_the_handshake_had_a_secret(void **state)
{
    struct people *people = people_new();
    struct es_open_invite *invite = es_invites_make(people->chat, &people->context, 1, ES_HOUR_MS);

    (void)state;
    assert_true(label_after(people, invite).post_quantum_by_invite);
    people->chat->contacts[0]->verified_by = ES_VERIFIED_INVITE;
    assert_false(label_after(people, NULL).post_quantum_by_invite);
    people_free(people);
}

static void a_clock_at_its_end_closes_no_invite(void **state)
{
    struct people *people = people_new();
    const struct es_open_invite *invite;

    (void)state;
    people->context.wall_ms = UINT64_MAX - 5;
    invite = es_invites_make(people->chat, &people->context, 1, ES_HOUR_MS);
    assert_true(es_invites_is_open(people->chat, &people->context, invite));
    es_self_set_visible(people->chat, &people->context, ES_HOUR_MS);
    assert_true(people->chat->self.visible_until_wall_ms == UINT64_MAX);
    people_free(people);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_envelope_without_work_is_foreign),
        cmocka_unit_test(the_label_says_whether_the_handshake_had_a_secret),
        cmocka_unit_test(a_clock_at_its_end_closes_no_invite),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
