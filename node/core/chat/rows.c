/* SPDX-License-Identifier: ISC */
/* rows.c - bodies of the chat layer's rows. */
#include "node/core/chat/rows.h"

#include <string.h>

#include "node/wire/envelope.h"

#define BODY_VERSION 1

static struct es_writer begin(uint8_t *buf, size_t cap)
{
    struct es_writer writer = es_writer(buf, cap);

    es_write_u8(&writer, BODY_VERSION);
    return writer;
}

static struct es_reader open_body(struct es_slice body)
{
    struct es_reader reader = es_reader(body);

    if (es_read_u8(&reader) != BODY_VERSION)
        reader.failed = true;
    return reader;
}

static uint8_t read_up_to(struct es_reader *reader, uint8_t max)
{
    uint8_t value = es_read_u8(reader);

    if (value > max)
        reader->failed = true;
    return value;
}

static bool read_bool(struct es_reader *reader)
{
    return read_up_to(reader, 1) == 1;
}

static enum es_contact_state read_state(struct es_reader *reader)
{
    uint8_t value = read_up_to(reader, ES_CONTACT_BLOCKED);

    if (value < ES_CONTACT_REQUESTED)
        reader->failed = true;
    return (enum es_contact_state)value;
}

static void write_id(struct es_writer *writer, struct es_message_id id)
{
    es_write_u32(writer, id.incarnation);
    es_write_u64(writer, id.sequence);
}

static struct es_message_id read_id(struct es_reader *reader)
{
    struct es_message_id id;

    id.incarnation = es_read_u32(reader);
    id.sequence = es_read_u64(reader);
    return id;
}

static void write_name(struct es_writer *writer, const char *name)
{
    es_write_long(writer, es_slice(name, strlen(name)));
}

/* ret has room for len_max + 1 bytes. */
static void read_name(struct es_reader *reader, char *ret, size_t len_max)
{
    struct es_slice name = es_read_long(reader, len_max);

    if (name.len > 0)
        memcpy(ret, name.ptr, name.len);
    ret[name.len] = '\0';
}

static void write_marks(struct es_writer *writer, const struct es_mark *marks)
{
    for (size_t i = 0; i < ES_MARKS; i++) {
        es_write_u32(writer, marks[i].incarnation);
        es_write_u64(writer, marks[i].sequence);
    }
}

static void read_marks(struct es_reader *reader, struct es_mark *ret)
{
    for (size_t i = 0; i < ES_MARKS; i++) {
        ret[i].incarnation = es_read_u32(reader);
        ret[i].sequence = es_read_u64(reader);
    }
}

/* --- Self ------------------------------------------------------------------------------------- */

size_t es_body_self(const struct es_self *self, uint8_t *buf, size_t cap)
{
    struct es_writer writer = begin(buf, cap);

    es_write_bytes(&writer, self->identity.seed.bytes, ES_KEY_BYTES);
    write_name(&writer, self->name);
    es_write_u32(&writer, self->next_contact);
    es_write_u32(&writer, self->next_session);
    es_write_u32(&writer, self->next_pending);
    es_write_u32(&writer, self->next_invite);
    es_write_u64(&writer, self->next_control);
    es_write_bytes(&writer, self->lasting_secret.bytes, ES_KEY_BYTES);
    es_write_u64(&writer, self->age_ms);
    es_write_u64(&writer, self->age_wall_ms);
    es_write_u32(&writer, self->presence_generation);
    es_write_u32(&writer, self->presence.index);
    es_write_bytes(&writer, self->presence.key.bytes, ES_KEY_BYTES);
    es_write_bytes(&writer, self->presence_signer.bytes, ES_KEY_BYTES);
    es_write_u64(&writer, self->presence_wall_ms);
    es_write_u64(&writer, self->visible_until_wall_ms);
    es_write_u64(&writer, self->visible_until_age_ms);
    es_write_bytes(&writer, self->introduction.bytes, ES_KEY_BYTES);
    return es_writer_len(&writer);
}

bool es_body_decode_self(struct es_slice body, struct es_self *ret)
{
    struct es_reader reader = open_body(body);
    struct es_sign_secret seed;

    es_read_bytes(&reader, seed.bytes, ES_KEY_BYTES);
    read_name(&reader, ret->name, ES_NAME_BYTES_MAX);
    ret->next_contact = es_read_u32(&reader);
    ret->next_session = es_read_u32(&reader);
    ret->next_pending = es_read_u32(&reader);
    ret->next_invite = es_read_u32(&reader);
    ret->next_control = es_read_u64(&reader);
    es_read_bytes(&reader, ret->lasting_secret.bytes, ES_KEY_BYTES);
    ret->age_ms = es_read_u64(&reader);
    ret->age_wall_ms = es_read_u64(&reader);
    ret->presence_generation = es_read_u32(&reader);
    ret->presence.index = es_read_u32(&reader);
    es_read_bytes(&reader, ret->presence.key.bytes, ES_KEY_BYTES);
    es_read_bytes(&reader, ret->presence_signer.bytes, ES_KEY_BYTES);
    ret->presence_wall_ms = es_read_u64(&reader);
    ret->visible_until_wall_ms = es_read_u64(&reader);
    ret->visible_until_age_ms = es_read_u64(&reader);
    es_read_bytes(&reader, ret->introduction.bytes, ES_KEY_BYTES);
    ret->has_identity = es_reader_done(&reader);
    if (ret->has_identity)
        es_identity_init(&ret->identity, &seed);
    es_wipe(&seed, sizeof(seed));
    return ret->has_identity;
}

/* --- Contacts --------------------------------------------------------------------------------- */

size_t es_body_contact(const struct es_contact *contact, uint8_t *buf, size_t cap)
{
    struct es_writer writer = begin(buf, cap);

    es_write_u8(&writer, (uint8_t)contact->state);
    es_write_u8(&writer, (uint8_t)contact->state_before);
    es_write_u8(&writer, (uint8_t)contact->verified_by);
    es_write_u32(&writer, contact->verified_below);
    write_name(&writer, contact->petname);
    write_name(&writer, contact->claimed_name);
    es_write_u8(&writer, contact->has_address);
    es_write_bytes(&writer, contact->key.address.bytes, ES_KEY_BYTES);
    es_write_u8(&writer, contact->owed);
    es_write_u8(&writer, contact->has_presence);
    es_write_u32(&writer, contact->presence_generation);
    es_write_u32(&writer, contact->presence.index);
    es_write_bytes(&writer, contact->presence.key.bytes, ES_KEY_BYTES);
    es_write_bytes(&writer, contact->presence_signer.bytes, ES_KEY_BYTES);
    es_write_u8(&writer, contact->presence_proved);
    es_write_u64(&writer, contact->presence_wall_ms);
    es_write_u32(&writer, contact->incarnation);
    es_write_u64(&writer, contact->next_sequence);
    write_marks(&writer, contact->read_by_peer);
    write_marks(&writer, contact->shown);
    es_write_u64(&writer, contact->last_order);
    es_write_u64(&writer, contact->last_wall_ms);
    es_write_u32(&writer, contact->unread);
    es_write_u64(&writer, contact->read_order);
    write_id(&writer, contact->last_in);
    write_id(&writer, contact->read_in);
    es_write_u64(&writer, contact->renewed_age_ms);
    es_write_u64(&writer, contact->acked_age_ms);
    return es_writer_len(&writer);
}

static void read_presence(struct es_reader *reader, struct es_contact *ret)
{
    ret->has_presence = read_bool(reader);
    ret->presence_generation = es_read_u32(reader);
    ret->presence.index = es_read_u32(reader);
    es_read_bytes(reader, ret->presence.key.bytes, ES_KEY_BYTES);
    es_read_bytes(reader, ret->presence_signer.bytes, ES_KEY_BYTES);
    ret->presence_proved = read_bool(reader);
    ret->presence_wall_ms = es_read_u64(reader);
}

bool es_body_decode_contact(struct es_slice body, struct es_contact *ret)
{
    struct es_reader reader = open_body(body);
    struct es_sign_public address;

    ret->state = read_state(&reader);
    ret->state_before = read_state(&reader);
    ret->verified_by = (enum es_verified_by)read_up_to(&reader, ES_VERIFIED_INVITE);
    ret->verified_below = es_read_u32(&reader);
    read_name(&reader, ret->petname, ES_NAME_BYTES_MAX);
    read_name(&reader, ret->claimed_name, ES_NAME_BYTES_MAX);
    ret->has_address = read_bool(&reader);
    es_read_bytes(&reader, address.bytes, ES_KEY_BYTES);
    ret->owed = read_up_to(&reader, ES_OWED_ALL);
    read_presence(&reader, ret);
    ret->incarnation = es_read_u32(&reader);
    ret->next_sequence = es_read_u64(&reader);
    read_marks(&reader, ret->read_by_peer);
    read_marks(&reader, ret->shown);
    ret->last_order = es_read_u64(&reader);
    ret->last_wall_ms = es_read_u64(&reader);
    ret->unread = es_read_u32(&reader);
    ret->read_order = es_read_u64(&reader);
    ret->last_in = read_id(&reader);
    ret->read_in = read_id(&reader);
    ret->renewed_age_ms = es_read_u64(&reader);
    ret->acked_age_ms = es_read_u64(&reader);
    if (!es_reader_done(&reader))
        return false;
    if (ret->state != ES_CONTACT_REQUESTED && !ret->has_address)
        return false;
    return !ret->has_address || es_peer_key_init(&ret->key, &address);
}

/* --- Sessions --------------------------------------------------------------------------------- */

size_t es_body_session(const struct es_live_session *session, uint8_t *buf, size_t cap)
{
    struct es_writer writer = begin(buf, cap);
    size_t len;

    es_write_u8(&writer, session->post_quantum);
    es_write_u32(&writer, session->crossing);
    es_write_u8(&writer, session->renews);
    es_write_u8(&writer, session->owes_ack);
    es_write_bytes(&writer, session->link_key.now.bytes, ES_KEY_BYTES);
    es_write_bytes(&writer, session->link_key.before.bytes, ES_KEY_BYTES);
    es_write_u8(&writer, session->link_key.known);
    es_write_u32(&writer, session->link_key.serial);
    es_write_u64(&writer, session->link_key.made_age_ms);
    es_write_u32(&writer, session->lost.chain);
    es_write_u32(&writer, session->lost.n);
    len = es_writer_len(&writer);
    return len + es_session_encode(&session->ratchet, buf + len, cap - len);
}

bool es_body_decode_session(struct es_slice body, struct es_live_session *ret)
{
    struct es_reader reader = open_body(body);

    ret->post_quantum = read_bool(&reader);
    ret->crossing = es_read_u32(&reader);
    ret->renews = read_bool(&reader);
    ret->owes_ack = read_bool(&reader);
    es_read_bytes(&reader, ret->link_key.now.bytes, ES_KEY_BYTES);
    es_read_bytes(&reader, ret->link_key.before.bytes, ES_KEY_BYTES);
    ret->link_key.known = read_bool(&reader);
    ret->link_key.serial = es_read_u32(&reader);
    ret->link_key.made_age_ms = es_read_u64(&reader);
    ret->lost.chain = es_read_u32(&reader);
    ret->lost.n = es_read_u32(&reader);
    return !reader.failed && es_session_decode(es_read_rest(&reader), &ret->ratchet);
}

size_t es_body_gap(const struct es_gap *gap, uint8_t *buf, size_t cap)
{
    struct es_writer writer = begin(buf, cap);

    es_write_bytes(&writer, gap->tag.bytes, ES_TAG_BYTES);
    es_write_bytes(&writer, gap->key.bytes, ES_KEY_BYTES);
    es_write_u16(&writer, gap->day);
    return es_writer_len(&writer);
}

bool es_body_decode_gap(struct es_slice body, struct es_gap *ret)
{
    struct es_reader reader = open_body(body);

    es_read_bytes(&reader, ret->tag.bytes, ES_TAG_BYTES);
    es_read_bytes(&reader, ret->key.bytes, ES_KEY_BYTES);
    ret->day = es_read_u16(&reader);
    return es_reader_done(&reader);
}

/* --- Messages --------------------------------------------------------------------------------- */

size_t es_body_outgoing(const struct es_outgoing *out, struct es_slice envelope, uint8_t *buf,
                        size_t cap)
{
    struct es_writer writer = begin(buf, cap);

    es_write_u64(&writer, out->order);
    es_write_u8(&writer, out->carries);
    es_write_u8(&writer, out->sealed);
    es_write_u32(&writer, out->session);
    es_write_u32(&writer, out->at.chain);
    es_write_u32(&writer, out->at.n);
    es_write_bytes(&writer, out->envelope.bytes, sizeof(out->envelope.bytes));
    es_write_bytes(&writer, envelope.ptr, envelope.len);
    return es_writer_len(&writer);
}

bool es_body_decode_outgoing(struct es_slice body, struct es_outgoing *ret,
                             struct es_slice *ret_envelope)
{
    struct es_reader reader = open_body(body);
    struct es_envelope header;

    ret->order = es_read_u64(&reader);
    ret->carries = read_up_to(&reader, ES_OWED_ALL);
    ret->sealed = read_bool(&reader);
    ret->session = es_read_u32(&reader);
    ret->at.chain = es_read_u32(&reader);
    ret->at.n = es_read_u32(&reader);
    es_read_bytes(&reader, ret->envelope.bytes, sizeof(ret->envelope.bytes));
    *ret_envelope = es_read_rest(&reader);
    if (!es_reader_done(&reader))
        return false;
    return ret->sealed ? es_envelope_decode(*ret_envelope, &header) : ret_envelope->len == 0;
}

size_t es_body_message(const struct es_message *message, uint8_t *buf, size_t cap)
{
    struct es_writer writer = begin(buf, cap);

    es_write_u32(&writer, message->contact);
    es_write_u8(&writer, message->own);
    write_id(&writer, message->id);
    es_write_u64(&writer, message->sent_wall_ms);
    es_write_u64(&writer, message->received_wall_ms);
    es_write_u64(&writer, message->order);
    es_write_u64(&writer, message->after);
    write_id(&writer, message->reply_to);
    es_write_u8(&writer, message->reply_to_own);
    es_write_u16(&writer, (uint16_t)message->failed);
    es_write_long(&writer, message->text);
    return es_writer_len(&writer);
}

bool es_message_decode(struct es_slice body, struct es_message *ret)
{
    struct es_reader reader = open_body(body);
    uint16_t failed;

    ret->contact = es_read_u32(&reader);
    ret->own = read_bool(&reader);
    ret->id = read_id(&reader);
    ret->sent_wall_ms = es_read_u64(&reader);
    ret->received_wall_ms = es_read_u64(&reader);
    ret->order = es_read_u64(&reader);
    ret->after = es_read_u64(&reader);
    ret->reply_to = read_id(&reader);
    ret->reply_to_own = read_bool(&reader);
    failed = es_read_u16(&reader);
    ret->failed = (enum es_err)failed;
    ret->text = es_read_long(&reader, ES_TEXT_BYTES_MAX);
    return es_reader_done(&reader) && failed <= ES_E_MEMORY;
}

size_t es_body_held(const struct es_held *held, uint8_t *buf, size_t cap)
{
    struct es_writer writer = begin(buf, cap);

    es_write_u64(&writer, held->after);
    es_write_u64(&writer, held->since_age_ms);
    return es_writer_len(&writer);
}

bool es_body_decode_held(struct es_slice body, struct es_held *ret)
{
    struct es_reader reader = open_body(body);

    ret->after = es_read_u64(&reader);
    ret->since_age_ms = es_read_u64(&reader);
    return es_reader_done(&reader);
}

/* --- Requests and invites --------------------------------------------------------------------- */

size_t es_body_asking(const struct es_asking *asking, uint8_t *buf, size_t cap)
{
    struct es_writer writer = begin(buf, cap);

    es_write_u32(&writer, asking->contact);
    es_write_u32(&writer, asking->pending);
    es_write_u64(&writer, asking->made_age_ms);
    es_write_u8(&writer, asking->ready);
    es_write_bytes(&writer, asking->envelope, sizeof(asking->envelope));
    return es_writer_len(&writer);
}

bool es_body_decode_asking(struct es_slice body, struct es_asking *ret)
{
    struct es_reader reader = open_body(body);

    ret->contact = es_read_u32(&reader);
    ret->pending = es_read_u32(&reader);
    ret->made_age_ms = es_read_u64(&reader);
    ret->ready = read_bool(&reader);
    es_read_bytes(&reader, ret->envelope, sizeof(ret->envelope));
    return es_reader_done(&reader);
}

size_t es_body_asked(const struct es_asked *asked, uint8_t *buf, size_t cap)
{
    struct es_writer writer = begin(buf, cap);

    es_write_bytes(&writer, asked->from.address.bytes, ES_KEY_BYTES);
    write_name(&writer, asked->name);
    write_name(&writer, asked->greeting);
    es_write_u64(&writer, asked->received_wall_ms);
    es_write_bytes(&writer, asked->addressee, ES_KEY_BYTES);
    es_write_bytes(&writer, asked->digest.bytes, ES_ID_BYTES);
    es_write_bytes(&writer, asked->one_time.bytes, ES_KEY_BYTES);
    es_write_bytes(&writer, asked->gs.bytes, ES_KEY_BYTES);
    es_write_bytes(&writer, asked->th1.bytes, ES_ID_BYTES);
    return es_writer_len(&writer);
}

bool es_body_decode_asked(struct es_slice body, struct es_asked *ret)
{
    struct es_reader reader = open_body(body);
    struct es_sign_public address;

    es_read_bytes(&reader, address.bytes, ES_KEY_BYTES);
    read_name(&reader, ret->name, ES_NAME_BYTES_MAX);
    read_name(&reader, ret->greeting, ES_GREETING_BYTES_MAX);
    ret->received_wall_ms = es_read_u64(&reader);
    es_read_bytes(&reader, ret->addressee, ES_KEY_BYTES);
    es_read_bytes(&reader, ret->digest.bytes, ES_ID_BYTES);
    es_read_bytes(&reader, ret->one_time.bytes, ES_KEY_BYTES);
    es_read_bytes(&reader, ret->gs.bytes, ES_KEY_BYTES);
    es_read_bytes(&reader, ret->th1.bytes, ES_ID_BYTES);
    return es_reader_done(&reader) && es_peer_key_init(&ret->from, &address);
}

size_t es_body_invite(const struct es_open_invite *invite, uint8_t *buf, size_t cap)
{
    struct es_writer writer = begin(buf, cap);

    es_write_bytes(&writer, invite->secret.bytes, ES_KEY_BYTES);
    es_write_u32(&writer, invite->uses);
    es_write_u64(&writer, invite->expires_wall_ms);
    es_write_u64(&writer, invite->expires_age_ms);
    return es_writer_len(&writer);
}

bool es_body_decode_invite(struct es_slice body, struct es_open_invite *ret)
{
    struct es_reader reader = open_body(body);

    es_read_bytes(&reader, ret->secret.bytes, ES_KEY_BYTES);
    ret->uses = es_read_u32(&reader);
    ret->expires_wall_ms = es_read_u64(&reader);
    ret->expires_age_ms = es_read_u64(&reader);
    return es_reader_done(&reader);
}

/* --- Requests seen ---------------------------------------------------------------------------- */

size_t es_body_seen(uint64_t serial, const struct es_id *digest, uint8_t *buf, size_t cap)
{
    struct es_writer writer = begin(buf, cap);

    es_write_u64(&writer, serial);
    es_write_bytes(&writer, digest->bytes, sizeof(digest->bytes));
    return es_writer_len(&writer);
}

bool es_body_decode_seen(struct es_slice body, uint64_t *ret_serial, struct es_id *ret_digest)
{
    struct es_reader reader = open_body(body);

    *ret_serial = es_read_u64(&reader);
    es_read_bytes(&reader, ret_digest->bytes, sizeof(ret_digest->bytes));
    return es_reader_done(&reader);
}
