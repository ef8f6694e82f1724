/* SPDX-License-Identifier: ISC */
/* rng.c - ChaCha20 by counter. */
#include "sim/rng.h"

#include <sodium.h>
#include <string.h>

struct es_sim_rng es_sim_rng(uint64_t seed, enum es_sim_subsystem subsystem, uint64_t entity)
{
    const uint64_t name[3] = {seed, (uint64_t)subsystem, entity};
    struct es_sim_rng rng = {.counter = 0};

    crypto_generichash(rng.key, sizeof(rng.key), (const uint8_t *)name, sizeof(name), NULL, 0);
    return rng;
}

uint64_t es_sim_rng_entity(const char *name)
{
    uint8_t hash[crypto_generichash_BYTES_MIN];
    uint64_t entity;

    crypto_generichash(hash, sizeof(hash), (const uint8_t *)name, strlen(name), NULL, 0);
    memcpy(&entity, hash, sizeof(entity));
    return entity;
}

void es_sim_bytes(struct es_sim_rng *rng, void *buf, size_t len)
{
    uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];

    _Static_assert(sizeof(nonce) == sizeof(rng->counter), "the counter is the nonce");
    memcpy(nonce, &rng->counter, sizeof(nonce));
    rng->counter++;
    crypto_stream_chacha20(buf, len, nonce, rng->key);
}

uint64_t es_sim_below(struct es_sim_rng *rng, uint64_t bound)
{
    uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
    uint64_t value;

    do {
        es_sim_bytes(rng, &value, sizeof(value));
    } while (value >= limit);
    return value % bound;
}

uint64_t es_sim_log_uniform(struct es_sim_rng *rng, uint64_t least, uint64_t most)
{
    unsigned doublings = 1;
    uint64_t from, to;

    while (least << doublings <= most)
        doublings++;
    from = least << es_sim_below(rng, doublings);
    to = most < 2 * from - 1 ? most : 2 * from - 1;
    return from + es_sim_below(rng, to - from + 1);
}

bool es_sim_chance(struct es_sim_rng *rng, uint32_t permille)
{
    return es_sim_below(rng, 1000) < permille;
}
