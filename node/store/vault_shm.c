/* SPDX-License-Identifier: ISC */
/* vault_shm.c - the wal-index and its eight locks, shared by the connections of one vault. */
#include "node/store/vault_shm.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void es_vault_shm_init(struct es_vault_shm *shm)
{
    memset(shm, 0, sizeof(*shm));
    pthread_mutex_init(&shm->mutex, NULL);
}

static void forget(struct es_vault_shm *shm)
{
    for (int i = 0; i < shm->n_regions; i++)
        free(shm->regions[i]);
    free(shm->regions);
    shm->regions = NULL;
    shm->n_regions = 0;
}

void es_vault_shm_done(struct es_vault_shm *shm)
{
    assert(shm->users == 0);
    forget(shm);
    pthread_mutex_destroy(&shm->mutex);
}

/* Regions never move: SQLite keeps their addresses. */
static int grow(struct es_vault_shm *shm, int n_regions, int size)
{
    void **regions;

    if (n_regions > ES_VAULT_SHM_REGIONS_MAX)
        return SQLITE_IOERR_SHMSIZE;
    regions = realloc(shm->regions, (size_t)n_regions * sizeof(*regions));
    if (regions == NULL)
        return SQLITE_NOMEM;
    shm->regions = regions;
    while (shm->n_regions < n_regions) {
        void *region = calloc(1, (size_t)size);

        if (region == NULL)
            return SQLITE_NOMEM;
        regions[shm->n_regions++] = region;
    }
    return SQLITE_OK;
}

int es_vault_shm_map(struct es_vault_shm *shm, struct es_vault_shm_user *user, int region, int size,
                     bool extend, void volatile **ret)
{
    int rc = SQLITE_OK;

    assert(region >= 0);
    pthread_mutex_lock(&shm->mutex);
    if (!user->attached) {
        user->attached = true;
        shm->users++;
    }
    if (extend && region >= shm->n_regions)
        rc = grow(shm, region + 1, size);
    *ret = region < shm->n_regions ? shm->regions[region] : NULL;
    pthread_mutex_unlock(&shm->mutex);
    return rc;
}

static bool grantable(const struct es_vault_shm *shm, const struct es_vault_shm_user *user, int i,
                      bool exclusive)
{
    unsigned own_shared = (user->shared >> i) & 1;
    bool own_exclusive = ((user->exclusive >> i) & 1) != 0;

    if (shm->exclusive[i] && !own_exclusive)
        return false;
    return !exclusive || shm->shared[i] == own_shared;
}

static void take(struct es_vault_shm *shm, struct es_vault_shm_user *user, int i, bool exclusive)
{
    uint16_t bit = (uint16_t)(1u << i);

    if (exclusive) {
        shm->exclusive[i] = true;
        user->exclusive |= bit;
    } else if ((user->shared & bit) == 0) {
        shm->shared[i]++;
        user->shared |= bit;
    }
}

static void drop(struct es_vault_shm *shm, struct es_vault_shm_user *user, int i)
{
    uint16_t bit = (uint16_t)(1u << i);

    if ((user->exclusive & bit) != 0)
        shm->exclusive[i] = false;
    if ((user->shared & bit) != 0)
        shm->shared[i]--;
    user->exclusive &= (uint16_t)~bit;
    user->shared &= (uint16_t)~bit;
}

int es_vault_shm_lock(struct es_vault_shm *shm, struct es_vault_shm_user *user, int first, int n,
                      int flags)
{
    bool exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
    int rc = SQLITE_OK;

    assert(first >= 0 && n >= 1 && first + n <= SQLITE_SHM_NLOCK);
    pthread_mutex_lock(&shm->mutex);
    if ((flags & SQLITE_SHM_UNLOCK) != 0) {
        for (int i = first; i < first + n; i++)
            drop(shm, user, i);
    } else {
        for (int i = first; i < first + n; i++)
            if (!grantable(shm, user, i, exclusive))
                rc = SQLITE_BUSY;
        for (int i = first; rc == SQLITE_OK && i < first + n; i++)
            take(shm, user, i, exclusive);
    }
    pthread_mutex_unlock(&shm->mutex);
    return rc;
}

void es_vault_shm_barrier(struct es_vault_shm *shm)
{
    pthread_mutex_lock(&shm->mutex);
    pthread_mutex_unlock(&shm->mutex);
}

void es_vault_shm_unmap(struct es_vault_shm *shm, struct es_vault_shm_user *user)
{
    pthread_mutex_lock(&shm->mutex);
    for (int i = 0; i < SQLITE_SHM_NLOCK; i++)
        drop(shm, user, i);
    if (user->attached) {
        user->attached = false;
        if (--shm->users == 0)
            forget(shm);
    }
    pthread_mutex_unlock(&shm->mutex);
}
