/* SPDX-License-Identifier: ISC */
/* outbox.c - what is not acknowledged yet: sealed bytes are sent again until the session's ACK.
 *
 * A link's ACK ("on that neighbour's disk") only ends the repeating on that link. */
#include <string.h>

#include "node/core/chat/parts.h"
#include "node/core/mutant.h"

/* Repeating on a link: a lost frame is rare, so the first repeat may be late. */
#define LINK_RETRY_MS 1000
#define LINK_RETRY_MS_MAX 30000
/* Offering again to neighbours what waits for somebody who is not here. */
#define OFFER_RETRY_MS 30000
#define OFFER_RETRY_MS_MAX (10 * ES_MINUTE_MS)
/* On the peer's disk, but no ACK of the session: ask for one. */
#define ANSWER_MS 10000
#define ANSWER_MS_MAX ES_HOUR_MS
/* Envelopes offered to one new neighbour: what a burst allows a stranger (limits.h), shared. */
#define OFFERS_PER_LINK_MAX 64

static uint64_t backoff(uint64_t first, uint64_t max, uint32_t tries)
{
    return tries >= 20 || (first << tries) > max ? max : first << tries;
}

/* Records go before texts; texts in the order in which they were written. */
static void insert(struct es_contact *contact, struct es_outgoing *out)
{
    struct es_outgoing **link = &contact->outbox;

    if (contact->outbox_tail != NULL && contact->outbox_tail->order <= out->order)
        link = &contact->outbox_tail->next;
    while (*link != NULL && (*link)->order <= out->order)
        link = &(*link)->next;
    out->next = *link;
    *link = out;
    if (out->next == NULL)
        contact->outbox_tail = out;
    contact->n_outbox++;
}

void es_outbox_save(struct es_context *context, struct es_chat *chat,
                    const struct es_contact *contact, const struct es_outgoing *out,
                    struct es_slice envelope)
{
    struct es_row_key key = es_key_outgoing(contact->number, out->kind, out->id);
    size_t len = es_body_outgoing(out, envelope, chat->scratch->body, sizeof(chat->scratch->body));

    es_emit_row(context, ES_ROW_OUTBOX, es_row_key_slice(&key), es_slice(chat->scratch->body, len));
}

/* NULL: full. */
static struct es_outgoing *add(struct es_chat *chat, struct es_contact *contact,
                               const struct es_outgoing *entry)
{
    struct es_outgoing *out = es_pool_get(&chat->outgoing_pool);

    if (out == NULL)
        return NULL;
    *out = *entry;
    insert(contact, out);
    return out;
}

bool es_outbox_add_text(struct es_chat *chat, struct es_context *context,
                        struct es_contact *contact, struct es_message_id id, uint64_t order)
{
    const struct es_outgoing entry = {.kind = ES_OUT_TEXT, .id = id, .order = order};
    struct es_outgoing *out;

    if (chat->n_texts >= ES_OUTBOX_MAX)
        return false;
    out = add(chat, contact, &entry);
    if (out == NULL)
        return false;
    chat->n_texts++;
    if (!ES_MUTANT(OUTBOX_NOT_SAVED))
        es_outbox_save(context, chat, contact, out, es_slice(NULL, 0));
    return true;
}

struct es_outgoing *es_outbox_add_control(struct es_chat *chat, struct es_contact *contact,
                                          uint8_t carries)
{
    const struct es_outgoing entry = {
        .kind = ES_OUT_CONTROL, .id.sequence = chat->self.next_control, .carries = carries};
    struct es_outgoing *out = add(chat, contact, &entry);

    chat->self.next_control += out != NULL;
    return out;
}

void es_outbox_sealed(struct es_contact *contact, struct es_outgoing *out,
                      struct es_live_session *session)
{
    out->session = session->ratchet.number;
    out->sealed = true;
    out->on_peer_disk = false;
    out->tries = 0;
    contact->n_sealed++;
    session->n_sealed++;
}

/* It stands in no session any more. */
static void leave_session(struct es_chat *chat, struct es_contact *contact, struct es_outgoing *out)
{
    struct es_live_session *session = es_sessions_find(chat, out->session);

    if (!out->sealed)
        return;
    contact->n_sealed--;
    session->n_sealed--;
    out->sealed = false;
}

void es_outbox_owe(struct es_chat *chat, struct es_context *context, struct es_contact *contact,
                   uint8_t bits)
{
    if ((contact->owed & bits) == bits)
        return;
    contact->owed |= bits;
    es_contact_save(chat, context, contact);
}

void es_outbox_remove(struct es_chat *chat, struct es_context *context, struct es_contact *contact,
                      struct es_outgoing *out)
{
    struct es_row_key key = es_key_outgoing(contact->number, out->kind, out->id);
    struct es_outgoing *before = NULL;

    es_emit_erase(context, ES_ROW_OUTBOX, es_row_key_slice(&key));
    if (contact->outbox != out)
        for (before = contact->outbox; before->next != out;)
            before = before->next;
    if (before == NULL)
        contact->outbox = out->next;
    else
        before->next = out->next;
    if (contact->outbox_tail == out)
        contact->outbox_tail = before;
    contact->n_outbox--;
    chat->n_texts -= out->kind == ES_OUT_TEXT;
    leave_session(chat, contact, out);
    es_pool_put(&chat->outgoing_pool, out);
}

void es_outbox_unseal(struct es_chat *chat, struct es_context *context, struct es_contact *contact,
                      struct es_outgoing *out)
{
    if (ES_MUTANT(UNSEALED_IS_LOST)) {
        es_outbox_remove(chat, context, contact, out);
        return;
    }
    if (out->kind == ES_OUT_CONTROL) {
        es_outbox_owe(chat, context, contact, (uint8_t)(out->carries & ~ES_OWED_ANSWER));
        es_outbox_remove(chat, context, contact, out);
        return;
    }
    leave_session(chat, contact, out);
    es_outbox_save(context, chat, contact, out, es_slice(NULL, 0));
}

void es_outbox_unseal_session(struct es_chat *chat, struct es_context *context,
                              struct es_live_session *session)
{
    struct es_contact *contact = session->contact;
    struct es_outgoing *next;

    for (struct es_outgoing *out = contact->outbox; out != NULL && session->n_sealed > 0;
         out = next) {
        next = out->next;
        if (out->sealed && out->session == session->ratchet.number)
            es_outbox_unseal(chat, context, contact, out);
    }
}

void es_outbox_clear(struct es_chat *chat, struct es_context *context, struct es_contact *contact)
{
    while (contact->outbox != NULL)
        es_outbox_remove(chat, context, contact, contact->outbox);
}

/* --- When it is sent again -------------------------------------------------------------------- */

void es_outbox_sent(struct es_context *context, struct es_contact *contact, struct es_outgoing *out,
                    enum es_path path)
{
    if (path == ES_PATH_DIRECT)
        out->next_try_ms = context->now_ms + backoff(LINK_RETRY_MS, LINK_RETRY_MS_MAX, out->tries);
    else
        out->next_try_ms =
            context->now_ms + backoff(OFFER_RETRY_MS, OFFER_RETRY_MS_MAX, out->tries);
    if (out->tries < UINT32_MAX)
        out->tries++;
    if (contact->present && contact->answer_at_ms == UINT64_MAX)
        contact->answer_at_ms = context->now_ms + ANSWER_MS;
}

void es_outbox_answered(const struct es_context *context, struct es_contact *contact)
{
    contact->answer_tries = 0;
    contact->answer_at_ms = contact->n_sealed > 0 ? context->now_ms + ANSWER_MS : UINT64_MAX;
}

void es_outbox_present(struct es_context *context, struct es_contact *contact)
{
    for (struct es_outgoing *out = contact->outbox; out != NULL; out = out->next) {
        out->on_peer_disk = false;
        out->tries = 0;
        out->next_try_ms = context->now_ms;
    }
    es_outbox_answered(context, contact);
}

void es_outbox_on_disk(struct es_contact *contact, const struct es_ack_id *id)
{
    size_t n_sealed = contact->n_sealed;

    for (struct es_outgoing *out = contact->outbox; out != NULL && n_sealed > 0; out = out->next) {
        n_sealed -= out->sealed;
        if (out->sealed && memcmp(out->envelope.bytes, id->bytes, sizeof(id->bytes)) == 0) {
            out->on_peer_disk = true;
            return;
        }
    }
}

static void send_again(struct es_chat *chat, struct es_context *context, struct es_contact *contact,
                       struct es_outgoing *out)
{
    struct es_slice envelope;

    if (es_mesh_is_under_way(chat->mesh, context, contact->number, &out->envelope)) {
        out->next_try_ms = context->now_ms + LINK_RETRY_MS;
        return;
    }
    if (!es_seal_read(chat, context, contact, out, &envelope))
        return;
    context->sealed++;
    es_outbox_sent(context, contact, out,
                   es_mesh_send(chat->mesh, context, contact->number, envelope));
    es_count(context->counters, ES_COUNT_ENVELOPES_RESENT);
}

static void ask_for_answer(struct es_chat *chat, struct es_context *context,
                           struct es_contact *contact)
{
    static const struct es_record answer = {.kind = ES_RECORD_ANSWER};
    struct es_live_session *session = es_sessions_sending(chat, contact);

    contact->answer_at_ms = UINT64_MAX;
    if (contact->n_sealed == 0 || session == NULL || !es_contact_may_seal(contact))
        return;
    if (contact->answer_tries < UINT32_MAX)
        contact->answer_tries++;
    contact->answer_at_ms =
        context->now_ms + backoff(ANSWER_MS, ANSWER_MS_MAX, contact->answer_tries);
    if (!es_seal_once(chat, context, session, &answer))
        es_seal_answer_kept(chat, context, session);
}

bool es_outbox_is_due(const struct es_context *context, const struct es_outgoing *out)
{
    return out->sealed && !out->on_peer_disk && out->next_try_ms <= context->now_ms;
}

void es_outbox_timer(struct es_chat *chat, struct es_context *context)
{
    for (size_t i = 0; i < chat->n_contacts; i++) {
        struct es_contact *contact = chat->contacts[i];
        size_t n_sealed = contact->n_sealed;

        if (contact->present && contact->answer_at_ms <= context->now_ms)
            ask_for_answer(chat, context, contact);
        for (struct es_outgoing *out = contact->outbox; out != NULL && n_sealed > 0;
             out = out->next) {
            n_sealed -= out->sealed;
            if (!es_outbox_is_due(context, out))
                continue;
            if (!es_mesh_has_room(chat->mesh, contact->number))
                break;
            if (context->sealed >= ES_ENVELOPES_PER_BATCH_MAX) {
                chat->more = true;
                return;
            }
            send_again(chat, context, contact, out);
        }
    }
}

void es_outbox_offer(struct es_chat *chat, struct es_context *context, uint32_t link)
{
    size_t n = 0;

    for (size_t i = 0; i < chat->n_contacts; i++) {
        const struct es_contact *contact = chat->contacts[i];
        size_t n_sealed = contact->present ? 0 : contact->n_sealed;

        for (struct es_outgoing *out = contact->outbox; out != NULL && n_sealed > 0;
             out = out->next) {
            struct es_slice envelope;

            if (!out->sealed || !es_seal_read(chat, context, contact, out, &envelope))
                continue;
            n_sealed--;
            if (n++ == OFFERS_PER_LINK_MAX)
                return;
            es_mesh_offer(chat->mesh, context, link, envelope);
        }
    }
}

uint64_t es_outbox_wake_at(const struct es_chat *chat)
{
    uint64_t at_ms = UINT64_MAX;

    for (size_t i = 0; i < chat->n_contacts; i++) {
        const struct es_contact *contact = chat->contacts[i];
        size_t n_sealed = contact->n_sealed;

        if (contact->present && contact->answer_at_ms < at_ms)
            at_ms = contact->answer_at_ms;
        if (!es_mesh_has_room(chat->mesh, contact->number))
            continue; /* room comes with an ACK or a PONG, or the link goes */
        for (const struct es_outgoing *out = contact->outbox; out != NULL && n_sealed > 0;
             out = out->next) {
            n_sealed -= out->sealed;
            if (out->sealed && !out->on_peer_disk && out->next_try_ms < at_ms)
                at_ms = out->next_try_ms;
        }
    }
    return at_ms;
}

bool es_outbox_restore(struct es_chat *chat, const struct es_row *row)
{
    struct es_outgoing decoded = {0};
    struct es_contact *contact;
    struct es_live_session *session;
    struct es_slice envelope;
    struct es_outgoing *out;
    uint32_t number;

    if (!es_key_decode_outgoing(row->key, &number, &decoded.kind, &decoded.id) ||
        !es_body_decode_outgoing(row->body, &decoded, &envelope))
        return false;
    contact = es_contact_find(chat, number);
    if (contact == NULL || (decoded.kind == ES_OUT_CONTROL) != (decoded.order == 0) ||
        (decoded.kind == ES_OUT_CONTROL && decoded.id.sequence >= chat->self.next_control))
        return false;
    session = decoded.sealed ? es_sessions_find(chat, decoded.session) : NULL;
    if (decoded.sealed && (session == NULL || session->contact != contact))
        return false;
    out = add(chat, contact, &decoded);
    if (out == NULL)
        return false;
    chat->n_texts += out->kind == ES_OUT_TEXT;
    if (session != NULL)
        es_outbox_sealed(contact, out, session);
    return true;
}
