/* SPDX-License-Identifier: ISC */
/* vfs.h - a disk in memory as SQLite sees it: a VFS of one database and its log, to stand below the
 * vault.
 *
 * It fails, fills up and loses power where it is told to; SQLite's randomness comes from its stream
 * and its clock stands still. One thread at a time. */
#ifndef ES_SIM_DISK_VFS_H
#define ES_SIM_DISK_VFS_H

#include <sqlite3.h>

#include "sim/disk/file.h"

enum es_sim_disk_file { ES_SIM_DATABASE, ES_SIM_LOG, ES_SIM_DISK_FILES };

/* Stays where it is from init to done. */
struct es_sim_vfs {
    sqlite3_vfs base;
    char name[32];
    struct es_sim_file files[ES_SIM_DISK_FILES];
    unsigned n_shared; /* connections that hold a lock on the database */
    struct es_sim_rng random;
    uint64_t n_changes; /* writes, truncations and syncs so far */
    /* What happens to it. 1: with the next change; 0: not at all. */
    uint64_t dies_in;
    uint64_t fails_in;
    bool full;       /* files grow no more      */
    bool works;      /* on a change: reads are counted for fails_in, too */
    bool lying_sync; /* syncs do nothing */
    bool off;        /* no power: nothing is changed any more, not even by closing */
};

void es_sim_vfs_init(struct es_sim_vfs *vfs, struct es_sim_rng random);
/* No file may be open. */
void es_sim_vfs_done(struct es_sim_vfs *vfs);

/* To be called before SQLite works on this disk: it keeps one generator for the whole process. */
void es_sim_vfs_select(struct es_sim_vfs *vfs);

/* Power goes out and on again. No file may be open. */
void es_sim_vfs_cut_power(struct es_sim_vfs *vfs, struct es_sim_rng *rng);

#endif
