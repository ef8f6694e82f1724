/* SPDX-License-Identifier: ISC */
/* store.c - opening, killing and putting back a node's store, and what it must hold each time. */
#include "sim/disk/store.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "node/crypto/kdf.h"
#include "node/store/memory.h"
#include "node/store/sqlite.h"
#include "sim/disk/folder.h"
#include "sim/disk/vfs.h"

/* A commit makes some ten changes, a checkpoint some hundred. */
#define CHANGES_MAX 100
#define FULL_MS_MAX 20000
/* Commits that fail one after another without a restart of the store. */
#define UNDECIDED_MAX 16

struct disk_store {
    struct es_store base;
    struct es_sim_world *world;
    uint32_t node;
    struct es_sim_folder folder;
    struct es_sim_rng vault, faults;
    struct es_entropy entropy;
    struct es_sim_vfs vfs;
    struct es_store *sqlite;  /* NULL: it could not be opened, a violation */
    struct es_store *durable; /* what was reported so                      */
    /* That and one of the batches of which nothing was reported. */
    struct es_store *perhaps[UNDECIDED_MAX];
    size_t n_perhaps;
    uint64_t full_until_ms;
    bool failed; /* the last commit */
    struct es_sim_buffer kept[ES_SIM_DISK_FILES];
    struct es_store *kept_durable;
};

static void draw(void *ctx, void *buf, size_t len)
{
    es_sim_bytes(ctx, buf, len);
}

static struct disk_store *disk_store(struct es_store *base)
{
    return (struct disk_store *)base;
}

static struct es_slice slice_of(const struct es_sim_buffer *buffer)
{
    return es_slice(buffer->bytes, buffer->len);
}

static void replace(struct es_store **store, struct es_store *by)
{
    if (*store != NULL)
        (*store)->ops->free(*store);
    *store = by;
}

/* --- What it must hold ------------------------------------------------------------------------- */

static int digest_row(void *ctx, const struct es_row *row)
{
    struct es_id *digest = ctx;
    uint64_t numbers[] = {row->kind, row->conversation, row->order, row->key.len};
    struct es_slice parts[] = {ES_SLICE_OF(digest->bytes), ES_SLICE_OF(numbers), row->key,
                               row->body};

    *digest = es_hash(parts, sizeof(parts) / sizeof(parts[0]));
    return 0;
}

static bool same(struct es_store *a, struct es_store *b)
{
    struct es_store *stores[] = {a, b};
    struct es_id digests[2] = {{{0}}, {{0}}};

    for (size_t i = 0; i < 2; i++) {
        struct es_store_reader *reader = stores[i]->ops->reader(stores[i]);
        int err = reader == NULL ? -EIO : 0;

        for (enum es_row_kind kind = ES_ROW_SELF; err == 0 && kind < ES_ROW_KIND_END; kind++)
            err = reader->ops->each(reader, kind, digest_row, &digests[i]);
        if (reader != NULL)
            reader->ops->free(reader);
        if (err != 0)
            return false;
    }
    return memcmp(digests[0].bytes, digests[1].bytes, sizeof(digests[0].bytes)) == 0;
}

/* All are decided. */
static void forget_undecided(struct disk_store *store)
{
    while (store->n_perhaps > 0)
        replace(&store->perhaps[--store->n_perhaps], NULL);
}

/* A batch whose commit was cut short or failed may be there or not: that comes to light when the store is
 * opened again before another batch has taken its place in the log. */
static void check_content(struct disk_store *store, const char *when)
{
    if (store->sqlite == NULL)
        return;
    for (size_t i = 0; i < store->n_perhaps; i++)
        if (same(store->sqlite, store->perhaps[i])) {
            replace(&store->durable, store->perhaps[i]);
            store->perhaps[i] = NULL;
            break;
        }
    forget_undecided(store);
    if (!same(store->sqlite, store->durable))
        es_sim_violation(store->world,
                         "S1: node %u: %s its store holds something else than was durable",
                         store->node, when);
}

/* Each was made from what is durable. */
static void remember_undecided(struct disk_store *store, const struct es_row *rows, size_t n_rows)
{
    struct es_store *perhaps = es_store_memory_clone(store->durable);

    perhaps->ops->commit(perhaps, rows, n_rows);
    if (store->n_perhaps == UNDECIDED_MAX) {
        replace(&store->perhaps[0], NULL);
        memmove(store->perhaps, store->perhaps + 1,
                (UNDECIDED_MAX - 1) * sizeof(store->perhaps[0]));
        store->n_perhaps--;
    }
    store->perhaps[store->n_perhaps++] = perhaps;
}

/* --- Opening ----------------------------------------------------------------------------------- */

static enum es_store_err open_on(struct disk_store *store, enum es_store_mode mode,
                                 const char *below)
{
    const struct es_store_sqlite_options options = {
        .path = store->folder.path,
        .mode = mode,
        .at_rest = ES_STORE_IN_VAULT,
        .secret = {.key_file = store->folder.key_file},
        .entropy = &store->entropy,
        .below = below,
    };

    return es_store_sqlite_open(&options, &store->sqlite);
}

/* Opens what the disk holds; power may go out again while it recovers. */
static void power_on(struct disk_store *store)
{
    enum es_store_err err;

    store->vfs.off = false;
    store->vfs.fails_in = 0;
    es_sim_vfs_select(&store->vfs);
    while ((err = open_on(store, ES_STORE_OPEN, store->vfs.name)) != ES_STORE_OK &&
           store->vfs.off) {
        es_sim_vfs_cut_power(&store->vfs, &store->faults);
        store->vfs.off = false;
    }
    if (err != ES_STORE_OK)
        es_sim_violation(store->world, "S1: node %u: its store does not open: %s", store->node,
                         es_store_err_text(err));
    store->failed = false;
}

/* Nothing is written on the way. */
static void power_off(struct disk_store *store)
{
    store->vfs.off = true;
    replace(&store->sqlite, NULL);
}

/* --- Commits ----------------------------------------------------------------------------------- */

/* Drawn: below what it draws for itself; 0: it does not happen. */
static uint64_t draw_fault(struct disk_store *store, enum es_sim_id_kind kind, uint32_t permille,
                           uint64_t below)
{
    struct es_sim_node *node = &store->world->nodes[store->node];
    uint64_t drawn;

    if (!es_sim_strikes(store->world, node, kind, permille))
        return 0;
    drawn = 1 + es_sim_below(&node->faults[kind], below);
    return es_sim_happens(store->world, node, kind) ? drawn : 0;
}

/* They strike after so many changes of the disk, or last so long. */
static void draw_faults(struct disk_store *store)
{
    const struct es_sim_options *options = &store->world->options;
    uint64_t dies_in = draw_fault(store, ES_SIM_ID_DISK_POWER, options->crash, CHANGES_MAX);
    uint64_t fails_in =
        draw_fault(store, ES_SIM_ID_DISK_FAILURE, options->disk_failures, CHANGES_MAX);
    uint64_t full_ms = draw_fault(store, ES_SIM_ID_DISK_FULL, options->disk_full, FULL_MS_MAX);

    if (dies_in > 0)
        store->vfs.dies_in = dies_in;
    if (fails_in > 0)
        store->vfs.fails_in = fails_in;
    if (full_ms > 0)
        store->full_until_ms = store->world->now_ms + full_ms;
    store->vfs.full = store->world->now_ms < store->full_until_ms;
}

static int store_commit(struct es_store *base, const struct es_row *rows, size_t n_rows)
{
    struct disk_store *store = disk_store(base);
    int err;

    if (store->sqlite == NULL)
        return -EIO;
    draw_faults(store);
    es_sim_vfs_select(&store->vfs);
    store->vfs.works = true;
    err = store->sqlite->ops->commit(store->sqlite, rows, n_rows);
    store->vfs.works = false;
    store->failed = err != 0;
    if (err == 0) {
        store->durable->ops->commit(store->durable, rows, n_rows);
        forget_undecided(store);
        return 0;
    }
    remember_undecided(store, rows, n_rows);
    if (!store->vfs.off && !same(store->sqlite, store->durable))
        es_sim_violation(store->world, "S1: node %u: a commit that failed changed its store",
                         store->node);
    return err;
}

static struct es_store_reader *store_reader(struct es_store *base)
{
    struct disk_store *store = disk_store(base);
    struct es_store *at = store->sqlite != NULL ? store->sqlite : store->durable;

    return at->ops->reader(at);
}

static uint64_t store_tick(struct es_store *base, uint64_t now_ms)
{
    struct disk_store *store = disk_store(base);

    if (store->sqlite == NULL)
        return UINT64_MAX;
    es_sim_vfs_select(&store->vfs);
    return store->sqlite->ops->tick(store->sqlite, now_ms);
}

static void store_free(struct es_store *base)
{
    struct disk_store *store = disk_store(base);

    replace(&store->sqlite, NULL);
    replace(&store->durable, NULL);
    forget_undecided(store);
    replace(&store->kept_durable, NULL);
    for (size_t i = 0; i < ES_SIM_DISK_FILES; i++)
        free(store->kept[i].bytes);
    es_sim_vfs_done(&store->vfs);
    es_sim_folder_done(&store->folder);
    free(store);
}

static const struct es_store_ops store_ops = {
    .commit = store_commit,
    .reader = store_reader,
    .tick = store_tick,
    .free = store_free,
};

/* Made on a disk of the system, whose bytes are then the first ones of the simulated disk. */
struct es_store *es_sim_store_new(struct es_sim_world *world, const struct es_sim_node *node)
{
    struct disk_store *store = es_sim_zeroed(sizeof(*store));
    uint64_t seed = world->options.seed;
    enum es_store_err err;

    store->base.ops = &store_ops;
    store->world = world;
    store->node = node->number;
    store->vault = es_sim_rng(seed, ES_SIM_VAULT, node->number);
    store->faults = es_sim_rng(seed, ES_SIM_DISK, node->number);
    store->entropy = (struct es_entropy){.ctx = &store->vault, .random = draw};
    store->durable = es_store_memory_new();
    es_sim_vfs_init(&store->vfs, es_sim_rng(seed, ES_SIM_SQLITE, node->number));
    es_sim_vfs_select(&store->vfs);
    es_sim_folder_init(&store->folder);
    err = open_on(store, ES_STORE_CREATE, "unix");
    if (err != ES_STORE_OK) {
        fprintf(stderr, "earshot-sim: %s: %s\n", store->folder.path, es_store_err_text(err));
        exit(125);
    }
    replace(&store->sqlite, NULL);
    es_sim_folder_load(&store->folder, &store->vfs.files[ES_SIM_DATABASE]);
    store->vfs.lying_sync = world->options.lying_sync;
    power_on(store);
    return &store->base;
}

/* --- What happens to it ------------------------------------------------------------------------ */

void es_sim_store_die_in(struct es_store *base, uint64_t n_changes)
{
    disk_store(base)->vfs.dies_in = n_changes;
}

void es_sim_store_fail_in(struct es_store *base, uint64_t n_changes)
{
    disk_store(base)->vfs.fails_in = n_changes;
}

bool es_sim_store_is_off(const struct es_store *base)
{
    return ((const struct disk_store *)base)->vfs.off;
}

/* With its process, with the power; or, after a commit that failed, only the core ended. */
void es_sim_store_crash(struct es_store *base)
{
    struct disk_store *store = disk_store(base);
    enum { POWER, PROCESS, CORE } end = (int)es_sim_below(&store->faults, 3);

    if (store->vfs.off || (end == CORE && !store->failed))
        end = POWER;
    if (end == CORE)
        return;
    power_off(store);
    if (end == POWER)
        es_sim_vfs_cut_power(&store->vfs, &store->faults);
    power_on(store);
    check_content(store, "after a crash");
}

void es_sim_store_keep(struct es_store *base, struct es_sim_rng *rng)
{
    struct disk_store *store = disk_store(base);

    if (store->n_perhaps > 0)
        return; /* what it holds is open until the next commit */
    for (size_t i = 0; i < ES_SIM_DISK_FILES; i++) {
        free(store->kept[i].bytes);
        store->kept[i] = es_sim_file_after_cut(&store->vfs.files[i], rng);
    }
    replace(&store->kept_durable, es_store_memory_clone(store->durable));
}

bool es_sim_store_go_back(struct es_store *base)
{
    struct disk_store *store = disk_store(base);

    if (store->kept_durable == NULL)
        return false;
    power_off(store);
    for (size_t i = 0; i < ES_SIM_DISK_FILES; i++)
        es_sim_file_set(&store->vfs.files[i], slice_of(&store->kept[i]));
    replace(&store->durable, es_store_memory_clone(store->kept_durable));
    forget_undecided(store);
    power_on(store);
    check_content(store, "from an older image");
    return true;
}

/* --- Bits that change -------------------------------------------------------------------------- */

struct shown {
    struct es_store_reader *durable;
    bool wrong;
};

static int compare_row(void *ctx, const struct es_row *row)
{
    struct shown *shown = ctx;
    uint8_t body[ES_ROW_BODY_BYTES_MAX];
    size_t len;

    if (shown->durable->ops->get(shown->durable, row->kind, row->key, body, sizeof(body), &len) !=
            0 ||
        len != row->body.len || memcmp(body, row->body.ptr, len) != 0)
        shown->wrong = true;
    return 0;
}

/* False: something could not be read. */
static bool reads_right(struct disk_store *store)
{
    struct es_store_reader *reader = store->sqlite->ops->reader(store->sqlite);
    struct shown shown = {.durable = store->durable->ops->reader(store->durable)};
    bool whole = reader != NULL;

    for (enum es_row_kind kind = ES_ROW_SELF; whole && kind < ES_ROW_KIND_END; kind++)
        whole = reader->ops->each(reader, kind, compare_row, &shown) == 0;
    if (reader != NULL)
        reader->ops->free(reader);
    shown.durable->ops->free(shown.durable);
    if (shown.wrong || (whole && !same(store->sqlite, store->durable)))
        es_sim_violation(store->world, "S1: node %u: a bit changed, and what is shown is wrong",
                         store->node);
    return whole;
}

/* Every page of it can be read, those too that no row needs now. */
static bool is_whole(struct disk_store *store)
{
    char path[sizeof(store->folder.path) + 8], key_file[sizeof(store->folder.path) + 8];
    struct es_store_sqlite_options copy = {
        .path = path,
        .mode = ES_STORE_CREATE,
        .at_rest = ES_STORE_IN_VAULT,
        .secret = {.key_file = key_file},
        .entropy = &store->entropy,
        .below = "unix",
    };
    bool whole;

    snprintf(path, sizeof(path), "%s.copy", store->folder.path);
    snprintf(key_file, sizeof(key_file), "%s.key", store->folder.path);
    whole = es_store_sqlite_copy(store->sqlite, &copy) == ES_STORE_OK;
    es_store_sqlite_destroy(path, key_file);
    return whole;
}

bool es_sim_store_rot(struct es_store *base, struct es_sim_rng *rng)
{
    struct disk_store *store = disk_store(base);
    struct es_sim_file *file = &store->vfs.files[ES_SIM_DATABASE];
    uint64_t bit = es_sim_below(rng, 8 * file->synced.len);
    enum es_store_err err;

    if (store->n_perhaps > 0)
        return true; /* what it holds is open until the next commit */
    power_off(store);
    es_sim_file_flip(file, bit);
    store->vfs.off = false;
    es_sim_vfs_select(&store->vfs);
    err = open_on(store, ES_STORE_OPEN, store->vfs.name);
    if (err != ES_STORE_OK && err != ES_STORE_DAMAGED)
        es_sim_violation(store->world, "S1: node %u: a bit changed, and its store says: %s",
                         store->node, es_store_err_text(err));
    if (err == ES_STORE_OK && reads_right(store) && is_whole(store))
        return true;
    power_off(store);
    return false;
}

bool es_sim_store_contains(const struct es_store *base, struct es_slice bytes)
{
    const struct disk_store *store = (const struct disk_store *)base;

    for (size_t i = 0; i < ES_SIM_DISK_FILES; i++) {
        const struct es_sim_file *file = &store->vfs.files[i];

        if (memmem(file->now.bytes, file->now.len, bytes.ptr, bytes.len) != NULL ||
            memmem(file->synced.bytes, file->synced.len, bytes.ptr, bytes.len) != NULL)
            return true;
    }
    return false;
}
