/* SPDX-License-Identifier: ISC */
/* ask.c - requests of ours: sealed, worked for, offered until they are answered
 * (docs/protocol.md, sections 6.1, 6.2 and 6.6). */
#include <string.h>

#include "node/core/chat/parts.h"

/* Tries of the proof of work in one step: some 3 ms, so that nothing else waits long. */
#define WORK_TRIES 8192
#define OFFER_MS 5000
#define OFFER_MS_MAX (10 * ES_MINUTE_MS)
#define PENDING_DAYS 30
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

static void put_refusal_tag(struct es_chat *chat, const struct es_pending *pending)
{
    const struct es_tag_entry entry = {
        .tag = es_refusal_tag(&pending->gs), .kind = ES_TAG_REFUSAL, .owner = pending->number};

    es_tags_put(chat->tags, &entry);
}

/* slot: place in contact->pending. */
static void remove_pending(struct es_chat *chat, struct es_context *context,
                           struct es_contact *contact, size_t slot)
{
    struct es_pending *pending = contact->pending[slot];
    struct es_tag refusal = es_refusal_tag(&pending->gs);
    struct es_row_key key = es_key_number(pending->number);

    es_tags_remove_pending(chat->tags, pending);
    es_tags_remove(chat->tags, &refusal);
    es_emit_erase(context, ES_ROW_PENDING, es_row_key_slice(&key));
    memmove(&contact->pending[slot], &contact->pending[slot + 1],
            (ES_PENDING_PER_CONTACT_MAX - 1 - slot) * sizeof(contact->pending[0]));
    contact->pending[ES_PENDING_PER_CONTACT_MAX - 1] = NULL;
    es_pool_put(&chat->pending_pool, pending);
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
    put_refusal_tag(chat, pending);
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
    pending.made_wall_ms = context->wall_ms;
    pending.by_introduction = !contact->has_address;
    pending.address = contact->key.address;
    asking->pending = pending.number;
    asking->made_wall_ms = context->wall_ms;
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

    contact->renew = false;
    contact->unproved = 0;
    if (contact->asking != NULL || (contact->renewed_wall_ms <= context->wall_ms &&
                                    context->wall_ms - contact->renewed_wall_ms < RENEWAL_MS))
        return;
    memcpy(target.name, contact->key.address.bytes, ES_KEY_BYTES);
    contact->renewed_wall_ms = context->wall_ms;
    contact->acked_wall_ms = context->wall_ms;
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
        } else if (context->wall_ms > asking->made_wall_ms + PENDING_DAYS * ES_DAY_MS) {
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

    if (!es_refusal_open(&contact->pending[slot]->gs, envelope, &reason))
        return false;
    es_emit_event(context, &(struct es_event){.kind = ES_EV_FAILED,
                                              .contact = contact->number,
                                              .err = reason == ES_REFUSAL_INVITE_USED
                                                         ? ES_E_INVITE_USED
                                                         : ES_E_INVITE_EXPIRED});
    if (contact->state == ES_CONTACT_REQUESTED)
        es_contact_erase(chat, context, contact);
    else
        remove_pending(chat, context, contact, slot);
    return true;
}

/* Who answered a request to an introduction key may be somebody that we know already. */
static struct es_contact *merge(struct es_chat *chat, struct es_context *context,
                                struct es_contact *contact, const struct es_peer_key *peer)
{
    struct es_contact *known;

    if (contact->has_address)
        return contact;
    known = es_contact_by_address(chat, &peer->address);
    if (known == NULL || known == contact) {
        contact->has_address = true;
        contact->key = *peer;
        return contact;
    }
    es_contact_erase(chat, context, contact);
    return known->state == ES_CONTACT_BLOCKED ? NULL : known;
}

/* Number of the contact; 0: none came of it. */
static uint32_t accepted(struct es_chat *chat, struct es_context *context,
                         struct es_contact *contact, struct es_opened *opened,
                         const struct es_peer_key *peer, const struct es_key *link_key,
                         bool crossed)
{
    bool by_invite = contact->verified_by == ES_VERIFIED_INVITE && contact->sessions[0] == NULL;
    struct es_live_session *session;

    if (contact->asking != NULL)
        remove_asking(chat, context, contact->asking);
    contact = merge(chat, context, contact, peer);
    if (contact == NULL)
        return 0;
    if (contact->link_key_serial > 0 || contact->sessions[0] != NULL)
        contact->link_key_before = contact->link_key;
    contact->link_key = *link_key;
    contact->link_key_known = true;
    contact->link_key_wall_ms = context->wall_ms;
    contact->acked_wall_ms = context->wall_ms;
    if (contact->state == ES_CONTACT_ACCEPTED && contact->verified_by != ES_VERIFIED_NOT)
        contact->renewed_since = true;
    if (contact->state == ES_CONTACT_ACCEPTED)
        es_count(context->counters, ES_COUNT_SESSIONS_RENEWED);
    session = es_sessions_add(chat, context, contact, &opened->after, by_invite, crossed);
    if (session == NULL)
        return 0;
    es_sessions_add_gaps(chat, context, session, opened->gaps, opened->n_gaps);
    es_contact_accepted(chat, context, contact);
    es_inbox_records(chat, context, session, opened->records);
    return contact->number;
}

bool es_ask_answered(struct es_chat *chat, struct es_context *context,
                     const struct es_tag_entry *entry, struct es_slice envelope, uint32_t *ret_peer)
{
    const struct es_tag_entry at = *entry;
    struct es_opened opened = {
        .payload = chat->plain,
        .gaps = chat->gaps,
        .gaps_cap = sizeof(chat->gaps) / sizeof(chat->gaps[0]),
    };
    struct es_contact *contact;
    struct es_peer_key peer;
    struct es_key link_key;
    size_t slot;
    bool crossed;

    contact = pending_owner(chat, at.owner, &slot);
    if (contact == NULL)
        return false;
    if (at.kind == ES_TAG_REFUSAL)
        return refused(chat, context, contact, slot, envelope);
    if (es_pending_open(&chat->self.identity, contact->pending[slot], at.at.n, envelope,
                        (uint16_t)(context->wall_ms / ES_DAY_MS), &opened, &peer,
                        &link_key) != ES_OPEN_OK)
        return false;
    /* A session that was accepted while this request was under way crossed it. */
    crossed = contact->sessions[0] != NULL && contact->sessions[0]->crossed;
    remove_pending(chat, context, contact, slot);
    *ret_peer = accepted(chat, context, contact, &opened, &peer, &link_key, crossed);
    es_wipe(chat->plain, opened.records.len);
    es_wipe(&opened.after, sizeof(opened.after));
    es_wipe(chat->gaps, opened.n_gaps * sizeof(chat->gaps[0]));
    es_wipe(&link_key, sizeof(link_key));
    return true;
}

/* --- Restoring -------------------------------------------------------------------------------- */

bool es_ask_restore(struct es_chat *chat, const struct es_row *row)
{
    struct es_asking decoded = {0};
    struct es_asking *asking;
    struct es_contact *contact;

    if (!es_body_decode_asking(row->body, &decoded))
        return false;
    contact = es_contact_find(chat, decoded.contact);
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
    bool ok;

    if (!es_pending_decode(row->body, &pending))
        return false;
    contact = es_contact_find(chat, pending.contact);
    ok = contact != NULL && contact->pending[ES_PENDING_PER_CONTACT_MAX - 1] == NULL &&
         insert_pending(chat, NULL, contact, &pending);
    es_wipe(&pending, sizeof(pending));
    return ok;
}
