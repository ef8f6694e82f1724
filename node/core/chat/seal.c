/* SPDX-License-Identifier: ISC */
/* seal.c - from messages and owed records to envelopes.
 *
 * Nothing is sealed while inputs are handled: it happens once before a batch is taken, so that one
 * ACK answers everything that arrived together. */
#include <string.h>

#include "node/core/chat/parts.h"
#include "node/core/mutant.h"

/* Lifetime of every envelope for those who may carry it (docs/protocol.md, section 4.2). */
#define LIFETIME_MS (48 * ES_HOUR_MS)
/* Room left for an ACK beside what is sealed: current chain and a few ranges. */
#define ACK_BYTES_MIN 48
#define ACK_BYTES_MAX 300
/* The end of a window is kept for an envelope that asks for an ACK and is itself repeated until it has
 * one: whatever else was lost, that opens the window again. */
#define ANSWER_RESERVE 2

uint16_t es_seal_expiry(const struct es_chat *chat, const struct es_context *context)
{
    return es_expiry_bucket(es_mesh_time_ms(chat->mesh, context->wall_ms) + LIFETIME_MS);
}

/* --- Records ---------------------------------------------------------------------------------- */

/* Envelopes with nothing but an ACK are not sent again; without this every lost one would stay a gap
 * at the peer and fill its ACKs. */
static void write_floor(const struct es_live_session *session, struct es_writer *writer)
{
    const struct es_chain *send = &session->ratchet.send;
    struct es_record record = {.kind = ES_RECORD_FLOOR};
    size_t n_sealed = session->n_sealed;

    if (!session->ratchet.sending)
        return;
    record.floor.chain = send->number;
    record.floor.n = send->next;
    for (const struct es_outgoing *out = session->contact->outbox; out && n_sealed > 0;
         out = out->next) {
        if (!out->sealed || out->session != session->ratchet.number)
            continue;
        n_sealed--;
        if (ES_MUTANT(FLOOR_TOO_HIGH))
            continue;
        if (out->at.chain < record.floor.chain ||
            (out->at.chain == record.floor.chain && out->at.n < record.floor.n)) {
            record.floor.chain = out->at.chain;
            record.floor.n = out->at.n;
        }
    }
    es_record_write(writer, &record);
}

static void write_ack(const struct es_live_session *session, struct es_writer *writer, size_t left)
{
    struct es_record record = {.kind = ES_RECORD_ACK};

    if (!session->ratchet.receiving || left < ACK_BYTES_MIN)
        return;
    es_ack_build(session, (left < ACK_BYTES_MAX ? left : ACK_BYTES_MAX) - ACK_BYTES_MIN,
                 &record.ack);
    while (es_record_bytes(&record) > left && record.ack.n_chains > 0)
        record.ack.n_chains--;
    if (es_record_bytes(&record) <= left)
        es_record_write(writer, &record);
}

static void write_owed(struct es_chat *chat, const struct es_contact *contact,
                       const struct es_live_session *session, uint8_t bits,
                       struct es_writer *writer)
{
    struct es_record record = {0};

    if (bits & ES_OWED_PROFILE) {
        record.kind = ES_RECORD_PROFILE;
        record.profile = es_slice(chat->self.name, strlen(chat->self.name));
        es_record_write(writer, &record);
    }
    if (bits & ES_OWED_PRESENCE) {
        es_presence_record(chat, &record);
        es_record_write(writer, &record);
    }
    if ((bits & ES_OWED_READ) && contact->read_in.sequence != 0) {
        record.kind = ES_RECORD_READ;
        record.read = contact->read_in;
        es_record_write(writer, &record);
    }
    if ((bits & ES_OWED_LINK_KEY) && session->link_key.serial > 0) {
        record.kind = ES_RECORD_LINK_KEY;
        record.link_key.serial = session->link_key.serial;
        record.link_key.key = session->link_key.now;
        es_record_write(writer, &record);
    }
    if (bits & ES_OWED_WINDOW) {
        record.kind = ES_RECORD_WINDOW;
        record.window = session->ratchet.own_window;
        es_record_write(writer, &record);
    }
    if (bits & ES_OWED_ANSWER) {
        record.kind = ES_RECORD_ANSWER;
        es_record_write(writer, &record);
    }
    es_wipe(&record, sizeof(record));
}

/* The text of one of our messages, as a record. `after`: the one before it that still waits. */
static bool write_text(struct es_chat *chat, const struct es_contact *contact,
                       const struct es_outgoing *out, uint64_t after, struct es_writer *writer)
{
    struct es_row_key key = es_key_message(contact->number, ES_MESSAGE_OURS, out->id, NULL);
    struct es_record record = {.kind = ES_RECORD_TEXT};
    struct es_message message;
    struct es_slice body;

    if (!es_chat_read(chat, ES_ROW_MESSAGE, &key, &body) || !es_message_decode(body, &message))
        return false;
    record.text = (struct es_text){.id = out->id,
                                   .sent_at_ms = message.sent_wall_ms,
                                   .after = ES_MUTANT(NO_TEXT_BEFORE) ? 0 : after,
                                   .reply_to = message.reply_to,
                                   .reply_to_own = message.reply_to_own,
                                   .text = message.text};
    es_record_write(writer, &record);
    return true;
}

/* --- Sealing ---------------------------------------------------------------------------------- */

static bool has_room(const struct es_live_session *session)
{
    return es_session_room(&session->ratchet) > ANSWER_RESERVE;
}

/* Adds an ACK to the records in chat->scratch->plain and seals them into chat->scratch->envelope. */
static bool seal(struct es_chat *chat, struct es_context *context, struct es_live_session *session,
                 struct es_writer *writer, struct es_slice *ret_envelope,
                 struct es_position *ret_at)
{
    enum es_envelope_class cls;

    write_floor(session, writer);
    if (writer->failed || es_session_room(&session->ratchet) == 0 ||
        (!es_session_class_for(&session->ratchet, es_writer_len(writer) + ACK_BYTES_MIN, &cls) &&
         !es_session_class_for(&session->ratchet, es_writer_len(writer), &cls)))
        return false;
    write_ack(session, writer, es_session_capacity(&session->ratchet, cls) - es_writer_len(writer));
    es_session_seal(&session->ratchet, context->entropy, cls, es_seal_expiry(chat, context),
                    es_written(writer), chat->scratch->envelope, ret_at);
    es_wipe(chat->scratch->plain, es_writer_len(writer));
    *ret_envelope = es_slice(chat->scratch->envelope, es_class_bytes(cls));
    session->owes_ack = false;
    context->sealed++;
    if (!ES_MUTANT(SENDING_NOT_SAVED))
        es_sessions_save(chat, context, session);
    es_count(context->counters, ES_COUNT_ENVELOPES_SEALED);
    return true;
}

bool es_seal_once(struct es_chat *chat, struct es_context *context, struct es_live_session *session,
                  const struct es_record *record)
{
    struct es_writer writer = es_writer(chat->scratch->plain, sizeof(chat->scratch->plain));
    struct es_slice envelope;
    struct es_position at;

    if (!has_room(session))
        return false;
    if (record != NULL)
        es_record_write(&writer, record);
    if (!seal(chat, context, session, &writer, &envelope, &at))
        return false;
    es_mesh_send(chat->mesh, context, session->contact->number, envelope);
    return true;
}

static bool seal_entry(struct es_chat *chat, struct es_context *context, struct es_contact *contact,
                       struct es_live_session *session, struct es_outgoing *out, uint64_t after)
{
    struct es_writer writer = es_writer(chat->scratch->plain, sizeof(chat->scratch->plain));
    struct es_slice envelope;
    struct es_id id;

    if (out->kind == ES_OUT_CONTROL)
        write_owed(chat, contact, session, out->carries, &writer);
    else if (!write_text(chat, contact, out, after, &writer))
        return false;
    if (!seal(chat, context, session, &writer, &envelope, &out->at))
        return false;
    id = es_envelope_id(envelope);
    memcpy(out->envelope.bytes, id.bytes, sizeof(out->envelope.bytes));
    es_outbox_sealed(contact, out, session);
    es_outbox_save(context, chat, contact, out, envelope);
    es_outbox_sent(context, contact, out,
                   es_mesh_send(chat->mesh, context, contact->number, envelope));
    return true;
}

bool es_seal_read(struct es_chat *chat, struct es_context *context,
                  const struct es_contact *contact, const struct es_outgoing *out,
                  struct es_slice *ret_envelope)
{
    struct es_row_key key = es_key_outgoing(contact->number, out->kind, out->id);
    struct es_outgoing stored;
    struct es_slice body, envelope;

    if (!es_chat_read(chat, ES_ROW_OUTBOX, &key, &body) ||
        !es_body_decode_outgoing(body, &stored, &envelope) || !stored.sealed ||
        envelope.len > sizeof(chat->scratch->envelope))
        return false;
    memcpy(chat->scratch->envelope, envelope.ptr, envelope.len);
    es_envelope_restamp(chat->scratch->envelope, es_seal_expiry(chat, context));
    *ret_envelope = es_slice(chat->scratch->envelope, envelope.len);
    return true;
}

void es_seal_answer_kept(struct es_chat *chat, struct es_context *context,
                         struct es_live_session *session)
{
    struct es_contact *contact = session->contact;
    size_t n_sealed = contact->n_sealed;
    struct es_outgoing *out;

    if (es_session_room(&session->ratchet) == 0)
        return;
    for (out = contact->outbox; out != NULL && n_sealed > 0; out = out->next) {
        n_sealed -= out->sealed;
        if (out->sealed && out->session == session->ratchet.number &&
            (out->carries & ES_OWED_ANSWER))
            return; /* one is on its way */
    }
    out = es_outbox_add_control(chat, contact, ES_OWED_ANSWER);
    if (out == NULL)
        return;
    es_self_save(chat, context);
    seal_entry(chat, context, contact, session, out, 0);
}

/* --- What is due ------------------------------------------------------------------------------ */

/* What was sealed in a session that is no longer used is sealed anew under its id. What tells of a
 * session that the peer has not confirmed stays in that one. */
static void leave_old_sessions(struct es_chat *chat, struct es_context *context,
                               struct es_contact *contact, const struct es_live_session *sending)
{
    for (size_t i = 0; i < ES_SESSIONS_PER_CONTACT_MAX && contact->sessions[i] != NULL; i++) {
        struct es_live_session *session = contact->sessions[i];

        if (session != sending && session->n_sealed > 0 &&
            !(es_sessions_is_candidate(session) && sending->ratchet.confirmed))
            es_outbox_unseal_session(chat, context, session);
    }
}

/* Any envelope of a candidate is the acceptance (docs/protocol.md, section 6.2): while another session
 * is in use one is made for it, and repeated. sending: NULL when nothing may be sealed in any other. */
static void announce_candidates(struct es_chat *chat, struct es_context *context,
                                struct es_contact *contact, const struct es_live_session *sending)
{
    for (size_t i = 0; i < ES_SESSIONS_PER_CONTACT_MAX && contact->sessions[i] != NULL; i++) {
        struct es_live_session *session = contact->sessions[i];
        struct es_outgoing *out;

        if (session == sending || !es_sessions_is_candidate(session) || session->n_sealed > 0 ||
            (sending != NULL && !sending->ratchet.confirmed) || !has_room(session))
            continue;
        out = es_outbox_add_control(chat, contact, ES_OWED_PROFILE);
        if (out == NULL)
            return;
        es_self_save(chat, context);
        seal_entry(chat, context, contact, session, out, 0);
    }
}

static void take_owed(struct es_chat *chat, struct es_context *context, struct es_contact *contact)
{
    if (contact->owed == 0 || es_outbox_add_control(chat, contact, contact->owed) == NULL)
        return;
    contact->owed = 0;
    es_self_save(chat, context);
    es_contact_save(chat, context, contact);
}

static void seal_contact(struct es_chat *chat, struct es_context *context,
                         struct es_contact *contact, struct es_live_session *session)
{
    struct es_message_id before = {0};
    struct es_outgoing *next;

    take_owed(chat, context, contact);
    for (struct es_outgoing *out = contact->outbox; out != NULL; out = next) {
        next = out->next;
        /* What was sealed before goes first, and then what the link can take. */
        if (out->sealed ? es_outbox_is_due(context, out)
                        : !es_mesh_has_room(chat->mesh, contact->number))
            return;
        /* `after` names no message of another incarnation: those before it arrive first. */
        if (out->kind == ES_OUT_TEXT && before.sequence != 0 &&
            before.incarnation != out->id.incarnation)
            return;
        if (!out->sealed) {
            if (context->sealed >= ES_ENVELOPES_PER_BATCH_MAX) {
                chat->more = true;
                return;
            }
            if (!has_room(session)) {
                es_seal_answer_kept(chat, context, session);
                return;
            }
            if (!seal_entry(chat, context, contact, session, out, before.sequence)) {
                if (chat->read_failed)
                    return;
                /* A text whose row cannot be read would hold up all behind it. */
                es_conversation_fail(chat, context, contact, out, ES_E_STORE);
                continue;
            }
        }
        if (out->kind == ES_OUT_TEXT)
            before = out->id;
    }
}

/* An envelope with nothing but an ACK asks for none, unless half the window is open. */
static void seal_answer(struct es_chat *chat, struct es_context *context,
                        struct es_live_session *session)
{
    static const struct es_record ask = {.kind = ES_RECORD_ANSWER};
    const struct es_record pong = {
        .kind = ES_RECORD_PONG,
        .ping = {.token = session->pong_token, .pad_bytes = session->pong_bytes}};
    const struct es_record *record = NULL;

    if (session->owes_pong)
        record = &pong;
    else if (es_session_room(&session->ratchet) <= session->ratchet.window / 2)
        record = &ask;
    session->owes_pong = false;
    if (!es_seal_once(chat, context, session, record))
        es_seal_answer_kept(chat, context, session);
}

static void seal_answers(struct es_chat *chat, struct es_context *context,
                         struct es_contact *contact)
{
    for (size_t i = 0; i < ES_SESSIONS_PER_CONTACT_MAX && contact->sessions[i] != NULL; i++) {
        struct es_live_session *session = contact->sessions[i];

        if (!session->owes_ack && !session->owes_pong)
            continue;
        if (context->sealed >= ES_ENVELOPES_PER_BATCH_MAX) {
            chat->more = true;
            return;
        }
        seal_answer(chat, context, session);
    }
}

void es_seal_due(struct es_chat *chat, struct es_context *context)
{
    for (size_t i = 0; i < chat->n_contacts; i++) {
        struct es_contact *contact = chat->contacts[i];
        struct es_live_session *sending;

        if (contact->state != ES_CONTACT_ACCEPTED || contact->sessions[0] == NULL)
            continue;
        if (!es_contact_may_seal(contact)) {
            announce_candidates(chat, context, contact, NULL);
            continue;
        }
        sending = es_sessions_sending(chat, contact);
        leave_old_sessions(chat, context, contact, sending);
        announce_candidates(chat, context, contact, sending);
        if (contact->n_outbox > 0 || contact->owed != 0)
            seal_contact(chat, context, contact, sending);
        seal_answers(chat, context, contact);
    }
}
