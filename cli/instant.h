/* SPDX-License-Identifier: ISC */
/* instant.h - points in time: RFC 3339 towards the node and scripts, local time towards people. */
#ifndef ES_CLI_INSTANT_H
#define ES_CLI_INSTANT_H

#include <stdbool.h>
#include <stdint.h>

/* Milliseconds since 1970 in UTC, and of a clock that never goes back. */
int64_t es_instant_now_ms(void);
int64_t es_monotonic_ms(void);

/* RFC 3339: "2026-01-31T17:00:00.000Z", or with an offset, without seconds' fraction, with a blank
 * for the T; also a date alone: its beginning, in local time. False when it is none of these. */
bool es_instant_parse(const char *text, int64_t *ret_ms);

/* "2026-01-31T17:00:00.000Z" */
#define ES_INSTANT_CHARS 32
void es_instant_format(int64_t ms, char ret[static ES_INSTANT_CHARS]);

/* As short as can be told apart, in local time: "17:00", "01-30 17:00" or "2025-12-31 17:00". */
void es_instant_format_local(int64_t ms, int64_t now_ms, char ret[static ES_INSTANT_CHARS]);

#endif
