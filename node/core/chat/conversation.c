/* SPDX-License-Identifier: ISC */
/* conversation.c - what people do in a conversation: write, read, ping. */
#include "node/core/chat/parts.h"
#include "node/wire/utf8.h"

static enum es_err check_text(struct es_slice text)
{
    if (text.len == 0)
        return ES_E_EMPTY;
    if (text.len > ES_TEXT_BYTES_MAX)
        return ES_E_TOO_LONG;
    return es_utf8_valid(text) ? ES_OK : ES_E_UTF8;
}

enum es_err es_conversation_send(struct es_chat *chat, struct es_context *context,
                                 struct es_contact *contact, struct es_message *io_message)
{
    struct es_message_id id = {.incarnation = contact->incarnation,
                               .sequence = contact->next_sequence};
    struct es_row_key key = es_key_message(contact->number, ES_MESSAGE_OURS, id, NULL);
    enum es_err err = check_text(io_message->text);
    size_t len;

    if (contact->state == ES_CONTACT_BLOCKED)
        err = ES_E_BLOCKED;
    if (contact->state == ES_CONTACT_REQUESTED && contact->asking == NULL)
        err = ES_E_NOT_ASKED; /* it would wait for ever */
    if (err != ES_OK)
        return err;
    io_message->contact = contact->number;
    io_message->own = true;
    io_message->id = id;
    io_message->sent_wall_ms = io_message->received_wall_ms = context->wall_ms;
    io_message->order = contact->last_order + 1;
    len = es_body_message(io_message, chat->scratch->envelope, sizeof(chat->scratch->envelope));
    if (!es_outbox_add_text(chat, context, contact, id, io_message->order))
        return ES_E_OUTBOX_FULL;
    contact->next_sequence++;
    contact->last_order++;
    contact->last_wall_ms = context->wall_ms;
    es_emit_message(context, es_row_key_slice(&key), es_slice(chat->scratch->envelope, len),
                    contact->number, io_message->order);
    es_contact_save(chat, context, contact);
    es_count(context->counters, ES_COUNT_MESSAGES_SENT);
    return ES_OK;
}

/* --- What will not arrive ----------------------------------------------------------------------- */

/* The text borrows from the work space or a batch. */
static bool read_own(struct es_chat *chat, const struct es_contact *contact,
                     struct es_message_id id, struct es_message *ret)
{
    struct es_row_key key = es_key_message(contact->number, ES_MESSAGE_OURS, id, NULL);
    struct es_slice body;

    return es_chat_read(chat, ES_ROW_MESSAGE, &key, &body) && es_message_decode(body, ret);
}

void es_conversation_fail(struct es_chat *chat, struct es_context *context,
                          struct es_contact *contact, struct es_outgoing *out, enum es_err why)
{
    const struct es_message_id id = out->id;
    struct es_row_key key = es_key_message(contact->number, ES_MESSAGE_OURS, id, NULL);
    struct es_message message;

    es_outbox_remove(chat, context, contact, out);
    if (read_own(chat, contact, id, &message)) {
        uint8_t *buf = chat->scratch->envelope;
        size_t len;

        message.failed = why;
        len = es_body_message(&message, buf, sizeof(chat->scratch->envelope));
        es_emit_message(context, es_row_key_slice(&key), es_slice(buf, len), contact->number,
                        message.order);
    }
    es_emit_event(context, &(struct es_event){.kind = ES_EV_FAILED,
                                              .contact = contact->number,
                                              .own = true,
                                              .message = id,
                                              .err = why});
}

static struct es_outgoing *first_text(const struct es_contact *contact)
{
    struct es_outgoing *out = contact->outbox;

    while (out != NULL && out->kind != ES_OUT_TEXT)
        out = out->next;
    return out;
}

void es_conversation_fail_all(struct es_chat *chat, struct es_context *context,
                              struct es_contact *contact, enum es_err why)
{
    struct es_outgoing *out;

    while ((out = first_text(contact)) != NULL)
        es_conversation_fail(chat, context, contact, out, why);
}

/* Each leaves its old place only when it has another. The place in the outbox is taken twice for a
 * moment, so of a full one the first does not move. */
void es_conversation_move(struct es_chat *chat, struct es_context *context, struct es_contact *from,
                          struct es_contact *to)
{
    struct es_outgoing *out;

    while ((out = first_text(from)) != NULL) {
        struct es_message message, moved = {0};
        enum es_err err = ES_E_STORE;

        if (read_own(chat, from, out->id, &message)) {
            moved.text = message.text;
            err = es_conversation_send(chat, context, to, &moved);
        }
        if (err == ES_OK)
            es_outbox_remove(chat, context, from, out);
        else
            es_conversation_fail(chat, context, from, out, err);
    }
}

void es_conversation_read(struct es_chat *chat, struct es_context *context,
                          struct es_contact *contact)
{
    if (contact->unread == 0)
        return;
    contact->unread = 0;
    contact->read_order = contact->last_order;
    contact->read_in = contact->last_in;
    if (chat->settings->receipts && contact->state == ES_CONTACT_ACCEPTED)
        contact->owed |= ES_OWED_READ;
    es_contact_save(chat, context, contact);
}

/* A free place, else the one that has waited longest. */
static struct es_ping *ping_place(struct es_chat *chat)
{
    struct es_ping *ping = &chat->pings[0];

    for (size_t i = 0; i < ES_PINGS_MAX && ping->token != 0; i++)
        if (chat->pings[i].token == 0 || chat->pings[i].sent_ms < ping->sent_ms)
            ping = &chat->pings[i];
    return ping;
}

enum es_err es_conversation_ping(struct es_chat *chat, struct es_context *context,
                                 const struct es_contact *contact, uint64_t request, uint16_t bytes)
{
    struct es_record record = {.kind = ES_RECORD_PING};
    struct es_ping *ping = ping_place(chat);

    if (contact->state != ES_CONTACT_ACCEPTED || contact->sessions[0] == NULL)
        return ES_E_NOT_CONTACT;
    if (!contact->present || !es_contact_may_seal(contact))
        return ES_E_OFFLINE;
    record.ping.token = 1 + es_random_below(context, UINT64_MAX - 1);
    record.ping.pad_bytes = bytes < ES_PING_BYTES_MAX ? bytes : ES_PING_BYTES_MAX;
    if (!es_seal_once(chat, context, es_sessions_sending(chat, contact), &record))
        return ES_E_OFFLINE;
    *ping = (struct es_ping){.token = record.ping.token,
                             .request = request,
                             .contact = contact->number,
                             .sent_ms = context->now_ms};
    return ES_OK;
}
