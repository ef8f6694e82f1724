/* SPDX-License-Identifier: ISC */
/* advert.c - an advert as the strings of a DNS TXT record (docs/protocol.md, section 9). */
#include "discovery/beacon.h"

#include <string.h>

#include "node/wire/cursor.h"
#include "node/wire/utf8.h"

/* The strings that this version knows, in the order in which they are written. */
enum field { FIELD_V, FIELD_N, FIELD_K, FIELD_B, FIELD_S, FIELD_I, FIELD_M, FIELDS };

static const struct {
    char key;
    uint8_t value_bytes;
} fields[FIELDS] = {
    [FIELD_V] = {'v', 1},
    [FIELD_N] = {'n', ES_ADVERT_NONCE_BYTES},
    [FIELD_K] = {'k', ES_KEY_BYTES},
    [FIELD_B] = {'b', ES_BEACON_BYTES},
    [FIELD_S] = {'s', ES_SIGNATURE_BYTES},
    [FIELD_I] = {'i', ES_KEY_BYTES},
    [FIELD_M] = {'m', ES_NAME_BYTES_MAX},
};

#define FIELDS_HIDDEN ((1u << FIELD_I) - 1)
#define FIELDS_VISIBLE ((1u << FIELDS) - 1)

static void write_field(struct es_writer *writer, enum field field, const void *value)
{
    es_write_u8(writer, (uint8_t)(2 + fields[field].value_bytes));
    es_write_u8(writer, (uint8_t)fields[field].key);
    es_write_u8(writer, '=');
    es_write_bytes(writer, value, fields[field].value_bytes);
}

size_t es_advert_encode(uint8_t *buf, size_t cap, const struct es_advert *advert)
{
    struct es_writer writer = es_writer(buf, cap);
    char name[ES_NAME_BYTES_MAX] = {0};

    write_field(&writer, FIELD_V, "1");
    write_field(&writer, FIELD_N, advert->nonce);
    write_field(&writer, FIELD_K, advert->link_key.bytes);
    write_field(&writer, FIELD_B, advert->beacon);
    write_field(&writer, FIELD_S, advert->signature);
    if (advert->visible) {
        memcpy(name, advert->name, strlen(advert->name));
        write_field(&writer, FIELD_I, advert->introduction.bytes);
        write_field(&writer, FIELD_M, name);
    }
    return writer.failed ? 0 : es_writer_len(&writer);
}

/* Which field a string is, FIELDS for one of another key. "n" alone is an n without a value. */
static enum field field_of(struct es_slice string)
{
    if (string.len == 0 || (string.len > 1 && string.ptr[1] != '='))
        return FIELDS;
    for (size_t i = 0; i < FIELDS; i++) {
        if (string.ptr[0] == fields[i].key)
            return (enum field)i;
    }
    return FIELDS;
}

/* Zeros fill the name up; behind the first one there is nothing else. */
static bool read_name(struct es_slice value, char ret[static ES_NAME_BYTES_MAX + 1])
{
    const uint8_t *zero = memchr(value.ptr, 0, value.len);
    size_t len = zero != NULL ? (size_t)(zero - value.ptr) : value.len;

    memcpy(ret, value.ptr, len);
    ret[len] = '\0';
    return es_utf8_valid(es_slice(value.ptr, len)) &&
           es_bytes_zero(value.ptr + len, value.len - len);
}

static bool read_value(enum field field, struct es_slice value, struct es_advert *ret)
{
    switch (field) {
    case FIELD_V:
        return value.ptr[0] == '1';
    case FIELD_N:
        memcpy(ret->nonce, value.ptr, sizeof(ret->nonce));
        return true;
    case FIELD_K:
        memcpy(ret->link_key.bytes, value.ptr, sizeof(ret->link_key.bytes));
        return true;
    case FIELD_B:
        memcpy(ret->beacon, value.ptr, sizeof(ret->beacon));
        return true;
    case FIELD_S:
        memcpy(ret->signature, value.ptr, sizeof(ret->signature));
        return true;
    case FIELD_I:
        memcpy(ret->introduction.bytes, value.ptr, sizeof(ret->introduction.bytes));
        return true;
    case FIELD_M:
        return read_name(value, ret->name);
    case FIELDS:
        return true;
    }
    return false;
}

/* Reads one string; *io_seen has a bit for each field that has been there. */
static bool read_string(struct es_slice string, unsigned *io_seen, struct es_advert *ret)
{
    enum field field = field_of(string);

    if (field == FIELDS)
        return true;
    if ((*io_seen & 1u << field) != 0 || string.len != 2 + (size_t)fields[field].value_bytes)
        return false;
    *io_seen |= 1u << field;
    return read_value(field, es_slice(string.ptr + 2, string.len - 2), ret);
}

bool es_advert_decode(struct es_slice txt, struct es_advert *ret)
{
    struct es_reader reader = es_reader(txt);
    unsigned seen = 0;

    memset(ret, 0, sizeof(*ret));
    while (es_reader_left(&reader) > 0) {
        struct es_slice string = es_read_short(&reader, UINT8_MAX);

        if (reader.failed || !read_string(string, &seen, ret))
            goto malformed;
    }
    ret->visible = seen == FIELDS_VISIBLE;
    if (ret->visible || seen == FIELDS_HIDDEN)
        return true;
malformed:
    memset(ret, 0, sizeof(*ret));
    return false;
}
