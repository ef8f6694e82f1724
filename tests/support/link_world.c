/* SPDX-License-Identifier: ISC */
/* link_world.c - ends of links for tests. */
#include "tests/support/link_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "node/crypto/dh.h"
#include "node/wire/network.h"

uint64_t world_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void world_random(void *ctx, void *buf, size_t len)
{
    (void)ctx;
    randombytes_buf(buf, len);
}

struct es_dh_secret world_secret(void)
{
    struct es_dh_secret secret;

    world_random(NULL, &secret, sizeof(secret));
    return secret;
}

static void add_counts(struct world_end *end, const struct es_net_counts *counts)
{
    end->counts.denied += counts->denied;
    end->counts.failed += counts->failed;
    end->counts.oversized += counts->oversized;
}

static bool keep(void *ctx, const struct es_report *report)
{
    struct world_end *end = ctx;
    struct note *note = &end->notes[end->notes_len];

    assert_true(end->notes_len < WORLD_NOTES_MAX);
    *note = (struct note){.kind = report->kind};
    switch (report->kind) {
    case ES_REPORT_LISTENING:
        note->listener = report->listening.listener;
        note->port = report->listening.port;
        break;
    case ES_REPORT_LINK_UP:
        note->link = report->up.link;
        note->listener = report->up.listener;
        note->server_key = report->up.server_key;
        note->client_key = report->up.client_key;
        memcpy(note->host, report->up.host, sizeof(note->host));
        break;
    case ES_REPORT_LINK_DOWN:
        note->link = report->down.link;
        note->end = report->down.end;
        break;
    case ES_REPORT_FRAME:
        note->link = report->frame.link;
        note->len = report->frame.bytes.len;
        if (note->len >= sizeof(note->number))
            memcpy(&note->number, report->frame.bytes.ptr, sizeof(note->number));
        break;
    case ES_REPORT_COUNTS:
        add_counts(end, &report->counts);
        break;
    case ES_REPORT_DISCOVERY:
        break;
    case ES_REPORT_ADVERT_SEEN:
    case ES_REPORT_ADVERT_GONE:
        fail_msg("there is no discovery");
    }
    end->notes_len++;
    return true;
}

/* --- Ends ------------------------------------------------------------------------------------- */

void world_open(struct world *world, size_t ends_len)
{
    const struct es_entropy entropy = {.random = world_random};

    assert_true(sodium_init() >= 0);
    *world = (struct world){.ends_len = ends_len};
    for (size_t i = 0; i < ends_len; i++) {
        struct world_end *end = calloc(1, sizeof(*end));
        const struct es_links_user user = {.ctx = end, .report = keep};

        assert_non_null(end);
        end->reading = true;
        end->links = es_links_new(&entropy, &user);
        assert_non_null(end->links);
        world->ends[i] = end;
    }
}

pid_t world_start_program(int fd)
{
    char *program = getenv("EARSHOT_NET");
    char *argv[] = {program, NULL}, *environment[] = {NULL};
    posix_spawn_file_actions_t actions;
    pid_t pid;

    assert_non_null(program);
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(fd >= 0 ? posix_spawn_file_actions_adddup2(&actions, fd, 3)
                             : posix_spawn_file_actions_addclose(&actions, 3),
                     0);
    assert_int_equal(posix_spawn(&pid, program, &actions, NULL, argv, environment), 0);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

static void obey(struct world_end *end, const struct es_order *order)
{
    static uint8_t bytes[ES_DATAGRAM_BYTES_MAX];
    struct es_writer writer = es_writer(bytes, sizeof(bytes));

    if (end->links != NULL) {
        assert_true(es_links_order(end->links, order, world_now_ms()));
        return;
    }
    es_order_write(&writer, order);
    assert_false(writer.failed);
    assert_int_equal(send(end->pair, bytes, es_writer_len(&writer), MSG_NOSIGNAL),
                     es_writer_len(&writer));
}

struct world_end *world_spawn(struct world *world)
{
    struct world_end *end = calloc(1, sizeof(*end));
    int pair[2];

    assert_non_null(end);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    end->reading = true;
    end->pair = pair[0];
    end->pid = world_start_program(pair[1]);
    close(pair[1]);
    obey(end, &(struct es_order){.kind = ES_ORDER_SETUP, .setup = {.method = ES_DISCOVERY_OFF}});
    world->ends[world->ends_len++] = end;
    return end;
}

void world_close(struct world *world)
{
    for (size_t i = 0; i < world->ends_len; i++) {
        struct world_end *end = world->ends[i];

        es_links_free(end->links);
        if (end->pid != 0) {
            kill(end->pid, SIGKILL);
            waitpid(end->pid, NULL, 0);
        }
        if (end->links == NULL)
            close(end->pair);
        free(end);
    }
}

static void run_links(struct world_end *end)
{
    struct es_net_counts counts;

    es_links_run(end->links, world_now_ms(), end->reading);
    counts = es_links_take_counts(end->links);
    add_counts(end, &counts);
}

static void run_process(struct world_end *end)
{
    static uint8_t bytes[ES_DATAGRAM_BYTES_MAX];
    ssize_t len = 0;

    while (end->reading && (len = recv(end->pair, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0) {
        struct es_reader reader = es_reader(es_slice(bytes, (size_t)len));
        struct es_report report;

        while (es_report_next(&reader, &report))
            (void)keep(end, &report);
        assert_false(reader.failed);
    }
    if (end->pid != 0 && waitpid(end->pid, &end->status, WNOHANG) == end->pid)
        end->pid = 0;
}

bool world_turn(struct world *world)
{
    struct pollfd fds[WORLD_ENDS_MAX];
    uint64_t now_ms = world_now_ms();
    uint64_t wake_ms = now_ms + 10;

    for (size_t i = 0; i < world->ends_len; i++) {
        const struct world_end *end = world->ends[i];
        uint64_t wants_ms =
            end->links != NULL ? es_links_wake_ms(end->links, end->reading) : UINT64_MAX;

        fds[i] = (struct pollfd){.fd = end->links != NULL ? es_links_fd(end->links) : end->pair,
                                 .events = end->links != NULL || end->reading ? POLLIN : 0};
        wake_ms = wants_ms < wake_ms ? wants_ms : wake_ms;
    }
    (void)poll(fds, world->ends_len, wake_ms > now_ms ? (int)(wake_ms - now_ms) : 0);
    for (size_t i = 0; i < world->ends_len; i++) {
        if (world->ends[i]->links != NULL)
            run_links(world->ends[i]);
        else
            run_process(world->ends[i]);
    }
    return world_now_ms() < world->deadline_ms;
}

/* --- Orders ----------------------------------------------------------------------------------- */

static const struct note *listening(const struct world_end *end, uint32_t listener)
{
    for (size_t i = end->notes_len; i-- > 0;)
        if (end->notes[i].kind == ES_REPORT_LISTENING && end->notes[i].listener == listener)
            return &end->notes[i];
    return NULL;
}

uint16_t listen_at(struct world *world, struct world_end *end, uint32_t listener,
                   const struct es_dh_secret *secret, const char *host, uint16_t port_min,
                   uint16_t port_max)
{
    const struct note *before = listening(end, listener);
    struct es_order order = {.kind = ES_ORDER_LISTEN};

    order.listen.listener = listener;
    order.listen.secret = *secret;
    order.listen.port_min = port_min;
    order.listen.port_max = port_max;
    snprintf(order.listen.host, sizeof(order.listen.host), "%s", host != NULL ? host : "");
    obey(end, &order);
    UNTIL(world, listening(end, listener) != before);
    return listening(end, listener)->port;
}

void unlisten(struct world_end *end, uint32_t listener)
{
    obey(end, &(struct es_order){.kind = ES_ORDER_UNLISTEN, .unlisten = listener});
}

bool dial_to(struct world_end *end, uint32_t link, const char *host, uint16_t port,
             const struct es_dh_secret *server)
{
    struct es_order order = {.kind = ES_ORDER_DIAL};

    order.dial.link = link;
    order.dial.to.port = port;
    snprintf(order.dial.to.host, sizeof(order.dial.to.host), "%s", host);
    order.dial.server_key = es_dh_public_of(server);
    if (end->links != NULL)
        return es_links_order(end->links, &order, world_now_ms());
    obey(end, &order);
    return true;
}

void send_frame(struct world_end *end, uint32_t link, uint32_t number, size_t len)
{
    static uint8_t bytes[ES_FRAME_BYTES_MAX];

    memcpy(bytes, &number, sizeof(number));
    obey(end, &(struct es_order){.kind = ES_ORDER_FRAME, .frame = {link, es_slice(bytes, len)}});
}

void close_link(struct world_end *end, uint32_t link)
{
    obey(end, &(struct es_order){.kind = ES_ORDER_CLOSE, .close = link});
}

void ban(struct world_end *end, const char *host, uint32_t for_ms)
{
    struct es_order order = {.kind = ES_ORDER_BAN, .ban = {.for_ms = for_ms}};

    snprintf(order.ban.host, sizeof(order.ban.host), "%s", host);
    obey(end, &order);
}

const struct note *note_at(const struct world_end *end, enum es_report_kind kind, uint32_t link,
                           size_t nth)
{
    for (size_t i = 0; i < end->notes_len; i++)
        if (end->notes[i].kind == kind && (link == 0 || end->notes[i].link == link) && nth-- == 0)
            return &end->notes[i];
    return NULL;
}

size_t notes_of(const struct world_end *end, enum es_report_kind kind, uint32_t link)
{
    size_t count = 0;

    for (size_t i = 0; i < end->notes_len; i++)
        count += end->notes[i].kind == kind && (link == 0 || end->notes[i].link == link);
    return count;
}

enum es_link_end ended(const struct world_end *end, uint32_t link)
{
    const struct note *down = note_at(end, ES_REPORT_LINK_DOWN, link, 0);

    return down != NULL ? down->end : 0;
}

bool frames_in_order(const struct world_end *end, uint32_t link, size_t n)
{
    uint32_t next = 0;

    for (size_t i = 0; i < end->notes_len; i++) {
        if (end->notes[i].kind != ES_REPORT_FRAME || end->notes[i].link != link)
            continue;
        if (end->notes[i].number != next++)
            return false;
    }
    return next == n;
}

uint32_t world_connect(struct world *world, uint16_t *ret_port, struct es_dh_secret *ret_secret)
{
    struct world_end *listener = world->ends[0];
    struct world_end *dialler = world->ends[1];
    struct es_dh_secret secret = world_secret();
    uint16_t port = listen_at(world, listener, 1, &secret, "127.0.0.1", 0, 0);

    assert_int_not_equal(port, 0);
    assert_true(dial_to(dialler, 1, "127.0.0.1", port, &secret));
    UNTIL(world, notes_of(dialler, ES_REPORT_LINK_UP, 1) == 1);
    send_frame(dialler, 1, 0, 4);
    UNTIL(world, notes_of(listener, ES_REPORT_FRAME, 0) == 1);
    if (ret_port != NULL)
        *ret_port = port;
    if (ret_secret != NULL)
        *ret_secret = secret;
    return note_at(listener, ES_REPORT_LINK_UP, 0, 0)->link;
}
