/* SPDX-License-Identifier: ISC */
/* faulty_store.h - a store that does as it is told: fails, or waits, before it commits.
 *
 * It passes everything else on to a store in SQLite. Its orders may be given from any thread. */
#ifndef ES_TESTS_FAULTY_STORE_H
#define ES_TESTS_FAULTY_STORE_H

#include "tests/support/store_home.h"

struct faulty_store;

/* In a folder of its own. The test fails if that fails. */
struct faulty_store *faulty_store_new(void);
/* After everything that uses it. */
void faulty_store_free(struct faulty_store *faulty);
struct es_store *faulty_store_of(struct faulty_store *faulty);

/* The commits after the next `after` fail with err, `times` of them; -1: all. */
void faulty_store_fail(struct faulty_store *faulty, int err, int after, int times);
/* Commits wait until they may go on. */
void faulty_store_hold(struct faulty_store *faulty, bool hold);
/* Commits that were tried, whatever came of them. */
int faulty_store_tries(struct faulty_store *faulty);

#endif
