/* SPDX-License-Identifier: ISC */
/* net_process_test.c - earshot-net as the node starts it: a program at the end of a socket pair. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include "node/crypto/dh.h"
#include "node/daemon/net_limits.h"
#include "node/wire/network.h"
#include "tests/support/link_world.h"

#define MIB (1024ull * 1024)

/* ends[0] is the process, ends[1] is in here. */
static int begin(void **state)
{
    static struct world world;
    struct world_end *here;

    world_open(&world, 1);
    here = world.ends[0];
    world.ends_len = 0;
    (void)world_spawn(&world);
    world.ends[world.ends_len++] = here;
    *state = &world;
    return 0;
}

static int finish(void **state)
{
    world_close(*state);
    return 0;
}

/* A line of /proc/PID/FILE that begins with key: the first number after it. */
static unsigned long long proc_number(pid_t pid, const char *file, const char *key)
{
    unsigned long long number = 0;
    char path[64], line[256];
    bool found = false;
    FILE *in;

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
    in = fopen(path, "re");
    assert_non_null(in);
    while (!found && fgets(line, sizeof(line), in) != NULL) {
        found = strncmp(line, key, strlen(key)) == 0;
        if (found)
            number = strtoull(line + strlen(key), NULL, 10);
    }
    fclose(in);
    assert_true(found);
    return number;
}

/* --- Start and end ---------------------------------------------------------------------------- */

static int exit_status(pid_t pid)
{
    int status;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void without_its_socket_it_refuses_to_run(void **state)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int stream[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, stream), 0);
    assert_int_equal(exit_status(world_start_program(-1)), 2);
    assert_int_equal(exit_status(world_start_program(null)), 2);
    assert_int_equal(exit_status(world_start_program(stream[0])), 2);
    close(stream[0]);
    close(stream[1]);
    close(null);
}

static void it_ends_when_the_pair_is_closed(void **state)
{
    struct world *world = *state;
    struct world_end *process = world->ends[0];

    (void)world_connect(world, NULL, NULL);
    assert_int_equal(shutdown(process->pair, SHUT_RDWR), 0);
    UNTIL(world, process->pid == 0);
    assert_true(WIFEXITED(process->status));
    assert_int_equal(WEXITSTATUS(process->status), 0);
}

static void orders_that_make_no_sense_end_it(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } ORDERS[] = {
        {"\xff\x00\x00\x00\x00", 5},                 /* no such kind             */
        {"\x09\x01\x00\x00\x00", 5},                 /* shorter than it says     */
        {"\x09\x00\x00\x00\x00", 5},                 /* WITHDRAW before SETUP    */
        {"\x03\x04\x00\x00\x00\x01\x00\x00\x00", 9}, /* UNLISTEN before SETUP    */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(ORDERS) / sizeof(ORDERS[0]); i++) {
        int pair[2];
        pid_t pid;

        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
        assert_int_equal(send(pair[0], ORDERS[i].bytes, ORDERS[i].len, 0), (ssize_t)ORDERS[i].len);
        pid = world_start_program(pair[1]);
        close(pair[1]);
        assert_int_equal(exit_status(pid), 1);
        close(pair[0]);
    }
}

static void it_keeps_no_other_descriptor_open(void **state)
{
    int pair[2], leaked[2];
    char byte;
    pid_t pid;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(pipe(leaked), 0);
    assert_int_equal(fcntl(leaked[0], F_SETFD, FD_CLOEXEC), 0);
    pid = world_start_program(pair[1]);
    close(leaked[1]);
    /* The end of the pipe shows that nobody holds its other side any more, while the program runs. */
    assert_int_equal(read(leaked[0], &byte, 1), 0);
    assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
    close(leaked[0]);
    close(pair[0]);
    close(pair[1]);
    assert_int_equal(exit_status(pid), 0);
}

static void it_is_confined(void **state)
{
    struct world *world = *state;
    pid_t pid = world->ends[0]->pid;

    (void)world_connect(world, NULL, NULL);
    assert_int_equal(proc_number(pid, "limits", "Max core file size"), 0);
#ifndef ES_NET_SANITIZED
    assert_int_equal(proc_number(pid, "limits", "Max data size"), ES_NET_DATA_BYTES_MAX);
#endif
    assert_int_equal(proc_number(pid, "limits", "Max open files"), ES_NET_FDS_MAX);
    assert_int_equal(proc_number(pid, "status", "NoNewPrivs:"), 1);
#ifndef ES_NET_SANITIZED
    /* Its own thread, ZeroMQ's reaper and two that serve connections. */
    assert_int_equal(proc_number(pid, "status", "Threads:"), 4);
#endif
}

static void a_key_at_the_terminal_does_not_end_it(void **state)
{
    struct world *world = *state;

    (void)world_connect(world, NULL, NULL);
    assert_int_equal(kill(world->ends[0]->pid, SIGINT), 0);
    assert_int_equal(kill(world->ends[0]->pid, SIGHUP), 0);
    send_frame(world->ends[1], 1, 1, 100);
    UNTIL(world, notes_of(world->ends[0], ES_REPORT_FRAME, 0) == 2);
}

static void killed_it_can_be_started_again(void **state)
{
    struct world *world = *state;
    struct es_dh_secret secret = world_secret();
    struct world_end *second;
    uint16_t port;

    (void)world_connect(world, NULL, NULL);
    assert_int_equal(kill(world->ends[0]->pid, SIGKILL), 0);
    UNTIL(world, world->ends[0]->pid == 0 && ended(world->ends[1], 1) == ES_LINK_CLOSED);
    second = world_spawn(world);
    port = listen_at(world, second, 1, &secret, NULL, 0, 0);
    assert_true(dial_to(world->ends[1], 2, "127.0.0.1", port, &secret));
    UNTIL(world, notes_of(world->ends[1], ES_REPORT_LINK_UP, 2) == 1);
}

/* --- Links ------------------------------------------------------------------------------------ */

static void frames_pass_through_it(void **state)
{
    struct world *world = *state;
    const uint32_t inbound = world_connect(world, NULL, NULL);

    for (uint32_t i = 0; i < 200; i++) {
        send_frame(world->ends[0], inbound, i, 4 + i);
        send_frame(world->ends[1], 1, 1 + i, ES_FRAME_BYTES_MAX - i);
        /* More than 60 largest frames at once would be more than one link may keep. */
        UNTIL(world, notes_of(world->ends[0], ES_REPORT_FRAME, inbound) + 40 > i);
    }
    UNTIL(world,
          frames_in_order(world->ends[0], inbound, 201) && frames_in_order(world->ends[1], 1, 200));
}

static void it_dials_too(void **state)
{
    struct world *world = *state;
    struct es_dh_secret secret = world_secret();
    uint16_t port = listen_at(world, world->ends[1], 1, &secret, NULL, 0, 0);

    assert_true(dial_to(world->ends[0], 7, "127.0.0.1", port, &secret));
    assert_true(dial_to(world->ends[0], 8, "127.0.0.1", 1, &secret));
    UNTIL(world, notes_of(world->ends[0], ES_REPORT_LINK_UP, 7) == 1 &&
                     ended(world->ends[0], 8) == ES_LINK_UNREACHABLE);
    send_frame(world->ends[0], 7, 0, 100);
    UNTIL(world, notes_of(world->ends[1], ES_REPORT_FRAME, 0) == 1);
}

static void while_the_node_does_not_read_peers_wait_and_orders_are_obeyed(void **state)
{
    struct world *world = *state;
    enum { FRAMES = 9000, BYTES = 2000, AT_FIRST = 1700, UNDER_WAY = 500 };
    const uint32_t inbound = world_connect(world, NULL, NULL);
    uint32_t sent = 1;

    world->ends[0]->reading = false;
    /* What the dialler's own queue just holds, and more than the process keeps for the node. */
    while (sent < AT_FIRST) {
        send_frame(world->ends[1], 1, sent++, BYTES);
        if (sent % 100 == 0)
            world_turn(world);
    }
    for (uint32_t i = 0; i < 5; i++)
        send_frame(world->ends[0], inbound, i, 100);
    UNTIL(world, frames_in_order(world->ends[1], 1, 5));
    assert_true(frames_in_order(world->ends[0], inbound, 1));

    world->ends[0]->reading = true;
    while (sent < FRAMES) {
        size_t arrived = notes_of(world->ends[0], ES_REPORT_FRAME, inbound);

        if (sent < arrived + UNDER_WAY)
            send_frame(world->ends[1], 1, sent++, BYTES);
        else
            world_turn(world);
    }
    UNTIL(world, frames_in_order(world->ends[0], inbound, FRAMES));
}

static void refusals_are_counted_and_reported(void **state)
{
    struct world *world = *state;
    struct es_dh_secret wrong = world_secret();
    uint16_t port;

    (void)world_connect(world, &port, NULL);
    for (uint32_t link = 2; link < 12; link++)
        assert_true(dial_to(world->ends[1], link, "127.0.0.1", port, &wrong));
    UNTIL(world, world->ends[0]->counts.failed == 10);
    /* At most one report in a second. */
    assert_in_range(notes_of(world->ends[0], ES_REPORT_COUNTS, 0), 1, 3);
}

/* --- Memory ----------------------------------------------------------------------------------- */

/* A connection from an address that sends one message of many parts, 120 MB in all. */
static void flood_once(void *zmq, size_t from, uint16_t port, const struct es_dh_secret *server)
{
    static uint8_t part[60000];
    const struct es_dh_public key = es_dh_public_of(server);
    const struct es_dh_secret secret = world_secret();
    const struct es_dh_public public = es_dh_public_of(&secret);
    void *socket = zmq_socket(zmq, ZMQ_DEALER);
    char uri[64];

    if (socket == NULL)
        return;
    snprintf(uri, sizeof(uri), "tcp://127.0.0.%zu:0;127.0.0.1:%u", from, port);
    (void)zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, key.bytes, sizeof(key.bytes));
    (void)zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, public.bytes, sizeof(public.bytes));
    (void)zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, secret.bytes, sizeof(secret.bytes));
    (void)zmq_connect(socket, uri);
    for (size_t parts = 2000; parts > 0; parts--) {
        zmq_msg_t message;

        (void)zmq_msg_init_data(&message, part, sizeof(part), NULL, NULL);
        (void)zmq_msg_send(&message, socket, parts > 1 ? ZMQ_SNDMORE : 0);
    }
}

/* A process of its own that does so on many connections from some addresses, again and again until
 * it is killed. */
static pid_t start_flood(uint16_t port, const struct es_dh_secret *server, size_t connections,
                         size_t addresses)
{
    pid_t pid = fork();
    void *zmq;

    assert_true(pid >= 0);
    if (pid > 0)
        return pid;
    zmq = zmq_ctx_new();
    for (size_t i = 0; i < connections; i++)
        flood_once(zmq, 2 + i % addresses, port, server);
    /* From here on ZeroMQ connects each again whenever it is cut. */
    (void)pause();
    _exit(0);
}

static void end_flood(pid_t pid)
{
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void survive_flood(struct world *world, size_t connections, size_t addresses)
{
    struct world_end *process = world->ends[0];
    struct es_dh_secret secret;
    uint16_t port;
    const uint32_t inbound = world_connect(world, &port, &secret);
    pid_t flood = start_flood(port, &secret, connections, addresses);

    UNTIL(world, process->counts.oversized >= connections || process->pid == 0);
    end_flood(flood);
    assert_int_not_equal(process->pid, 0);
    assert_true(proc_number(process->pid, "status", "VmHWM:") * 1024 < ES_NET_DATA_BYTES_MAX);
    print_message("# at most %llu MiB\n", proc_number(process->pid, "status", "VmHWM:") / 1024);
    send_frame(world->ends[1], 1, 1, 100);
    UNTIL(world, notes_of(process, ES_REPORT_FRAME, inbound) == 2);
}

static void a_flood_of_parts_is_survived_within_the_limit(void **state)
{
    survive_flood(*state, 40, 1);
}

static void even_from_many_addresses(void **state)
{
    survive_flood(*state, 250, 8);
}

#ifndef ES_NET_SANITIZED
static void out_of_memory_ends_it_and_nothing_else(void **state)
{
    struct world *world = *state;
    struct world_end *process = world->ends[0];
    struct es_dh_secret secret;
    struct rlimit tight;
    uint16_t port;
    pid_t flood;

    (void)world_connect(world, &port, &secret);
    /* With some megabytes left the flood need not be a large one. */
    tight.rlim_cur = tight.rlim_max =
        proc_number(process->pid, "status", "VmData:") * 1024 + 4 * MIB;
    assert_int_equal(prlimit(process->pid, RLIMIT_DATA, &tight, NULL), 0);
    flood = start_flood(port, &secret, 200, 1);
    UNTIL(world, process->pid == 0);
    end_flood(flood);
    assert_true(WIFSIGNALED(process->status));
    assert_false(WCOREDUMP(process->status));
    UNTIL(world, ended(world->ends[1], 1) == ES_LINK_CLOSED);
}
#endif

#define WITH_PROCESS(test) cmocka_unit_test_setup_teardown(test, begin, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_its_socket_it_refuses_to_run),
        WITH_PROCESS(it_ends_when_the_pair_is_closed),
        cmocka_unit_test(orders_that_make_no_sense_end_it),
        cmocka_unit_test(it_keeps_no_other_descriptor_open),
        WITH_PROCESS(it_is_confined),
        WITH_PROCESS(a_key_at_the_terminal_does_not_end_it),
        WITH_PROCESS(killed_it_can_be_started_again),
        WITH_PROCESS(frames_pass_through_it),
        WITH_PROCESS(it_dials_too),
        WITH_PROCESS(while_the_node_does_not_read_peers_wait_and_orders_are_obeyed),
        WITH_PROCESS(refusals_are_counted_and_reported),
        WITH_PROCESS(a_flood_of_parts_is_survived_within_the_limit),
        WITH_PROCESS(even_from_many_addresses),
#ifndef ES_NET_SANITIZED
        WITH_PROCESS(out_of_memory_ends_it_and_nothing_else),
#endif
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("net_process", tests, NULL, NULL);
}
