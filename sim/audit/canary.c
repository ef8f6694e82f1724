/* SPDX-License-Identifier: ISC */
/* canary.c - ten random bytes as sixteen characters. */
#include "sim/audit/canary.h"

#include "node/wire/base32.h"

#define CANARY_BYTES 10

void es_sim_canary(uint64_t seed, enum es_sim_canary kind, uint32_t a, uint32_t b, uint32_t number,
                   char ret[static ES_SIM_CANARY_CHARS + 1])
{
    uint64_t entity = (uint64_t)kind << 60 | (uint64_t)a << 40 | (uint64_t)b << 20 | number;
    struct es_sim_rng rng = es_sim_rng(seed, ES_SIM_CANARIES, entity);
    uint8_t bytes[CANARY_BYTES];

    _Static_assert(ES_BASE32_CHARS(CANARY_BYTES) == ES_SIM_CANARY_CHARS, "no character is partial");
    es_sim_bytes(&rng, bytes, sizeof(bytes));
    es_base32_encode(bytes, sizeof(bytes), ES_BASE32_LOWER, ret);
}
