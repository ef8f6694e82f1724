/* SPDX-License-Identifier: ISC */
/* guard_test.c - budgets of mDNS senders, by themselves and on a socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "discovery/guard.h"

static struct in6_addr sender(uint32_t number)
{
    struct in6_addr address = {.s6_addr = {0xfe, 0x80}};
    memcpy(&address.s6_addr[12], &number, sizeof(number));
    return address;
}

static void a_burst_passes_and_what_exceeds_it_does_not(void **state)
{
    (void)state;
    struct es_guard guard = {0};
    const struct in6_addr from = sender(1);

    assert_true(es_guard_spend(&guard, &from, ES_GUARD_BURST, 1000));
    assert_false(es_guard_spend(&guard, &from, 1, 1000));
    assert_false(es_guard_spend(&guard, &from, ES_GUARD_BURST + 1, 1000000));
    assert_false(es_guard_spend(&guard, &from, UINT32_MAX, 1000000));
}

static void budgets_come_back_with_time(void **state)
{
    (void)state;
    struct es_guard guard = {0};
    const struct in6_addr from = sender(1);

    assert_true(es_guard_spend(&guard, &from, ES_GUARD_BURST, 1000));
    assert_true(es_guard_spend(&guard, &from, ES_GUARD_PER_SECOND, 2000));
    assert_false(es_guard_spend(&guard, &from, 1, 2000));
    assert_true(es_guard_spend(&guard, &from, ES_GUARD_BURST, UINT64_MAX / ES_GUARD_PER_SECOND));
}

static void senders_have_budgets_of_their_own(void **state)
{
    (void)state;
    struct es_guard guard = {0};

    for (uint32_t i = 0; i < ES_GUARD_SOURCES; i++) {
        const struct in6_addr from = sender(i);
        assert_true(es_guard_spend(&guard, &from, ES_GUARD_BURST, 1000));
        assert_false(es_guard_spend(&guard, &from, 1, 1000));
    }
}

static void the_longest_silent_gives_way(void **state)
{
    (void)state;
    struct es_guard guard = {0};
    const struct in6_addr silent = sender(0), talking = sender(1);

    for (uint32_t i = 0; i < ES_GUARD_SOURCES; i++) {
        const struct in6_addr from = sender(i);
        assert_true(es_guard_spend(&guard, &from, ES_GUARD_BURST, 1000));
    }
    assert_false(es_guard_spend(&guard, &talking, ES_GUARD_BURST, 1001));
    const struct in6_addr stranger = sender(9999);
    assert_true(es_guard_spend(&guard, &stranger, 1, 1001));
    assert_true(es_guard_spend(&guard, &silent, ES_GUARD_BURST, 1001));
    assert_false(es_guard_spend(&guard, &talking, ES_GUARD_BURST, 1001));
}

/* A socket on loopback with a peer that sends to it. */
static int udp_pair(int *ret_sender)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    const int receiver = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

    *ret_sender = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(bind(receiver, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(getsockname(receiver, (struct sockaddr *)&address, &len), 0);
    assert_int_equal(connect(*ret_sender, (struct sockaddr *)&address, len), 0);
    return receiver;
}

/* A header that announces so many answers, then a mark. */
static void send_records(int fd, uint8_t answers, uint8_t mark)
{
    const uint8_t packet[13] = {[7] = answers, [12] = mark};
    assert_int_equal(send(fd, packet, sizeof(packet), 0), sizeof(packet));
}

static void what_exceeds_a_budget_is_dropped_unread(void **state)
{
    (void)state;
    struct es_guard guard = {0};
    int out;
    const int in = udp_pair(&out);
    uint8_t packet[64];
    unsigned passed = 0;

    for (uint8_t i = 0; i < 10; i++)
        send_records(out, 99, i);
    while (es_guard_admit(&guard, in, 1000)) {
        assert_int_equal(recv(in, packet, sizeof(packet), 0), 13);
        assert_int_equal(packet[12], passed);
        passed++;
    }
    assert_int_equal(passed, ES_GUARD_BURST / 100);
    assert_int_equal(recv(in, packet, sizeof(packet), 0), -1);
    close(in);
    close(out);
}

static void short_packets_and_other_sockets_pass(void **state)
{
    (void)state;
    struct es_guard guard = {0};
    int out, pair[2];
    const int in = udp_pair(&out);

    assert_false(es_guard_admit(&guard, in, 1000));
    assert_int_equal(send(out, "", 0, 0), 0);
    assert_true(es_guard_admit(&guard, in, 1000));
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(write(pair[0], "twelve bytes and more", 21), 21);
    for (int i = 0; i < 2 * ES_GUARD_BURST; i++)
        assert_true(es_guard_admit(&guard, pair[1], 1000));
    close(pair[0]);
    assert_true(es_guard_admit(&guard, pair[1], 1000));
    close(pair[1]);
    assert_int_equal(pipe(pair), 0);
    assert_true(es_guard_admit(&guard, pair[0], 1000));
    close(pair[0]);
    close(pair[1]);
    close(in);
    close(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_passes_and_what_exceeds_it_does_not),
        cmocka_unit_test(budgets_come_back_with_time),
        cmocka_unit_test(senders_have_budgets_of_their_own),
        cmocka_unit_test(the_longest_silent_gives_way),
        cmocka_unit_test(what_exceeds_a_budget_is_dropped_unread),
        cmocka_unit_test(short_packets_and_other_sockets_pass),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
