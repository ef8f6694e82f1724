/* SPDX-License-Identifier: ISC */
/* network.c - one end of the SEQPACKET pair, and the process behind the other. */
#include "node/daemon/network.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "node/daemon/log.h"
#include "node/wire/network.h"

#define PAIR_FD 3
#define BACKOFF_MS_MIN 100
#define BACKOFF_MS_MAX 30000
/* Having run so long it counts as healthy. */
#define HEALTHY_MS 60000
/* Orders that wait: a burst to every link. Beyond that the process has stopped reading. */
#define QUEUE_BYTES_MAX (64u << 20)
/* Datagrams read in one turn, so that people's commands are not starved. */
#define READS_PER_TURN 64

struct datagram {
    struct datagram *next;
    size_t len;
    uint8_t bytes[ES_DATAGRAM_BYTES_MAX];
};

struct es_network {
    const char *program;
    struct es_network_calls calls;
    int fd; /* -1: no process */
    pid_t pid;
    uint64_t started_ms, start_at_ms;
    uint64_t backoff_ms;
    uint32_t deaths;
    struct datagram *head, *tail; /* waiting, the last one still being filled */
    size_t n_waiting;
    uint8_t in[ES_DATAGRAM_BYTES_MAX];
};

struct es_network *es_network_new(const char *program, const struct es_network_calls *calls)
{
    struct es_network *network = calloc(1, sizeof(*network));

    if (network == NULL)
        return NULL;
    network->program = program;
    network->calls = *calls;
    network->fd = -1;
    network->backoff_ms = BACKOFF_MS_MIN;
    return network;
}

static void drop_first(struct es_network *network)
{
    struct datagram *first = network->head;

    network->head = first->next;
    if (network->head == NULL)
        network->tail = NULL;
    network->n_waiting--;
    es_wipe(first->bytes, first->len); /* the secrets of listeners are among the orders */
    free(first);
}

static void end_process(struct es_network *network)
{
    if (network->fd < 0)
        return;
    close(network->fd);
    network->fd = -1;
    kill(network->pid, SIGKILL);
    while (waitpid(network->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    while (network->head != NULL)
        drop_first(network);
}

void es_network_stop(struct es_network *network)
{
    end_process(network);
    network->start_at_ms = 0;
}

/* Having read all orders and found the pair closed, it ends by itself. */
static void let_end(struct es_network *network)
{
    struct pollfd ended = {.fd = pidfd_open(network->pid, 0), .events = POLLIN};

    shutdown(network->fd, SHUT_WR);
    (void)poll(&ended, 1, ES_NETWORK_END_MS);
    if (ended.fd >= 0)
        close(ended.fd);
}

void es_network_free(struct es_network *network)
{
    if (network == NULL)
        return;
    if (network->fd >= 0)
        let_end(network);
    end_process(network);
    free(network);
}

/* --- Starting --------------------------------------------------------------------------------- */

/* Nothing is inherited but stderr and its end of the pair; no environment. */
static int spawn(const char *program, int end, pid_t *ret_pid)
{
    char *const argv[] = {(char *)"earshot-net", NULL};
    char *const envp[] = {NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    int err;

    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, end, PAIR_FD);
    posix_spawn_file_actions_addclosefrom_np(&actions, PAIR_FD + 1);
    err = posix_spawn(ret_pid, program, &actions, &attributes, argv, envp);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return err;
}

static int start(struct es_network *network)
{
    int pair[2], high, err;
    int bytes = 4 * ES_DATAGRAM_BYTES_MAX;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
        return errno;
    for (int i = 0; i < 2; i++)
        setsockopt(pair[i], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
    /* dup2() onto the same number would leave it close-on-exec. */
    high = fcntl(pair[1], F_DUPFD_CLOEXEC, PAIR_FD + 1);
    err = high < 0 ? errno : spawn(network->program, high, &network->pid);
    close(pair[1]);
    if (high >= 0)
        close(high);
    if (err != 0) {
        close(pair[0]);
        return err;
    }
    network->fd = pair[0];
    return 0;
}

static void plan_start(struct es_network *network, uint64_t now_ms)
{
    network->start_at_ms = now_ms + network->backoff_ms;
    network->backoff_ms = 2 * network->backoff_ms;
    if (network->backoff_ms > BACKOFF_MS_MAX)
        network->backoff_ms = BACKOFF_MS_MAX;
}

void es_network_turn(struct es_network *network, uint64_t now_ms)
{
    int err;

    if (network->fd >= 0 || now_ms < network->start_at_ms)
        return;
    err = start(network);
    if (err != 0) {
        es_log("the network process does not start: %s: %s", network->program, strerror(err));
        plan_start(network, now_ms);
        return;
    }
    network->started_ms = now_ms;
    network->calls.started(network->calls.ctx);
}

uint64_t es_network_wake_at(const struct es_network *network)
{
    return network->fd >= 0 ? UINT64_MAX : network->start_at_ms;
}

static void died(struct es_network *network, uint64_t now_ms, const char *why)
{
    end_process(network);
    network->deaths++;
    if (now_ms - network->started_ms >= HEALTHY_MS)
        network->backoff_ms = BACKOFF_MS_MIN;
    es_log("the network process %s; it is started again in %u ms", why,
           (unsigned)network->backoff_ms);
    plan_start(network, now_ms);
}

uint32_t es_network_deaths(const struct es_network *network)
{
    return network->deaths;
}

uint64_t es_network_age_ms(const struct es_network *network, uint64_t now_ms)
{
    return network->fd < 0 ? 0 : now_ms - network->started_ms;
}

/* --- Orders ----------------------------------------------------------------------------------- */

static struct datagram *add_datagram(struct es_network *network)
{
    struct datagram *fresh;

    if ((network->n_waiting + 1) * sizeof(*fresh) > QUEUE_BYTES_MAX)
        return NULL;
    fresh = malloc(sizeof(*fresh));
    if (fresh == NULL)
        return NULL;
    fresh->next = NULL;
    fresh->len = 0;
    if (network->tail != NULL)
        network->tail->next = fresh;
    else
        network->head = fresh;
    network->tail = fresh;
    network->n_waiting++;
    return fresh;
}

static bool append(struct datagram *datagram, const struct es_order *order)
{
    struct es_writer writer =
        es_writer(datagram->bytes + datagram->len, sizeof(datagram->bytes) - datagram->len);

    es_order_write(&writer, order);
    if (writer.failed)
        return false;
    datagram->len += es_writer_len(&writer);
    return true;
}

void es_network_order(struct es_network *network, const struct es_order *order)
{
    if (network->fd < 0)
        return;
    if (network->tail != NULL && append(network->tail, order))
        return;
    if (add_datagram(network) == NULL)
        shutdown(network->fd, SHUT_RDWR); /* found out at the next poll: it does not read */
    else
        append(network->tail, order);
}

void es_network_flush(struct es_network *network)
{
    while (network->fd >= 0 && network->head != NULL) {
        ssize_t n = send(network->fd, network->head->bytes, network->head->len,
                         MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return; /* full, or it died: poll says which */
        drop_first(network);
    }
}

/* --- Reports ---------------------------------------------------------------------------------- */

struct pollfd es_network_pollfd(const struct es_network *network)
{
    short events = POLLIN;

    if (network->head != NULL)
        events |= POLLOUT;
    return (struct pollfd){.fd = network->fd, .events = events};
}

/* False: the datagram is malformed. */
static bool read_reports(struct es_network *network, size_t len)
{
    struct es_reader reader = es_reader(es_slice(network->in, len));
    struct es_report report;

    while (es_report_next(&reader, &report))
        network->calls.report(network->calls.ctx, &report);
    return es_reader_done(&reader);
}

void es_network_dispatch(struct es_network *network, short revents, uint64_t now_ms)
{
    if (network->fd < 0)
        return;
    if (revents & POLLOUT)
        es_network_flush(network);
    for (int i = 0; (revents & (POLLIN | POLLHUP | POLLERR)) && i < READS_PER_TURN; i++) {
        ssize_t n = recv(network->fd, network->in, sizeof(network->in), MSG_DONTWAIT);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n <= 0) {
            died(network, now_ms, "ended");
            return;
        }
        if (!read_reports(network, (size_t)n)) {
            died(network, now_ms, "sent what it should not");
            return;
        }
    }
}
