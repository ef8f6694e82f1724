/* SPDX-License-Identifier: ISC */
/* invite.c - an invite as a link (docs/protocol.md, section 3.3). */
#include <assert.h>
#include <string.h>

#include "node/core/e2ee/address.h"
#include "node/wire/cursor.h"
#include "node/wire/endpoint.h"

enum invite_kind {
    KIND_PERSON = 1,
    KIND_PERSON_ENDPOINT = 2,
};

#define PERSON_BYTES (1 + 2 * ES_KEY_BYTES)
#define ENDPOINT_BYTES_MAX (1 + ES_HOST_BYTES_MAX + 2 + ES_KEY_BYTES)
#define INVITE_BYTES_MAX (PERSON_BYTES + ENDPOINT_BYTES_MAX + ES_CHECK_BYTES)

_Static_assert(ES_SCHEME_CHARS + ES_BASE32_CHARS(INVITE_BYTES_MAX) <= ES_INVITE_CHARS_MAX,
               "the longest invite fits");
_Static_assert(sizeof(((struct es_invite *)NULL)->endpoint) >= ES_ENDPOINT_TEXT_BYTES_MAX,
               "the longest endpoint fits");

static void write_endpoint(struct es_writer *writer, const char *text)
{
    struct es_endpoint endpoint;
    struct es_dh_public key;
    bool parsed = es_endpoint_parse(text, &endpoint, &key);

    assert(parsed);
    es_write_short(writer, es_slice(endpoint.host, strlen(endpoint.host)));
    es_write_u16(writer, endpoint.port);
    es_write_bytes(writer, key.bytes, sizeof(key.bytes));
}

void es_invite_format(const struct es_invite *invite, char ret[static ES_INVITE_CHARS_MAX + 1])
{
    uint8_t bytes[INVITE_BYTES_MAX];
    uint8_t check[ES_CHECK_BYTES];
    struct es_writer writer = es_writer(bytes, sizeof(bytes));

    es_write_u8(&writer, invite->has_endpoint ? KIND_PERSON_ENDPOINT : KIND_PERSON);
    es_write_bytes(&writer, invite->address.bytes, sizeof(invite->address.bytes));
    es_write_bytes(&writer, invite->secret.bytes, sizeof(invite->secret.bytes));
    if (invite->has_endpoint)
        write_endpoint(&writer, invite->endpoint);
    es_link_check(bytes, es_writer_len(&writer), check);
    es_write_bytes(&writer, check, sizeof(check));
    assert(!writer.failed);
    /* Upper case and digits: a QR code takes them in its alphanumeric mode. */
    es_link_format(bytes, es_writer_len(&writer), ES_BASE32_UPPER, ret);
    es_wipe(bytes, sizeof(bytes));
}

/* The text is made anew from its parts and parsed: one grammar decides what an endpoint is. */
static bool read_endpoint(struct es_reader *reader, char ret[static ES_ENDPOINT_TEXT_BYTES_MAX])
{
    struct es_slice host = es_read_short(reader, ES_HOST_BYTES_MAX - 1);
    struct es_endpoint endpoint = {.port = es_read_u16(reader)}, parsed;
    struct es_dh_public key, parsed_key;

    es_read_bytes(reader, key.bytes, sizeof(key.bytes));
    if (reader->failed)
        return false;
    memcpy(endpoint.host, host.ptr, host.len);
    es_endpoint_format(&endpoint, &key, ret);
    return es_endpoint_parse(ret, &parsed, &parsed_key) &&
           es_bytes_equal(endpoint.host, parsed.host, sizeof(parsed.host));
}

static enum es_address_error read_invite(struct es_slice bytes, struct es_invite *ret)
{
    struct es_reader reader = es_reader(bytes);
    uint8_t kind = es_read_u8(&reader);
    struct es_peer_key peer;

    *ret = (struct es_invite){.has_endpoint = kind == KIND_PERSON_ENDPOINT};
    es_read_bytes(&reader, ret->address.bytes, sizeof(ret->address.bytes));
    es_read_bytes(&reader, ret->secret.bytes, sizeof(ret->secret.bytes));
    if (kind != KIND_PERSON && kind != KIND_PERSON_ENDPOINT)
        return ES_ADDRESS_NOT_ONE;
    if (ret->has_endpoint && !read_endpoint(&reader, ret->endpoint))
        return ES_ADDRESS_NOT_ONE;
    if (!es_reader_done(&reader))
        return ES_ADDRESS_NOT_ONE;
    return es_peer_key_init(&peer, &ret->address) ? ES_ADDRESS_OK : ES_ADDRESS_BAD_POINT;
}

enum es_address_error es_invite_parse(struct es_slice text, struct es_invite *ret)
{
    uint8_t bytes[INVITE_BYTES_MAX];
    size_t chars = text.len > ES_SCHEME_CHARS ? text.len - ES_SCHEME_CHARS : 0;
    size_t len = chars * 5 / 8;

    if (len < PERSON_BYTES + ES_CHECK_BYTES || len > sizeof(bytes))
        return ES_ADDRESS_NOT_ONE;
    enum es_address_error error = es_link_parse(text, bytes, len);

    if (error == ES_ADDRESS_OK)
        error = read_invite(es_slice(bytes, len - ES_CHECK_BYTES), ret);
    if (error != ES_ADDRESS_OK)
        es_wipe(ret, sizeof(*ret));
    es_wipe(bytes, sizeof(bytes));
    return error;
}
