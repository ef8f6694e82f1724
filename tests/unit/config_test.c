/* SPDX-License-Identifier: ISC */
/* config_test.c - earshot.conf: every key, good and bad, and the line that an error names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "node/daemon/config.h"

#define KEY "0123456789abcdefghjkmnpqrstvwxyz0123456789abcdefghj0"

static char path[64];
static char error[1024];

static int set_up(void **state)
{
    int fd;

    (void)state;
    memcpy(path, "/tmp/earshot-conf-XXXXXX", strlen("/tmp/earshot-conf-XXXXXX") + 1);
    fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int tear_down(void **state)
{
    (void)state;
    return unlink(path);
}

static bool read_text(const char *text, struct es_config *ret)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    error[0] = '\0';
    return es_config_read(path, ret, error, sizeof(error));
}

static void accept(const char *text, struct es_config *ret)
{
    if (!read_text(text, ret))
        fail_msg("%s: %s", text, error);
}

/* The error names the line, and says the words. */
static void refuse(const char *text, int line, const char *words)
{
    struct es_config config;
    char place[32];

    if (read_text(text, &config))
        fail_msg("%s was taken", text);
    snprintf(place, sizeof(place), ", line %d: ", line);
    if (strstr(error, place) == NULL || strstr(error, words) == NULL)
        fail_msg("\"%s\" says neither \"%s\" nor \"%s\"", error, place, words);
    assert_int_equal(strncmp(error, path, strlen(path)), 0);
}

static void every_key_has_a_default(void **state)
{
    struct es_settings settings = es_settings_default();
    struct es_config config;

    (void)state;
    accept("", &config);
    assert_string_equal(config.name, "");
    assert_int_equal(config.n_lasting + config.n_peers, 0);
    assert_int_equal(config.settings.port_min, settings.port_min);
    assert_int_equal(config.settings.rotation_ms, settings.rotation_ms);
    assert_true(es_config_read("/nonexistent/earshot.conf", &config, error, sizeof(error)));
    accept("\xef\xbb\xbf; a comment\n\n[node]\n[privacy]\n", &config);
}

static void every_key_is_read(void **state)
{
    struct es_config config;

    (void)state;
    accept("[node]\nname = Ada Lovelace\nports = 5000-5001\nlisten = tcp://*:42200\n"
           "listen = tcp://[::1]:42201\nlisten = tcp://host.example:42202\n"
           "[discovery]\nmethod = avahi-daemon\nrotation = 10s\ninterfaces = eth0,wlan0\n"
           "peers = tcp://host:1/" KEY "\npeers = tcp://[fe80::1]:2/" KEY "\n"
           "[privacy]\nreceipts = off\n[limits]\nlinks = 8\nneighbours = 64\n",
           &config);
    assert_string_equal(config.name, "Ada Lovelace");
    assert_int_equal(config.settings.port_min, 5000);
    assert_int_equal(config.settings.port_max, 5001);
    assert_int_equal(config.settings.n_lasting, 3);
    assert_ptr_equal(config.settings.lasting, config.lasting);
    assert_string_equal(config.lasting[0].host, "");
    assert_string_equal(config.lasting[1].host, "::1");
    assert_int_equal(config.lasting[1].port, 42201);
    assert_string_equal(config.lasting[2].host, "host.example");
    assert_int_equal(config.settings.method, ES_DISCOVERY_AVAHI_DAEMON);
    assert_int_equal(config.settings.rotation_ms, 10000);
    assert_string_equal(config.settings.interfaces, "eth0,wlan0");
    assert_int_equal(config.settings.n_peers, 2);
    assert_string_equal(config.peers[1].at.host, "fe80::1");
    assert_false(config.settings.receipts);
    assert_int_equal(config.settings.links_max, 8);
    assert_int_equal(config.settings.strangers_max, 64);
}

static void a_bad_value_is_an_error(void **state)
{
    static const struct {
        const char *section, *line, *words;
    } bad[] = {
        {"node", "name = 0123456789012345678901234567890123456789012345678901234567890123456",
         "64 bytes"},
        {"node", "name = \xff", "UTF-8"},
        {"node", "ports = 5000", "a range of ports"},
        {"node", "ports = 5001-5000", "a range of ports"},
        {"node", "ports = 0-5000", "a range of ports"},
        {"node", "ports = 5000-65536", "a range of ports"},
        {"node", "ports = -", "a range of ports"},
        {"node", "listen = 0.0.0.0:1", "an address to listen at"},
        {"node", "listen = tcp://host", "an address to listen at"},
        {"node", "listen = tcp://:1", "an address to listen at"},
        {"node", "listen = tcp:", "an address to listen at"},
        {"node", "listen = tcp://host:0", "an address to listen at"},
        {"node", "listen = tcp://host:70000", "an address to listen at"},
        {"discovery", "method = on", "auto, embedded, avahi-daemon or off"},
        {"discovery", "rotation = 9s", "from 10s to 1d"},
        {"discovery", "rotation = 2d", "from 10s to 1d"},
        {"discovery", "rotation = 15", "from 10s to 1d"},
        {"discovery", "peers = tcp://host:1", "tcp://host:port/KEY"},
        {"privacy", "receipts = yes", "on or off"},
        {"limits", "links = 7", "from 8 to 256"},
        {"limits", "links = 257", "from 8 to 256"},
        {"limits", "neighbours = 0", "from 1 to 64"},
        {"limits", "neighbours = many", "from 1 to 64"},
    };
    char text[512];

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(text, sizeof(text), "; one\n[%s]\n%s\n", bad[i].section, bad[i].line);
        refuse(text, 3, bad[i].words);
    }
}

static void lists_have_an_end(void **state)
{
    char text[16384] = "[node]\n";

    (void)state;
    for (int i = 0; i <= ES_CONFIG_LASTING_MAX; i++)
        memcpy(text + strlen(text), "listen = tcp://*:42200\n",
               strlen("listen = tcp://*:42200\n") + 1);
    refuse(text, 2 + ES_CONFIG_LASTING_MAX, "at most 4");
    memcpy(text, "[discovery]\n", strlen("[discovery]\n") + 1);
    for (int i = 0; i <= ES_CONFIG_PEERS_MAX; i++)
        memcpy(text + strlen(text), "peers = tcp://host:1/" KEY "\n",
               strlen("peers = tcp://host:1/" KEY "\n") + 1);
    refuse(text, 2 + ES_CONFIG_PEERS_MAX, "at most 64");
}

static void an_unknown_key_is_an_error(void **state)
{
    (void)state;
    refuse("[node]\ncolour = red\n", 2, "there is no key \"colour\" in [node]");
    refuse("[privacy]\nname = Ada\n", 2, "there is no key \"name\" in [privacy]");
    refuse("name = Ada\n", 1, "there is no key \"name\" in []");
    refuse("[nodes]\n\n\nname = Ada\n", 4, "in [nodes]");
}

static void the_first_error_is_the_one_that_is_told(void **state)
{
    (void)state;
    refuse("[node]\ncolour = red\nports = 1\nthis is nothing\n", 2, "colour");
    refuse("[node]\nthis is nothing\ncolour = red\n", 2, "no line of the form");
    refuse("[node\n", 1, "no line of the form");
}

static void a_long_line_is_an_error(void **state)
{
    char text[2000];

    (void)state;
    memset(text, 'a', sizeof(text));
    memcpy(text, "[discovery]\ninterfaces = ", 25);
    memcpy(text + sizeof(text) - 2, "\n", strlen("\n") + 1);
    refuse(text, 2, "too long");
}

static void what_cannot_be_read_is_an_error(void **state)
{
    struct es_config config;

    (void)state;
    assert_false(es_config_read("/tmp", &config, error, sizeof(error)));
    assert_non_null(strstr(error, "/tmp cannot be read: Is a directory"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_has_a_default),
        cmocka_unit_test(every_key_is_read),
        cmocka_unit_test(a_bad_value_is_an_error),
        cmocka_unit_test(lists_have_an_end),
        cmocka_unit_test(an_unknown_key_is_an_error),
        cmocka_unit_test(the_first_error_is_the_one_that_is_told),
        cmocka_unit_test(a_long_line_is_an_error),
        cmocka_unit_test(what_cannot_be_read_is_an_error),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
