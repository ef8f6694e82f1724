/* SPDX-License-Identifier: ISC */
/* ask.c - requests of ours: sealed, worked for, offered until they are answered
 * (docs/protocol.md, sections 6.1, 6.2 and 6.6). */
#include <string.h>

#include "node/core/chat/parts.h"
#include "node/core/mutant.h"

/* Tries of the proof of work in one step: some 3 ms, so that nothing else waits long. */
#define WORK_TRIES 8192
#define OFFER_MS 5000
#define OFFER_MS_MAX (10 * ES_MINUTE_MS)
#define RENEWAL_MS ES_HOUR_MS

/* --- Pending handshakes ----------------------------------------------------------------------- */

static void save_pending(struct es_context *context, const struct es_pending *pending)
{
    uint8_t body[ES_PENDING_ROW_BYTES_MAX];
    struct es_row_key key = es_key_number(pending->number);
    size_t len = es_pending_encode(pending, body, sizeof(body));

    es_emit_row(context, ES_ROW_PENDING, es_row_key_slice(&key), es_slice(body, len));
    es_wipe(body, sizeof(body));
}

/* slot: place in contact->pending. */
static void remove_pending(struct es_chat *chat, struct es_context *context,
                           struct es_contact *contact, size_t slot)
{
    struct es_pending *pending = contact->pending[slot];
    struct es_row_key key = es_key_number(pending->number);

    es_tags_remove_pending(chat->tags, pending);
    es_emit_erase(context, ES_ROW_PENDING, es_row_key_slice(&key));
    memmove(&contact->pending[slot], &contact->pending[slot + 1],
            (ES_PENDING_PER_CONTACT_MAX - 1 - slot) * sizeof(contact->pending[0]));
    contact->pending[ES_PENDING_PER_CONTACT_MAX - 1] = NULL;
    es_pool_put(&chat->pending_pool, pending);
}

uint32_t es_ask_cross(struct es_context *context, struct es_contact *contact)
{
    uint32_t crossing = contact->pending[0] == NULL ? 0 : contact->pending[0]->number;

    for (size_t i = 0; i < ES_PENDING_PER_CONTACT_MAX && contact->pending[i] != NULL; i++) {
        contact->pending[i]->crossing = crossing;
        save_pending(context, contact->pending[i]);
    }
    return crossing;
}

/* Newest first; the oldest gives way. */
static bool insert_pending(struct es_chat *chat, struct es_context *context,
                           struct es_contact *contact, const struct es_pending *made)
{
    struct es_pending *pending;

    if (contact->pending[ES_PENDING_PER_CONTACT_MAX - 1] != NULL)
        remove_pending(chat, context, contact, ES_PENDING_PER_CONTACT_MAX - 1);
    pending = es_pool_get(&chat->pending_pool);
    if (pending == NULL)
        return false;
    *pending = *made;
    memmove(&contact->pending[1], &contact->pending[0],
            (ES_PENDING_PER_CONTACT_MAX - 1) * sizeof(contact->pending[0]));
    contact->pending[0] = pending;
    return es_tags_add_pending(chat->tags, pending);
}

static struct es_contact *pending_owner(const struct es_chat *chat, uint32_t number,
                                        size_t *ret_slot)
{
    for (size_t i = 0; i < chat->n_contacts; i++)
        for (size_t k = 0; k < ES_PENDING_PER_CONTACT_MAX; k++)
            if (chat->contacts[i]->pending[k] != NULL &&
                chat->contacts[i]->pending[k]->number == number) {
                *ret_slot = k;
                return chat->contacts[i];
            }
    return NULL;
}

/* --- Asking ----------------------------------------------------------------------------------- */

static void save_asking(struct es_context *context, const struct es_asking *asking)
{
    uint8_t body[ES_ENVELOPE_BYTES_MIN + 64];
    struct es_row_key key = es_key_number(asking->contact);
    size_t len = es_body_asking(asking, body, sizeof(body));

    es_emit_row(context, ES_ROW_REQUEST_OUT, es_row_key_slice(&key), es_slice(body, len));
}

static void remove_asking(struct es_chat *chat, struct es_context *context,
                          struct es_asking *asking)
{
    struct es_row_key key = es_key_number(asking->contact);
    struct es_asking **link = &chat->asking;
    struct es_contact *contact = es_contact_find(chat, asking->contact);

    if (asking->contact != 0)
        es_emit_erase(context, ES_ROW_REQUEST_OUT, es_row_key_slice(&key));
    if (contact != NULL)
        contact->asking = NULL;
    while (*link != asking)
        link = &(*link)->next;
    *link = asking->next;
    es_pool_put(&chat->asking_pool, asking);
}

static struct es_asking *insert_asking(struct es_chat *chat, struct es_contact *contact)
{
    struct es_asking *asking = es_pool_get(&chat->asking_pool);

    if (asking == NULL)
        return NULL;
    asking->next = chat->asking;
    chat->asking = asking;
    if (contact != NULL) {
        asking->contact = contact->number;
        contact->asking = asking;
    }
    return asking;
}

enum es_err es_ask(struct es_chat *chat, struct es_context *context, struct es_contact *contact,
                   const struct es_target *target, const struct es_key *psk,
                   enum es_request_kind kind, struct es_slice greeting)
{
    const struct es_request request = {
        .kind = kind,
        .name = es_slice(chat->self.name, strlen(chat->self.name)),
        .greeting = greeting,
    };
    struct es_pending pending = {0};
    struct es_asking *asking;

    if (contact->asking != NULL)
        remove_asking(chat, context, contact->asking);
    asking = insert_asking(chat, contact);
    if (asking == NULL)
        return ES_E_MEMORY;
    if (!es_request_seal(&chat->self.identity, target, psk, &request, es_seal_expiry(chat, context),
                         context->entropy, asking->envelope, &pending)) {
        remove_asking(chat, context, asking);
        return ES_E_ADDRESS;
    }
    pending.number = chat->self.next_pending++;
    pending.contact = contact->number;
    pending.made_age_ms = es_age_ms(chat, context);
    pending.by_introduction = !contact->has_address;
    pending.post_quantum = kind == ES_REQUEST_INVITE;
    pending.address = contact->key.address;
    asking->pending = pending.number;
    asking->made_age_ms = pending.made_age_ms;
    es_self_save(chat, context);
    save_asking(context, asking);
    save_pending(context, &pending);
    if (!insert_pending(chat, context, contact, &pending))
        return ES_E_MEMORY;
    es_wipe(&pending, sizeof(pending));
    return ES_OK;
}

void es_ask_renewal(struct es_chat *chat, struct es_context *context, struct es_contact *contact)
{
    static const struct es_key no_psk = {{0}};
    struct es_target target = {.dh = contact->key.dh};

    if (ES_MUTANT(NO_RENEWAL) || contact->asking != NULL ||
        (contact->renewed_age_ms != 0 &&
         es_age_since(chat, context, contact->renewed_age_ms) < RENEWAL_MS))
        return;
    contact->renew = false;
    contact->unproved = 0;
    memcpy(target.name, contact->key.address.bytes, ES_KEY_BYTES);
    contact->renewed_age_ms = es_age_ms(chat, context);
    contact->acked_age_ms = contact->renewed_age_ms;
    es_contact_save(chat, context, contact);
    es_ask(chat, context, contact, &target, &no_psk, ES_REQUEST_RENEWAL, es_slice(NULL, 0));
}

void es_ask_drop(struct es_chat *chat, struct es_context *context, struct es_contact *contact)
{
    if (contact->asking != NULL)
        remove_asking(chat, context, contact->asking);
    while (contact->pending[0] != NULL)
        remove_pending(chat, context, contact, 0);
}

void es_ask_forget_restored(struct es_chat *chat, struct es_context *context,
                            struct es_contact *contact)
{
    if (contact->asking != NULL && contact->asking->pending < chat->first_pending)
        remove_asking(chat, context, contact->asking);
    for (size_t i = ES_PENDING_PER_CONTACT_MAX; i-- > 0;)
        if (contact->pending[i] != NULL && contact->pending[i]->number < chat->first_pending)
            remove_pending(chat, context, contact, i);
    if (contact->asking == NULL)
        contact->renewed_age_ms = 0;
}

/* --- Work and offers --------------------------------------------------------------------------- */

static void work(struct es_chat *chat, struct es_context *context, struct es_asking *asking)
{
    struct es_tag tag;

    if (!asking->working)
        es_work_begin(&asking->work, asking->envelope, context->entropy);
    asking->working = true;
    if (!es_work_search(&asking->work, chat->settings->work_bits, WORK_TRIES, &tag))
        return;
    memcpy(asking->envelope + ES_ENVELOPE_TAG_AT, tag.bytes, sizeof(tag.bytes));
    asking->ready = true;
    asking->next_try_ms = context->now_ms;
    if (asking->contact != 0)
        save_asking(context, asking);
}

static void offer(struct es_chat *chat, struct es_context *context, struct es_asking *asking)
{
    uint64_t wait_ms = asking->tries >= 7 ? OFFER_MS_MAX : (uint64_t)OFFER_MS << asking->tries;

    es_envelope_restamp(asking->envelope, es_seal_expiry(chat, context));
    es_mesh_send(chat->mesh, context, asking->contact,
                 es_slice(asking->envelope, sizeof(asking->envelope)));
    asking->tries++;
    asking->next_try_ms = context->now_ms + wait_ms;
}

static void give_up(struct es_chat *chat, struct es_context *context, struct es_asking *asking)
{
    struct es_contact *contact = es_contact_find(chat, asking->contact);

    if (contact != NULL)
        es_emit_event(context, &(struct es_event){.kind = ES_EV_FAILED,
                                                  .contact = contact->number,
                                                  .err = ES_E_NOT_CONTACT});
    if (contact != NULL && contact->state == ES_CONTACT_REQUESTED)
        es_conversation_fail_all(chat, context, contact, ES_E_NOT_CONTACT);
    remove_asking(chat, context, asking);
}

void es_ask_timer(struct es_chat *chat, struct es_context *context)
{
    struct es_asking *next;
    bool worked = false;

    for (struct es_asking *asking = chat->asking; asking != NULL; asking = next) {
        next = asking->next;
        if (!asking->ready) {
            if (!worked)
                work(chat, context, asking);
            worked = true;
            chat->more = true;
        } else if (es_age_since(chat, context, asking->made_age_ms) > ES_PENDING_DAYS * ES_DAY_MS) {
            give_up(chat, context, asking);
        } else if (asking->next_try_ms <= context->now_ms) {
            offer(chat, context, asking);
            if (asking->contact == 0)
                remove_asking(chat, context, asking);
        }
    }
}

void es_ask_offer(struct es_chat *chat, struct es_context *context, uint32_t link)
{
    for (struct es_asking *asking = chat->asking; asking != NULL; asking = asking->next)
        if (asking->ready)
            es_mesh_offer(chat->mesh, context, link,
                          es_slice(asking->envelope, sizeof(asking->envelope)));
}

uint64_t es_ask_wake_at(const struct es_chat *chat)
{
    uint64_t at_ms = UINT64_MAX;

    for (const struct es_asking *asking = chat->asking; asking != NULL; asking = asking->next) {
        uint64_t due_ms = asking->ready ? asking->next_try_ms : 0;

        if (due_ms < at_ms)
            at_ms = due_ms;
    }
    return at_ms;
}

/* --- Answers ---------------------------------------------------------------------------------- */

static bool refused(struct es_chat *chat, struct es_context *context, struct es_contact *contact,
                    size_t slot, struct es_slice envelope)
{
    enum es_refusal reason;
    enum es_err why;

    if (!es_refusal_open(&contact->pending[slot]->gs, envelope, &reason))
        return false;
    why = reason == ES_REFUSAL_INVITE_USED ? ES_E_INVITE_USED : ES_E_INVITE_EXPIRED;
    es_emit_event(context,
                  &(struct es_event){.kind = ES_EV_FAILED, .contact = contact->number, .err = why});
    if (contact->asking != NULL && contact->asking->pending == contact->pending[slot]->number)
        remove_asking(chat, context, contact->asking);
    remove_pending(chat, context, contact, slot);
    if (contact->state != ES_CONTACT_REQUESTED || contact->asking != NULL)
        return true; /* accepted, or asked again since */
    es_conversation_fail_all(chat, context, contact, why);
    if (contact->last_order == 0)
        es_contact_erase(chat, context, contact); /* nothing was written to them */
    return true;
}

/* Whoever stands behind an introduction key is known already, blocked, or imitates somebody. */
static struct es_contact *give_way(struct es_chat *chat, struct es_context *context,
                                   struct es_contact *contact, struct es_contact *known)
{
    enum es_err why = ES_E_CONTACT;

    if (known == NULL)
        why = ES_E_TWIN;
    else if (known->state == ES_CONTACT_BLOCKED)
        why = ES_E_BLOCKED;
    es_emit_event(context,
                  &(struct es_event){.kind = ES_EV_FAILED, .contact = contact->number, .err = why});
    if (why == ES_E_CONTACT)
        es_conversation_move(chat, context, contact, known);
    es_conversation_fail_all(chat, context, contact, why);
    es_contact_erase(chat, context, contact);
    return why == ES_E_CONTACT ? known : NULL;
}

/* Whose acceptance is it? NULL: nobody's that we talk to. */
static struct es_contact *answerer(struct es_chat *chat, struct es_context *context,
                                   struct es_contact *contact, const struct es_peer_key *peer)
{
    struct es_contact *known;

    if (contact->has_address)
        return contact;
    known = es_contact_by_address(chat, &peer->address);
    if (known != NULL || es_contact_is_twin(chat, &peer->address))
        return give_way(chat, context, contact, known);
    contact->has_address = true;
    contact->key = *peer;
    return contact;
}

static void accepted(struct es_chat *chat, struct es_context *context, struct es_contact *contact,
                     const struct es_pending *pending, struct es_opened *opened,
                     const struct es_key *link_key)
{
    struct es_live_session *session;

    contact->acked_age_ms = es_age_ms(chat, context);
    session = es_sessions_add(chat, context, contact, &opened->after, link_key);
    if (session == NULL)
        return;
    session->post_quantum = pending->post_quantum;
    session->crossing = pending->crossing;
    session->fresh = pending->number >= chat->first_pending;
    es_gaps_add(chat, context, session, opened->gaps, opened->n_gaps);
    es_contact_accepted(chat, context, contact);
    es_sessions_confirmed(chat, context, session);
    es_inbox_records(chat, context, session, opened->records);
}

bool es_ask_answered(struct es_chat *chat, struct es_context *context,
                     const struct es_tag_entry *entry, struct es_slice envelope, uint32_t *ret_peer)
{
    const struct es_tag_entry at = *entry;
    struct es_opened opened = {
        .payload = chat->scratch->plain,
        .gaps = chat->scratch->gaps,
        .gaps_cap = sizeof(chat->scratch->gaps) / sizeof(chat->scratch->gaps[0]),
    };
    struct es_contact *contact;
    struct es_pending pending;
    struct es_peer_key peer;
    struct es_key link_key;
    size_t slot;

    contact = pending_owner(chat, at.owner, &slot);
    if (contact == NULL)
        return false;
    if (at.kind == ES_TAG_REFUSAL)
        return refused(chat, context, contact, slot, envelope);
    pending = *contact->pending[slot];
    if (es_pending_open(&chat->self.identity, &pending, at.at.n, envelope,
                        es_age_day(chat, context), &opened, &peer, &link_key) != ES_OPEN_OK)
        return false;
    remove_pending(chat, context, contact, slot);
    if (contact->asking != NULL && contact->asking->pending == pending.number)
        remove_asking(chat, context, contact->asking);
    contact = answerer(chat, context, contact, &peer);
    if (contact != NULL) {
        *ret_peer = contact->number;
        accepted(chat, context, contact, &pending, &opened, &link_key);
    }
    es_wipe(&pending, sizeof(pending));
    es_wipe(chat->scratch->plain, opened.records.len);
    es_wipe(&opened.after, sizeof(opened.after));
    es_wipe(chat->scratch->gaps, opened.n_gaps * sizeof(chat->scratch->gaps[0]));
    es_wipe(&link_key, sizeof(link_key));
    return true;
}

/* Once an hour: handshakes that nobody will complete any more. */
void es_ask_tidy(struct es_chat *chat, struct es_context *context, struct es_contact *contact)
{
    for (size_t i = ES_PENDING_PER_CONTACT_MAX; i-- > 0;)
        if (contact->pending[i] != NULL &&
            es_age_since(chat, context, contact->pending[i]->made_age_ms) >
                ES_PENDING_DAYS * ES_DAY_MS)
            remove_pending(chat, context, contact, i);
}

/* --- Restoring -------------------------------------------------------------------------------- */

bool es_ask_restore(struct es_chat *chat, const struct es_row *row)
{
    struct es_asking decoded = {0};
    struct es_asking *asking;
    struct es_contact *contact;
    uint32_t number;

    if (!es_key_decode_number(row->key, &number) || !es_body_decode_asking(row->body, &decoded) ||
        decoded.contact != number)
        return false;
    contact = es_contact_find(chat, number);
    asking = contact == NULL ? NULL : insert_asking(chat, contact);
    if (asking == NULL)
        return false;
    decoded.next = asking->next;
    *asking = decoded;
    return true;
}

bool es_ask_restore_pending(struct es_chat *chat, const struct es_row *row)
{
    struct es_pending pending = {0};
    struct es_contact *contact;
    uint32_t number;
    bool ok;

    if (!es_key_decode_number(row->key, &number) || !es_pending_decode(row->body, &pending))
        return false;
    contact = es_contact_find(chat, pending.contact);
    ok = contact != NULL && pending.number == number && number < chat->self.next_pending &&
         contact->pending[ES_PENDING_PER_CONTACT_MAX - 1] == NULL &&
         insert_pending(chat, NULL, contact, &pending);
    es_wipe(&pending, sizeof(pending));
    return ok;
}
