/* SPDX-License-Identifier: ISC */
/* scan.c - a filter in front of a hash table, both keyed by the first seven differences. */
#include "sim/audit/scan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"

#define FILTER_BITS 24
#define NONE UINT32_MAX
#define HEADS_MIN 1024

struct pattern {
    uint64_t differences;
    size_t bytes; /* where they begin */
    uint32_t len;
    uint32_t token, encoding;
    uint32_t next; /* of the same bucket */
};

struct es_sim_scan {
    uint64_t *filter;
    uint32_t *heads;
    size_t n_heads; /* a power of two */
    struct pattern *patterns;
    size_t n, cap;
    uint8_t *bytes; /* of all patterns */
    size_t n_bytes, cap_bytes;
    double chance; /* of a hit at one place of random bytes */
};

static inline uint64_t differences_at(const uint8_t *at)
{
    uint64_t word;

    memcpy(&word, at, sizeof(word));
    return (word ^ word >> 8) & 0x00ffffffffffffffull;
}

static inline uint64_t mix(uint64_t differences)
{
    return differences * 0x9e3779b97f4a7c15ull;
}

static inline uint64_t filter_bit(uint64_t differences)
{
    return mix(differences) >> (64 - FILTER_BITS);
}

static uint32_t *head_of(const struct es_sim_scan *scan, uint64_t differences)
{
    return &scan->heads[mix(differences) >> 20 & (scan->n_heads - 1)];
}

struct es_sim_scan *es_sim_scan_new(void)
{
    struct es_sim_scan *scan = es_sim_zeroed(sizeof(*scan));

    scan->filter = es_sim_zeroed((1u << FILTER_BITS) / 8);
    scan->n_heads = HEADS_MIN;
    scan->heads = es_sim_resize(NULL, scan->n_heads * sizeof(scan->heads[0]));
    memset(scan->heads, 0xff, scan->n_heads * sizeof(scan->heads[0]));
    return scan;
}

void es_sim_scan_free(struct es_sim_scan *scan)
{
    if (scan == NULL)
        return;
    free(scan->filter);
    free(scan->heads);
    free(scan->patterns);
    free(scan->bytes);
    free(scan);
}

size_t es_sim_scan_patterns(const struct es_sim_scan *scan)
{
    return scan->n;
}

/* --- Adding ----------------------------------------------------------------------------------------- */

static void widen(struct es_sim_scan *scan)
{
    scan->n_heads *= 4;
    scan->heads = es_sim_resize(scan->heads, scan->n_heads * sizeof(scan->heads[0]));
    memset(scan->heads, 0xff, scan->n_heads * sizeof(scan->heads[0]));
    for (size_t i = 0; i < scan->n; i++) {
        uint32_t *head = head_of(scan, scan->patterns[i].differences);

        scan->patterns[i].next = *head;
        *head = (uint32_t)i;
    }
}

static uint32_t keep_bytes(struct es_sim_scan *scan, struct es_slice pattern)
{
    if (scan->n == scan->cap) {
        scan->cap = scan->cap == 0 ? 1024 : 2 * scan->cap;
        scan->patterns = es_sim_resize(scan->patterns, scan->cap * sizeof(scan->patterns[0]));
    }
    if (scan->n_bytes + pattern.len > scan->cap_bytes) {
        scan->cap_bytes = 2 * scan->cap_bytes + 65536;
        scan->bytes = es_sim_resize(scan->bytes, scan->cap_bytes);
    }
    memcpy(scan->bytes + scan->n_bytes, pattern.ptr, pattern.len);
    scan->patterns[scan->n] =
        (struct pattern){.bytes = scan->n_bytes, .len = (uint32_t)pattern.len};
    scan->n_bytes += pattern.len;
    return (uint32_t)scan->n++;
}

bool es_sim_scan_add(struct es_sim_scan *scan, uint32_t token, uint32_t encoding,
                     struct es_slice pattern)
{
    uint64_t differences;
    struct pattern *made;
    uint32_t place;

    if (pattern.len < ES_SIM_SCAN_BYTES_MIN || differences_at(pattern.ptr) == 0)
        return false;
    differences = differences_at(pattern.ptr);
    for (uint32_t i = *head_of(scan, differences); i != NONE; i = scan->patterns[i].next)
        if (scan->patterns[i].len == pattern.len && scan->patterns[i].token == token &&
            memcmp(scan->bytes + scan->patterns[i].bytes, pattern.ptr, pattern.len) == 0)
            return false;
    if (scan->n >= scan->n_heads)
        widen(scan);
    place = keep_bytes(scan, pattern);
    made = &scan->patterns[place];
    made->differences = differences;
    made->token = token;
    made->encoding = encoding;
    made->next = *head_of(scan, differences);
    *head_of(scan, differences) = place;
    /* A pattern of n bytes is met with 2^-8n; with any constant 256 times as often. */
    scan->chance += ldexp(
        1, -8 * (int)(pattern.len < ES_SIM_SCAN_XOR_BYTES_MIN ? pattern.len : pattern.len - 1));
    scan->filter[filter_bit(differences) / 64] |= 1ull << filter_bit(differences) % 64;
    return true;
}

/* --- Scanning --------------------------------------------------------------------------------------- */

static bool matches(const struct es_sim_scan *scan, const struct pattern *pattern,
                    struct es_slice rest, uint8_t *ret_mask)
{
    const uint8_t *bytes = scan->bytes + pattern->bytes;
    uint8_t mask = bytes[0] ^ rest.ptr[0];

    if (pattern->len > rest.len || (mask != 0 && pattern->len < ES_SIM_SCAN_XOR_BYTES_MIN))
        return false;
    for (size_t i = 1; i < pattern->len; i++)
        if ((bytes[i] ^ rest.ptr[i]) != mask)
            return false;
    *ret_mask = mask;
    return true;
}

static void look_closer(const struct es_sim_scan *scan, struct es_slice bytes, size_t at,
                        es_sim_hit_fn fn, void *ctx)
{
    const struct es_slice rest = es_slice(bytes.ptr + at, bytes.len - at);
    uint64_t differences = differences_at(rest.ptr);

    for (uint32_t i = *head_of(scan, differences); i != NONE; i = scan->patterns[i].next) {
        const struct pattern *pattern = &scan->patterns[i];
        struct es_sim_hit hit = {.token = pattern->token, .encoding = pattern->encoding, .at = at};

        if (pattern->differences == differences && matches(scan, pattern, rest, &hit.mask))
            fn(ctx, &hit);
    }
}

void es_sim_scan_run(const struct es_sim_scan *scan, struct es_slice bytes, es_sim_hit_fn fn,
                     void *ctx)
{
    const uint64_t *filter = scan->filter;

    for (size_t at = 0; at + ES_SIM_SCAN_BYTES_MIN <= bytes.len; at++) {
        uint64_t bit = filter_bit(differences_at(bytes.ptr + at));

        if ((filter[bit / 64] >> bit % 64 & 1) != 0)
            look_closer(scan, bytes, at, fn, ctx);
    }
}

double es_sim_scan_chance(const struct es_sim_scan *scan, double bytes)
{
    return bytes * scan->chance;
}
