/* SPDX-License-Identifier: ISC */
/* proofs.c - whose links are they? What LINK envelopes say and show (docs/protocol.md, sections 8.2
 * and 6.6).
 *
 * Each session has a link key of its own, so whoever is heard in a session can prove itself by it. A
 * dialler proves under the key of the session that it seals in; the listener answers under the key by
 * which the dialler proved itself. */
#include <assert.h>
#include <string.h>

#include "node/core/chat/parts.h"
#include "node/core/e2ee/proof.h"
#include "node/core/mutant.h"

#define LINK_KEY_DAYS 7
/* What of a LINK envelope is left for an ACK. */
#define PROOF_ACK_BYTES 200

/* --- Ours ------------------------------------------------------------------------------------- */

static void write_state(struct es_writer *writer, const struct es_context *context,
                        const struct es_live_session *session)
{
    struct es_record record = {.kind = ES_RECORD_LINK_STATE};

    memcpy(record.link_state.session, session->ratchet.id.bytes, sizeof(record.link_state.session));
    record.link_state.chain = session->ratchet.send.number;
    record.link_state.next = session->ratchet.sending ? session->ratchet.send.next : 0;
    record.link_state.wall_ms = context->wall_ms;
    es_record_write(writer, &record);
}

static void write_ack(struct es_writer *writer, const struct es_live_session *session,
                      size_t bytes_max)
{
    struct es_record record = {.kind = ES_RECORD_ACK};

    if (!session->ratchet.receiving)
        return;
    es_ack_build(session, bytes_max, &record.ack);
    es_record_write(writer, &record);
}

/* The peer may seal in another session than we do. Without the gaps its ACK has one size. */
static void write_other_states(struct es_writer *writer, const struct es_context *context,
                               const struct es_contact *contact,
                               const struct es_live_session *sending)
{
    for (size_t i = 0; i < ES_SESSIONS_PER_CONTACT_MAX && contact->sessions[i] != NULL; i++) {
        const struct es_live_session *session = contact->sessions[i];

        if (session == sending || !session->ratchet.receiving)
            continue;
        write_state(writer, context, session);
        write_ack(writer, session, 0);
    }
}

static size_t write_states(struct es_chat *chat, const struct es_context *context,
                           const struct es_contact *contact, const struct es_live_session *sending,
                           uint8_t *buf, size_t cap)
{
    struct es_writer writer = es_writer(buf, cap);
    struct es_record presence = {0};

    write_state(&writer, context, sending);
    es_presence_record(chat, &presence);
    es_record_write(&writer, &presence);
    es_wipe(&presence, sizeof(presence));
    write_ack(&writer, sending, PROOF_ACK_BYTES - 64);
    write_other_states(&writer, context, contact, sending);
    assert(!writer.failed);
    return es_writer_len(&writer);
}

/* The peer may not have the newest key of the session yet. */
static const struct es_key *proving_key(const struct es_contact *contact,
                                        const struct es_live_session *session,
                                        enum es_link_role role)
{
    const struct es_link_key_state *state = &session->link_key;

    if (role == ES_ROLE_LISTENER)
        return &contact->proved_by;
    return state->known ? &state->now : &state->before;
}

void es_proofs_make(struct es_chat *chat, struct es_context *context, struct es_contact *contact,
                    enum es_link_role role, const struct es_link_keys *keys, uint8_t *ret_envelope)
{
    const struct es_live_session *session = NULL;
    uint8_t records[ES_PROOF_CAPACITY];
    size_t len;

    if (contact != NULL && contact->state == ES_CONTACT_ACCEPTED && contact->sessions[0] != NULL)
        session = es_sessions_sending(chat, contact);
    if (session == NULL) {
        es_proof_random(es_seal_expiry(chat, context), context->entropy, ret_envelope);
        if (ES_MUTANT(PRESENCE_TO_STRANGERS))
            memcpy(ret_envelope + ES_ENVELOPE_HEADER_BYTES, chat->self.presence.key.bytes,
                   ES_KEY_BYTES);
        return;
    }
    if (role == ES_ROLE_DIALLER) {
        contact->asked_session = session->ratchet.number;
        contact->asked_chain = session->ratchet.send.number;
        contact->asked_acked = session->ratchet.acked;
    }
    len = write_states(chat, context, contact, session, records, sizeof(records));
    es_proof_seal(proving_key(contact, session, role), role, keys, es_seal_expiry(chat, context),
                  es_slice(records, len), context->entropy, ret_envelope);
    es_wipe(records, sizeof(records));
}

/* --- Theirs ----------------------------------------------------------------------------------- */

/* The peer names the session that it seals in first. One that we do not have: ours is an older copy. */
static struct es_live_session *take_state(struct es_chat *chat, struct es_context *context,
                                          struct es_contact *contact, bool first,
                                          const struct es_link_state *state)
{
    static const uint8_t none[sizeof(state->session)] = {0};
    struct es_live_session *session = es_sessions_by_id(contact, state->session);

    if (first && session == NULL && memcmp(state->session, none, sizeof(none)) != 0)
        es_contact_gone_back(chat, context, contact);
    es_mesh_clock(chat->mesh, context, contact->number, state->wall_ms);
    return session;
}

/* How much of the sending chain the peer must know of: what it had acknowledged before it sealed this.
 * An ACK that was sealed later may have come by another link. */
static uint32_t must_know(const struct es_live_session *session, enum es_link_role role)
{
    const struct es_contact *contact = session->contact;

    if (!contact->present)
        return session->ratchet.acked;
    if (role == ES_ROLE_LISTENER && contact->asked_session == session->ratchet.number &&
        contact->asked_chain == session->ratchet.send.number)
        return contact->asked_acked;
    return 0;
}

/* role: of the peer. */
static void take_ack(struct es_chat *chat, struct es_context *context,
                     struct es_live_session *session, enum es_link_role role,
                     const struct es_ack *ack)
{
    if (es_ack_behind(&session->ratchet, must_know(session, role), ack))
        session->contact->renew = true;
    es_ack_apply(chat, context, session, ack);
    es_sessions_save(chat, context, session);
}

static void take_proof(struct es_chat *chat, struct es_context *context, struct es_contact *contact,
                       enum es_link_role role, struct es_slice records)
{
    struct es_reader reader = es_reader(records);
    struct es_live_session *session = NULL;
    struct es_record record;
    bool first = true;

    while (es_record_next(&reader, &record)) {
        if (record.kind == ES_RECORD_LINK_STATE) {
            session = take_state(chat, context, contact, first, &record.link_state);
            first = false;
        } else if (record.kind == ES_RECORD_PRESENCE) {
            es_presence_learn(chat, context, contact, &record.presence);
        } else if (record.kind == ES_RECORD_ACK && session != NULL) {
            take_ack(chat, context, session, role, &record.ack);
        } else if (record.kind != ES_RECORD_ACK) {
            es_count(context->counters, ES_COUNT_REJECTED_RECORD);
        }
    }
    es_wipe(&record, sizeof(record));
    contact->unchecked = false;
    es_contact_save(chat, context, contact);
}

/* One proof under one key. */
struct attempt {
    enum es_link_role role;
    const struct es_link_keys *keys;
    struct es_tag tag;
    struct es_slice envelope;
};

static bool proves(const struct attempt *attempt, const struct es_key *key, uint8_t *plain,
                   struct es_slice *ret_records)
{
    struct es_tag tag;

    if (es_bytes_zero(key->bytes, sizeof(key->bytes)))
        return false;
    tag = es_proof_tag(key, attempt->role, attempt->keys);
    return es_bytes_equal(tag.bytes, attempt->tag.bytes, sizeof(tag.bytes)) &&
           es_proof_open(key, attempt->role, attempt->keys, attempt->envelope, plain, ret_records);
}

static bool proves_contact(struct es_chat *chat, struct es_context *context,
                           struct es_contact *contact, const struct attempt *attempt)
{
    uint8_t plain[ES_ENVELOPE_BYTES_MIN];

    for (size_t i = 0; i < ES_SESSIONS_PER_CONTACT_MAX && contact->sessions[i] != NULL; i++) {
        struct es_live_session *session = contact->sessions[i];
        struct es_link_key_state *state = &session->link_key;
        struct es_slice records;

        if (proves(attempt, &state->now, plain, &records)) {
            state->known = true;
            es_sessions_save(chat, context, session);
            contact->proved_by = state->now;
        } else if (proves(attempt, &state->before, plain, &records)) {
            contact->proved_by = state->before;
        } else {
            continue;
        }
        take_proof(chat, context, contact, attempt->role, records);
        es_wipe(plain, sizeof(plain));
        return true;
    }
    return false;
}

uint32_t es_proofs_check(struct es_chat *chat, struct es_context *context, uint32_t expected,
                         enum es_link_role role, const struct es_link_keys *keys,
                         struct es_slice envelope)
{
    struct attempt attempt = {.role = role, .keys = keys, .envelope = envelope};
    struct es_envelope header;

    if (!es_envelope_decode(envelope, &header))
        return 0;
    attempt.tag = header.tag;
    for (size_t i = 0; i < chat->n_contacts; i++) {
        struct es_contact *contact = chat->contacts[i];

        if (contact->state != ES_CONTACT_ACCEPTED || (expected != 0 && contact->number != expected))
            continue;
        if (proves_contact(chat, context, contact, &attempt)) {
            contact->unproved = 0;
            if (role == ES_ROLE_LISTENER)
                es_presence_proved(chat, context, contact, &keys->server);
            return contact->number;
        }
        if (ES_MUTANT(WRONG_LINK_BOUND))
            return contact->number;
        if (expected != 0 && contact->unproved < ES_UNPROVED_MAX)
            contact->unproved++;
        if (expected != 0)
            es_presence_doubted(chat, contact);
    }
    return 0;
}

/* --- Time ------------------------------------------------------------------------------------- */

/* The side with the smaller identity replaces the key of the session in use every week. */
void es_proofs_tidy(struct es_chat *chat, struct es_context *context, struct es_contact *contact)
{
    struct es_live_session *session = es_sessions_sending(chat, contact);
    struct es_link_key_state *state = &session->link_key;
    bool smaller =
        memcmp(chat->self.identity.address.bytes, contact->key.address.bytes, ES_KEY_BYTES) < 0;

    if (!smaller || !state->known || !session->ratchet.confirmed ||
        es_age_since(chat, context, state->made_age_ms) < LINK_KEY_DAYS * ES_DAY_MS)
        return;
    state->before = state->now;
    es_random(context, state->now.bytes, sizeof(state->now.bytes));
    state->known = false;
    state->serial++;
    state->made_age_ms = es_age_ms(chat, context);
    es_sessions_save(chat, context, session);
    es_outbox_owe(chat, context, contact, ES_OWED_LINK_KEY);
}
