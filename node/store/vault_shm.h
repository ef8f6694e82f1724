/* SPDX-License-Identifier: ISC */
/* vault_shm.h - SQLite's wal-index, in this process's memory instead of a shared file.
 *
 * It says which pages the log holds: nothing that belongs on a disk. One process uses a vault at a
 * time (node/store/lock.h), so nobody else has to see it. Thread-safe. */
#ifndef ES_STORE_VAULT_SHM_H
#define ES_STORE_VAULT_SHM_H

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

/* 4096 regions of 32 KiB index a log of 64 GiB. */
#define ES_VAULT_SHM_REGIONS_MAX 4096

struct es_vault_shm {
    pthread_mutex_t mutex;
    void **regions;
    int n_regions;
    unsigned users;
    unsigned shared[SQLITE_SHM_NLOCK];
    bool exclusive[SQLITE_SHM_NLOCK];
};

/* What one connection holds of it. Zeros at first. */
struct es_vault_shm_user {
    bool attached;
    uint16_t shared; /* a bit for each lock */
    uint16_t exclusive;
};

void es_vault_shm_init(struct es_vault_shm *shm);
void es_vault_shm_done(struct es_vault_shm *shm);

/* SQLite's xShmMap, xShmLock, xShmBarrier, xShmUnmap. The index is forgotten with its last user. */
int es_vault_shm_map(struct es_vault_shm *shm, struct es_vault_shm_user *user, int region, int size,
                     bool extend, void volatile **ret);
int es_vault_shm_lock(struct es_vault_shm *shm, struct es_vault_shm_user *user, int first, int n,
                      int flags);
void es_vault_shm_barrier(struct es_vault_shm *shm);
void es_vault_shm_unmap(struct es_vault_shm *shm, struct es_vault_shm_user *user);

#endif
