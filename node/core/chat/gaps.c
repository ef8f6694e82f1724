/* SPDX-License-Identifier: ISC */
/* gaps.c - envelopes that have not arrived: their keys are kept in rows of their own, until they
 * come, the peer says that they never will, or they are given up (docs/protocol.md, section 6.4). */
#include "node/core/chat/parts.h"
#include "node/core/mutant.h"

static bool before(struct es_position a, struct es_position b)
{
    return a.chain != b.chain ? a.chain < b.chain : a.n < b.n;
}

static void forget(struct es_chat *chat, struct es_context *context,
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

void es_gaps_clear(struct es_chat *chat, struct es_context *context,
                   struct es_live_session *session)
{
    while (session->missing != NULL)
        forget(chat, context, session, &session->missing);
}

/* From now on everything up to `at` that has not arrived is reported as lost. That place never goes
 * back: what was reported once has no key any more. */
static void lose(struct es_context *context, struct es_live_session *session, struct es_position at)
{
    const struct es_position end = {.chain = at.chain, .n = at.n + 1};

    if (before(session->lost, end))
        session->lost = end;
    session->owes_ack = true;
    es_count(context->counters, ES_COUNT_GAPS_LOST);
}

static void give_up_oldest(struct es_chat *chat, struct es_context *context,
                           struct es_live_session *session)
{
    lose(context, session, session->missing->at);
    forget(chat, context, session, &session->missing);
}

static bool insert(struct es_chat *chat, struct es_live_session *session, const struct es_gap *gap)
{
    struct es_missing **link = &session->missing;
    const struct es_tag_entry entry = {
        .tag = gap->tag, .kind = ES_TAG_GAP, .owner = session->ratchet.number, .at = gap->at};
    struct es_missing *missing;

    if (!es_tags_put(chat->tags, &entry))
        return false;
    missing = es_pool_get(&chat->missing_pool);
    if (missing == NULL) {
        es_tags_remove(chat->tags, &gap->tag);
        return false;
    }
    while (*link != NULL && before((*link)->at, gap->at))
        link = &(*link)->next;
    *missing = (struct es_missing){.next = *link, .at = gap->at, .tag = gap->tag, .day = gap->day};
    *link = missing;
    session->n_missing++;
    return true;
}

void es_gaps_add(struct es_chat *chat, struct es_context *context, struct es_live_session *session,
                 const struct es_gap *gaps, size_t n)
{
    uint8_t body[128];

    for (size_t i = 0; i < n; i++) {
        struct es_row_key key = es_key_gap(session->ratchet.number, gaps[i].at);

        while (session->missing != NULL && (session->n_missing >= ES_GAPS_PER_SESSION_MAX ||
                                            chat->missing_pool.n >= ES_GAPS_MAX))
            give_up_oldest(chat, context, session);
        if (!insert(chat, session, &gaps[i])) {
            lose(context, session, gaps[i].at);
            continue;
        }
        if (!ES_MUTANT(GAPS_NOT_SAVED))
            es_emit_row(context, ES_ROW_GAP, es_row_key_slice(&key),
                        es_slice(body, es_body_gap(&gaps[i], body, sizeof(body))));
    }
    es_wipe(body, sizeof(body));
}

void es_gaps_floor(struct es_chat *chat, struct es_context *context,
                   struct es_live_session *session, struct es_position floor)
{
    while (session->missing != NULL && before(session->missing->at, floor))
        forget(chat, context, session, &session->missing);
}

enum es_open_result es_gaps_open(struct es_chat *chat, struct es_context *context,
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
    es_wipe(chat->scratch->body, body.len);
    while (result == ES_OPEN_OK && *link != NULL) {
        if ((*link)->at.chain == at.chain && (*link)->at.n == at.n) {
            forget(chat, context, session, link);
            break;
        }
        link = &(*link)->next;
    }
    return result;
}

void es_gaps_tidy(struct es_chat *chat, struct es_context *context, struct es_live_session *session)
{
    uint16_t today = es_age_day(chat, context);
    bool lost = false;

    while (session->missing != NULL && (int16_t)(today - session->missing->day) > ES_GAP_DAYS_MAX) {
        give_up_oldest(chat, context, session);
        lost = true;
    }
    if (lost)
        es_sessions_save(chat, context, session);
}

/* Below what the receiving chain has passed: everything else has a tag of a window. */
static bool passed(const struct es_session *ratchet, struct es_position at)
{
    const struct es_position end = {ratchet->receive.number, ratchet->receive.next};

    return ratchet->receiving && before(at, end);
}

bool es_gaps_restore(struct es_chat *chat, const struct es_row *row)
{
    struct es_live_session *session;
    struct es_gap gap;
    uint32_t number;
    bool ok;

    if (!es_key_decode_gap(row->key, &number, &gap.at) || !es_body_decode_gap(row->body, &gap))
        return false;
    session = es_sessions_find(chat, number);
    ok = session != NULL && passed(&session->ratchet, gap.at) && insert(chat, session, &gap);
    es_wipe(&gap, sizeof(gap));
    return ok;
}
