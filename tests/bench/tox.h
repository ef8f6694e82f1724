/* SPDX-License-Identifier: ISC */
/* tox.h - the same with libtoxcore: two instances that are friends, on loopback. */
#ifndef ES_BENCH_TOX_H
#define ES_BENCH_TOX_H

#include <stddef.h>

/* Messages a second of which the read receipt came back. 0: libtoxcore was not there at build time, or
 * the two did not find each other. */
double tox_one_way(size_t text_bytes);

#endif
