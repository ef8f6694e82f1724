/* SPDX-License-Identifier: ISC */
/* endpoint_test.c - tcp://HOST:PORT/KEY: what is read, what is refused, what is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "node/wire/endpoint.h"

#define KEY "zw3zr03zr03zr03zr03zr03zr03zr03zr03zr03zr03zr03zr03g"

static void good_forms_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *host;
        uint16_t port;
    } good[] = {
        {"tcp://10.77.1.2:40000/" KEY, "10.77.1.2", 40000},
        {"tcp://alice-laptop.local:1/" KEY, "alice-laptop.local", 1},
        {"TCP://10.77.1.2:65535/" KEY, "10.77.1.2", 65535},
        {"tcp://[2001:db8::1]:40000/" KEY, "2001:db8::1", 40000},
        {"tcp://[fe80::1%eth0]:40000/" KEY, "fe80::1%eth0", 40000},
        {"tcp://[::ffff:10.0.0.1]:80/" KEY, "::ffff:10.0.0.1", 80},
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct es_endpoint endpoint;
        struct es_dh_public key, want;
        assert_true(es_base32_decode(KEY, strlen(KEY), want.bytes, sizeof(want.bytes)));
        assert_true(es_endpoint_parse(good[i].text, &endpoint, &key));
        assert_string_equal(endpoint.host, good[i].host);
        assert_int_equal(endpoint.port, good[i].port);
        assert_memory_equal(key.bytes, want.bytes, sizeof(want.bytes));
    }
}

static void everything_else_is_refused_and_leaves_the_results(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "tcp://",
        "tcp:/10.0.0.1:1/" KEY,
        "udp://10.0.0.1:1/" KEY,
        "10.0.0.1:1/" KEY,
        "tcp://:1/" KEY,
        "tcp://10.0.0.1/" KEY,
        "tcp://10.0.0.1:/" KEY,
        "tcp://10.0.0.1:0/" KEY,
        "tcp://10.0.0.1:01/" KEY,
        "tcp://10.0.0.1:65536/" KEY,
        "tcp://10.0.0.1:99999999999999999999/" KEY,
        "tcp://10.0.0.1:-1/" KEY,
        "tcp://10.0.0.1:1x/" KEY,
        "tcp://10.0.0.1:1",
        "tcp://10.0.0.1:1/",
        "tcp://10.0.0.1:1/" KEY "0",
        "tcp://10.0.0.1:1/" KEY " ",
        "tcp://10.0.0.1:1/u" KEY,
        "tcp://fe80::1:1/" KEY,
        "tcp://[10.0.0.1]:1/" KEY,
        "tcp://[]:1/" KEY,
        "tcp://[fe80::1:1/" KEY,
        "tcp://[fe80::1%]:1/" KEY,
        "tcp://[fe80::1%a%b]:1/" KEY,
        "tcp://[fe80::g]:1/" KEY,
        "tcp://a b:1/" KEY,
        "tcp://a;b:1/" KEY,
        "tcp://a\x1b[m:1/" KEY,
        "tcp://a/b:1/" KEY,
        "tcp://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:1/" KEY,
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct es_endpoint endpoint = {.host = "before", .port = 7};
        struct es_dh_public key = {{9}};
        if (es_endpoint_parse(bad[i], &endpoint, &key))
            fail_msg("taken for an endpoint: %s", bad[i]);
        assert_string_equal(endpoint.host, "before");
        assert_int_equal(endpoint.port, 7);
        assert_int_equal(key.bytes[0], 9);
    }
}

static void what_is_written_is_read_again(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "tcp://10.77.1.2:40000/" KEY,
        "tcp://[fe80::1%eth0]:1/" KEY,
        "tcp://alice.local:65535/" KEY,
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct es_endpoint endpoint;
        struct es_dh_public key;
        char text[ES_ENDPOINT_TEXT_BYTES_MAX];
        assert_true(es_endpoint_parse(texts[i], &endpoint, &key));
        es_endpoint_format(&endpoint, &key, text);
        assert_string_equal(text, texts[i]);
        es_endpoint_format(&endpoint, NULL, text);
        assert_int_equal(strlen(text) + 1 + strlen(KEY), strlen(texts[i]));
        assert_memory_equal(text, texts[i], strlen(text));
    }
}

static void the_longest_endpoint_fits(void **state)
{
    (void)state;
    struct es_endpoint endpoint = {.port = 65535};
    struct es_dh_public key = {{0}};
    char text[ES_ENDPOINT_TEXT_BYTES_MAX];

    memset(endpoint.host, 'f', sizeof(endpoint.host) - 1);
    endpoint.host[4] = ':';
    es_endpoint_format(&endpoint, &key, text);
    assert_int_equal(strlen(text) + 1, ES_ENDPOINT_TEXT_BYTES_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_forms_are_read),
        cmocka_unit_test(everything_else_is_refused_and_leaves_the_results),
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(the_longest_endpoint_fits),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
