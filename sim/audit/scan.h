/* SPDX-License-Identifier: ISC */
/* scan.h - finds any of many patterns in bytes, with every byte XORed with any one constant.
 *
 * The differences of neighbouring bytes, v[i] ^ v[i + 1], are the same whatever the constant. The
 * first seven ask a filter of 2^24 bits at every place; what passes is compared exactly. */
#ifndef ES_SIM_SCAN_H
#define ES_SIM_SCAN_H

#include <stdbool.h>

#include "node/wire/slice.h"

#define ES_SIM_SCAN_BYTES_MIN 8
/* A shorter pattern is found as it is only: XORed it would be found by chance 256 times as often. */
#define ES_SIM_SCAN_XOR_BYTES_MIN 12

struct es_sim_hit {
    uint32_t token;    /* as given with the pattern    */
    uint32_t encoding; /* ...                           */
    uint8_t mask;      /* of the XOR; 0: none            */
    size_t at;
};
typedef void (*es_sim_hit_fn)(void *ctx, const struct es_sim_hit *hit);

struct es_sim_scan;
struct es_sim_scan *es_sim_scan_new(void);
void es_sim_scan_free(struct es_sim_scan *scan);
/* False: not a pattern (too short, or one byte over and over), or already there. */
bool es_sim_scan_add(struct es_sim_scan *scan, uint32_t token, uint32_t encoding,
                     struct es_slice pattern);
size_t es_sim_scan_patterns(const struct es_sim_scan *scan);
void es_sim_scan_run(const struct es_sim_scan *scan, struct es_slice bytes, es_sim_hit_fn fn,
                     void *ctx);
/* How many hits are expected by chance in so many random bytes. */
double es_sim_scan_chance(const struct es_sim_scan *scan, double bytes);

#endif
