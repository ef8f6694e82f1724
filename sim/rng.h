/* SPDX-License-Identifier: ISC */
/* rng.h - random streams that do not disturb each other.
 *
 * A stream is named by (seed, subsystem, entity); what one draws never shifts what another draws, so
 * that taking a fault away leaves everything else as it was. */
#ifndef ES_SIM_RNG_H
#define ES_SIM_RNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum es_sim_subsystem {
    ES_SIM_ENTROPY = 1, /* of the core of one node       */
    ES_SIM_LINKS = 2,   /* delay of one node              */
    ES_SIM_OPTIONS_DRAWN = 6,
    ES_SIM_FAULTS = 7, /* of a kind: of all nodes or at one */
    ES_SIM_SYNCS = 8,  /* how long a commit takes  */
    ES_SIM_STRANGERS = 9,
    ES_SIM_VAULT = 20,  /* keys and nonces of the store of one node */
    ES_SIM_DISK = 21,   /* failures and power cuts of its disk      */
    ES_SIM_SQLITE = 22, /* what SQLite draws                        */
    ES_SIM_CANARIES = 30,
    ES_SIM_AUDITS = 31,    /* which leaks are planted */
    ES_SIM_DOWNS = 40,     /* how long a node stays down     */
    ES_SIM_CLOCKS = 42,    /* how far off a node's clock is  */
    ES_SIM_DRIFTS = 43,    /* how fast it goes               */
    ES_SIM_CORE = 44,      /* who is healed                  */
    ES_SIM_TEXTS = 41,     /* when a text is written, how long it is */
    ES_SIM_RESAMPLES = 50, /* of differences between runs */
};

struct es_sim_rng {
    uint8_t key[32];
    uint64_t counter;
};

struct es_sim_rng es_sim_rng(uint64_t seed, enum es_sim_subsystem subsystem, uint64_t entity);
/* An entity that has a name, which stays when others come and go. */
uint64_t es_sim_rng_entity(const char *name);
void es_sim_bytes(struct es_sim_rng *rng, void *buf, size_t len);
/* Uniform in [0, bound), bound > 0. */
uint64_t es_sim_below(struct es_sim_rng *rng, uint64_t bound);
/* Log-uniform in [least, most], least > 0: by doublings, the same number on every machine. */
uint64_t es_sim_log_uniform(struct es_sim_rng *rng, uint64_t least, uint64_t most);
/* True in `permille` of 1000 draws. */
bool es_sim_chance(struct es_sim_rng *rng, uint32_t permille);

#endif
