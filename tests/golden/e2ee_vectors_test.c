/* SPDX-License-Identifier: ISC */
/* e2ee_vectors_test.c - identities, handshake, ratchet and LINK envelopes against e2ee.txt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "node/core/e2ee/handshake.h"
#include "node/core/e2ee/proof.h"
#include "node/wire/endpoint.h"
#include "tests/golden/vectors.h"

#define MESSAGES_MAX 16

/* --- Section 3 -------------------------------------------------------------------------------- */

static struct es_identity identity_of(const char *key)
{
    struct es_sign_secret seed;
    struct es_identity identity;

    vector_array(key, seed.bytes, sizeof(seed.bytes));
    es_identity_init(&identity, &seed);
    return identity;
}

static void check_address(void)
{
    struct es_identity identity = identity_of("seed");
    struct es_sign_public parsed;
    char text[ES_ADDRESS_CHARS + 1];

    es_address_format(&identity.address, text);
    assert_vector("text", text, strlen(text));
    assert_int_equal(es_address_parse(vector_bytes("text"), &parsed), ES_ADDRESS_OK);
    assert_memory_equal(&parsed, &identity.address, sizeof(parsed));
}

static void read_endpoint(char ret[static ES_ENDPOINT_TEXT_BYTES_MAX])
{
    struct es_slice host = vector_bytes("host");
    struct es_endpoint endpoint = {.port = (uint16_t)vector_number("port")};
    struct es_dh_public key;

    assert_in_range(host.len, 1, sizeof(endpoint.host) - 1);
    memcpy(endpoint.host, host.ptr, host.len);
    vector_array("link_key", key.bytes, sizeof(key.bytes));
    es_endpoint_format(&endpoint, &key, ret);
}

static void check_invite(void)
{
    struct es_identity identity = identity_of("seed");
    struct es_invite invite = {.address = identity.address}, parsed;
    char text[ES_INVITE_CHARS_MAX + 1];

    vector_array("secret", invite.secret.bytes, sizeof(invite.secret.bytes));
    invite.has_endpoint = vector_has("host");
    if (invite.has_endpoint)
        read_endpoint(invite.endpoint);
    es_invite_format(&invite, text);
    assert_vector("text", text, strlen(text));
    assert_int_equal(es_invite_parse(vector_bytes("text"), &parsed), ES_ADDRESS_OK);
    assert_string_equal(parsed.endpoint, invite.endpoint);
}

static void check_safety(void)
{
    struct es_identity a = identity_of("seed_a"), b = identity_of("seed_b");
    char digits[ES_SAFETY_CHARS + 1];

    es_safety_number(&a.address, &b.address, digits);
    assert_vector("digits", digits, ES_SAFETY_CHARS);
}

/* --- Sections 6.1 to 6.3 ---------------------------------------------------------------------- */

/* What a vector says that somebody draws, in order. */
static void draw(void *ctx, void *buf, size_t len)
{
    struct es_slice *draws = ctx;

    assert_true(len <= draws->len);
    memcpy(buf, draws->ptr, len);
    *draws = es_slice(draws->ptr + len, draws->len - len);
}

struct side {
    struct es_slice draws;
    struct es_entropy entropy;
    struct es_identity identity;
    struct es_session session;
    bool has_session;
    struct es_pending pending;
    struct es_key link_key;
};

static struct side sides[2];
static uint8_t payload[ES_ENVELOPE_BYTES_MAX];
static struct es_gap gaps[2 * ES_WINDOW_MAX];

static void set_side(struct side *side, const char *seed, const char *draws)
{
    *side = (struct side){.identity = identity_of(seed), .draws = vector_bytes(draws)};
    side->entropy = (struct es_entropy){&side->draws, draw};
}

static struct es_addressee addressee_of(const struct side *asked)
{
    struct es_addressee addressee = {.secret = asked->identity.secret};

    memcpy(addressee.name, asked->identity.address.bytes, sizeof(addressee.name));
    if (vector_has("introduction")) {
        vector_array("introduction", addressee.secret.bytes, sizeof(addressee.secret.bytes));
        struct es_dh_public public = es_dh_public_of(&addressee.secret);

        memcpy(addressee.name, public.bytes, sizeof(addressee.name));
    }
    return addressee;
}

static void ask(struct side *asker, const struct es_addressee *addressee, const struct es_key *psk)
{
    struct es_target target = {.dh = es_dh_public_of(&addressee->secret)};
    const struct es_request request = {.kind = (enum es_request_kind)vector_number("request_kind"),
                                       .name = vector_bytes("name"),
                                       .greeting = vector_bytes("greeting")};
    uint8_t envelope[ES_ENVELOPE_BYTES_MIN];

    memcpy(target.name, addressee->name, sizeof(target.name));
    assert_true(es_request_seal(&asker->identity, &target, psk, &request,
                                (uint16_t)vector_number("expiry"), &asker->entropy, envelope,
                                &asker->pending));
    assert_vector("request", envelope, sizeof(envelope));
    assert_vector("gs", asker->pending.gs.bytes, ES_KEY_BYTES);
    assert_vector("th1", asker->pending.th1.bytes, ES_ID_BYTES);
}

static void accept_request(struct side *asked, const struct es_addressee *addressee,
                           const struct es_key *psk)
{
    struct es_request_opened opened;
    struct es_key psks[2] = {{{0}}, *psk};

    assert_true(es_request_open(addressee, psks, 2, vector_bytes("request"), &opened));
    assert_vector("gs", opened.gs.bytes, ES_KEY_BYTES);
    assert_true(es_accept(&asked->identity, addressee, &opened.from, &opened.one_time, &opened.gs,
                          &opened.th1, &asked->entropy, &asked->session, &asked->link_key));
    asked->has_session = true;
    assert_vector("session", asked->session.id.bytes, ES_ID_BYTES);
    assert_vector("link_key", asked->link_key.bytes, ES_KEY_BYTES);
}

static void open_envelope(struct side *side, struct es_slice envelope, struct es_position at,
                          struct es_slice records)
{
    struct es_opened opened = {.payload = payload, .gaps = gaps, .gaps_cap = 2 * ES_WINDOW_MAX};
    struct es_peer_key peer;
    enum es_open_result result;

    if (!side->has_session) {
        result = es_pending_open(&side->identity, &side->pending, at.n, envelope, 0, &opened, &peer,
                                 &side->link_key);
        assert_vector("link_key", side->link_key.bytes, ES_KEY_BYTES);
    } else {
        bool current = side->session.receiving && side->session.receive.number == at.chain;

        result = es_session_open(&side->session, current ? ES_EXPECT_CURRENT : ES_EXPECT_NEXT, at,
                                 envelope, 0, &opened);
    }
    assert_int_equal(result, ES_OPEN_OK);
    assert_int_equal(opened.records.len, records.len);
    assert_memory_equal(opened.records.ptr, records.ptr, records.len);
    side->session = opened.after;
    side->has_session = true;
}

static void pass_message(size_t i, bool from_b)
{
    struct side *from = &sides[from_b ? 1 : 0], *to = &sides[from_b ? 0 : 1];
    uint8_t envelope[ES_ENVELOPE_BYTES_MIN];
    char records_key[16], envelope_key[16];
    struct es_position at;

    snprintf(records_key, sizeof(records_key), "records%zu", i);
    snprintf(envelope_key, sizeof(envelope_key), "envelope%zu", i);
    struct es_slice records = vector_bytes(records_key);

    es_session_seal(&from->session, &from->entropy, ES_CLASS_512, (uint16_t)vector_number("expiry"),
                    records, envelope, &at);
    assert_vector(envelope_key, envelope, sizeof(envelope));
    open_envelope(to, ES_SLICE_OF(envelope), at, records);
}

static void check_conversation(void)
{
    uint64_t senders[MESSAGES_MAX];
    size_t n_messages = vector_numbers("senders", senders, MESSAGES_MAX);
    struct es_key psk;

    set_side(&sides[0], "seed_a", "draws_a");
    set_side(&sides[1], "seed_b", "draws_b");
    struct es_addressee addressee = addressee_of(&sides[1]);

    vector_array("psk", psk.bytes, sizeof(psk.bytes));
    ask(&sides[0], &addressee, &psk);
    accept_request(&sides[1], &addressee, &psk);
    for (size_t i = 0; i < n_messages; i++)
        pass_message(i, senders[i] == 1);
    assert_int_equal(sides[0].draws.len, 0);
    assert_int_equal(sides[1].draws.len, 0);
}

/* --- Sections 6.2 and 8.2, envelopes of their own --------------------------------------------- */

static void check_link(void)
{
    struct es_slice nonce = vector_bytes("nonce"), records;
    const struct es_entropy entropy = {&nonce, draw};
    uint16_t expiry = (uint16_t)vector_number("expiry");
    enum es_link_role role = (enum es_link_role)vector_number("role");
    uint8_t envelope[ES_ENVELOPE_BYTES_MIN], plain[ES_ENVELOPE_BYTES_MIN];
    struct es_link_keys keys;
    struct es_key link_key;

    vector_array("link_key", link_key.bytes, sizeof(link_key.bytes));
    vector_array("server", keys.server.bytes, sizeof(keys.server.bytes));
    vector_array("client", keys.client.bytes, sizeof(keys.client.bytes));
    es_proof_seal(&link_key, role, &keys, expiry, vector_bytes("records"), &entropy, envelope);
    assert_vector("envelope", envelope, sizeof(envelope));
    assert_true(es_proof_open(&link_key, role, &keys, vector_bytes("envelope"), plain, &records));
    assert_vector("records", records.ptr, records.len);
}

static void check_refusal(void)
{
    struct es_slice nonce = vector_bytes("nonce");
    const struct es_entropy entropy = {&nonce, draw};
    uint8_t envelope[ES_ENVELOPE_BYTES_MIN];
    enum es_refusal reason;
    struct es_key gs;

    vector_array("gs", gs.bytes, sizeof(gs.bytes));
    es_refusal_seal(&gs, (enum es_refusal)vector_number("reason"),
                    (uint16_t)vector_number("expiry"), &entropy, envelope);
    assert_vector("envelope", envelope, sizeof(envelope));
    assert_true(es_refusal_open(&gs, vector_bytes("envelope"), &reason));
    assert_int_equal(reason, vector_number("reason"));
}

static const struct {
    const char *kind;
    void (*check)(void);
} checks[] = {
    {"address", check_address},           {"invite", check_invite}, {"safety", check_safety},
    {"conversation", check_conversation}, {"link", check_link},     {"refusal", check_refusal},
};

static void test_vectors(void **state)
{
    const size_t n_checks = sizeof(checks) / sizeof(checks[0]);
    size_t n_vectors = 0;

    (void)state;
    vectors_open("tests/golden/e2ee.txt");
    for (; vectors_next(); n_vectors++) {
        size_t i = 0;

        while (i < n_checks && !vector_is("kind", checks[i].kind))
            i++;
        if (i == n_checks)
            fail_msg("%s: unknown kind", vector_name());
        checks[i].check();
    }
    assert_true(n_vectors >= n_checks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
