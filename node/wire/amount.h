/* SPDX-License-Identifier: ISC */
/* amount.h - amounts as people write them: durations (30s 10m 2h 7d), sizes (64KiB), counts. Pure. */
#ifndef ES_WIRE_AMOUNT_H
#define ES_WIRE_AMOUNT_H

#include <stdbool.h>
#include <stdint.h>

/* A number and one of ms, s, m, h, d; 0 may stand alone. False, and *ret_ms untouched, when it is
 * anything else or more than 100 years. */
bool es_duration_parse(const char *text, uint64_t *ret_ms);

/* A number of bytes, alone or with one of B, KiB, MiB, GiB. */
bool es_size_parse(const char *text, uint64_t *ret_bytes);

/* Digits only, min to max. */
bool es_count_parse(const char *text, uint64_t min, uint64_t max, uint64_t *ret);

#endif
