/* SPDX-License-Identifier: ISC */
/* wire_vectors_test.c - encoders and decoders against envelopes.txt, records.txt, frames.txt and
 * adverts.txt: each vector is made from its fields, and read and made again from its bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "discovery/beacon.h"
#include "node/crypto/sign.h"
#include "node/wire/envelope.h"
#include "node/wire/frame.h"
#include "node/wire/record.h"
#include "tests/golden/vectors.h"
#include "tests/support/encode_frame.h"

static uint8_t buf[ES_FRAME_BYTES_MAX];

static uint32_t number32(const char *key)
{
    return (uint32_t)vector_number(key);
}

static uint16_t number16(const char *key)
{
    return (uint16_t)vector_number(key);
}

static uint8_t number8(const char *key)
{
    return (uint8_t)vector_number(key);
}

/* --- Envelopes ---------------------------------------------------------------------------------- */

static void envelopes_agree_with_their_vectors(void **state)
{
    (void)state;
    vectors_open("tests/golden/envelopes.txt");
    while (vectors_next()) {
        enum es_envelope_class cls = (enum es_envelope_class)number8("class");
        struct es_slice sealed = vector_bytes("sealed");
        struct es_envelope envelope;
        struct es_tag tag;

        vector_array("tag", tag.bytes, sizeof(tag.bytes));
        es_envelope_header(buf, cls, number16("expiry"), &tag);
        assert_vector("header", buf, ES_ENVELOPE_HEADER_BYTES);
        assert_int_equal(ES_ENVELOPE_HEADER_BYTES + sealed.len, es_class_bytes(cls));
        memcpy(buf + ES_ENVELOPE_HEADER_BYTES, sealed.ptr, sealed.len);
        struct es_id id = es_envelope_id(es_slice(buf, es_class_bytes(cls)));

        assert_vector("id", id.bytes, sizeof(id.bytes));
        assert_true(es_envelope_decode(es_slice(buf, es_class_bytes(cls)), &envelope));
        assert_int_equal(envelope.expiry, vector_number("expiry"));
        assert_vector("tag", envelope.tag.bytes, sizeof(envelope.tag.bytes));
        assert_vector("sealed", envelope.sealed.ptr, envelope.sealed.len);
    }
}

/* --- Records ------------------------------------------------------------------------------------ */

static struct es_message_id message_id(const char *key)
{
    uint64_t numbers[2];

    assert_int_equal(vector_numbers(key, numbers, 2), 2);
    return (struct es_message_id){(uint32_t)numbers[0], numbers[1]};
}

static struct es_record text_record(void)
{
    return (struct es_record){.kind = ES_RECORD_TEXT,
                              .text = {.id = message_id("id"),
                                       .sent_at_ms = vector_number("sent_at_ms"),
                                       .after = vector_number("after"),
                                       .reply_to = message_id("reply_to"),
                                       .reply_to_own = number8("reply_to_own") == 1,
                                       .text = vector_bytes("text")}};
}

static void read_chain(const char *key, struct es_ack_chain *ret)
{
    uint64_t numbers[2 + 2 * ES_ACK_RANGES_MAX];
    size_t n = vector_numbers(key, numbers, sizeof(numbers) / sizeof(numbers[0]));

    assert_true(n >= 2 && n % 2 == 0);
    ret->chain = (uint32_t)numbers[0];
    ret->received = (uint32_t)numbers[1];
    for (size_t i = 2; i < n; i += 2)
        ret->missing[ret->n_missing++] =
            (struct es_ack_range){(uint32_t)numbers[i], (uint16_t)numbers[i + 1]};
}

static struct es_record ack_record(void)
{
    static const char *const chains[ES_ACK_CHAINS_MAX] = {"chain0", "chain1", "chain2", "chain3",
                                                          "chain4", "chain5", "chain6", "chain7"};
    struct es_record record = {.kind = ES_RECORD_ACK,
                               .ack = {.before = number32("before"),
                                       .n_chains = number8("chains"),
                                       .lost_chain = number32("lost_chain"),
                                       .lost_below = number32("lost_below")}};

    assert_true(record.ack.n_chains <= ES_ACK_CHAINS_MAX);
    for (size_t i = 0; i < record.ack.n_chains; i++)
        read_chain(chains[i], &record.ack.chains[i]);
    return record;
}

static struct es_record window_record(void)
{
    return (struct es_record){.kind = ES_RECORD_WINDOW, .window = number16("window")};
}

static struct es_record profile_record(void)
{
    return (struct es_record){.kind = ES_RECORD_PROFILE, .profile = vector_bytes("name")};
}

static struct es_record presence_record(void)
{
    struct es_record record = {
        .kind = ES_RECORD_PRESENCE,
        .presence = {.generation = number32("generation"), .index = number32("index")}};

    vector_array("key", record.presence.key.bytes, ES_KEY_BYTES);
    vector_array("signer", record.presence.signer.bytes, ES_KEY_BYTES);
    return record;
}

static struct es_record read_record(void)
{
    return (struct es_record){.kind = ES_RECORD_READ, .read = message_id("id")};
}

static struct es_record link_key_record(void)
{
    struct es_record record = {.kind = ES_RECORD_LINK_KEY,
                               .link_key = {.serial = number32("serial")}};

    vector_array("key", record.link_key.key.bytes, ES_KEY_BYTES);
    return record;
}

static struct es_record ping_record(void)
{
    return (struct es_record){
        .kind = vector_is("kind", "ping") ? ES_RECORD_PING : ES_RECORD_PONG,
        .ping = {.token = vector_number("token"), .pad_bytes = number16("pad")}};
}

static struct es_record answer_record(void)
{
    return (struct es_record){.kind = ES_RECORD_ANSWER};
}

static struct es_record link_state_record(void)
{
    struct es_record record = {.kind = ES_RECORD_LINK_STATE,
                               .link_state = {.chain = number32("chain"),
                                              .next = number32("next"),
                                              .wall_ms = vector_number("wall_ms")}};

    vector_array("session", record.link_state.session, sizeof(record.link_state.session));
    return record;
}

static const struct {
    const char *word;
    struct es_record (*make)(void);
} record_kinds[] = {
    {"text", text_record},
    {"ack", ack_record},
    {"window", window_record},
    {"profile", profile_record},
    {"presence", presence_record},
    {"read", read_record},
    {"link_key", link_key_record},
    {"ping", ping_record},
    {"pong", ping_record},
    {"answer", answer_record},
    {"link_state", link_state_record},
};

static struct es_record make_record(void)
{
    for (size_t i = 0; i < sizeof(record_kinds) / sizeof(record_kinds[0]); i++) {
        if (vector_is("kind", record_kinds[i].word))
            return record_kinds[i].make();
    }
    fail_msg("[%s]: unknown kind", vector_name());
    return (struct es_record){0};
}

static void records_agree_with_their_vectors(void **state)
{
    (void)state;
    vectors_open("tests/golden/records.txt");
    while (vectors_next()) {
        struct es_record record = make_record();
        struct es_writer writer = es_writer(buf, sizeof(buf));
        struct es_reader reader = es_reader(vector_bytes("bytes"));

        es_record_write(&writer, &record);
        assert_vector("bytes", buf, es_writer_len(&writer));
        assert_true(es_record_next(&reader, &record));
        assert_true(es_reader_done(&reader));
        writer = es_writer(buf, sizeof(buf));
        es_record_write(&writer, &record);
        assert_vector("bytes", buf, es_writer_len(&writer));
    }
}

/* --- Frames ------------------------------------------------------------------------------------- */

static size_t hello_frame(void)
{
    struct es_hello hello = {.version_min = number8("version_min"),
                             .version_max = number8("version_max"),
                             .bucket = number16("bucket")};

    vector_array("slots", hello.slots, sizeof(hello.slots));
    return es_frame_hello(buf, sizeof(buf), &hello);
}

static size_t link_frame(void)
{
    return es_frame_link(buf, sizeof(buf), vector_bytes("envelope"));
}

static size_t envelopes_frame(void)
{
    static const char *const keys[] = {"envelope0", "envelope1", "envelope2", "envelope3"};
    uint64_t copies[sizeof(keys) / sizeof(keys[0])];
    size_t n = vector_numbers("copies", copies, sizeof(keys) / sizeof(keys[0]));
    size_t len = es_frame_envelopes_begin(buf, sizeof(buf));

    for (size_t i = 0; i < n; i++)
        assert_true(es_frame_envelopes_add(buf, sizeof(buf), &len, (uint8_t)copies[i],
                                           vector_bytes(keys[i])));
    return len;
}

static size_t ack_frame(void)
{
    struct es_slice ids = vector_bytes("ids");

    return es_frame_ack(buf, sizeof(buf), (const struct es_ack_id *)ids.ptr,
                        ids.len / sizeof(struct es_ack_id));
}

static size_t moved_frame(void)
{
    struct es_dh_public key;

    vector_array("key", key.bytes, sizeof(key.bytes));
    return es_frame_moved(buf, sizeof(buf), number16("port"), &key);
}

static size_t ping_frame(void)
{
    return es_frame_ping(buf, sizeof(buf), vector_number("token"));
}

static size_t pong_frame(void)
{
    return es_frame_pong(buf, sizeof(buf), vector_number("token"));
}

static size_t bye_frame(void)
{
    return es_frame_bye(buf, sizeof(buf), (enum es_bye_reason)number8("reason"));
}

static const struct {
    const char *word;
    size_t (*make)(void);
} frame_kinds[] = {
    {"hello", hello_frame}, {"link", link_frame},   {"envelopes", envelopes_frame},
    {"ack", ack_frame},     {"moved", moved_frame}, {"ping", ping_frame},
    {"pong", pong_frame},   {"bye", bye_frame},
};

static size_t make_frame(void)
{
    for (size_t i = 0; i < sizeof(frame_kinds) / sizeof(frame_kinds[0]); i++) {
        if (vector_is("kind", frame_kinds[i].word))
            return frame_kinds[i].make();
    }
    fail_msg("[%s]: unknown kind", vector_name());
    return 0;
}

static void frames_agree_with_their_vectors(void **state)
{
    static struct es_frame frame;

    (void)state;
    vectors_open("tests/golden/frames.txt");
    while (vectors_next()) {
        assert_vector("bytes", buf, make_frame());
        assert_true(es_frame_decode(vector_bytes("bytes"), &frame));
        assert_vector("bytes", buf, encode_frame(&frame, buf, sizeof(buf)));
    }
}

/* --- Adverts ------------------------------------------------------------------------------------ */

static struct es_advert unsigned_advert(void)
{
    struct es_advert advert = {.visible = vector_has("introduction")};

    vector_array("nonce", advert.nonce, sizeof(advert.nonce));
    vector_array("link_key", advert.link_key.bytes, sizeof(advert.link_key.bytes));
    if (advert.visible) {
        struct es_slice name = vector_bytes("name");

        vector_array("introduction", advert.introduction.bytes, ES_KEY_BYTES);
        assert_true(name.len <= ES_NAME_BYTES_MAX);
        memcpy(advert.name, name.ptr, name.len);
    }
    return advert;
}

static void adverts_agree_with_their_vectors(void **state)
{
    (void)state;
    vectors_open("tests/golden/adverts.txt");
    while (vectors_next()) {
        struct es_advert advert = unsigned_advert(), read;
        struct es_presence_key presence = {0};
        struct es_sign_secret signer;

        vector_array("presence", presence.key.bytes, ES_KEY_BYTES);
        vector_array("signer", signer.bytes, sizeof(signer.bytes));
        struct es_sign_public owner = es_sign_public_of(&signer);

        es_beacon_make(&presence, &signer, number16("port"), &advert);
        assert_vector("beacon", advert.beacon, sizeof(advert.beacon));
        assert_vector("signature", advert.signature, sizeof(advert.signature));
        assert_vector("txt", buf, es_advert_encode(buf, sizeof(buf), &advert));
        assert_true(es_advert_decode(vector_bytes("txt"), &read));
        assert_vector("txt", buf, es_advert_encode(buf, sizeof(buf), &read));
        assert_true(es_beacon_matches(&presence.key, number16("port"), &read));
        assert_true(es_beacon_verify(&presence.key, &owner, number16("port"), &read));
        es_presence_step(&presence);
        assert_vector("next_presence", presence.key.bytes, ES_KEY_BYTES);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(envelopes_agree_with_their_vectors),
        cmocka_unit_test(records_agree_with_their_vectors),
        cmocka_unit_test(frames_agree_with_their_vectors),
        cmocka_unit_test(adverts_agree_with_their_vectors),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
