/* SPDX-License-Identifier: ISC */
/* view.c - what the chat layer shows, and the labels that follow from live sessions. */
#include <string.h>

#include "node/core/chat/parts.h"

void es_chat_self(const struct es_chat *chat, struct es_self_view *ret)
{
    struct es_link_view link;
    size_t at = 0;

    *ret = (struct es_self_view){
        .has_identity = chat->self.has_identity,
        .address = chat->self.identity.address,
        .name = chat->self.name,
        .visible_until_ms = chat->self.visible_until_wall_ms,
        .contacts = (uint32_t)chat->n_contacts,
        .requests = (uint32_t)chat->n_asked,
    };
    for (size_t i = 0; i < chat->n_contacts; i++)
        for (const struct es_outgoing *out = chat->contacts[i]->outbox; out; out = out->next)
            ret->queued += out->kind == ES_OUT_TEXT;
    while (es_mesh_link_next(chat->mesh, &at, &link)) {
        ret->links += link.up;
        ret->neighbours += link.up && link.peer == 0;
    }
}

/* The session in use was made after the key was compared. */
static bool is_renewed_since(const struct es_chat *chat, const struct es_contact *contact)
{
    return contact->verified_by != ES_VERIFIED_NOT && contact->sessions[0] != NULL &&
           es_sessions_sending(chat, contact)->ratchet.number >= contact->verified_below;
}

static void show_contact(const struct es_chat *chat, const struct es_contact *contact,
                         struct es_contact_view *ret)
{
    *ret = (struct es_contact_view){
        .contact = contact->number,
        .petname = contact->petname,
        .claimed_name = contact->claimed_name,
        .has_address = contact->has_address,
        .address = contact->key.address,
        .state = contact->state,
        .verified_by = contact->verified_by,
        .renewed_since = is_renewed_since(chat, contact),
        .present = contact->present,
        .unread = contact->unread,
        .last_order = contact->last_order,
        .last_wall_ms = contact->last_wall_ms,
    };
    for (const struct es_outgoing *out = contact->outbox; out != NULL; out = out->next)
        ret->queued += out->kind == ES_OUT_TEXT;
}

bool es_chat_contact_next(const struct es_chat *chat, size_t *io_at, struct es_contact_view *ret)
{
    if (*io_at >= chat->n_contacts)
        return false;
    show_contact(chat, chat->contacts[(*io_at)++], ret);
    return true;
}

bool es_chat_contact(const struct es_chat *chat, uint32_t contact, struct es_contact_view *ret)
{
    const struct es_contact *found = es_contact_find(chat, contact);

    if (found != NULL)
        show_contact(chat, found, ret);
    return found != NULL;
}

bool es_chat_request_next(const struct es_chat *chat, size_t *io_at, struct es_request_view *ret)
{
    const struct es_asked *asked = chat->asked;

    for (size_t i = 0; i < *io_at && asked != NULL; i++)
        asked = asked->next;
    if (asked == NULL)
        return false;
    (*io_at)++;
    *ret = (struct es_request_view){.address = asked->from.address,
                                    .name = asked->name,
                                    .greeting = asked->greeting,
                                    .received_wall_ms = asked->received_wall_ms};
    return true;
}

bool es_chat_label(const struct es_chat *chat, uint32_t contact, struct es_label *ret)
{
    const struct es_contact *found = es_contact_find(chat, contact);
    const struct es_live_session *session;

    if (found == NULL)
        return false;
    session = found->sessions[0] == NULL ? NULL : es_sessions_sending(chat, found);
    *ret = (struct es_label){
        .verified = found->verified_by != ES_VERIFIED_NOT && session != NULL,
        .renewed_since = is_renewed_since(chat, found),
        .path = found->present ? ES_LABEL_DIRECT : ES_LABEL_UNREACHABLE,
    };
    for (const struct es_asked *asked = chat->asked; asked != NULL; asked = asked->next)
        ret->key_changed |= es_asked_claims_name(asked, found);
    if (session == NULL)
        return true;
    ret->readers = 2;
    ret->forward_secrecy = true;
    ret->post_quantum_by_invite = session->post_quantum;
    ret->unconfirmed = !session->ratchet.confirmed;
    return true;
}

bool es_chat_safety_number(const struct es_chat *chat, uint32_t contact, char *ret)
{
    const struct es_contact *found = es_contact_find(chat, contact);

    if (found == NULL || !found->has_address)
        return false;
    es_safety_number(&chat->self.identity.address, &found->key.address, ret);
    return true;
}

enum es_err es_chat_resolve(const struct es_chat *chat, struct es_slice who, uint32_t *ret_contact,
                            char *ret_candidates, size_t cap)
{
    struct es_contact *contact;
    enum es_err err = es_who_contact(chat, who, &contact, ret_candidates, cap);

    if (err == ES_OK)
        *ret_contact = contact->number;
    return err;
}

enum es_message_state es_chat_message_state(const struct es_chat *chat,
                                            const struct es_message *message)
{
    const struct es_contact *found = es_contact_find(chat, message->contact);
    const struct es_message_id id = message->id;

    if (found == NULL || message->failed != ES_OK)
        return ES_MESSAGE_FAILED;
    if (!message->own)
        return message->order <= found->read_order ? ES_MESSAGE_READ : ES_MESSAGE_RECEIVED;
    for (const struct es_outgoing *out = found->outbox; out != NULL; out = out->next)
        if (out->kind == ES_OUT_TEXT && out->id.incarnation == id.incarnation &&
            out->id.sequence == id.sequence)
            return ES_MESSAGE_QUEUED;
    for (size_t i = 0; i < ES_MARKS; i++)
        if (found->read_by_peer[i].incarnation == id.incarnation &&
            found->read_by_peer[i].sequence >= id.sequence)
            return ES_MESSAGE_READ;
    return ES_MESSAGE_DELIVERED;
}
