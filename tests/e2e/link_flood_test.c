/* SPDX-License-Identifier: ISC */
/* link_flood_test.c - thousands of connections at a listener that must stay open to others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "node/link/links.h"
#include "tests/support/link_world.h"

#define CONNECTIONS 10000

/* What a person waits for a link. */
#define PATIENCE_MS 5000

static int begin(void **state)
{
    static struct world world;
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    world_open(&world, 2);
    *state = &world;
    return 0;
}

static int finish(void **state)
{
    world_close(*state);
    return 0;
}

static size_t open_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    size_t count = 0;

    assert_non_null(dir);
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count;
}

/* A process that keeps opening connections from an address, says nothing on them and holds as many
 * as it can, up to CONNECTIONS. One byte on progress for each 1000. */
static pid_t start_silence(uint32_t from, uint16_t port, int progress)
{
    const struct sockaddr_in source = {.sin_family = AF_INET, .sin_addr = {htonl(from)}};
    const struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    static int held[CONNECTIONS];
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid > 0)
        return pid;
    for (size_t i = 0;; i++) {
        int *place = &held[i % CONNECTIONS];

        if (*place != 0)
            close(*place);
        *place = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (*place < 0)
            _exit(1);
        (void)bind(*place, (const struct sockaddr *)&source, sizeof(source));
        (void)connect(*place, (const struct sockaddr *)&to, sizeof(to));
        if (i % 1000 == 999 && write(progress, "", 1) != 1)
            _exit(1);
    }
}

/* How many thousands of connections were opened since the last call. */
static size_t thousands_more(int progress)
{
    char bytes[16];
    ssize_t len = read(progress, bytes, sizeof(bytes));

    return len > 0 ? (size_t)len : 0;
}

/* A link comes up while the silence goes on, and the descriptors stay bounded. */
static void connect_through_silence(struct world *world, uint32_t link, uint16_t port,
                                    const struct es_dh_secret *secret, size_t descriptors_max)
{
    uint64_t dialled_ms = world_now_ms();

    assert_true(dial_to(world->ends[1], link, "127.0.0.1", port, secret));
    send_frame(world->ends[1], link, 0, 4);
    UNTIL(world,
          notes_of(world->ends[0], ES_REPORT_FRAME, 0) == link || ended(world->ends[1], link) != 0);
    assert_int_equal(ended(world->ends[1], link), 0);
    assert_in_range(world_now_ms() - dialled_ms, 0, PATIENCE_MS);
    assert_in_range(open_descriptors(), 0, descriptors_max);
    assert_in_range(world->ends[0]->links->connections.silent_count, 0, ES_SOURCE_SILENT_MAX + 1);
    close_link(world->ends[1], link);
}

static void silence_from(struct world *world, uint32_t from)
{
    struct es_dh_secret secret = world_secret();
    uint16_t port = listen_at(world, world->ends[0], 1, &secret, NULL, 0, 0);
    size_t descriptors_max = open_descriptors() + ES_SILENT_MAX, thousands = 0, more;
    uint32_t link = 0;
    int progress[2];
    pid_t pid;

    assert_int_equal(pipe2(progress, O_CLOEXEC | O_NONBLOCK), 0);
    pid = start_silence(from, port, progress[1]);
    while (thousands < CONNECTIONS / 1000) {
        connect_through_silence(world, ++link, port, &secret, descriptors_max);
        UNTIL(world, (more = thousands_more(progress[0])) > 0);
        thousands += more;
        assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
    }
    assert_true(world->ends[0]->counts.denied > CONNECTIONS / 2);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    close(progress[0]);
    close(progress[1]);
    UNTIL(world, world->ends[0]->links->connections.silent_count == 0);
}

static void silent_connections_do_not_keep_others_out(void **state)
{
    silence_from(*state, INADDR_LOOPBACK + 1);
}

static void not_even_when_they_come_from_the_same_address(void **state)
{
    silence_from(*state, INADDR_LOOPBACK);
}

static void ten_thousand_refused_handshakes_harm_nobody(void **state)
{
    struct world *world = *state;
    struct es_dh_secret secret;
    uint16_t port;
    const uint32_t inbound = world_connect(world, &port, &secret);
    const uint32_t first = 2, last = first + CONNECTIONS - 1;
    uint32_t dialled = first;
    size_t up = 0;

    for (uint32_t link = first; link <= last; link++) {
        for (; dialled <= last && dialled < link + 50; dialled++)
            assert_true(dial_to(world->ends[1], dialled, "127.0.0.1", port, &secret));
        UNTIL(world, ended(world->ends[1], link) != 0 ||
                         notes_of(world->ends[1], ES_REPORT_LINK_UP, link) == 1);
        if (ended(world->ends[1], link) == 0) {
            close_link(world->ends[1], link);
            up++;
        } else {
            assert_int_equal(ended(world->ends[1], link), ES_LINK_REFUSED);
        }
    }
    assert_true(up >= ES_SOURCE_HANDSHAKES_BURST - 1);
    assert_true(world->ends[0]->counts.denied >= CONNECTIONS / 2);
    send_frame(world->ends[1], 1, 1, 100);
    UNTIL(world, notes_of(world->ends[0], ES_REPORT_FRAME, inbound) == 2);
}

#define FRESH(test) cmocka_unit_test_setup_teardown(test, begin, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(silent_connections_do_not_keep_others_out),
        FRESH(not_even_when_they_come_from_the_same_address),
        FRESH(ten_thousand_refused_handshakes_harm_nobody),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("link_flood", tests, NULL, NULL);
}
