/* SPDX-License-Identifier: ISC */
/* net_main.c - earshot-net: the process that strangers talk to.
 *
 * The node starts it with one end of a socket pair and nothing else. It holds no database and no
 * identity; it may be killed at any time, and what a stranger can make it use is limited here. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "node/daemon/net_limits.h"
#include "node/daemon/net_loop.h"

#define PAIR_FD 3

static bool is_pair(int fd)
{
    int domain = 0, type = 0;
    socklen_t len = sizeof(int);

    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 && domain == AF_UNIX &&
           getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_SEQPACKET;
}

static bool limit(int resource, rlim_t soft, rlim_t hard)
{
    struct rlimit now;

    if (getrlimit(resource, &now) != 0)
        return false;
    now.rlim_max = hard < now.rlim_max ? hard : now.rlim_max;
    now.rlim_cur = soft < now.rlim_max ? soft : now.rlim_max;
    return setrlimit(resource, &now) == 0;
}

/* Whatever happens here, no memory of it reaches a file or another process, and it takes no more
 * than its share of the machine. */
static bool confine(void)
{
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           limit(RLIMIT_CORE, 0, 0) &&
           limit(RLIMIT_DATA, ES_NET_DATA_BYTES_MAX, ES_NET_DATA_BYTES_MAX) &&
           limit(RLIMIT_NOFILE, ES_NET_FDS_MAX, ES_NET_FDS_MAX);
}

/* The node decides when this process ends; a key pressed at its terminal concerns the node. */
static void ignore_signals(void)
{
    const int ignored[] = {SIGINT, SIGHUP, SIGPIPE};
    struct sigaction action = {.sa_handler = SIG_IGN};

    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
        sigaction(ignored[i], &action, NULL);
}

static void random_bytes(void *ctx, void *buf, size_t len)
{
    (void)ctx;
    randombytes_buf(buf, len);
}

int main(void)
{
    const struct es_entropy entropy = {.random = random_bytes};

    if (!is_pair(PAIR_FD)) {
        fputs("earshot-net: earshotd starts this program; by itself it does nothing\n", stderr);
        return 2;
    }
    (void)close_range(PAIR_FD + 1, UINT_MAX, 0);
    (void)fcntl(PAIR_FD, F_SETFD, FD_CLOEXEC);
    ignore_signals();
    if (!confine() || sodium_init() < 0) {
        fprintf(stderr, "earshot-net: cannot be confined: %s\n", strerror(errno));
        return EXIT_FAILURE;
    }
    /* Freeing ZeroMQ's context could wait for the look-up of a name, so the system does it. */
    _exit(es_net_serve(PAIR_FD, &entropy));
}
