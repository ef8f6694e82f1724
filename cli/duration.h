/* SPDX-License-Identifier: ISC */
/* duration.h - amounts as people write them: durations (30s 10m 2h 7d), sizes (64KiB), counts.
 * Pure. */
#ifndef ES_CLI_DURATION_H
#define ES_CLI_DURATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A number and one of ms, s, m, h, d; 0 may stand alone. False, and *ret_ms untouched, when it is
 * anything else or more than 100 years. */
bool es_duration_parse(const char *text, uint64_t *ret_ms);

/* In the largest unit that leaves no rest of note: "45 s", "10 min", "2 h", "7 days". */
#define ES_DURATION_CHARS 32
void es_duration_format(uint64_t ms, char ret[static ES_DURATION_CHARS]);

/* A number of bytes, alone or with one of B, KiB, MiB, GiB. */
bool es_size_parse(const char *text, uint64_t *ret_bytes);

/* "512 B", "64 KiB", "10.5 MiB" */
#define ES_SIZE_CHARS 64
void es_size_format(uint64_t bytes, char ret[static ES_SIZE_CHARS]);

/* Digits only, min to max. */
bool es_count_parse(const char *text, uint64_t min, uint64_t max, uint64_t *ret);

#endif
