/* SPDX-License-Identifier: ISC */
/* tokens.h - every secret of a run, and who may hold it. Whoever else does is a third party. */
#ifndef ES_SIM_TOKENS_H
#define ES_SIM_TOKENS_H

#include "sim/audit/scan.h"

enum es_sim_token_kind {
    ES_SIM_TOKEN_TEXT,     /* its author and who it is for                      */
    ES_SIM_TOKEN_GREETING, /* who asks and who is asked                         */
    ES_SIM_TOKEN_NAME,     /* whose it is, and its contacts                      */
    ES_SIM_TOKEN_PETNAME,  /* who gave it, alone                                 */
    ES_SIM_TOKEN_IDENTITY, /* public keys that last: as names                    */
    ES_SIM_TOKEN_PRESENCE, /* keys by which contacts recognise adverts: as names */
    ES_SIM_TOKEN_SECRET,   /* secret keys: their owner alone                     */
    ES_SIM_TOKEN_PAIR,     /* what two contacts alone can know or compute        */
    ES_SIM_TOKEN_GIVEN,    /* of a file of tokens: nobody may hold it             */
    ES_SIM_TOKEN_KINDS
};

struct es_sim_token {
    enum es_sim_token_kind kind;
    uint32_t owner, peer; /* peer: the other one of two; owner if there is none */
    uint32_t *holders;
    size_t n_holders;
    uint8_t *bytes;
    size_t len;
    bool control; /* it must be found where it may be */
    bool found;   /* ... and was                       */
};

struct es_sim_tokens {
    struct es_sim_token *of;
    size_t n, cap;
    struct es_sim_scan *scan;
};

const char *es_sim_token_name(enum es_sim_token_kind kind);

struct es_sim_tokens *es_sim_tokens_new(void);
void es_sim_tokens_free(struct es_sim_tokens *tokens);
/* Registers a token in all its encodings. One that is known is not added again. Gives its index;
 * UINT32_MAX: too short. The owner may hold it. */
uint32_t es_sim_tokens_add(struct es_sim_tokens *tokens, enum es_sim_token_kind kind,
                           uint32_t owner, struct es_slice bytes);
void es_sim_tokens_allow(struct es_sim_tokens *tokens, uint32_t token, uint32_t node);
bool es_sim_tokens_allowed(const struct es_sim_tokens *tokens, uint32_t token, uint32_t node);

#endif
