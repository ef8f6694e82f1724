/* SPDX-License-Identifier: ISC */
/* sessions.c - the sessions in use: which one is sealed in, what opens in which, their gaps. */
#include <string.h>

#include "node/core/chat/parts.h"

/* A session that another one has replaced goes on receiving this long (docs/protocol.md, 6.6). */
#define REPLACED_DAYS 14

/* --- The table -------------------------------------------------------------------------------- */

static size_t place_of(const struct es_chat *chat, uint32_t number)
{
    size_t low = 0, high = chat->n_sessions;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (chat->sessions[middle]->ratchet.number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct es_live_session *find(const struct es_chat *chat, uint32_t number)
{
    size_t at = place_of(chat, number);

    if (at < chat->n_sessions && chat->sessions[at]->ratchet.number == number)
        return chat->sessions[at];
    return NULL;
}

struct es_live_session *es_sessions_by_id(const struct es_contact *contact,
                                          const uint8_t id[static 8])
{
    for (size_t i = 0; i < ES_SESSIONS_PER_CONTACT_MAX && contact->sessions[i] != NULL; i++)
        if (memcmp(contact->sessions[i]->ratchet.id.bytes, id, 8) == 0)
            return contact->sessions[i];
    return NULL;
}

void es_sessions_save(struct es_chat *chat, struct es_context *context,
                      const struct es_live_session *session)
{
    uint8_t body[ES_SESSION_ROW_BYTES_MAX];
    struct es_row_key key = es_key_number(session->ratchet.number);
    size_t len = es_body_session(session, body, sizeof(body));

    (void)chat;
    es_emit_row(context, ES_ROW_SESSION, es_row_key_slice(&key), es_slice(body, len));
    es_wipe(body, sizeof(body));
}

/* Which session gives way when a contact has too many: the oldest that is not sealed in. */
static struct es_live_session *spare_session(const struct es_chat *chat,
                                             const struct es_contact *contact)
{
    const struct es_live_session *sending = es_sessions_sending(chat, contact);

    for (size_t i = ES_SESSIONS_PER_CONTACT_MAX; i-- > 0;)
        if (contact->sessions[i] != sending)
            return contact->sessions[i];
    return NULL;
}

static struct es_live_session *insert(struct es_chat *chat, struct es_contact *contact,
                                      const struct es_session *ratchet)
{
    struct es_live_session *session = es_pool_get(&chat->session_pool);
    size_t at = place_of(chat, ratchet->number);

    if (session == NULL)
        return NULL;
    session->contact = contact;
    session->ratchet = *ratchet;
    memmove(&chat->sessions[at + 1], &chat->sessions[at],
            (chat->n_sessions - at) * sizeof(chat->sessions[0]));
    chat->sessions[at] = session;
    chat->n_sessions++;
    memmove(&contact->sessions[1], &contact->sessions[0],
            (ES_SESSIONS_PER_CONTACT_MAX - 1) * sizeof(contact->sessions[0]));
    contact->sessions[0] = session;
    return session;
}

struct es_live_session *es_sessions_add(struct es_chat *chat, struct es_context *context,
                                        struct es_contact *contact, const struct es_session *made,
                                        bool post_quantum, bool crossed)
{
    struct es_session ratchet = *made;
    struct es_live_session *session;

    if (contact->sessions[ES_SESSIONS_PER_CONTACT_MAX - 1] != NULL)
        es_sessions_remove(chat, context, spare_session(chat, contact));
    ratchet.number = chat->self.next_session++;
    ratchet.contact = contact->number;
    ratchet.made_wall_ms = context->wall_ms;
    es_self_save(chat, context);
    session = insert(chat, contact, &ratchet);
    es_wipe(&ratchet, sizeof(ratchet));
    if (session == NULL || !es_tags_add_session(chat->tags, &session->ratchet))
        return NULL;
    session->post_quantum = post_quantum;
    session->crossed = crossed;
    es_sessions_save(chat, context, session);
    return session;
}

static void forget_missing(struct es_chat *chat, struct es_context *context,
                           struct es_live_session *session, struct es_missing **link)
{
    struct es_missing *missing = *link;
    struct es_row_key key = es_key_gap(session->ratchet.number, missing->at);

    es_emit_erase(context, ES_ROW_GAP, es_row_key_slice(&key));
    es_tags_remove(chat->tags, &missing->tag);
    *link = missing->next;
    es_pool_put(&chat->missing_pool, missing);
    session->n_missing--;
}

void es_sessions_remove(struct es_chat *chat, struct es_context *context,
                        struct es_live_session *session)
{
    struct es_contact *contact = session->contact;
    struct es_row_key key = es_key_number(session->ratchet.number);
    size_t at = place_of(chat, session->ratchet.number), of = 0;

    while (session->missing != NULL)
        forget_missing(chat, context, session, &session->missing);
    es_tags_remove_session(chat->tags, &session->ratchet);
    es_emit_erase(context, ES_ROW_SESSION, es_row_key_slice(&key));
    chat->n_sessions--;
    memmove(&chat->sessions[at], &chat->sessions[at + 1],
            (chat->n_sessions - at) * sizeof(chat->sessions[0]));
    while (contact->sessions[of] != session)
        of++;
    memmove(&contact->sessions[of], &contact->sessions[of + 1],
            (ES_SESSIONS_PER_CONTACT_MAX - 1 - of) * sizeof(contact->sessions[0]));
    contact->sessions[ES_SESSIONS_PER_CONTACT_MAX - 1] = NULL;
    es_session_done(&session->ratchet);
    es_pool_put(&chat->session_pool, session);
}

/* --- Which session is sealed in (docs/protocol.md, section 6.6) ----------------------------------- */

/* Did the side with the smaller identity accept this session? */
static bool accepted_by_smaller(const struct es_chat *chat, const struct es_live_session *session)
{
    const struct es_sign_public *self = &chat->self.identity.address;
    const struct es_sign_public *peer = &session->contact->key.address;
    bool self_smaller = memcmp(self->bytes, peer->bytes, ES_KEY_BYTES) < 0;

    return session->ratchet.initiator != self_smaller;
}

static bool better(const struct es_chat *chat, const struct es_live_session *newer,
                   const struct es_live_session *older)
{
    if (newer->ratchet.confirmed != older->ratchet.confirmed)
        return newer->ratchet.confirmed;
    if (newer->ratchet.confirmed && newer->crossed && older->crossed)
        return accepted_by_smaller(chat, newer) || !accepted_by_smaller(chat, older);
    return true;
}

struct es_live_session *es_sessions_sending(const struct es_chat *chat,
                                            const struct es_contact *contact)
{
    struct es_live_session *best = contact->sessions[0];

    for (size_t i = 1; i < ES_SESSIONS_PER_CONTACT_MAX && contact->sessions[i] != NULL; i++)
        if (!better(chat, best, contact->sessions[i]))
            best = contact->sessions[i];
    return best;
}

/* --- Gaps ------------------------------------------------------------------------------------- */

static bool before(struct es_position a, struct es_position b)
{
    return a.chain != b.chain ? a.chain < b.chain : a.n < b.n;
}

/* Gives up the oldest missing envelope: from now on everything up to it is reported as lost. */
static void give_up_oldest(struct es_chat *chat, struct es_context *context,
                           struct es_live_session *session)
{
    struct es_position at = session->missing->at;

    session->lost = (struct es_position){.chain = at.chain, .n = at.n + 1};
    forget_missing(chat, context, session, &session->missing);
    es_count(context->counters, ES_COUNT_GAPS_LOST);
    session->owes_ack = true;
}

static struct es_missing *append_missing(struct es_chat *chat, struct es_live_session *session,
                                         const struct es_gap *gap)
{
    struct es_missing **link = &session->missing;
    struct es_missing *missing = es_pool_get(&chat->missing_pool);
    const struct es_tag_entry entry = {
        .tag = gap->tag, .kind = ES_TAG_GAP, .owner = session->ratchet.number, .at = gap->at};

    if (missing == NULL)
        return NULL;
    while (*link != NULL && before((*link)->at, gap->at))
        link = &(*link)->next;
    *missing = (struct es_missing){.next = *link, .at = gap->at, .tag = gap->tag, .day = gap->day};
    *link = missing;
    session->n_missing++;
    return es_tags_put(chat->tags, &entry) ? missing : NULL;
}

void es_sessions_add_gaps(struct es_chat *chat, struct es_context *context,
                          struct es_live_session *session, const struct es_gap *gaps, size_t n)
{
    uint8_t body[128];

    for (size_t i = 0; i < n; i++) {
        struct es_row_key key = es_key_gap(session->ratchet.number, gaps[i].at);

        while (session->missing != NULL && (session->n_missing >= ES_GAPS_PER_SESSION_MAX ||
                                            chat->missing_pool.n >= ES_GAPS_MAX))
            give_up_oldest(chat, context, session);
        if (append_missing(chat, session, &gaps[i]) == NULL) {
            session->lost = (struct es_position){.chain = gaps[i].at.chain, .n = gaps[i].at.n + 1};
            es_count(context->counters, ES_COUNT_GAPS_LOST);
            continue;
        }
        es_emit_row(context, ES_ROW_GAP, es_row_key_slice(&key),
                    es_slice(body, es_body_gap(&gaps[i], body, sizeof(body))));
    }
    es_wipe(body, sizeof(body));
}

void es_sessions_floor(struct es_chat *chat, struct es_context *context,
                       struct es_live_session *session, struct es_position floor)
{
    while (session->missing != NULL && before(session->missing->at, floor))
        forget_missing(chat, context, session, &session->missing);
}

/* --- Opening ---------------------------------------------------------------------------------- */

static enum es_open_result open_expected(struct es_chat *chat, struct es_context *context,
                                         struct es_live_session *session,
                                         const struct es_tag_entry *entry, struct es_slice envelope,
                                         struct es_opened *opened)
{
    enum es_expected expected = entry->kind == ES_TAG_NEXT ? ES_EXPECT_NEXT : ES_EXPECT_CURRENT;
    enum es_open_result result = es_session_open(&session->ratchet, expected, entry->at, envelope,
                                                 (uint16_t)(context->wall_ms / ES_DAY_MS), opened);

    if (result != ES_OPEN_OK)
        return result;
    es_tags_move_session(chat->tags, &session->ratchet, &opened->after);
    es_sessions_add_gaps(chat, context, session, opened->gaps, opened->n_gaps);
    es_wipe(chat->gaps, opened->n_gaps * sizeof(chat->gaps[0]));
    return result;
}

static enum es_open_result open_gap(struct es_chat *chat, struct es_context *context,
                                    struct es_live_session *session, struct es_position at,
                                    struct es_slice envelope, struct es_opened *opened)
{
    struct es_row_key key = es_key_gap(session->ratchet.number, at);
    struct es_missing **link = &session->missing;
    enum es_open_result result;
    struct es_gap gap = {.at = at};
    struct es_slice body;

    if (!es_chat_read(chat, ES_ROW_GAP, &key, &body) || !es_body_decode_gap(body, &gap))
        return ES_OPEN_BAD;
    result = es_session_open_gap(&session->ratchet, &gap, envelope, opened);
    es_wipe(&gap, sizeof(gap));
    es_wipe(chat->body, 128);
    while (result == ES_OPEN_OK && *link != NULL) {
        if ((*link)->at.chain == at.chain && (*link)->at.n == at.n) {
            forget_missing(chat, context, session, link);
            break;
        }
        link = &(*link)->next;
    }
    return result;
}

enum es_open_result es_sessions_open(struct es_chat *chat, struct es_context *context,
                                     const struct es_tag_entry *entry, struct es_slice envelope,
                                     struct es_live_session **ret, struct es_slice *ret_records)
{
    const struct es_tag_entry at = *entry; /* the table changes under the pointer */
    struct es_live_session *session = find(chat, at.owner);
    struct es_opened opened = {
        .payload = chat->plain,
        .gaps = chat->gaps,
        .gaps_cap = sizeof(chat->gaps) / sizeof(chat->gaps[0]),
    };
    enum es_open_result result;

    if (session == NULL)
        return ES_OPEN_BAD;
    if (at.kind == ES_TAG_GAP)
        result = open_gap(chat, context, session, at.at, envelope, &opened);
    else
        result = open_expected(chat, context, session, &at, envelope, &opened);
    if (result != ES_OPEN_OK)
        return result;
    session->ratchet = opened.after;
    es_wipe(&opened.after, sizeof(opened.after));
    es_sessions_save(chat, context, session);
    *ret = session;
    *ret_records = opened.records;
    return ES_OPEN_OK;
}

/* --- Restoring and tidying -------------------------------------------------------------------- */

bool es_sessions_restore(struct es_chat *chat, const struct es_row *row)
{
    struct es_live_session decoded = {0};
    struct es_live_session *session;
    struct es_contact *contact;

    if (!es_body_decode_session(row->body, &decoded))
        return false;
    contact = es_contact_find(chat, decoded.ratchet.contact);
    if (contact == NULL || contact->sessions[ES_SESSIONS_PER_CONTACT_MAX - 1] != NULL)
        return false;
    session = insert(chat, contact, &decoded.ratchet);
    if (session == NULL || !es_tags_add_session(chat->tags, &session->ratchet))
        return false;
    session->post_quantum = decoded.post_quantum;
    session->crossed = decoded.crossed;
    session->lost = decoded.lost;
    session->owes_ack = session->ratchet.receiving; /* it may have been lost with the process */
    es_wipe(&decoded, sizeof(decoded));
    return true;
}

bool es_sessions_restore_gap(struct es_chat *chat, const struct es_row *row)
{
    struct es_live_session *session;
    struct es_gap gap;
    uint32_t number;
    bool ok;

    if (!es_key_decode_gap(row->key, &number, &gap.at) || !es_body_decode_gap(row->body, &gap))
        return false;
    session = find(chat, number);
    ok = session != NULL && append_missing(chat, session, &gap) != NULL;
    es_wipe(&gap, sizeof(gap));
    return ok;
}

static void tidy_gaps(struct es_chat *chat, struct es_context *context,
                      struct es_live_session *session)
{
    uint64_t today = context->wall_ms / ES_DAY_MS;
    bool lost = false;

    /* A clock that jumped back must not keep them for ever, nor one that jumped ahead and back drop
     * them: only days between count. */
    while (session->missing != NULL && session->missing->day + (uint64_t)ES_GAP_DAYS_MAX < today) {
        give_up_oldest(chat, context, session);
        lost = true;
    }
    if (lost)
        es_sessions_save(chat, context, session);
}

void es_sessions_tidy(struct es_chat *chat, struct es_context *context)
{
    for (size_t i = chat->n_sessions; i-- > 0;) {
        struct es_live_session *session = chat->sessions[i];
        struct es_live_session *sending = es_sessions_sending(chat, session->contact);

        tidy_gaps(chat, context, session);
        if (session != sending && sending->ratchet.confirmed &&
            context->wall_ms > sending->ratchet.made_wall_ms + REPLACED_DAYS * ES_DAY_MS)
            es_sessions_remove(chat, context, session);
    }
}
