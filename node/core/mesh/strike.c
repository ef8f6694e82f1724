/* SPDX-License-Identifier: ISC */
/* strike.c - a small table of offenders; links have throwaway keys, so their host is what counts. */
#include "node/core/mesh/strike.h"

#include <string.h>

#include "node/core/mesh/state.h"

static size_t place_of(const struct es_mesh_strikes *strikes, const char *host)
{
    size_t oldest = 0;

    for (size_t i = 0; i < ES_STRIKES_MAX; i++) {
        if (strikes->of[i].n > 0 && es_mesh_same_host(strikes->of[i].host, host))
            return i;
        if (strikes->of[i].last_ms < strikes->of[oldest].last_ms)
            oldest = i;
    }
    return oldest;
}

void es_mesh_strike(struct es_mesh *mesh, struct es_context *context,
                    const char host[static ES_HOST_BYTES_MAX])
{
    struct es_mesh_strikes *strikes = &mesh->strikes;
    size_t i = place_of(strikes, host);
    struct es_order order = {.kind = ES_ORDER_BAN, .ban = {.for_ms = ES_BAN_MS}};

    if (strikes->of[i].n == 0 || !es_mesh_same_host(strikes->of[i].host, host) ||
        context->now_ms >= strikes->of[i].first_ms + ES_STRIKES_MS) {
        memcpy(strikes->of[i].host, host, ES_HOST_BYTES_MAX);
        strikes->of[i].n = 0;
        strikes->of[i].first_ms = context->now_ms;
    }
    strikes->of[i].n++;
    strikes->of[i].last_ms = context->now_ms;
    if (strikes->of[i].n < ES_STRIKES_FOR_BAN)
        return;
    strikes->of[i].n = 0;
    memcpy(order.ban.host, host, ES_HOST_BYTES_MAX);
    es_emit_order(context, &order);
}
