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

#include "node/daemon/net_loop.h"

#define PAIR_FD 3

/* Data of this process: heap, stacks of threads, anonymous memory. Not its address space, of which
 * the allocator and the libraries reserve far more than they use. */
#define DATA_BYTES_MAX (256ull * 1024 * 1024)

/* Descriptors: 256 dialled links at four each, 256 inbound, 1024 that have not spoken yet, those
 * that are being closed. */
#define FDS_MAX 4096

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
           limit(RLIMIT_CORE, 0, 0) && limit(RLIMIT_DATA, DATA_BYTES_MAX, DATA_BYTES_MAX) &&
           limit(RLIMIT_NOFILE, FDS_MAX, FDS_MAX);
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
    return es_net_serve(PAIR_FD, &entropy);
}
