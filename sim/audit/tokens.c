/* SPDX-License-Identifier: ISC */
/* tokens.c - the registry. Its own scanner tells what is already registered. */
#include "sim/audit/tokens.h"

#include <stdlib.h>
#include <string.h>

#include "sim/audit/encodings.h"
#include "sim/memory.h"

static const char *const names[ES_SIM_TOKEN_KINDS] = {
    [ES_SIM_TOKEN_TEXT] = "texts",          [ES_SIM_TOKEN_GREETING] = "greetings",
    [ES_SIM_TOKEN_NAME] = "names",          [ES_SIM_TOKEN_PETNAME] = "petnames",
    [ES_SIM_TOKEN_IDENTITY] = "identities", [ES_SIM_TOKEN_PRESENCE] = "presence keys",
    [ES_SIM_TOKEN_SECRET] = "secret keys",  [ES_SIM_TOKEN_PAIR] = "contact pairs",
    [ES_SIM_TOKEN_GIVEN] = "given",
};

const char *es_sim_token_name(enum es_sim_token_kind kind)
{
    return names[kind];
}

struct es_sim_tokens *es_sim_tokens_new(void)
{
    struct es_sim_tokens *tokens = es_sim_zeroed(sizeof(*tokens));

    tokens->scan = es_sim_scan_new();
    return tokens;
}

void es_sim_tokens_free(struct es_sim_tokens *tokens)
{
    if (tokens == NULL)
        return;
    for (size_t i = 0; i < tokens->n; i++) {
        free(tokens->of[i].holders);
        free(tokens->of[i].bytes);
    }
    es_sim_scan_free(tokens->scan);
    free(tokens->of);
    free(tokens);
}

struct search {
    const struct es_sim_tokens *tokens;
    struct es_slice bytes;
    uint32_t found;
};

static void match(void *ctx, const struct es_sim_hit *hit)
{
    struct search *search = ctx;
    const struct es_sim_token *token = &search->tokens->of[hit->token];

    if (token->len == search->bytes.len && memcmp(token->bytes, search->bytes.ptr, token->len) == 0)
        search->found = hit->token;
}

uint32_t es_sim_tokens_add(struct es_sim_tokens *tokens, enum es_sim_token_kind kind,
                           uint32_t owner, struct es_slice bytes)
{
    struct search search = {.tokens = tokens, .bytes = bytes, .found = UINT32_MAX};
    uint8_t pattern[ES_SIM_PATTERN_BYTES_MAX];
    struct es_sim_token *token;

    if (bytes.len < ES_SIM_TOKEN_BYTES_MIN)
        return UINT32_MAX;
    es_sim_scan_run(tokens->scan, bytes, match, &search);
    if (search.found != UINT32_MAX)
        return search.found;
    if (tokens->n == tokens->cap) {
        tokens->cap = tokens->cap == 0 ? 256 : 2 * tokens->cap;
        tokens->of = es_sim_resize(tokens->of, tokens->cap * sizeof(tokens->of[0]));
    }
    token = &tokens->of[tokens->n];
    *token = (struct es_sim_token){.kind = kind, .owner = owner, .peer = owner, .len = bytes.len};
    token->bytes = es_sim_resize(NULL, bytes.len);
    memcpy(token->bytes, bytes.ptr, bytes.len);
    for (size_t encoding = 0; encoding < es_sim_encodings(); encoding++)
        es_sim_scan_add(tokens->scan, (uint32_t)tokens->n, (uint32_t)encoding,
                        es_slice(pattern, es_sim_encode(encoding, bytes, pattern)));
    es_sim_tokens_allow(tokens, (uint32_t)tokens->n, owner);
    return (uint32_t)tokens->n++;
}

void es_sim_tokens_allow(struct es_sim_tokens *tokens, uint32_t token, uint32_t node)
{
    struct es_sim_token *of = &tokens->of[token];

    if (es_sim_tokens_allowed(tokens, token, node))
        return;
    of->holders = es_sim_resize(of->holders, (of->n_holders + 1) * sizeof(of->holders[0]));
    of->holders[of->n_holders++] = node;
}

bool es_sim_tokens_allowed(const struct es_sim_tokens *tokens, uint32_t token, uint32_t node)
{
    const struct es_sim_token *of = &tokens->of[token];

    for (size_t i = 0; i < of->n_holders; i++)
        if (of->holders[i] == node)
            return true;
    return false;
}
