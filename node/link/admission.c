/* SPDX-License-Identifier: ISC */
/* admission.c - a table of addresses, scanned: 1024 of them take a microsecond. */
#include "node/link/admission.h"

#define MINUTE_MS 60000
#define CREDIT_MAX ((uint64_t)ES_SOURCE_HANDSHAKES_BURST * MINUTE_MS)

static bool replaceable(const struct es_source *source, uint64_t now_ms)
{
    return source->silent_count == 0 && source->open_count == 0 && source->refused_count == 0 &&
           !es_source_banned(source, now_ms);
}

struct es_source *es_admission_source(struct es_admission *admission,
                                      const struct es_address *address, uint64_t now_ms)
{
    struct es_source *place = NULL;

    for (size_t i = 0; i < ES_SOURCES_MAX; i++) {
        struct es_source *source = &admission->sources[i];

        if (!source->used) {
            if (place == NULL || place->used)
                place = source;
        } else if (es_address_equal(&source->address, address)) {
            source->heard_ms = now_ms;
            return source;
        } else if (replaceable(source, now_ms) &&
                   (place == NULL || (place->used && source->heard_ms < place->heard_ms))) {
            place = source;
        }
    }
    if (place != NULL)
        *place = (struct es_source){.address = *address,
                                    .used = true,
                                    .heard_ms = now_ms,
                                    .credit = CREDIT_MAX,
                                    .credited_ms = now_ms};
    return place;
}

bool es_admission_ban(struct es_admission *admission, const struct es_address *address,
                      uint32_t for_ms, uint64_t now_ms)
{
    struct es_source *source = es_admission_source(admission, address, now_ms);

    if (source == NULL)
        return false;
    source->banned_until_ms = now_ms + for_ms;
    return true;
}

bool es_source_banned(const struct es_source *source, uint64_t now_ms)
{
    return now_ms < source->banned_until_ms;
}

bool es_source_handshake(struct es_source *source, uint64_t now_ms)
{
    uint64_t gained = (now_ms - source->credited_ms) * ES_SOURCE_HANDSHAKES_PER_MINUTE;

    source->credit = gained < CREDIT_MAX - source->credit ? source->credit + gained : CREDIT_MAX;
    source->credited_ms = now_ms;
    if (es_source_banned(source, now_ms) || source->open_count >= ES_SOURCE_LINKS_MAX ||
        source->credit < MINUTE_MS)
        return false;
    source->credit -= MINUTE_MS;
    return true;
}
