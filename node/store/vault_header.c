/* SPDX-License-Identifier: ISC */
/* vault_header.c - encoding and decoding the first block of a vault. */
#include "node/store/vault_header.h"

#include <assert.h>
#include <string.h>

#include "node/crypto/kdf.h"
#include "node/wire/cursor.h"

static const uint8_t magic[8] = {'e', 'a', 'r', 's', 'h', 'o', 't', 0x1a};

#define CHECKED_BYTES (ES_VAULT_BOUND_BYTES + ES_VAULT_WRAPPED_BYTES)
_Static_assert(CHECKED_BYTES + ES_ID_BYTES <= ES_VAULT_HEADER_BYTES, "fits its block");

void es_vault_header_bound(const struct es_vault_header *header,
                           uint8_t ret[static ES_VAULT_BOUND_BYTES])
{
    struct es_writer writer = es_writer(ret, ES_VAULT_BOUND_BYTES);

    es_write_bytes(&writer, magic, sizeof(magic));
    es_write_u32(&writer, ES_VAULT_VERSION);
    es_write_u8(&writer, (uint8_t)header->lock);
    es_write_u64(&writer, header->cost.ops);
    es_write_u64(&writer, header->cost.memory_bytes);
    es_write_bytes(&writer, header->salt, sizeof(header->salt));
    es_write_bytes(&writer, header->id.bytes, sizeof(header->id.bytes));
    assert(!writer.failed && es_writer_len(&writer) == ES_VAULT_BOUND_BYTES);
}

static struct es_id checksum(const uint8_t *block)
{
    struct es_slice checked = es_slice(block, CHECKED_BYTES);

    return es_hash(&checked, 1);
}

void es_vault_header_encode(const struct es_vault_header *header,
                            uint8_t ret[static ES_VAULT_HEADER_BYTES])
{
    struct es_id sum;

    memset(ret, 0, ES_VAULT_HEADER_BYTES);
    es_vault_header_bound(header, ret);
    memcpy(ret + ES_VAULT_BOUND_BYTES, header->wrapped, sizeof(header->wrapped));
    sum = checksum(ret);
    memcpy(ret + CHECKED_BYTES, sum.bytes, sizeof(sum.bytes));
}

/* The cost is used before anything is authenticated, so it must be one that can be paid. */
static bool plausible(uint8_t lock, const struct es_vault_cost *cost)
{
    if (lock == ES_VAULT_LOCK_KEY_FILE)
        return cost->ops == 0 && cost->memory_bytes == 0;
    return lock == ES_VAULT_LOCK_PASSPHRASE && cost->ops > 0 && cost->ops <= ES_VAULT_OPS_MAX &&
           cost->memory_bytes <= ES_VAULT_MEMORY_BYTES_MAX;
}

enum es_store_err es_vault_header_decode(struct es_slice bytes, struct es_vault_header *ret)
{
    struct es_reader reader = es_reader(bytes);
    struct es_vault_header header = {0};
    struct es_id sum;
    uint8_t found[sizeof(magic)];
    uint32_t version;
    uint8_t lock;

    es_read_bytes(&reader, found, sizeof(found));
    if (reader.failed || memcmp(found, magic, sizeof(magic)) != 0)
        return ES_STORE_FOREIGN;
    version = es_read_u32(&reader);
    if (!reader.failed && version > ES_VAULT_VERSION)
        return ES_STORE_NEWER;
    lock = es_read_u8(&reader);
    header.cost.ops = es_read_u64(&reader);
    header.cost.memory_bytes = es_read_u64(&reader);
    es_read_bytes(&reader, header.salt, sizeof(header.salt));
    es_read_bytes(&reader, header.id.bytes, sizeof(header.id.bytes));
    es_read_bytes(&reader, header.wrapped, sizeof(header.wrapped));
    es_read_bytes(&reader, sum.bytes, sizeof(sum.bytes));
    if (reader.failed || version != ES_VAULT_VERSION || !plausible(lock, &header.cost))
        return ES_STORE_DAMAGED;
    if (memcmp(checksum(bytes.ptr).bytes, sum.bytes, sizeof(sum.bytes)) != 0)
        return ES_STORE_DAMAGED;
    header.lock = (enum es_vault_lock)lock;
    *ret = header;
    return ES_STORE_OK;
}
