/* SPDX-License-Identifier: ISC */
/* messages_bench.c - durable end-to-end messages a second between two earshotd on loopback: asked
 * for and reported over the control socket, sealed, committed on both sides, acknowledged through
 * the session. Vault on and off, beside plain ZeroMQ with CURVE and, where it is installed,
 * libtoxcore; in short turns, one after the other, so that what else the machine does hits all of
 * them. Prints one JSON object; ratios are what counts. */
#include <ftw.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "tests/bench/daemons.h"
#include "tests/bench/tox.h"

#define ROUNDS 3
#define MESSAGES 3000
/* Sent and not yet answered at a time: as many as `earshot send` has under way. */
#define AHEAD 256
#define TEXT_BYTES 200

/* --- Plain ZeroMQ ----------------------------------------------------------------------------------- */

static void *bound_router(void *context, const uint8_t secret[static 32], char endpoint[static 64])
{
    void *router = zmq_socket(context, ZMQ_ROUTER);
    size_t len = 64;
    int server = 1;

    zmq_setsockopt(router, ZMQ_CURVE_SERVER, &server, sizeof(server));
    zmq_setsockopt(router, ZMQ_CURVE_SECRETKEY, secret, 32);
    if (zmq_bind(router, "tcp://127.0.0.1:*") != 0)
        bench_fail("no router");
    zmq_getsockopt(router, ZMQ_LAST_ENDPOINT, endpoint, &len);
    return router;
}

static void *dialling_dealer(void *context, const uint8_t server[static 32], const char *endpoint)
{
    uint8_t public[32], secret[32];
    void *dealer = zmq_socket(context, ZMQ_DEALER);

    crypto_box_keypair(public, secret);
    zmq_setsockopt(dealer, ZMQ_CURVE_SERVERKEY, server, 32);
    zmq_setsockopt(dealer, ZMQ_CURVE_PUBLICKEY, public, 32);
    zmq_setsockopt(dealer, ZMQ_CURVE_SECRETKEY, secret, 32);
    if (zmq_connect(dealer, endpoint) != 0)
        bench_fail("no dealer");
    return dealer;
}

/* The router answers every message, as an acknowledgement does. */
static void answer_all(void *router)
{
    uint8_t id[64], body[512];
    int id_len;

    while ((id_len = zmq_recv(router, id, sizeof(id), ZMQ_DONTWAIT)) >= 0) {
        if (zmq_recv(router, body, sizeof(body), 0) < 0)
            bench_fail("router");
        zmq_send(router, id, (size_t)id_len, ZMQ_SNDMORE);
        zmq_send(router, body, 16, 0);
    }
}

static double zmq_one_way(void)
{
    uint8_t public[32], secret[32], body[512] = {0};
    void *context = zmq_ctx_new();
    char endpoint[64];
    void *router, *dealer;
    int sent = 0, answered = 0, zero = 0;
    double start;

    crypto_box_keypair(public, secret);
    router = bound_router(context, secret, endpoint);
    dealer = dialling_dealer(context, public, endpoint);
    start = bench_now_s();
    while (answered < MESSAGES) {
        zmq_pollitem_t items[] = {{.socket = router, .events = ZMQ_POLLIN},
                                  {.socket = dealer, .events = ZMQ_POLLIN}};

        while (sent < MESSAGES && sent - answered < AHEAD)
            sent += zmq_send(dealer, body, sizeof(body), 0) >= 0;
        zmq_poll(items, 2, 100);
        answer_all(router);
        while (zmq_recv(dealer, body, sizeof(body), ZMQ_DONTWAIT) >= 0)
            answered++;
    }
    start = MESSAGES / (bench_now_s() - start);
    zmq_setsockopt(router, ZMQ_LINGER, &zero, sizeof(zero));
    zmq_setsockopt(dealer, ZMQ_LINGER, &zero, sizeof(zero));
    zmq_close(router);
    zmq_close(dealer);
    zmq_ctx_term(context);
    return start;
}

/* --- All of them, in turns -------------------------------------------------------------------------- */

static int remove_file(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static double median(double values[static ROUNDS])
{
    for (size_t i = 1; i < ROUNDS; i++)
        for (size_t k = i; k > 0 && values[k] < values[k - 1]; k--) {
            double value = values[k];

            values[k] = values[k - 1];
            values[k - 1] = value;
        }
    return values[ROUNDS / 2];
}

static void print(double vault, double clear, double zmq_curve, double tox)
{
    printf("{\"benchmark\":\"messages\",\"text_bytes\":%d,\"vault_per_s\":%.0f,"
           "\"clear_per_s\":%.0f,\"zmq_curve_per_s\":%.0f,\"toxcore_per_s\":%.0f,"
           "\"vault_to_clear\":%.2f,\"vault_to_zmq_curve\":%.3f",
           TEXT_BYTES, vault, clear, zmq_curve, tox, vault / clear, vault / zmq_curve);
    if (tox > 0)
        printf(",\"vault_to_toxcore\":%.2f", vault / tox);
    puts("}");
}

/* usage: messages_bench EARSHOT EARSHOTD EARSHOTD_CLEAR */
int main(int argc, char **argv)
{
    double in_vault[ROUNDS], in_clear[ROUNDS], plain[ROUNDS], tox[ROUNDS];
    char folder[] = "/var/tmp/earshot-bench-XXXXXX";
    struct bench_daemons vault, clear;

    if (argc != 4 || sodium_init() < 0 || mkdtemp(folder) == NULL)
        bench_fail("usage: messages_bench EARSHOT EARSHOTD EARSHOTD_CLEAR");
    bench_daemons_init(&vault, folder, "vault", argv[1], argv[2]);
    bench_daemons_init(&clear, folder, "clear", argv[1], argv[3]);
    for (int i = 0; i < ROUNDS; i++) {
        in_vault[i] = bench_daemons_one_way(&vault, MESSAGES, TEXT_BYTES);
        in_clear[i] = bench_daemons_one_way(&clear, MESSAGES, TEXT_BYTES);
        plain[i] = zmq_one_way();
        tox[i] = tox_one_way(TEXT_BYTES);
        fprintf(stderr, "round %d of %d\n", i + 1, ROUNDS);
    }
    print(median(in_vault), median(in_clear), median(plain), median(tox));
    bench_daemons_done(&vault);
    bench_daemons_done(&clear);
    nftw(folder, remove_file, 8, FTW_DEPTH | FTW_PHYS);
    return 0;
}
