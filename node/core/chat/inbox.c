/* SPDX-License-Identifier: ISC */
/* inbox.c - what opened envelopes say: every message shown once, in its sender's order
 * (docs/protocol.md, section 10.1). */
#include <string.h>

#include "node/core/chat/parts.h"
#include "node/crypto/kdf.h"
#include "node/core/mutant.h"

/* So long a message waits for the one before it: longer than anybody carries an envelope. A sender that
 * went back to an older state may not know any more what it had written before. */
#define HELD_DAYS 3

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

/* Moves to the front; a new one pushes out the one that was not met longest. */
static struct es_mark *mark_or_new(struct es_mark marks[static ES_MARKS], uint32_t incarnation)
{
    struct es_mark *known = mark_of(marks, incarnation);
    const struct es_mark mark =
        known != NULL ? *known : (struct es_mark){.incarnation = incarnation};
    size_t places = known != NULL ? (size_t)(known - marks) : ES_MARKS - 1;

    if (known == NULL && marks[0].sequence == 0)
        places = 0; /* a new one of which nothing was shown */
    memmove(&marks[1], &marks[0], places * sizeof(marks[0]));
    marks[0] = mark;
    return &marks[0];
}

/* --- Showing ---------------------------------------------------------------------------------- */

/* key: of its row. */
static void put_message(struct es_chat *chat, struct es_context *context,
                        struct es_contact *contact, const struct es_row_key *key,
                        struct es_message *message, enum es_event_kind event)
{
    struct es_slice body;
    size_t len;

    message->order = ++contact->last_order;
    contact->last_wall_ms = context->wall_ms;
    contact->last_in = message->id;
    contact->unread++;
    len = es_body_message(message, chat->scratch->envelope, sizeof(chat->scratch->envelope));
    body = es_slice(chat->scratch->envelope, len);
    es_emit_message(context, es_row_key_slice(key), body, contact->number, message->order);
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

static void show_held(struct es_chat *chat, struct es_context *context, struct es_contact *contact,
                      const struct es_held *held)
{
    struct es_row_key key = es_key_message(contact->number, ES_MESSAGE_THEIRS, held->id, NULL);
    struct es_message message;
    struct es_slice body;

    if (es_chat_read(chat, ES_ROW_MESSAGE, &key, &body) && es_message_decode(body, &message))
        put_message(chat, context, contact, &key, &message, ES_EV_MESSAGE);
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

/* Shows what waited for this one, as much as one batch should hold; true if anything. The list is
 * sorted by sequence, so one pass from where it began is enough: what was just shown may free the
 * next. */
static bool release(struct es_chat *chat, struct es_context *context, struct es_contact *contact,
                    struct es_mark *mark)
{
    struct es_held **link = &contact->held;
    size_t n = 0;

    while (*link != NULL) {
        struct es_held *held = *link;

        if (!is_free(held, mark)) {
            link = &held->next;
            continue;
        }
        if (n++ == RELEASES_MAX) {
            chat->more = true;
            return true;
        }
        if (held->id.sequence > mark->sequence)
            mark->sequence = held->id.sequence;
        show_held(chat, context, contact, held);
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

/* What it waited for is passed over; the rest follows by itself. */
void es_inbox_tidy(struct es_chat *chat, struct es_context *context, struct es_contact *contact)
{
    for (const struct es_held *held = contact->held; held != NULL; held = held->next) {
        struct es_mark *mark;

        if (es_age_since(chat, context, held->since_age_ms) < HELD_DAYS * ES_DAY_MS)
            continue;
        mark = mark_or_new(contact->shown, held->id.incarnation);
        if (mark->sequence < held->after)
            mark->sequence = held->after;
        es_contact_save(chat, context, contact);
        chat->more = true;
    }
}

/* --- Holding ---------------------------------------------------------------------------------- */

static bool insert_held(struct es_chat *chat, struct es_contact *contact,
                        const struct es_held *made)
{
    struct es_held **link = &contact->held;
    struct es_held *held;

    if (contact->n_held >= ES_HELD_PER_CONTACT_MAX)
        return false;
    held = es_pool_get(&chat->held_pool);
    if (held == NULL)
        return false;
    while (*link != NULL && (*link)->id.sequence < made->id.sequence && !ES_MUTANT(HELD_LAST_FIRST))
        link = &(*link)->next;
    *held = *made;
    held->next = *link;
    *link = held;
    contact->n_held++;
    return true;
}

static void save_held(struct es_context *context, const struct es_contact *contact,
                      const struct es_held *held)
{
    struct es_row_key key = es_key_held(contact->number, held->id);
    uint8_t body[32];

    es_emit_row(context, ES_ROW_HELD, es_row_key_slice(&key),
                es_slice(body, es_body_held(held, body, sizeof(body))));
}

/* False when no more can wait. */
static bool hold(struct es_chat *chat, struct es_context *context, struct es_contact *contact,
                 const struct es_row_key *key, const struct es_message *message)
{
    const struct es_held held = {
        .id = message->id, .after = message->after, .since_age_ms = es_age_ms(chat, context)};
    size_t len;

    if (!insert_held(chat, contact, &held))
        return false;
    len = es_body_message(message, chat->scratch->envelope, sizeof(chat->scratch->envelope));
    es_emit_message(context, es_row_key_slice(key), es_slice(chat->scratch->envelope, len),
                    contact->number, 0);
    if (!ES_MUTANT(HELD_NOT_SAVED))
        save_held(context, contact, &held);
    return true;
}

bool es_inbox_restore_held(struct es_chat *chat, const struct es_row *row)
{
    struct es_contact *contact;
    struct es_held held;
    uint32_t number;

    if (!es_key_decode_held(row->key, &number, &held.id) ||
        !es_body_decode_held(row->body, &held) || held.after >= held.id.sequence)
        return false;
    contact = es_contact_find(chat, number);
    return contact != NULL && insert_held(chat, contact, &held);
}

/* --- Texts ------------------------------------------------------------------------------------ */

static bool same_text(const struct es_message *known, const struct es_text *text)
{
    return known->sent_wall_ms == text->sent_at_ms && known->text.len == text->text.len &&
           memcmp(known->text.ptr, text->text.ptr, text->text.len) == 0;
}

/* The same id with another text, after a rollback of the sender: kept beside the one that is known. */
static void take_conflict(struct es_chat *chat, struct es_context *context,
                          struct es_contact *contact, struct es_message *message)
{
    struct es_id digest = es_hash(&message->text, 1);
    struct es_row_key key =
        es_key_message(contact->number, ES_MESSAGE_CONFLICT, message->id, &digest);
    struct es_slice body;

    if (es_chat_read(chat, ES_ROW_MESSAGE, &key, &body))
        es_count(context->counters, ES_COUNT_MESSAGES_DUPLICATE);
    else if (!chat->read_failed)
        put_message(chat, context, contact, &key, message, ES_EV_CONFLICT);
}

/* An id at or below what was shown, or one that waits: a duplicate, a message that was passed over, or
 * another message under an old id. */
static void take_again(struct es_chat *chat, struct es_context *context, struct es_contact *contact,
                       const struct es_row_key *key, struct es_message *message,
                       const struct es_text *text)
{
    struct es_message known;
    struct es_slice body;

    if (!es_chat_read(chat, ES_ROW_MESSAGE, key, &body)) {
        if (!chat->read_failed)
            put_message(chat, context, contact, key, message, ES_EV_MESSAGE);
    } else if (es_message_decode(body, &known) && same_text(&known, text)) {
        es_count(context->counters, ES_COUNT_MESSAGES_DUPLICATE);
    } else {
        take_conflict(chat, context, contact, message);
    }
}

static bool is_held(const struct es_contact *contact, struct es_message_id id)
{
    for (const struct es_held *held = contact->held; held != NULL; held = held->next)
        if (held->id.incarnation == id.incarnation && held->id.sequence == id.sequence)
            return true;
    return false;
}

/* The sender says what still waits before this text. What we hold waits for nothing between: that we
 * have acknowledged, and if we went back since nobody sends it again. */
static void wait_for_less(struct es_context *context, const struct es_contact *contact,
                          const struct es_text *text)
{
    for (struct es_held *held = contact->held; held != NULL; held = held->next) {
        if (held->id.incarnation != text->id.incarnation || held->id.sequence > text->id.sequence ||
            held->after <= text->after)
            continue;
        held->after = text->after;
        save_held(context, contact, held);
    }
}

/* Marks of old incarnations give way, so a peer could say something else under an id that was shown:
 * once one may have been forgotten, the row says what was. */
static bool was_shown(struct es_chat *chat, const struct es_contact *contact,
                      const struct es_row_key *key)
{
    struct es_slice body;

    if (contact->shown[ES_MARKS - 1].sequence == 0)
        return false;
    return es_chat_read(chat, ES_ROW_MESSAGE, key, &body) || chat->read_failed;
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
    struct es_row_key key = es_key_message(contact->number, ES_MESSAGE_THEIRS, text->id, NULL);
    uint64_t waiting;

    wait_for_less(context, contact, text);
    waiting = free_before(contact, mark, text->id.sequence);
    if (waiting > message.after)
        message.after = waiting; /* those before it have not had their turn yet */
    if (ES_MUTANT(TWICE_SHOWN)) {
        put_message(chat, context, contact, &key, &message, ES_EV_MESSAGE);
    } else if (text->id.sequence <= mark->sequence || is_held(contact, text->id) ||
               was_shown(chat, contact, &key)) {
        take_again(chat, context, contact, &key, &message, text);
    } else if (ES_MUTANT(ORDER_IGNORED) || message.after <= mark->sequence ||
               !hold(chat, context, contact, &key, &message)) {
        /* Without room to wait it is shown early: it will be acknowledged, so it must not be lost. */
        mark->sequence = text->id.sequence;
        put_message(chat, context, contact, &key, &message, ES_EV_MESSAGE);
    }
    if (!ES_MUTANT(NOTHING_RELEASED))
        release(chat, context, contact, mark);
}

/* --- Everything else -------------------------------------------------------------------------- */

static void take_read(struct es_context *context, struct es_contact *contact,
                      struct es_message_id id)
{
    struct es_mark *mark;

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

static void take_link_key(struct es_chat *chat, struct es_context *context,
                          struct es_live_session *session, uint32_t serial,
                          const struct es_key *key)
{
    struct es_link_key_state *state = &session->link_key;

    if (serial <= state->serial)
        return;
    state->before = state->now;
    state->now = *key;
    state->known = true;
    state->serial = serial;
    state->made_age_ms = es_age_ms(chat, context);
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
        take_text(chat, context, ES_MUTANT(WRONG_SENDER) ? chat->contacts[0] : contact,
                  &record->text);
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
        take_read(context, contact, record->read);
        return true;
    case ES_RECORD_LINK_KEY:
        take_link_key(chat, context, session, record->link_key.serial, &record->link_key.key);
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
        es_gaps_floor(chat, context, session,
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

    while (es_record_next(&reader, &record))
        if (take_record(chat, context, session, &record))
            session->owes_ack = true;
    es_wipe(&record, sizeof(record));
    widen(chat, context, session);
    es_sessions_save(chat, context, session);
    if (!ES_MUTANT(MARK_NOT_SAVED))
        es_contact_save(chat, context, session->contact);
}
