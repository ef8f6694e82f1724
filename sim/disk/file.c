/* SPDX-License-Identifier: ISC */
/* file.c - writes, syncs and power cuts of one file. */
#include "sim/disk/file.h"

#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"

struct es_sim_change {
    struct es_sim_change *next;
    bool truncate; /* to offset */
    uint64_t offset;
    size_t len;
    uint8_t bytes[];
};

/* Of 100 sectors that were written and not synced. The rest is garbage. */
#define SECTORS_OLD 40
#define SECTORS_NEW 40
#define SECTORS_TORN 15

/* --- Buffers ----------------------------------------------------------------------------------- */

static void set_len(struct es_sim_buffer *buffer, size_t len)
{
    if (len > buffer->cap) {
        buffer->cap = 2 * len;
        buffer->bytes = es_sim_resize(buffer->bytes, buffer->cap);
    }
    if (len > buffer->len)
        memset(buffer->bytes + buffer->len, 0, len - buffer->len);
    buffer->len = len;
}

static void put(struct es_sim_buffer *buffer, struct es_slice bytes, size_t offset)
{
    if (bytes.len == 0)
        return;
    if (buffer->len < offset + bytes.len)
        set_len(buffer, offset + bytes.len);
    memcpy(buffer->bytes + offset, bytes.ptr, bytes.len);
}

static void apply(struct es_sim_buffer *buffer, const struct es_sim_change *change)
{
    if (change->truncate)
        set_len(buffer, (size_t)change->offset);
    else
        put(buffer, es_slice(change->bytes, change->len), (size_t)change->offset);
}

/* --- The file ---------------------------------------------------------------------------------- */

static void forget_changes(struct es_sim_file *file)
{
    while (file->first != NULL) {
        struct es_sim_change *change = file->first;

        file->first = change->next;
        free(change);
    }
    file->last = NULL;
}

void es_sim_file_done(struct es_sim_file *file)
{
    forget_changes(file);
    free(file->now.bytes);
    free(file->synced.bytes);
    *file = (struct es_sim_file){.first = NULL};
}

void es_sim_file_set(struct es_sim_file *file, struct es_slice bytes)
{
    struct es_sim_file fresh = {.first = NULL};

    put(&fresh.now, bytes, 0);
    put(&fresh.synced, bytes, 0);
    es_sim_file_done(file);
    *file = fresh;
}

bool es_sim_file_read(const struct es_sim_file *file, void *buf, size_t len, uint64_t offset)
{
    size_t n = offset < file->now.len ? file->now.len - (size_t)offset : 0;

    if (n > len)
        n = len;
    if (n > 0)
        memcpy(buf, file->now.bytes + offset, n);
    memset((uint8_t *)buf + n, 0, len - n);
    return n == len;
}

/* The change is remembered until it is synced. */
static void change(struct es_sim_file *file, bool truncate, struct es_slice bytes, uint64_t offset)
{
    struct es_sim_change *fresh = es_sim_resize(NULL, sizeof(*fresh) + bytes.len);

    *fresh = (struct es_sim_change){.truncate = truncate, .offset = offset, .len = bytes.len};
    if (bytes.len > 0)
        memcpy(fresh->bytes, bytes.ptr, bytes.len);
    if (file->last != NULL)
        file->last->next = fresh;
    else
        file->first = fresh;
    file->last = fresh;
    apply(&file->now, fresh);
}

void es_sim_file_write(struct es_sim_file *file, struct es_slice bytes, uint64_t offset)
{
    change(file, false, bytes, offset);
}

void es_sim_file_truncate(struct es_sim_file *file, uint64_t len)
{
    change(file, true, es_slice(NULL, 0), len);
}

void es_sim_file_sync(struct es_sim_file *file)
{
    for (const struct es_sim_change *at = file->first; at != NULL; at = at->next)
        apply(&file->synced, at);
    forget_changes(file);
}

void es_sim_file_flip(struct es_sim_file *file, uint64_t bit)
{
    uint8_t mask = (uint8_t)(1u << bit % 8);

    file->synced.bytes[bit / 8] ^= mask;
    set_len(&file->now, 0);
    put(&file->now, es_slice(file->synced.bytes, file->synced.len), 0);
    for (const struct es_sim_change *at = file->first; at != NULL; at = at->next)
        apply(&file->now, at);
}

/* --- Power cuts -------------------------------------------------------------------------------- */

static void cut_sector(struct es_sim_buffer *buffer, struct es_slice bytes, size_t offset,
                       struct es_sim_rng *rng)
{
    uint8_t garbage[ES_SIM_SECTOR_BYTES];
    uint64_t fate = es_sim_below(rng, 100);

    if (fate < SECTORS_OLD)
        return;
    if (fate < SECTORS_OLD + SECTORS_NEW) {
        put(buffer, bytes, offset);
    } else if (fate < SECTORS_OLD + SECTORS_NEW + SECTORS_TORN) {
        put(buffer, es_slice(bytes.ptr, (size_t)es_sim_below(rng, bytes.len)), offset);
    } else {
        es_sim_bytes(rng, garbage, bytes.len);
        put(buffer, es_slice(garbage, bytes.len), offset);
    }
}

static void cut_change(struct es_sim_buffer *buffer, const struct es_sim_change *change,
                       struct es_sim_rng *rng)
{
    size_t at = 0;

    if (change->truncate && es_sim_chance(rng, 500))
        set_len(buffer, (size_t)change->offset);
    while (at < change->len) {
        size_t offset = (size_t)change->offset + at;
        size_t n = ES_SIM_SECTOR_BYTES - offset % ES_SIM_SECTOR_BYTES;

        if (n > change->len - at)
            n = change->len - at;
        cut_sector(buffer, es_slice(change->bytes + at, n), offset, rng);
        at += n;
    }
}

struct es_sim_buffer es_sim_file_after_cut(const struct es_sim_file *file, struct es_sim_rng *rng)
{
    enum { ALL, NOTHING, BY_SECTOR } fate = (int)es_sim_below(rng, 4);
    struct es_sim_buffer buffer = {NULL, 0, 0};

    put(&buffer, es_slice(file->synced.bytes, file->synced.len), 0);
    for (const struct es_sim_change *at = file->first; at != NULL; at = at->next)
        if (fate == ALL)
            apply(&buffer, at);
        else if (fate >= BY_SECTOR)
            cut_change(&buffer, at, rng);
    return buffer;
}
