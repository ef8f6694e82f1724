/* SPDX-License-Identifier: ISC */
/* audit_bench.c - how fast the audit's scanner reads with the patterns of some 600 tokens. What else
 * runs on the machine can only slow it down: the fastest of several turns counts. Prints one JSON
 * object. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "sim/audit/tokens.h"
#include "sim/rng.h"

#define TURNS 7
#define TOKENS 600
#define BYTES (16u << 20)

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void count(void *ctx, const struct es_sim_hit *hit)
{
    size_t *hits = ctx;

    (void)hit;
    (*hits)++;
}

int main(void)
{
    struct es_sim_tokens *tokens = es_sim_tokens_new();
    struct es_sim_rng rng = es_sim_rng(1, ES_SIM_AUDITS, 0);
    uint8_t *bytes = malloc(BYTES), key[32];
    double best = 1e9;
    size_t hits = 0;

    if (bytes == NULL)
        return 1;
    for (uint32_t i = 0; i < TOKENS; i++) {
        es_sim_bytes(&rng, key, sizeof(key));
        es_sim_tokens_add(tokens, ES_SIM_TOKEN_SECRET, i, es_slice(key, sizeof(key)));
    }
    es_sim_bytes(&rng, bytes, BYTES);
    for (int turn = 0; turn < TURNS; turn++) {
        double start = now_s();

        es_sim_scan_run(tokens->scan, es_slice(bytes, BYTES), count, &hits);
        best = now_s() - start < best ? now_s() - start : best;
    }
    printf("{\"benchmark\": \"audit\", \"patterns\": %zu, \"gb_per_s\": %.2f, \"hits\": %zu}\n",
           es_sim_scan_patterns(tokens->scan), BYTES / best / 1e9, hits);
    free(bytes);
    es_sim_tokens_free(tokens);
    return 0;
}
