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

bool es_sim_chance(struct es_sim_rng *rng, uint32_t permille)
{
    return es_sim_below(rng, 1000) < permille;
}
