/* SPDX-License-Identifier: ISC */
/* message_id.c - ids of messages as people see them. */
#include <string.h>

#include "node/core/view.h"
#include "node/crypto/kdf.h"
#include "node/wire/base32.h"
#include "node/wire/cursor.h"

#define AUTHOR_BYTES 4
#define ID_BYTES (AUTHOR_BYTES + 4 + 8)

static void author_bytes(const struct es_sign_public *author, uint8_t ret[static AUTHOR_BYTES])
{
    const struct es_slice part = ES_SLICE_OF(author->bytes);
    struct es_id digest = es_hash(&part, 1);

    memcpy(ret, digest.bytes, AUTHOR_BYTES);
}

void es_message_id_format(const struct es_sign_public *author, struct es_message_id id,
                          char ret[static ES_MESSAGE_ID_CHARS + 1])
{
    uint8_t bytes[ID_BYTES];
    struct es_writer writer = es_writer(bytes, sizeof(bytes));
    uint8_t digest[AUTHOR_BYTES];

    author_bytes(author, digest);
    es_write_bytes(&writer, digest, sizeof(digest));
    es_write_u32(&writer, id.incarnation);
    es_write_u64(&writer, id.sequence);
    es_base32_encode(bytes, sizeof(bytes), ES_BASE32_LOWER, ret);
}

bool es_message_id_parse(struct es_slice text, const struct es_sign_public *self,
                         const struct es_sign_public *peer, struct es_message_id *ret,
                         bool *ret_own)
{
    uint8_t bytes[ID_BYTES];
    uint8_t author[AUTHOR_BYTES], digest[AUTHOR_BYTES];
    struct es_reader reader = es_reader(ES_SLICE_OF(bytes));

    if (!es_base32_decode((const char *)text.ptr, text.len, bytes, sizeof(bytes)))
        return false;
    es_read_bytes(&reader, author, sizeof(author));
    ret->incarnation = es_read_u32(&reader);
    ret->sequence = es_read_u64(&reader);
    author_bytes(self, digest);
    *ret_own = memcmp(author, digest, sizeof(digest)) == 0;
    author_bytes(peer, digest);
    return *ret_own || memcmp(author, digest, sizeof(digest)) == 0;
}
