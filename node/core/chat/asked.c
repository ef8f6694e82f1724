/* SPDX-License-Identifier: ISC */
/* asked.c - requests of others: refused when seen before, kept for the person or accepted at once
 * (docs/protocol.md, sections 6.1 and 6.2). */
#include <string.h>

#include "node/core/chat/parts.h"

/* --- Waiting requests ------------------------------------------------------------------------- */

static struct es_asked *find(const struct es_chat *chat, const struct es_sign_public *address)
{
    for (struct es_asked *asked = chat->asked; asked != NULL; asked = asked->next)
        if (memcmp(asked->from.address.bytes, address->bytes, ES_KEY_BYTES) == 0)
            return asked;
    return NULL;
}

/* Oldest first. */
static struct es_asked *insert(struct es_chat *chat, uint64_t received_wall_ms)
{
    struct es_asked **link = &chat->asked;
    struct es_asked *asked;

    if (chat->n_asked == ES_REQUESTS_MAX)
        return NULL;
    asked = es_pool_get(&chat->asked_pool);
    if (asked == NULL)
        return NULL;
    while (*link != NULL && (*link)->received_wall_ms <= received_wall_ms)
        link = &(*link)->next;
    asked->next = *link;
    *link = asked;
    chat->n_asked++;
    return asked;
}

void es_asked_remove(struct es_chat *chat, struct es_context *context, struct es_asked *asked)
{
    struct es_row_key key = es_key_address(&asked->from.address);
    struct es_asked **link = &chat->asked;

    es_emit_erase(context, ES_ROW_REQUEST_IN, es_row_key_slice(&key));
    while (*link != asked)
        link = &(*link)->next;
    *link = asked->next;
    chat->n_asked--;
    es_pool_put(&chat->asked_pool, asked);
}

bool es_asked_restore(struct es_chat *chat, const struct es_row *row)
{
    struct es_asked decoded = {0};
    struct es_asked *asked;

    if (!es_body_decode_asked(row->body, &decoded) ||
        row->key.len != sizeof(decoded.from.address.bytes) ||
        memcmp(row->key.ptr, decoded.from.address.bytes, row->key.len) != 0)
        return false;
    asked = insert(chat, decoded.received_wall_ms);
    if (asked != NULL) {
        decoded.next = asked->next;
        *asked = decoded;
    }
    es_wipe(&decoded, sizeof(decoded));
    return asked != NULL;
}

static void fill(struct es_asked *asked, const uint8_t addressee[static ES_KEY_BYTES],
                 const struct es_request_opened *opened, uint64_t wall_ms)
{
    const struct es_request *request = &opened->request;

    asked->from = opened->from;
    es_name_set(asked->name, request->name);
    if (request->greeting.len > 0)
        memcpy(asked->greeting, request->greeting.ptr, request->greeting.len);
    asked->greeting[request->greeting.len] = '\0';
    asked->received_wall_ms = wall_ms;
    memcpy(asked->addressee, addressee, sizeof(asked->addressee));
    asked->one_time = opened->one_time;
    asked->gs = opened->gs;
    asked->th1 = opened->th1;
}

bool es_asked_claims_name(const struct es_asked *asked, const struct es_contact *contact)
{
    return asked->name[0] != '\0' && contact->state == ES_CONTACT_ACCEPTED &&
           (strcmp(contact->claimed_name, asked->name) == 0 ||
            strcmp(contact->petname, asked->name) == 0);
}

/* Somebody else claims the name of a contact: never a reason to believe it (docs/decisions/). */
static void warn_of_names(const struct es_chat *chat, struct es_context *context,
                          const struct es_asked *asked)
{
    for (size_t i = 0; i < chat->n_contacts; i++)
        if (es_asked_claims_name(asked, chat->contacts[i]))
            es_emit_event(context, &(struct es_event){.kind = ES_EV_KEY_CHANGED,
                                                      .contact = chat->contacts[i]->number});
}

/* Waits for the person; another request of the same one takes its place. */
static void keep(struct es_chat *chat, struct es_context *context, const struct es_asked *fresh,
                 const struct es_request_opened *opened)
{
    uint8_t body[1024];
    struct es_row_key key = es_key_address(&fresh->from.address);
    struct es_asked *asked = find(chat, &fresh->from.address);
    bool again = asked != NULL;
    struct es_asked *next;

    if (!again)
        asked = insert(chat, context->wall_ms);
    if (asked == NULL) {
        es_count(context->counters, ES_COUNT_REJECTED_REQUEST_FULL);
        return;
    }
    es_seen_stranger(chat, context, opened);
    next = asked->next;
    *asked = *fresh;
    asked->next = next;
    es_emit_row(context, ES_ROW_REQUEST_IN, es_row_key_slice(&key),
                es_slice(body, es_body_asked(asked, body, sizeof(body))));
    es_wipe(body, sizeof(body));
    if (again)
        return;
    warn_of_names(chat, context, asked);
    es_emit_event(context, &(struct es_event){.kind = ES_EV_REQUEST,
                                              .text = ES_SLICE_OF(asked->from.address.bytes)});
}

/* --- Accepting -------------------------------------------------------------------------------- */

/* Makes a candidate session with somebody who has asked. */
static bool make_session(struct es_chat *chat, struct es_context *context,
                         struct es_contact *contact, const struct es_asked *asked,
                         bool post_quantum)
{
    struct es_addressee addressee = {.name = {0}}; /* its secret is not asked for */
    struct es_live_session *session = NULL;
    struct es_session made = {0};
    struct es_key link_key;

    memcpy(addressee.name, asked->addressee, sizeof(addressee.name));
    if (es_accept(&chat->self.identity, &addressee, &asked->from, &asked->one_time, &asked->gs,
                  &asked->th1, context->entropy, &made, &link_key))
        session = es_sessions_add(chat, context, contact, &made, &link_key);
    es_wipe(&made, sizeof(made));
    es_wipe(&link_key, sizeof(link_key));
    if (session == NULL)
        return false;
    session->post_quantum = post_quantum;
    session->crossing = es_ask_cross(context, contact);
    es_sessions_save(chat, context, session);
    return true;
}

static enum es_err accept_as(struct es_chat *chat, struct es_context *context,
                             struct es_contact *contact, const struct es_asked *asked,
                             bool post_quantum)
{
    contact->has_address = true;
    contact->key = asked->from;
    memcpy(contact->claimed_name, asked->name, sizeof(contact->claimed_name));
    if (!make_session(chat, context, contact, asked, post_quantum))
        return ES_E_MEMORY;
    es_seen_contact(context, &asked->digest);
    es_contact_accepted(chat, context, contact);
    return ES_OK;
}

/* Accepts as a contact that is new or known already. */
static enum es_err accept(struct es_chat *chat, struct es_context *context,
                          const struct es_asked *asked, struct es_slice petname, bool post_quantum,
                          struct es_contact **ret)
{
    struct es_contact *contact = es_contact_by_address(chat, &asked->from.address);
    bool fresh = contact == NULL;
    enum es_err err = ES_OK;

    if (fresh)
        contact = es_contact_make(chat, context);
    if (contact == NULL)
        return ES_E_CONTACTS_FULL;
    contact->has_address = true;
    contact->key = asked->from;
    if (fresh || petname.len > 0)
        err = es_contact_name(chat, contact, petname, es_slice(asked->name, strlen(asked->name)));
    if (err == ES_OK)
        err = accept_as(chat, context, contact, asked, post_quantum);
    if (err != ES_OK && fresh)
        es_contact_erase(chat, context, contact);
    if (err == ES_OK)
        *ret = contact;
    return err;
}

enum es_err es_asked_accept(struct es_chat *chat, struct es_context *context,
                            struct es_asked *asked, struct es_slice petname,
                            struct es_contact **ret)
{
    enum es_err err = accept(chat, context, asked, petname, false, ret);

    if (err == ES_OK)
        es_asked_remove(chat, context, asked);
    return err;
}

static void accept_at_once(struct es_chat *chat, struct es_context *context,
                           const struct es_asked *asked, struct es_open_invite *invite)
{
    struct es_asked *waiting = find(chat, &asked->from.address);
    struct es_contact *contact;

    if (accept(chat, context, asked, es_slice(NULL, 0), invite != NULL, &contact) != ES_OK) {
        es_count(context->counters, ES_COUNT_REJECTED_REQUEST_FULL);
        return;
    }
    if (invite != NULL && invite->uses > 0) {
        invite->uses--;
        es_invites_save(context, invite);
    }
    if (waiting != NULL)
        es_asked_remove(chat, context, waiting);
}

/* --- What a trial opened ---------------------------------------------------------------------- */

static void refuse_invite(struct es_chat *chat, struct es_context *context, uint32_t link,
                          const struct es_request_opened *opened,
                          const struct es_open_invite *invite)
{
    enum es_refusal reason = invite->uses == 0 ? ES_REFUSAL_INVITE_USED : ES_REFUSAL_INVITE_EXPIRED;

    es_refusal_seal(&opened->gs, reason, es_seal_expiry(chat, context), context->entropy,
                    chat->scratch->envelope);
    es_mesh_offer(chat->mesh, context, link,
                  es_slice(chat->scratch->envelope, ES_ENVELOPE_BYTES_MIN));
}

static bool is_own(const struct es_chat *chat, const struct es_sign_public *address)
{
    return memcmp(address->bytes, chat->self.identity.address.bytes, ES_KEY_BYTES) == 0;
}

void es_asked_take(struct es_chat *chat, struct es_context *context, uint32_t link,
                   const uint8_t addressee[static ES_KEY_BYTES],
                   const struct es_request_opened *opened, struct es_open_invite *invite)
{
    struct es_contact *contact = es_contact_by_address(chat, &opened->from.address);
    struct es_asked asked = {0};

    es_count(context->counters, ES_COUNT_REQUESTS_OPENED);
    fill(&asked, addressee, opened, context->wall_ms);
    if (es_seen_before(chat, opened, &asked.digest))
        es_count(context->counters, ES_COUNT_REJECTED_REQUEST_SEEN);
    else if (es_contact_is_twin(chat, &asked.from.address) || is_own(chat, &asked.from.address))
        es_count(context->counters, ES_COUNT_REJECTED_REQUEST_TWIN);
    else if (contact != NULL && contact->state == ES_CONTACT_BLOCKED)
        es_count(context->counters, ES_COUNT_REJECTED_REQUEST_BLOCKED);
    else if (contact != NULL || (invite != NULL && es_invites_is_open(chat, context, invite)))
        accept_at_once(chat, context, &asked, invite);
    else if (invite == NULL)
        keep(chat, context, &asked, opened);
    else
        refuse_invite(chat, context, link, opened, invite);
    es_wipe(&asked, sizeof(asked));
}
