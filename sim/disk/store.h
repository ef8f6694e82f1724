/* SPDX-License-Identifier: ISC */
/* store.h - the real store of one node over its simulated disk, and what happens to that disk.
 *
 * Beside it stands what was reported durable. After every crash, and after every commit that failed,
 * the store must hold exactly that, or that and the one batch of which nobody was told anything. */
#ifndef ES_SIM_DISK_STORE_H
#define ES_SIM_DISK_STORE_H

#include "sim/world.h"

/* A new, empty store in the vault, opened by a key file. Its commits fail with -EIO and -ENOSPC at
 * drawn moments of the chaos, and its power goes out at any change of the disk. */
struct es_store *es_sim_store_new(struct es_sim_world *world, const struct es_sim_node *node);

/* The rest is for stores that es_sim_store_new() made. */

/* Power goes out at the n-th change of the disk from now on, n > 0: also one of a recovery. */
void es_sim_store_die_in(struct es_store *store, uint64_t n_changes);
/* The n-th change from now on fails, n > 0. */
void es_sim_store_fail_in(struct es_store *store, uint64_t n_changes);
/* It has no power: its node must crash. */
bool es_sim_store_is_off(const struct es_store *store);

/* The node died; no reader is open. If power is there, it stays on or goes out with it, as drawn. The
 * store recovers from what the disk holds. */
void es_sim_store_crash(struct es_store *store);

/* Remembers the disk as a power cut now would leave it, unless its last commit failed; puts back what
 * was remembered last, if anything was: no reader is open. False: nothing was. */
void es_sim_store_keep(struct es_store *store, struct es_sim_rng *rng);
bool es_sim_store_go_back(struct es_store *store);

/* A bit of the database changes, of what is synced; no reader is open. The store is opened again: true
 * when it can be read as before, because nothing in use has changed. Otherwise it says that it is
 * damaged and stays shut; whatever it showed until then was right. */
bool es_sim_store_rot(struct es_store *store, struct es_sim_rng *rng);

/* At rest (P8): do these bytes stand anywhere on its disk? */
bool es_sim_store_contains(const struct es_store *store, struct es_slice bytes);

#endif
