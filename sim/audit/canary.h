/* SPDX-License-Identifier: ISC */
/* canary.h - random marks in whatever people write, so that it can be told wherever it turns up.
 *
 * They follow from the seed, whether anybody audits or not: watching changes nothing. */
#ifndef ES_SIM_CANARY_H
#define ES_SIM_CANARY_H

#include "sim/rng.h"

enum es_sim_canary {
    ES_SIM_CANARY_NAME,     /* of a: what it calls itself       */
    ES_SIM_CANARY_PETNAME,  /* what a calls b                    */
    ES_SIM_CANARY_GREETING, /* when a asks b                     */
    ES_SIM_CANARY_TEXT,     /* of a to b, with a number           */
};

#define ES_SIM_CANARY_CHARS 16

/* Nodes below 2^20, numbers below 2^20. */
void es_sim_canary(uint64_t seed, enum es_sim_canary kind, uint32_t a, uint32_t b, uint32_t number,
                   char ret[static ES_SIM_CANARY_CHARS + 1]);

#endif
