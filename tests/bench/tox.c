/* SPDX-License-Identifier: ISC */
/* tox.c - nothing is written to disk on either side: a read receipt is all that says "arrived". */
#include "tests/bench/tox.h"

#ifndef HAVE_TOXCORE

double tox_one_way(size_t text_bytes)
{
    (void)text_bytes;
    return 0;
}

#else

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <tox/tox.h>

#define SETUP_S_MAX 30
#define RUN_S_MAX 20
#define MESSAGES 1000

struct peer {
    Tox *tox;
    uint32_t receipts;
    bool connected;
};

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void on_receipt(Tox *tox, uint32_t friend_number, uint32_t message_id, void *ctx)
{
    struct peer *peer = ctx;

    (void)tox;
    (void)friend_number;
    (void)message_id;
    peer->receipts++;
}

static void on_status(Tox *tox, uint32_t friend_number, TOX_CONNECTION status, void *ctx)
{
    struct peer *peer = ctx;

    (void)tox;
    (void)friend_number;
    peer->connected = status != TOX_CONNECTION_NONE;
}

static bool make(struct peer *peer)
{
    struct Tox_Options *options = tox_options_new(NULL);

    tox_options_set_local_discovery_enabled(options, false);
    tox_options_set_ipv6_enabled(options, false);
    peer->tox = tox_new(options, NULL);
    tox_options_free(options);
    if (peer->tox == NULL)
        return false;
    tox_callback_friend_read_receipt(peer->tox, on_receipt);
    tox_callback_friend_connection_status(peer->tox, on_status);
    return true;
}

static void iterate(struct peer peers[static 2])
{
    const struct timespec pause = {.tv_nsec = 200000};

    tox_iterate(peers[0].tox, &peers[0]);
    tox_iterate(peers[1].tox, &peers[1]);
    nanosleep(&pause, NULL);
}

static bool befriend(struct peer peers[static 2])
{
    uint8_t key[TOX_PUBLIC_KEY_SIZE], dht[TOX_PUBLIC_KEY_SIZE];
    double until = now_s() + SETUP_S_MAX;

    for (int i = 0; i < 2; i++) {
        tox_self_get_public_key(peers[1 - i].tox, key);
        tox_friend_add_norequest(peers[i].tox, key, NULL);
    }
    tox_self_get_dht_id(peers[0].tox, dht);
    tox_bootstrap(peers[1].tox, "127.0.0.1", tox_self_get_udp_port(peers[0].tox, NULL), dht, NULL);
    while (!(peers[0].connected && peers[1].connected) && now_s() < until)
        iterate(peers);
    return peers[0].connected && peers[1].connected;
}

static double run(struct peer peers[static 2], size_t text_bytes)
{
    uint8_t text[1024];
    uint32_t sent = 0;
    double start = now_s();

    memset(text, '.', sizeof(text));
    while (peers[0].receipts < MESSAGES && now_s() < start + RUN_S_MAX) {
        while (sent < MESSAGES && tox_friend_send_message(peers[0].tox, 0, TOX_MESSAGE_TYPE_NORMAL,
                                                          text, text_bytes, NULL) != 0)
            sent++;
        iterate(peers);
    }
    return peers[0].receipts / (now_s() - start);
}

double tox_one_way(size_t text_bytes)
{
    struct peer peers[2] = {{0}};
    double rate = 0;

    if (make(&peers[0]) && make(&peers[1]) && befriend(peers))
        rate = run(peers, text_bytes);
    for (int i = 0; i < 2; i++)
        if (peers[i].tox != NULL)
            tox_kill(peers[i].tox);
    return rate;
}

#endif
