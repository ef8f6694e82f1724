/* SPDX-License-Identifier: ISC */
/* file.h - one file of a disk that can lose power: what its readers see, what is synced, and the
 * writes in between. */
#ifndef ES_SIM_DISK_FILE_H
#define ES_SIM_DISK_FILE_H

#include "node/wire/slice.h"
#include "sim/rng.h"

#define ES_SIM_SECTOR_BYTES 512

struct es_sim_buffer {
    uint8_t *bytes;
    size_t len, cap;
};

/* Zeros at first. */
struct es_sim_change;
struct es_sim_file {
    struct es_sim_buffer now;           /* what reads give */
    struct es_sim_buffer synced;        /* what is there for certain */
    struct es_sim_change *first, *last; /* since the last sync, oldest first */
};

void es_sim_file_done(struct es_sim_file *file);
/* Replaces everything by these bytes, which are synced. They may be the file's own. */
void es_sim_file_set(struct es_sim_file *file, struct es_slice bytes);

/* Gives len bytes; those behind the end are zeros. False: there are such. */
bool es_sim_file_read(const struct es_sim_file *file, void *buf, size_t len, uint64_t offset);
void es_sim_file_write(struct es_sim_file *file, struct es_slice bytes, uint64_t offset);
void es_sim_file_truncate(struct es_sim_file *file, uint64_t len);
void es_sim_file_sync(struct es_sim_file *file);
/* A bit of what is synced changes, unless it was written anew since. */
void es_sim_file_flip(struct es_sim_file *file, uint64_t bit);

/* What a power cut at this moment may leave; the caller frees its bytes. All that was synced and, of
 * what was written since, everything, nothing or, for each sector that a write touches, drawn: the
 * old bytes, the new ones, new ones up to some byte, or garbage. As SQLite's unix VFS promises,
 * bytes beside a write survive it. */
struct es_sim_buffer es_sim_file_after_cut(const struct es_sim_file *file, struct es_sim_rng *rng);

#endif
