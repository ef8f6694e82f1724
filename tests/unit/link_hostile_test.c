/* SPDX-License-Identifier: ISC */
/* link_hostile_test.c - what strangers do to a listener, over real sockets on loopback. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

#include "node/crypto/dh.h"
#include "node/link/links.h"
#include "tests/support/link_world.h"

/* ends[0] listens, ends[1] is linked to it and must never notice anything. */
struct siege {
    struct world world;
    struct es_dh_secret secret;
    uint16_t port;
    uint32_t inbound;
    /* The strangers': */
    void *zmq;
    void *sockets[16];
    size_t sockets_len;
};

static int begin(void **state)
{
    static struct siege siege;

    world_open(&siege.world, 2);
    siege.inbound = world_connect(&siege.world, &siege.port, &siege.secret);
    siege.sockets_len = 0;
    siege.zmq = zmq_ctx_new();
    assert_non_null(siege.zmq);
    *state = &siege;
    return 0;
}

/* The honest link still works, and nobody else was ever reported. */
static void assert_unharmed(struct siege *siege, size_t strangers)
{
    size_t frames = notes_of(siege->world.ends[0], ES_REPORT_FRAME, siege->inbound);

    send_frame(siege->world.ends[1], 1, 1, 100);
    UNTIL(&siege->world, notes_of(siege->world.ends[0], ES_REPORT_FRAME, siege->inbound) > frames);
    assert_int_equal(notes_of(siege->world.ends[0], ES_REPORT_LINK_UP, 0), 1 + strangers);
    assert_int_equal(ended(siege->world.ends[0], siege->inbound), 0);
}

static int finish(void **state)
{
    struct siege *siege = *state;

    world_close(&siege->world);
    for (size_t i = 0; i < siege->sockets_len; i++)
        zmq_close(siege->sockets[i]);
    zmq_ctx_term(siege->zmq);
    return 0;
}

/* --- Strangers -------------------------------------------------------------------------------- */

/* Bytes are sent as they are; returns the descriptor. */
static int raw_connect(const struct siege *siege, const void *bytes, size_t len)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons(siege->port),
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(send(fd, bytes, len, MSG_NOSIGNAL), (ssize_t)len);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

/* Has the listener closed this connection? */
static bool hung_up(int fd)
{
    char bytes[512];
    ssize_t len;

    do
        len = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
    while (len > 0);
    return len == 0 || (errno != EAGAIN && errno != EINTR);
}

/* A socket that is closed when the test ends. */
static void *open_socket(struct siege *siege, int type)
{
    void *socket = zmq_socket(siege->zmq, type);
    const int none = 0;

    assert_non_null(socket);
    assert_true(siege->sockets_len < sizeof(siege->sockets) / sizeof(siege->sockets[0]));
    siege->sockets[siege->sockets_len++] = socket;
    (void)zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof(none));
    (void)zmq_setsockopt(socket, ZMQ_SNDHWM, &none, sizeof(none));
    return socket;
}

static void *stranger(struct siege *siege, int type, const struct es_dh_secret *server,
                      const char *routing_id, size_t routing_id_len)
{
    void *socket = open_socket(siege, type);
    const int once = -1;
    char uri[64];

    (void)zmq_setsockopt(socket, ZMQ_RECONNECT_IVL, &once, sizeof(once));
    if (routing_id != NULL)
        assert_int_equal(zmq_setsockopt(socket, ZMQ_ROUTING_ID, routing_id, routing_id_len), 0);
    if (server != NULL) {
        const struct es_dh_secret secret = world_secret();
        const struct es_dh_public public = es_dh_public_of(&secret);
        const struct es_dh_public key = es_dh_public_of(server);

        (void)zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, key.bytes, sizeof(key.bytes));
        (void)zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, public.bytes, sizeof(public.bytes));
        (void)zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, secret.bytes, sizeof(secret.bytes));
    }
    snprintf(uri, sizeof(uri), "tcp://127.0.0.1:%u", siege->port);
    assert_int_equal(zmq_connect(socket, uri), 0);
    return socket;
}

static void say(void *socket, const void *bytes, size_t len, int flags)
{
    assert_int_equal(zmq_send(socket, bytes, len, flags | ZMQ_DONTWAIT), len);
}

/* --- Before the handshake --------------------------------------------------------------------- */

static void other_protocols_are_closed(void **state)
{
    static const struct {
        const char *what;
        uint8_t bytes[64];
        size_t len;
    } GREETINGS[] = {
        {"HTTP", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 26},
        {"ZMTP 1.0 without a version", {1, 0}, 2},
        {"ZMTP 1.0", {0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 0, 5, 0, 0}, 14},
        {"ZMTP 2.0", {0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 1, 5, 0, 0}, 14},
        {"ZMTP 3.0 NULL", {0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0, 'N', 'U', 'L', 'L'}, 64},
        {"ZMTP 3.0 PLAIN", {0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0, 'P', 'L', 'A', 'I', 'N'}, 64},
        {"ZMTP 3.1 no mechanism", {0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 1}, 64},
        {"ZMTP 9.9", {0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 9, 9}, 64},
    };
    struct siege *siege = *state;

    for (size_t i = 0; i < sizeof(GREETINGS) / sizeof(GREETINGS[0]); i++) {
        int fd = raw_connect(siege, GREETINGS[i].bytes, GREETINGS[i].len);

        UNTIL(&siege->world, hung_up(fd));
        UNTIL(&siege->world, siege->world.ends[0]->counts.failed == i + 1);
        close(fd);
    }
    assert_unharmed(siege, 0);
}

static void random_bytes_are_closed(void **state)
{
    static const uint8_t CURVE[64] = {0xff, 0, 0, 0,   0,   0,   0,   0,  1,
                                      0x7f, 3, 1, 'C', 'U', 'R', 'V', 'E'};
    struct siege *siege = *state;

    for (size_t i = 0; i < 60; i++) {
        uint8_t bytes[64 + 1024];
        int fd;

        world_random(NULL, bytes, sizeof(bytes));
        if (i % 3 != 0) /* a good greeting, then noise */
            memcpy(bytes, CURVE, sizeof(CURVE));
        if (i % 3 == 2) { /* noise in a HELLO of the right length */
            memcpy(bytes + 64, "\x04\xc8\x05HELLO\x01\x00", 10);
            bytes[10] = 3;
        }
        fd = raw_connect(siege, bytes, i % 3 == 2 ? 64 + 202 : sizeof(bytes));
        UNTIL(&siege->world, hung_up(fd));
        close(fd);
    }
    UNTIL(&siege->world, siege->world.ends[0]->counts.failed == 60);
    assert_unharmed(siege, 0);
}

static void clients_without_the_server_key_stay_out(void **state)
{
    struct siege *siege = *state;
    const struct es_dh_secret wrong = world_secret();
    void *plain = stranger(siege, ZMQ_DEALER, NULL, NULL, 0);
    void *guessing = stranger(siege, ZMQ_DEALER, &wrong, NULL, 0);

    /* Perhaps they are out already. */
    (void)zmq_send(plain, "hello", 5, ZMQ_DONTWAIT);
    (void)zmq_send(guessing, "hello", 5, ZMQ_DONTWAIT);
    UNTIL(&siege->world, siege->world.ends[0]->counts.failed == 2);
    assert_unharmed(siege, 0);
}

static void without_admission_nobody_comes_in(void **state)
{
    struct siege *siege = *state;
    struct world *world = &siege->world;

    es_socket_close(&world->ends[0]->links->sockets, &world->ends[0]->links->zap, 0);
    /* The handler goes away in ZeroMQ's own time; nobody comes in before or after. */
    for (uint32_t link = 2; link < 6; link++) {
        assert_true(dial_to(world->ends[1], link, "127.0.0.1", siege->port, &siege->secret));
        UNTIL(world, ended(world->ends[1], link) != 0);
        assert_int_equal(notes_of(world->ends[1], ES_REPORT_LINK_UP, link), 0);
    }
    assert_unharmed(siege, 0);
}

static void a_banned_address_is_refused_until_the_ban_ends(void **state)
{
    struct siege *siege = *state;
    struct world *world = &siege->world;
    uint64_t banned_ms = world_now_ms();
    uint32_t link = 2;

    ban(world->ends[0], "127.0.0.1", 700);
    do {
        link++;
        assert_true(dial_to(world->ends[1], link, "127.0.0.1", siege->port, &siege->secret));
        UNTIL(world, ended(world->ends[1], link) == ES_LINK_REFUSED ||
                         notes_of(world->ends[1], ES_REPORT_LINK_UP, link) == 1);
    } while (ended(world->ends[1], link) != 0);
    assert_true(link > 3);
    assert_true(world_now_ms() >= banned_ms + 700);
    assert_true(world->ends[0]->counts.denied > 0);
    assert_true(world->ends[0]->counts.denied + world->ends[0]->counts.failed >= link - 3);
    assert_unharmed(siege, 0);
}

/* --- After the handshake ---------------------------------------------------------------------- */

static void a_connection_that_never_speaks_is_cut(void **state)
{
    struct siege *siege = *state;
    uint64_t started_ms = world_now_ms();

    (void)stranger(siege, ZMQ_DEALER, &siege->secret, NULL, 0);
    UNTIL(&siege->world, siege->world.ends[0]->counts.failed == 1);
    assert_true(world_now_ms() - started_ms >= ES_SILENT_MS - 100);
    assert_unharmed(siege, 0);
}

/* The stranger becomes a link by a good frame, then sends parts, and its link ends for it. */
static void assert_malformed(struct siege *siege, int type, const size_t *parts, size_t parts_len)
{
    struct world_end *listener = siege->world.ends[0];
    static uint8_t bytes[ES_FRAME_BYTES_MAX + 100];
    void *socket = stranger(siege, type, &siege->secret, NULL, 0);
    uint64_t oversized = listener->counts.oversized;
    size_t links = notes_of(listener, ES_REPORT_LINK_UP, 0);
    uint32_t link;

    say(socket, bytes, 4, 0);
    UNTIL(&siege->world, notes_of(listener, ES_REPORT_LINK_UP, 0) == links + 1);
    link = note_at(listener, ES_REPORT_LINK_UP, 0, links)->link;
    for (size_t i = 0; i < parts_len; i++)
        say(socket, bytes, parts[i], i + 1 < parts_len ? ZMQ_SNDMORE : 0);
    say(socket, bytes, 4, 0); /* no longer heard */
    UNTIL(&siege->world, ended(listener, link) == ES_LINK_MALFORMED);
    assert_int_equal(listener->counts.oversized, oversized + 1);
    assert_int_equal(notes_of(listener, ES_REPORT_FRAME, link), 1);
}

static void what_is_no_single_frame_ends_its_link(void **state)
{
    struct siege *siege = *state;
    const size_t two[] = {10, 10}, many[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 60000, 1, 60000, 0};
    const size_t nothing[] = {0}, nothing_first[] = {0, 10}, too_long[] = {ES_FRAME_BYTES_MAX + 1};

    assert_malformed(siege, ZMQ_DEALER, two, 2);
    assert_malformed(siege, ZMQ_DEALER, many, 15);
    assert_malformed(siege, ZMQ_DEALER, nothing, 1);
    assert_malformed(siege, ZMQ_DEALER, nothing_first, 2);
    assert_malformed(siege, ZMQ_DEALER, too_long, 1);
    assert_unharmed(siege, 5);
}

static void what_begins_malformed_never_becomes_a_link(void **state)
{
    struct siege *siege = *state;
    void *dealer = stranger(siege, ZMQ_DEALER, &siege->secret, NULL, 0);
    void *request = stranger(siege, ZMQ_REQ, &siege->secret, NULL, 0);

    say(dealer, "a", 1, ZMQ_SNDMORE);
    say(dealer, "b", 1, 0);
    say(request, "a", 1, 0); /* ZeroMQ puts an empty part before it */
    UNTIL(&siege->world, siege->world.ends[0]->counts.oversized == 2);
    assert_unharmed(siege, 0);
}

static void far_too_long_a_frame_ends_its_link(void **state)
{
    struct siege *siege = *state;
    struct world_end *listener = siege->world.ends[0];
    static uint8_t bytes[2 * ES_FRAME_BYTES_MAX];
    void *socket = stranger(siege, ZMQ_DEALER, &siege->secret, NULL, 0);

    say(socket, bytes, 4, 0);
    UNTIL(&siege->world, notes_of(listener, ES_REPORT_LINK_UP, 0) == 2);
    say(socket, bytes, sizeof(bytes), 0);
    UNTIL(&siege->world, notes_of(listener, ES_REPORT_LINK_DOWN, 0) == 1);
    assert_int_equal(notes_of(listener, ES_REPORT_FRAME, 0), 2); /* one of them honest */
    assert_unharmed(siege, 1);
}

/* ZeroMQ sends a message when its last part is there, so this one has an end, far away. */
static void say_much(void *socket)
{
    static const uint8_t bytes[60000];

    for (size_t i = 0; i < 1500; i++)
        say(socket, bytes, sizeof(bytes), ZMQ_SNDMORE);
    say(socket, bytes, sizeof(bytes), 0);
}

static void a_message_of_many_parts_is_cut_before_it_is_whole(void **state)
{
    struct siege *siege = *state;
    struct world_end *listener = siege->world.ends[0];
    void *socket = stranger(siege, ZMQ_DEALER, &siege->secret, NULL, 0);
    struct es_connection *connection;
    uint64_t unfinished = 0;
    uint32_t link;

    say(socket, "hello", 5, 0);
    UNTIL(&siege->world, notes_of(listener, ES_REPORT_LINK_UP, 0) == 2);
    link = note_at(listener, ES_REPORT_LINK_UP, 0, 1)->link;
    connection = es_link_find(listener->links, link)->connection;
    say_much(socket);
    siege->world.deadline_ms = world_now_ms() + WORLD_TIMEOUT_MS;
    while (es_link_find(listener->links, link) != NULL) {
        unfinished = connection->seen_bytes - connection->whole_bytes;
        assert_true(world_turn(&siege->world));
    }
    assert_in_range(unfinished, 0, ES_UNFINISHED_BYTES_MAX);
    assert_int_equal(ended(listener, link), ES_LINK_MALFORMED);
    assert_int_equal(listener->counts.oversized, 1);
    assert_unharmed(siege, 1);
}

static void a_server_cannot_send_many_parts_either(void **state)
{
    struct siege *siege = *state;
    struct world_end *dialler = siege->world.ends[1];
    const struct es_dh_secret secret = world_secret();
    void *router = open_socket(siege, ZMQ_ROUTER);
    const int yes = 1;
    int id_len = -1;
    uint8_t id[16];
    char uri[64];
    size_t len = sizeof(uri);

    (void)zmq_setsockopt(router, ZMQ_CURVE_SERVER, &yes, sizeof(yes));
    (void)zmq_setsockopt(router, ZMQ_CURVE_SECRETKEY, secret.bytes, sizeof(secret.bytes));
    assert_int_equal(zmq_bind(router, "tcp://127.0.0.1:*"), 0);
    assert_int_equal(zmq_getsockopt(router, ZMQ_LAST_ENDPOINT, uri, &len), 0);
    assert_true(dial_to(dialler, 2, "127.0.0.1", (uint16_t)strtoul(strrchr(uri, ':') + 1, NULL, 10),
                        &secret));
    UNTIL(&siege->world, notes_of(dialler, ES_REPORT_LINK_UP, 2) == 1);
    send_frame(dialler, 2, 0, 4);
    UNTIL(&siege->world, (id_len = zmq_recv(router, id, sizeof(id), ZMQ_DONTWAIT)) > 0);
    say(router, id, (size_t)id_len, ZMQ_SNDMORE);
    say_much(router);
    UNTIL(&siege->world, ended(dialler, 2) == ES_LINK_MALFORMED);
    assert_unharmed(siege, 0);
}

static void a_peer_cannot_choose_its_routing_id(void **state)
{
    struct siege *siege = *state;
    struct world_end *listener = siege->world.ends[0];
    void *squatters[3] = {
        stranger(siege, ZMQ_DEALER, &siege->secret, "victim", 6),
        stranger(siege, ZMQ_DEALER, &siege->secret, "12345", 5),
        stranger(siege, ZMQ_DEALER, &siege->secret, "a", 1),
    };
    void *second;

    for (size_t i = 0; i < 3; i++)
        say(squatters[i], "hello", 5, 0);
    UNTIL(&siege->world, listener->counts.denied == 3);
    /* The name is free again, and taking it is of no more use than before. */
    second = stranger(siege, ZMQ_DEALER, &siege->secret, "victim", 6);
    say(second, "hello", 5, 0);
    UNTIL(&siege->world, listener->counts.denied == 4);
    assert_unharmed(siege, 0);
}

static void one_address_has_a_limited_number_of_links(void **state)
{
    struct siege *siege = *state;
    struct world *world = &siege->world;
    uint32_t last = ES_SOURCE_LINKS_MAX + 20;

    for (uint32_t link = 2; link <= last; link++) {
        assert_true(dial_to(world->ends[1], link, "127.0.0.1", siege->port, &siege->secret));
        send_frame(world->ends[1], link, 0, 4);
        UNTIL(world, ended(world->ends[1], link) != 0 ||
                         notes_of(world->ends[0], ES_REPORT_LINK_UP, 0) == link);
        assert_int_equal(ended(world->ends[1], link),
                         link <= ES_SOURCE_LINKS_MAX ? 0 : ES_LINK_REFUSED);
    }
    assert_int_equal(world->ends[0]->counts.denied, 20);
    /* A place that becomes free is given away again. */
    close_link(world->ends[1], 2);
    UNTIL(world, notes_of(world->ends[0], ES_REPORT_LINK_DOWN, 0) == 1);
    assert_true(dial_to(world->ends[1], last + 1, "127.0.0.1", siege->port, &siege->secret));
    UNTIL(world, notes_of(world->ends[1], ES_REPORT_LINK_UP, last + 1) == 1);
}

#define UNDER_SIEGE(test) cmocka_unit_test_setup_teardown(test, begin, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNDER_SIEGE(other_protocols_are_closed),
        UNDER_SIEGE(random_bytes_are_closed),
        UNDER_SIEGE(clients_without_the_server_key_stay_out),
        UNDER_SIEGE(without_admission_nobody_comes_in),
        UNDER_SIEGE(a_banned_address_is_refused_until_the_ban_ends),
        UNDER_SIEGE(a_connection_that_never_speaks_is_cut),
        UNDER_SIEGE(what_is_no_single_frame_ends_its_link),
        UNDER_SIEGE(what_begins_malformed_never_becomes_a_link),
        UNDER_SIEGE(far_too_long_a_frame_ends_its_link),
        UNDER_SIEGE(a_message_of_many_parts_is_cut_before_it_is_whole),
        UNDER_SIEGE(a_server_cannot_send_many_parts_either),
        UNDER_SIEGE(a_peer_cannot_choose_its_routing_id),
        UNDER_SIEGE(one_address_has_a_limited_number_of_links),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("link_hostile", tests, NULL, NULL);
}
