/* SPDX-License-Identifier: ISC */
/* duration.h - amounts in the words of people; reading them is node/wire/amount.h. Pure. */
#ifndef ES_CLI_DURATION_H
#define ES_CLI_DURATION_H

#include "node/wire/amount.h"

/* In the largest unit that leaves no rest of note: "45 s", "10 min", "2 h", "7 days". */
#define ES_DURATION_CHARS 32
void es_duration_format(uint64_t ms, char ret[static ES_DURATION_CHARS]);

/* "512 B", "64 KiB", "10.5 MiB" */
#define ES_SIZE_CHARS 64
void es_size_format(uint64_t bytes, char ret[static ES_SIZE_CHARS]);

#endif
