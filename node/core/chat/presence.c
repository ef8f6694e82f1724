/* SPDX-License-Identifier: ISC */
/* presence.c - whom adverts and LINK envelopes belong to (docs/protocol.md, sections 8.2 and 9). */
#include <string.h>

#include "node/core/chat/parts.h"
#include "node/core/e2ee/proof.h"

/* A presence key is looked for this far ahead: its owner may have been away that many days. */
#define SEARCH_DAYS 30
/* Hashes a second that the search ahead may cost: 3 % of a core. */
#define SEARCH_TOKENS_PER_S 100000
/* Links of a recognised advert that prove nothing, before a new session is asked for. */
#define UNPROVED_MAX 3
#define LINK_KEY_DAYS 7
/* What of a LINK envelope is left for an ACK. */
#define PROOF_ACK_BYTES 200

/* --- Presence keys ---------------------------------------------------------------------------- */

void es_presence_record(const struct es_chat *chat, struct es_record *ret)
{
    const struct es_self *self = &chat->self;

    ret->kind = ES_RECORD_PRESENCE;
    ret->presence.generation = self->presence_generation;
    ret->presence.index = self->presence.index;
    ret->presence.key = self->presence.key;
    ret->presence.signer = es_sign_public_of(&self->presence_signer);
}

void es_presence_learn(struct es_chat *chat, struct es_context *context, struct es_contact *contact,
                       const struct es_presence_record *record)
{
    bool newer = !contact->has_presence || record->generation > contact->presence_generation ||
                 (record->generation == contact->presence_generation &&
                  record->index > contact->presence.index);

    if (!newer)
        return;
    contact->has_presence = true;
    contact->presence_generation = record->generation;
    contact->presence.index = record->index;
    contact->presence.key = record->key;
    contact->presence_signer = record->signer;
    contact->presence_wall_ms = context->wall_ms;
    es_contact_save(chat, context, contact);
    chat->search_owed = true;
}

/* Recognised under the key `steps` after the oldest kept: the one before it is the oldest now. */
static void keep_from(struct es_chat *chat, struct es_context *context, struct es_contact *contact,
                      uint32_t steps)
{
    if (steps < 2)
        return;
    for (uint32_t i = 0; i + 1 < steps; i++)
        es_presence_step(&contact->presence);
    contact->presence_wall_ms = context->wall_ms;
    es_contact_save(chat, context, contact);
}

/* Tries keys from..from+n-1 steps after the oldest kept. */
static bool try_keys(struct es_chat *chat, struct es_context *context, struct es_contact *contact,
                     uint32_t from, uint32_t n, uint16_t port, const struct es_advert *advert)
{
    struct es_presence_key key = contact->presence;
    bool found = false;

    for (uint32_t i = 0; i < from; i++)
        es_presence_step(&key);
    for (uint32_t i = from; i < from + n && !found; i++) {
        if (es_beacon_matches(&key.key, port, advert)) {
            found = es_beacon_verify(&key.key, &contact->presence_signer, port, advert);
            if (found)
                keep_from(chat, context, contact, i);
            else
                es_count(context->counters, ES_COUNT_REJECTED_BEACON);
        }
        es_presence_step(&key);
    }
    es_wipe(&key, sizeof(key));
    return found;
}

static bool may_be_met(const struct es_contact *contact)
{
    return contact->state == ES_CONTACT_ACCEPTED && contact->has_presence;
}

/* Keys around the expectation: one step for each day since the oldest kept was current. */
static uint32_t expected_steps(const struct es_contact *contact, uint64_t wall_ms)
{
    uint64_t days =
        wall_ms > contact->presence_wall_ms ? (wall_ms - contact->presence_wall_ms) / ES_DAY_MS : 0;

    return days > SEARCH_DAYS ? SEARCH_DAYS : (uint32_t)days;
}

static void refill_search(struct es_chat *chat, const struct es_context *context)
{
    uint64_t passed_ms = context->now_ms - chat->search_ms;

    chat->search_ms = context->now_ms;
    chat->search_tokens += passed_ms * SEARCH_TOKENS_PER_S / 1000;
    if (chat->search_tokens > SEARCH_TOKENS_PER_S)
        chat->search_tokens = SEARCH_TOKENS_PER_S;
}

static uint32_t recognise(void *ctx, struct es_context *context, uint16_t port,
                          const struct es_advert *advert)
{
    struct es_chat *chat = ctx;

    for (size_t i = 0; i < chat->n_contacts; i++) {
        struct es_contact *contact = chat->contacts[i];
        uint32_t steps = expected_steps(contact, context->wall_ms);

        if (may_be_met(contact) &&
            try_keys(chat, context, contact, steps > 0 ? steps - 1 : 0, 3, port, advert))
            return contact->number;
    }
    refill_search(chat, context);
    for (size_t i = 0; i < chat->n_contacts; i++) {
        struct es_contact *contact = chat->contacts[i];

        if (!may_be_met(contact) || contact->present)
            continue;
        if (chat->search_tokens < 2 * SEARCH_DAYS) {
            chat->search_owed = true;
            break;
        }
        chat->search_tokens -= 2 * SEARCH_DAYS;
        if (try_keys(chat, context, contact, 0, SEARCH_DAYS + 2, port, advert))
            return contact->number;
    }
    return 0;
}

static void sign_advert(void *ctx, struct es_context *context, uint16_t port,
                        struct es_advert *io_advert)
{
    struct es_chat *chat = ctx;
    const struct es_self *self = &chat->self;

    (void)context;
    es_beacon_make(&self->presence, &self->presence_signer, port, io_advert);
    io_advert->visible = self->visible_until_wall_ms != 0;
    if (!io_advert->visible)
        return;
    io_advert->introduction = es_dh_public_of(&self->introduction);
    memcpy(io_advert->name, self->name, sizeof(io_advert->name));
}

/* --- LINK envelopes ----------------------------------------------------------------------------- */

/* The peer may not have the newest link key yet. */
static const struct es_key *proving_key(const struct es_contact *contact)
{
    bool has_before =
        !es_bytes_zero(contact->link_key_before.bytes, sizeof(contact->link_key_before.bytes));

    return contact->link_key_known || !has_before ? &contact->link_key : &contact->link_key_before;
}

static size_t write_state(struct es_chat *chat, const struct es_context *context,
                          const struct es_contact *contact, uint8_t *buf, size_t cap)
{
    const struct es_live_session *session = es_sessions_sending(chat, contact);
    struct es_writer writer = es_writer(buf, cap);
    struct es_record record = {.kind = ES_RECORD_LINK_STATE};

    if (session != NULL) {
        memcpy(record.link_state.session, session->ratchet.id.bytes,
               sizeof(record.link_state.session));
        record.link_state.chain = session->ratchet.send.number;
        record.link_state.next = session->ratchet.sending ? session->ratchet.send.next : 0;
    }
    record.link_state.wall_ms = context->wall_ms;
    es_record_write(&writer, &record);
    es_presence_record(chat, &record);
    es_record_write(&writer, &record);
    if (session != NULL && session->ratchet.receiving) {
        record.kind = ES_RECORD_ACK;
        es_ack_build(session, PROOF_ACK_BYTES - 64, &record.ack);
        while (es_writer_len(&writer) + es_record_bytes(&record) > cap && record.ack.n_chains > 0)
            record.ack.n_chains--;
        es_record_write(&writer, &record);
    }
    es_wipe(&record, sizeof(record));
    return es_writer_len(&writer);
}

static void prove(void *ctx, struct es_context *context, uint32_t peer, enum es_link_role role,
                  const struct es_link_keys *keys, uint8_t *ret_envelope)
{
    struct es_chat *chat = ctx;
    const struct es_contact *contact = peer == 0 ? NULL : es_contact_find(chat, peer);
    uint8_t records[ES_PROOF_CAPACITY];
    size_t len;

    if (contact == NULL || contact->state != ES_CONTACT_ACCEPTED) {
        es_proof_random(es_seal_expiry(chat, context), context->entropy, ret_envelope);
        return;
    }
    len = write_state(chat, context, contact, records, sizeof(records));
    es_proof_seal(proving_key(contact), role, keys, es_seal_expiry(chat, context),
                  es_slice(records, len), context->entropy, ret_envelope);
    es_wipe(records, sizeof(records));
}

/* The peer's place in the session against what has arrived here (docs/protocol.md, section 6.6). */
static void take_state(struct es_contact *contact, const struct es_link_state *state)
{
    static const uint8_t none[sizeof(state->session)] = {0};
    const struct es_live_session *session = es_sessions_by_id(contact, state->session);

    /* It names a session that we do not have: ours is an older copy. */
    if (session == NULL && memcmp(state->session, none, sizeof(none)) != 0)
        contact->gone_back = true;
}

static void take_proof(struct es_chat *chat, struct es_context *context, struct es_contact *contact,
                       struct es_slice records)
{
    struct es_reader reader = es_reader(records);
    struct es_live_session *session = NULL;
    struct es_record record;

    while (es_record_next(&reader, &record)) {
        if (record.kind == ES_RECORD_LINK_STATE) {
            session = es_sessions_by_id(contact, record.link_state.session);
            take_state(contact, &record.link_state);
            es_mesh_clock(chat->mesh, context, contact->number, record.link_state.wall_ms);
        } else if (record.kind == ES_RECORD_PRESENCE) {
            es_presence_learn(chat, context, contact, &record.presence);
        } else if (record.kind == ES_RECORD_ACK && session != NULL) {
            es_ack_apply(chat, context, session, &record.ack);
            es_sessions_save(chat, context, session);
        } else if (record.kind != ES_RECORD_ACK) {
            es_count(context->counters, ES_COUNT_REJECTED_RECORD);
        }
    }
    es_wipe(&record, sizeof(record));
}

static bool check_contact(struct es_chat *chat, struct es_context *context,
                          struct es_contact *contact, enum es_link_role role,
                          const struct es_link_keys *keys, const struct es_envelope *header,
                          struct es_slice envelope)
{
    const struct es_key *link_keys[] = {&contact->link_key, &contact->link_key_before};
    uint8_t plain[ES_ENVELOPE_BYTES_MIN];

    if (contact->state != ES_CONTACT_ACCEPTED)
        return false;
    for (size_t i = 0; i < 2; i++) {
        struct es_tag tag = es_proof_tag(link_keys[i], role, keys);
        struct es_slice records;

        if (es_bytes_zero(link_keys[i]->bytes, ES_KEY_BYTES) ||
            !es_bytes_equal(tag.bytes, header->tag.bytes, sizeof(tag.bytes)) ||
            !es_proof_open(link_keys[i], role, keys, envelope, plain, &records))
            continue;
        if (i == 0)
            contact->link_key_known = true;
        take_proof(chat, context, contact, records);
        es_wipe(plain, sizeof(plain));
        return true;
    }
    return false;
}

static uint32_t check(void *ctx, struct es_context *context, uint32_t expected,
                      enum es_link_role role, const struct es_link_keys *keys,
                      struct es_slice envelope)
{
    struct es_chat *chat = ctx;
    struct es_envelope header;

    if (!es_envelope_decode(envelope, &header))
        return 0;
    for (size_t i = 0; i < chat->n_contacts; i++) {
        struct es_contact *contact = chat->contacts[i];

        if (expected != 0 && contact->number != expected)
            continue;
        if (check_contact(chat, context, contact, role, keys, &header, envelope)) {
            contact->unproved = 0;
            return contact->number;
        }
        if (expected != 0 && contact->state == ES_CONTACT_ACCEPTED &&
            ++contact->unproved >= UNPROVED_MAX)
            contact->renew = true;
    }
    return 0;
}

static void present(void *ctx, struct es_context *context, uint32_t peer)
{
    struct es_chat *chat = ctx;
    struct es_contact *contact = es_contact_find(chat, peer);

    if (contact == NULL)
        return;
    contact->present = true;
    es_outbox_present(context, contact);
    es_emit_event(context, &(struct es_event){.kind = ES_EV_PRESENT, .contact = peer});
}

static void gone(void *ctx, struct es_context *context, uint32_t peer)
{
    struct es_chat *chat = ctx;
    struct es_contact *contact = es_contact_find(chat, peer);

    if (contact == NULL)
        return;
    contact->present = false;
    es_emit_event(context, &(struct es_event){.kind = ES_EV_GONE, .contact = peer});
}

/* --- Envelopes ---------------------------------------------------------------------------------- */

/* Nobody waits for its tag: a request, if it is one that still may be (section 6.1). */
static enum es_envelope_fate take_unknown(struct es_chat *chat, struct es_context *context,
                                          uint32_t link, const struct es_envelope *header,
                                          struct es_slice bytes)
{
    if (header->cls != ES_CLASS_512 ||
        es_mesh_is_expired(chat->mesh, context->wall_ms, header->expiry))
        return ES_ENVELOPE_FOREIGN;
    es_asked_try(chat, context, link, bytes);
    return ES_ENVELOPE_REFUSED;
}

static enum es_envelope_fate envelope(void *ctx, struct es_context *context, uint32_t link,
                                      uint32_t from, uint8_t copies, struct es_slice bytes,
                                      uint32_t *ret_peer)
{
    struct es_chat *chat = ctx;
    const struct es_tag_entry *entry;
    struct es_live_session *session;
    enum es_open_result result;
    struct es_envelope header;
    struct es_slice records;

    (void)from;
    (void)copies;
    if (!chat->self.has_identity || !es_envelope_decode(bytes, &header))
        return ES_ENVELOPE_FOREIGN;
    entry = es_tags_find(chat->tags, &header.tag);
    if (entry == NULL)
        return take_unknown(chat, context, link, &header, bytes);
    if (entry->kind == ES_TAG_PENDING || entry->kind == ES_TAG_REFUSAL) {
        if (es_ask_answered(chat, context, entry, bytes, ret_peer))
            return ES_ENVELOPE_OURS;
        es_count(context->counters, ES_COUNT_REJECTED_ENVELOPE_BAD);
        return ES_ENVELOPE_REFUSED;
    }
    result = es_sessions_open(chat, context, entry, bytes, &session, &records);
    if (result != ES_OPEN_OK) {
        es_count(context->counters, result == ES_OPEN_TOO_FAR ? ES_COUNT_REJECTED_ENVELOPE_TOO_FAR
                                                              : ES_COUNT_REJECTED_ENVELOPE_BAD);
        return ES_ENVELOPE_REFUSED;
    }
    es_count(context->counters, ES_COUNT_ENVELOPES_OPENED);
    *ret_peer = session->contact->number;
    es_inbox_records(chat, context, session, records);
    es_wipe(chat->plain, records.len);
    return ES_ENVELOPE_OURS;
}

static void acknowledged(void *ctx, struct es_context *context, uint32_t peer,
                         const struct es_ack_id *id)
{
    struct es_chat *chat = ctx;
    struct es_contact *contact = es_contact_find(chat, peer);

    if (contact != NULL)
        es_outbox_on_disk(context, contact, id);
}

static void stranger(void *ctx, struct es_context *context, uint32_t link)
{
    struct es_chat *chat = ctx;

    es_ask_offer(chat, context, link);
    es_outbox_offer(chat, context, link);
}

static void listening(void *ctx, struct es_context *context, size_t lasting, uint16_t port)
{
    (void)ctx;
    es_emit_event(context,
                  &(struct es_event){.kind = ES_EV_LISTENING, .order = lasting, .until_ms = port});
}

struct es_mesh_calls es_chat_mesh_calls(struct es_chat *chat)
{
    return (struct es_mesh_calls){
        .ctx = chat,
        .recognise = recognise,
        .sign_advert = sign_advert,
        .prove = prove,
        .check = check,
        .present = present,
        .gone = gone,
        .envelope = envelope,
        .acknowledged = acknowledged,
        .stranger = stranger,
        .listening = listening,
    };
}

/* --- Timers ------------------------------------------------------------------------------------- */

/* The side with the smaller identity replaces the link key of a contact every week. */
static void renew_link_key(struct es_chat *chat, struct es_context *context,
                           struct es_contact *contact)
{
    bool smaller =
        memcmp(chat->self.identity.address.bytes, contact->key.address.bytes, ES_KEY_BYTES) < 0;

    if (!smaller || !contact->link_key_known ||
        context->wall_ms < contact->link_key_wall_ms + LINK_KEY_DAYS * ES_DAY_MS)
        return;
    contact->link_key_before = contact->link_key;
    es_random(context, contact->link_key.bytes, sizeof(contact->link_key.bytes));
    contact->link_key_known = false;
    contact->link_key_serial++;
    contact->link_key_wall_ms = context->wall_ms;
    contact->owed |= ES_OWED_LINK_KEY;
    es_contact_save(chat, context, contact);
}

void es_presence_timer(struct es_chat *chat, struct es_context *context)
{
    for (size_t i = 0; i < chat->n_contacts; i++)
        if (chat->contacts[i]->state == ES_CONTACT_ACCEPTED && chat->contacts[i]->sessions[0])
            renew_link_key(chat, context, chat->contacts[i]);
}
