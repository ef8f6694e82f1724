/* SPDX-License-Identifier: ISC */
/* node.c - the order of effects: commit, then orders, then events. */
#include "node/daemon/node.h"

#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "node/daemon/arena.h"
#include "node/daemon/log.h"

/* What 500 contacts with full windows and an outbox of 100,000 need, twice over. */
#define ARENA_BYTES_MAX (512u << 20)
/* How long the node pauses after a failure, doubled each time. */
#define RETRY_MS_MIN 250
#define RETRY_MS_MAX 30000
/* Failures in a row, other than for want of room. */
#define FAILURES_MAX 5

enum phase {
    RUNNING,
    FAILING, /* a commit or input failed: until the writer is done */
    PAUSED,  /* restored, until retry_at_ms                        */
    TRYING,  /* commits what restoring wrote                       */
    BROKEN,
};

struct es_node {
    struct es_store_reader *reader;
    struct es_settings settings;
    struct es_node_calls calls;
    struct es_daemon_arena arena;
    struct es_core *core; /* NULL: only when it could not be made */
    struct es_writer_thread *writer;
    uint32_t in_flight;
    enum phase phase;
    bool disk_full;
    uint32_t failures;
    uint64_t backoff_ms, retry_at_ms;
};

static uint64_t clock_ms(clockid_t id)
{
    struct timespec now;

    clock_gettime(id, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Time that the machine sleeps counts: links are dead after it. */
uint64_t es_node_now_ms(void)
{
    return clock_ms(CLOCK_BOOTTIME);
}

static struct es_input input_of(enum es_input_kind kind)
{
    return (struct es_input){
        .kind = kind, .now_ms = es_node_now_ms(), .wall_ms = clock_ms(CLOCK_REALTIME)};
}

static void draw(void *ctx, void *buf, size_t len)
{
    (void)ctx;
    randombytes_buf(buf, len);
}

static int read_back(void *ctx, enum es_row_kind kind, struct es_slice key, uint8_t *buf,
                     size_t cap, size_t *ret_len)
{
    struct es_store_reader *reader = ctx;

    return reader->ops->get(reader, kind, key, buf, cap, ret_len);
}

/* --- The core: made, restored, dropped ---------------------------------------------------------- */

static int restore_row(void *ctx, const struct es_row *row)
{
    enum es_err err = es_core_input(ctx, &(struct es_input){.kind = ES_IN_ROW, .row = row});

    if (err == ES_E_MEMORY)
        return -ENOMEM;
    return err == ES_OK ? 0 : -EINVAL;
}

static enum es_err restore_rows(struct es_node *node)
{
    for (int kind = ES_ROW_SELF; kind < ES_ROW_KIND_END; kind++) {
        int err;

        if (kind == ES_ROW_MESSAGE)
            continue;
        err =
            node->reader->ops->each(node->reader, (enum es_row_kind)kind, restore_row, node->core);
        if (err == -ENOMEM)
            return ES_E_MEMORY;
        if (err != 0)
            return err == -EINVAL ? ES_E_ROW : ES_E_STORE;
    }
    return ES_OK;
}

static enum es_err make_core(struct es_node *node)
{
    struct es_env env = {
        .entropy = {.random = draw},
        .arena = es_daemon_arena(&node->arena),
        .store_ctx = node->reader,
        .read = read_back,
    };
    struct es_input start = input_of(ES_IN_START);
    enum es_err err;

    node->core = es_core_new(&env, &node->settings);
    if (node->core == NULL)
        return ES_E_MEMORY;
    err = restore_rows(node);
    return err == ES_OK ? es_core_input(node->core, &start) : err;
}

static void drop_core(struct es_node *node)
{
    es_core_free(node->core);
    node->core = NULL;
    es_daemon_arena_done(&node->arena);
    es_daemon_arena_init(&node->arena, ARENA_BYTES_MAX);
}

struct es_node *es_node_new(struct es_store *store, const struct es_settings *settings,
                            const struct es_node_calls *calls, enum es_err *ret_err)
{
    struct es_node *node = calloc(1, sizeof(*node));

    *ret_err = ES_E_MEMORY;
    if (node == NULL)
        return NULL;
    node->settings = *settings;
    node->calls = *calls;
    node->backoff_ms = RETRY_MS_MIN;
    es_daemon_arena_init(&node->arena, ARENA_BYTES_MAX);
    node->reader = store->ops->reader(store);
    node->writer = node->reader == NULL ? NULL : es_writer_thread_new(store);
    if (node->writer != NULL)
        *ret_err = make_core(node);
    if (*ret_err == ES_OK)
        return node;
    es_node_free(node);
    return NULL;
}

void es_node_free(struct es_node *node)
{
    if (node == NULL)
        return;
    es_writer_thread_free(node->writer);
    if (node->core != NULL)
        drop_core(node);
    es_daemon_arena_done(&node->arena);
    if (node->reader != NULL)
        node->reader->ops->free(node->reader);
    free(node);
}

/* --- Failure ------------------------------------------------------------------------------------ */

static void failed(struct es_node *node, int err)
{
    node->phase = FAILING;
    if (err == -ENOSPC) {
        if (!node->disk_full)
            es_log("the disk is full; nothing acknowledged is lost; waiting for room");
        node->disk_full = true;
        return;
    }
    es_log("a transaction failed (%s); starting again from the database", strerrorname_np(-err));
    if (++node->failures >= FAILURES_MAX) {
        es_log("the database cannot be written; the node stops");
        node->phase = BROKEN;
    }
}

static void restore(struct es_node *node)
{
    drop_core(node);
    es_writer_thread_resume(node->writer);
    if (make_core(node) != ES_OK) {
        es_log("the database cannot be restored; the node stops");
        node->phase = BROKEN;
        return;
    }
    node->phase = PAUSED;
    node->retry_at_ms = es_node_now_ms() + node->backoff_ms;
    node->backoff_ms = 2 * node->backoff_ms < RETRY_MS_MAX ? 2 * node->backoff_ms : RETRY_MS_MAX;
    node->calls.restored(node->calls.ctx);
}

static void recovered(struct es_node *node)
{
    if (node->disk_full)
        es_log("there is room on the disk again");
    node->disk_full = false;
    node->failures = 0;
    node->backoff_ms = RETRY_MS_MIN;
    node->phase = RUNNING;
}

/* --- Inputs ------------------------------------------------------------------------------------- */

static void give_writer(struct es_node *node)
{
    struct es_effects effects;

    while (node->in_flight < ES_BATCHES_IN_FLIGHT_MAX && es_core_take(node->core, &effects)) {
        es_writer_thread_give(node->writer, &effects);
        node->in_flight++;
    }
}

/* Waits for the writer: the only place where the loop does, and only when three batches are full. */
static void wait_for_writer(struct es_node *node)
{
    uint32_t before = node->in_flight;

    while (node->in_flight == before && before > 0) {
        struct pollfd ready = {.fd = es_node_fd(node), .events = POLLIN};

        (void)poll(&ready, 1, -1);
        es_node_results(node);
    }
}

static void give(struct es_node *node, const struct es_input *input)
{
    enum es_err err;

    if (node->phase != RUNNING)
        return;
    err = es_core_input(node->core, input);
    while (err == ES_E_FULL) {
        give_writer(node);
        wait_for_writer(node);
        if (node->phase != RUNNING)
            return;
        err = es_core_input(node->core, input);
    }
    if (err != ES_OK)
        failed(node, err == ES_E_MEMORY ? -ENOMEM : -EIO);
}

void es_node_report(struct es_node *node, const struct es_report *report)
{
    struct es_input input = input_of(ES_IN_REPORT);

    input.report = report;
    give(node, &input);
}

void es_node_network_started(struct es_node *node)
{
    struct es_input input = input_of(ES_IN_NETWORK);

    give(node, &input);
}

void es_node_command(struct es_node *node, const struct es_command *command)
{
    struct es_input input = input_of(ES_IN_COMMAND);

    input.command = command;
    give(node, &input);
}

static void run_timers(struct es_node *node)
{
    struct es_input timer = input_of(ES_IN_TIMER);

    if (es_core_wake_at(node->core) <= timer.now_ms)
        give(node, &timer);
}

/* What restoring the core wrote is the trial. */
static void try_again(struct es_node *node)
{
    give_writer(node);
    if (node->in_flight == 0)
        recovered(node);
}

void es_node_turn(struct es_node *node)
{
    if (node->phase == FAILING && node->in_flight == 0)
        restore(node);
    if (node->phase == PAUSED && es_node_now_ms() >= node->retry_at_ms)
        node->phase = TRYING;
    if (node->phase == TRYING)
        try_again(node);
    if (node->phase == RUNNING)
        run_timers(node);
    if (node->phase == RUNNING)
        give_writer(node);
}

/* --- Results ------------------------------------------------------------------------------------ */

static void pass_on(struct es_node *node, const struct es_effects *effects)
{
    for (size_t i = 0; i < effects->n_orders; i++)
        node->calls.order(node->calls.ctx, &effects->orders[i]);
    for (size_t i = 0; i < effects->n_events; i++)
        node->calls.event(node->calls.ctx, &effects->events[i]);
}

/* What is durable is passed on, even while the node fails for another reason. */
void es_node_results(struct es_node *node)
{
    struct es_effects effects;
    int result;

    while (es_writer_thread_result(node->writer, &effects, &result)) {
        node->in_flight--;
        if (result == 0) {
            pass_on(node, &effects);
            es_core_durable(node->core);
        } else if (node->phase == RUNNING || node->phase == TRYING) {
            failed(node, result); /* the batches behind it get the same result */
        }
    }
}

/* --- What it shows -------------------------------------------------------------------------------- */

bool es_node_ready(const struct es_node *node)
{
    return node->phase == RUNNING;
}

bool es_node_idle(const struct es_node *node)
{
    return node->in_flight == 0;
}

int es_node_fd(const struct es_node *node)
{
    return es_writer_thread_fd(node->writer);
}

uint64_t es_node_wake_at(const struct es_node *node)
{
    switch (node->phase) {
    case RUNNING:
        return es_core_wake_at(node->core);
    case PAUSED:
        return node->retry_at_ms;
    case FAILING:
    case TRYING:
        return node->in_flight == 0 ? 0 : UINT64_MAX;
    case BROKEN:
        break;
    }
    return 0;
}

const struct es_core *es_node_core(const struct es_node *node)
{
    return node->core;
}

bool es_node_disk_full(const struct es_node *node)
{
    return node->disk_full;
}

bool es_node_broken(const struct es_node *node)
{
    return node->phase == BROKEN;
}
