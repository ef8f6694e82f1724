/* SPDX-License-Identifier: ISC */
/* inbox.c - what opened envelopes say: every message shown once, in its sender's order
 * (docs/protocol.md, section 10.1). */
#include <string.h>

#include "node/core/chat/parts.h"

/* A long queue is shown in parts: a batch holds row and event of each. */
#define RELEASES_MAX 64
/* When this much of the window was used in one chain, the sender could go faster. */
#define WIDEN_AT(window) ((window) - (window) / 4)

static struct es_mark *mark_of(struct es_mark marks[static ES_MARKS], uint32_t incarnation)
{
    for (size_t i = 0; i < ES_MARKS; i++)
        if (marks[i].incarnation == incarnation && marks[i].sequence != 0)
            return &marks[i];
    return NULL;
}

static struct es_mark *mark_or_new(struct es_mark marks[static ES_MARKS], uint32_t incarnation)
{
    struct es_mark *mark = mark_of(marks, incarnation);

    if (mark != NULL)
        return mark;
    if (marks[0].sequence != 0)
        memmove(&marks[1], &marks[0], (ES_MARKS - 1) * sizeof(marks[0]));
    marks[0] = (struct es_mark){.incarnation = incarnation};
    return &marks[0];
}

/* --- Showing ---------------------------------------------------------------------------------- */

static void put_message(struct es_chat *chat, struct es_context *context,
                        struct es_contact *contact, struct es_message *message,
                        enum es_event_kind event)
{
    uint8_t sort = event == ES_EV_CONFLICT ? 2 : 0;
    struct es_row_key key;
    struct es_slice body;
    size_t len;

    message->order = ++contact->last_order;
    contact->last_wall_ms = context->wall_ms;
    contact->last_in = message->id;
    contact->unread++;
    key = es_key_message(contact->number, sort, message->id, message->order);
    len = es_body_message(message, chat->envelope, sizeof(chat->envelope));
    body = es_slice(chat->envelope, len);
    es_emit_message(context, es_row_key_slice(&key), body, contact->number, message->order);
    es_emit_event(context, &(struct es_event){.kind = ES_EV_MESSAGE,
                                              .contact = contact->number,
                                              .message = message->id,
                                              .order = message->order,
                                              .text = body});
    if (event == ES_EV_CONFLICT)
        es_emit_event(context, &(struct es_event){.kind = ES_EV_CONFLICT,
                                                  .contact = contact->number,
                                                  .message = message->id,
                                                  .order = message->order,
                                                  .text = body});
    es_count(context->counters, ES_COUNT_MESSAGES_SHOWN);
}

static void drop_held(struct es_chat *chat, struct es_context *context, struct es_contact *contact,
                      struct es_held **link)
{
    struct es_held *held = *link;
    struct es_row_key key = es_key_held(contact->number, held->id);

    es_emit_erase(context, ES_ROW_HELD, es_row_key_slice(&key));
    *link = held->next;
    contact->n_held--;
    es_pool_put(&chat->held_pool, held);
}

void es_inbox_clear(struct es_chat *chat, struct es_context *context, struct es_contact *contact)
{
    while (contact->held != NULL)
        drop_held(chat, context, contact, &contact->held);
}

static bool is_free(const struct es_held *held, const struct es_mark *mark)
{
    return held->id.incarnation == mark->incarnation && held->after <= mark->sequence;
}

/* The last of those that may be shown and come before this message; 0: none waits for its turn. */
static uint64_t free_before(const struct es_contact *contact, const struct es_mark *mark,
                            uint64_t sequence)
{
    uint64_t last = 0;

    for (const struct es_held *held = contact->held; held != NULL; held = held->next)
        if (is_free(held, mark) && held->id.sequence < sequence)
            last = held->id.sequence;
    return last;
}

/* Shows what waited for this one, as much as one batch should hold; true if anything. The list is sorted by sequence, so one pass from where it began is
 * enough: what was just shown may free the next. */
static bool release(struct es_chat *chat, struct es_context *context, struct es_contact *contact,
                    struct es_mark *mark)
{
    struct es_held **link = &contact->held;
    size_t n = 0;

    while (*link != NULL) {
        struct es_held *held = *link;
        struct es_row_key key = es_key_message(contact->number, 0, held->id, 0);
        struct es_message message;
        struct es_slice body;

        if (!is_free(held, mark)) {
            link = &held->next;
            continue;
        }
        if (n++ == RELEASES_MAX) {
            chat->more = true;
            return true;
        }
        if (es_chat_read(chat, ES_ROW_MESSAGE, &key, &body) && es_message_decode(body, &message)) {
            if (held->id.sequence > mark->sequence)
                mark->sequence = held->id.sequence;
            put_message(chat, context, contact, &message, ES_EV_MESSAGE);
        }
        drop_held(chat, context, contact, link);
    }
    return n > 0;
}

void es_inbox_timer(struct es_chat *chat, struct es_context *context)
{
    for (size_t i = 0; i < chat->n_contacts; i++) {
        struct es_contact *contact = chat->contacts[i];

        for (size_t k = 0; contact->held != NULL && k < ES_MARKS; k++)
            if (contact->shown[k].sequence != 0 &&
                release(chat, context, contact, &contact->shown[k]))
                es_contact_save(chat, context, contact);
    }
}

/* --- Holding ---------------------------------------------------------------------------------- */

static bool insert_held(struct es_chat *chat, struct es_contact *contact, struct es_message_id id,
                        uint64_t after)
{
    struct es_held **link = &contact->held;
    struct es_held *held;

    if (contact->n_held >= ES_HELD_PER_CONTACT_MAX)
        return false;
    held = es_pool_get(&chat->held_pool);
    if (held == NULL)
        return false;
    while (*link != NULL && (*link)->id.sequence < id.sequence)
        link = &(*link)->next;
    *held = (struct es_held){.next = *link, .id = id, .after = after};
    *link = held;
    contact->n_held++;
    return true;
}

/* False: there is no room. */
static bool hold(struct es_chat *chat, struct es_context *context, struct es_contact *contact,
                 struct es_message *message)
{
    struct es_row_key key = es_key_message(contact->number, 0, message->id, 0);
    struct es_row_key held_key = es_key_held(contact->number, message->id);
    uint8_t after[8];
    struct es_writer writer = es_writer(after, sizeof(after));
    size_t len;

    if (!insert_held(chat, contact, message->id, message->after))
        return false;
    len = es_body_message(message, chat->envelope, sizeof(chat->envelope));
    es_emit_message(context, es_row_key_slice(&key), es_slice(chat->envelope, len), contact->number,
                    0);
    es_write_u64(&writer, message->after);
    es_emit_row(context, ES_ROW_HELD, es_row_key_slice(&held_key), es_written(&writer));
    return true;
}

bool es_inbox_restore_held(struct es_chat *chat, const struct es_row *row)
{
    struct es_reader reader = es_reader(row->body);
    struct es_contact *contact;
    struct es_message_id id;
    uint64_t after = es_read_u64(&reader);
    uint32_t number;

    if (!es_key_decode_held(row->key, &number, &id) || !es_reader_done(&reader))
        return false;
    contact = es_contact_find(chat, number);
    return contact != NULL && insert_held(chat, contact, id, after);
}

/* --- Texts ------------------------------------------------------------------------------------ */

static bool same_text(const struct es_message *known, const struct es_text *text)
{
    return known->sent_wall_ms == text->sent_at_ms && known->text.len == text->text.len &&
           memcmp(known->text.ptr, text->text.ptr, text->text.len) == 0;
}

/* An id at or below what was shown: a duplicate, a message that was passed over, or, after a
 * rollback of the sender, another message under an old id. */
static void take_again(struct es_chat *chat, struct es_context *context, struct es_contact *contact,
                       struct es_message *message, const struct es_text *text)
{
    struct es_row_key key = es_key_message(contact->number, 0, text->id, 0);
    struct es_message known;
    struct es_slice body;

    if (!es_chat_read(chat, ES_ROW_MESSAGE, &key, &body)) {
        if (!chat->read_failed)
            put_message(chat, context, contact, message, ES_EV_MESSAGE);
    } else if (es_message_decode(body, &known) && same_text(&known, text)) {
        es_count(context->counters, ES_COUNT_MESSAGES_DUPLICATE);
    } else {
        put_message(chat, context, contact, message, ES_EV_CONFLICT);
    }
}

static bool is_held(const struct es_contact *contact, struct es_message_id id)
{
    for (const struct es_held *held = contact->held; held != NULL; held = held->next)
        if (held->id.incarnation == id.incarnation && held->id.sequence == id.sequence)
            return true;
    return false;
}

/* Marks of old incarnations give way, so a peer could say something else under an id that was shown:
 * once one may have been forgotten, the row says what was. */
static bool was_shown(struct es_chat *chat, const struct es_contact *contact,
                      struct es_message_id id)
{
    struct es_row_key key = es_key_message(contact->number, 0, id, 0);
    struct es_slice body;

    if (contact->shown[ES_MARKS - 1].sequence == 0)
        return false;
    return es_chat_read(chat, ES_ROW_MESSAGE, &key, &body) || chat->read_failed;
}

static void take_text(struct es_chat *chat, struct es_context *context, struct es_contact *contact,
                      const struct es_text *text)
{
    struct es_mark *mark = mark_or_new(contact->shown, text->id.incarnation);
    struct es_message message = {.contact = contact->number,
                                 .id = text->id,
                                 .sent_wall_ms = text->sent_at_ms,
                                 .received_wall_ms = context->wall_ms,
                                 .after = text->after,
                                 .reply_to = text->reply_to,
                                 .reply_to_own = !text->reply_to_own,
                                 .text = text->text};
    uint64_t waiting = free_before(contact, mark, text->id.sequence);

    if (waiting > message.after)
        message.after = waiting; /* those before it have not had their turn yet */
    if (text->id.sequence <= mark->sequence) {
        take_again(chat, context, contact, &message, text);
    } else if (is_held(contact, text->id)) {
        es_count(context->counters, ES_COUNT_MESSAGES_DUPLICATE);
    } else if (was_shown(chat, contact, text->id)) {
        take_again(chat, context, contact, &message, text);
    } else if (message.after <= mark->sequence || !hold(chat, context, contact, &message)) {
        /* Without room to wait it is shown early: it will be acknowledged, so it must not be lost. */
        mark->sequence = text->id.sequence;
        put_message(chat, context, contact, &message, ES_EV_MESSAGE);
        release(chat, context, contact, mark);
    }
}

/* --- Everything else -------------------------------------------------------------------------- */

static void take_read(struct es_chat *chat, struct es_context *context, struct es_contact *contact,
                      struct es_message_id id)
{
    struct es_mark *mark;

    (void)chat;
    if (id.sequence == 0 ||
        (id.incarnation == contact->incarnation && id.sequence >= contact->next_sequence))
        return;
    mark = mark_or_new(contact->read_by_peer, id.incarnation);
    if (id.sequence <= mark->sequence)
        return;
    mark->sequence = id.sequence;
    es_emit_event(context,
                  &(struct es_event){
                      .kind = ES_EV_READ, .contact = contact->number, .own = true, .message = id});
}

static void take_link_key(struct es_context *context, struct es_contact *contact, uint32_t serial,
                          const struct es_key *key)
{
    if (serial <= contact->link_key_serial)
        return;
    contact->link_key_before = contact->link_key;
    contact->link_key = *key;
    contact->link_key_known = true;
    contact->link_key_serial = serial;
    contact->link_key_wall_ms = context->wall_ms;
}

static void take_pong(struct es_chat *chat, struct es_context *context,
                      const struct es_contact *contact, uint64_t token)
{
    for (size_t i = 0; i < ES_PINGS_MAX; i++) {
        struct es_ping *ping = &chat->pings[i];

        if (token == 0 || ping->token != token || ping->contact != contact->number)
            continue;
        es_emit_event(context, &(struct es_event){.kind = ES_EV_PONG,
                                                  .request = ping->request,
                                                  .contact = contact->number,
                                                  .rtt_ms = context->now_ms - ping->sent_ms});
        ping->token = 0;
    }
}

/* The peer fills most of the window in one chain: keep more tags ready, and say so once they are. */
static void widen(struct es_chat *chat, struct es_context *context, struct es_live_session *session)
{
    struct es_session wider = session->ratchet;
    uint32_t own = wider.own_window;

    if (own >= ES_WINDOW_MAX || !wider.receiving || wider.receive.next < WIDEN_AT(own))
        return;
    wider.own_window = (uint16_t)(own * 4 > ES_WINDOW_MAX ? ES_WINDOW_MAX : own * 4);
    if (es_tags_move_session(chat->tags, &session->ratchet, &wider)) {
        session->ratchet = wider;
        es_outbox_owe(chat, context, session->contact, ES_OWED_WINDOW);
    }
    es_wipe(&wider, sizeof(wider));
}

/* True when the record wants the envelope to be acknowledged. */
static bool take_record(struct es_chat *chat, struct es_context *context,
                        struct es_live_session *session, const struct es_record *record)
{
    struct es_contact *contact = session->contact;

    switch (record->kind) {
    case ES_RECORD_TEXT:
        take_text(chat, context, contact, &record->text);
        return true;
    case ES_RECORD_ACK:
        es_ack_apply(chat, context, session, &record->ack);
        return false;
    case ES_RECORD_WINDOW:
        if (record->window > session->ratchet.window && record->window <= ES_WINDOW_MAX)
            session->ratchet.window = record->window;
        return true;
    case ES_RECORD_PROFILE:
        es_name_set(contact->claimed_name, record->profile);
        es_contact_adopt_name(chat, contact);
        return true;
    case ES_RECORD_PRESENCE:
        es_presence_learn(chat, context, contact, &record->presence);
        return true;
    case ES_RECORD_READ:
        take_read(chat, context, contact, record->read);
        return true;
    case ES_RECORD_LINK_KEY:
        take_link_key(context, contact, record->link_key.serial, &record->link_key.key);
        return true;
    case ES_RECORD_PING:
        session->owes_pong = true;
        session->pong_token = record->ping.token;
        session->pong_bytes = record->ping.pad_bytes;
        return false;
    case ES_RECORD_PONG:
        take_pong(chat, context, contact, record->ping.token);
        return false;
    case ES_RECORD_ANSWER:
        return true;
    case ES_RECORD_FLOOR:
        es_sessions_floor(chat, context, session,
                          (struct es_position){record->floor.chain, record->floor.n});
        return false;
    case ES_RECORD_LINK_STATE:
        break; /* belongs into LINK envelopes */
    }
    es_count(context->counters, ES_COUNT_REJECTED_RECORD);
    return false;
}

void es_inbox_records(struct es_chat *chat, struct es_context *context,
                      struct es_live_session *session, struct es_slice records)
{
    struct es_reader reader = es_reader(records);
    struct es_record record;

    if (session == session->contact->sessions[0])
        session->contact->link_key_known = true; /* it was made with this session or before */
    while (es_record_next(&reader, &record))
        if (take_record(chat, context, session, &record))
            session->owes_ack = true;
    es_wipe(&record, sizeof(record));
    widen(chat, context, session);
    es_sessions_save(chat, context, session);
    es_contact_save(chat, context, session->contact);
}
