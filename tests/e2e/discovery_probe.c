/* SPDX-License-Identifier: ISC */
/* discovery_probe.c - discovery alone on a real network, driven by lines, answering in JSON lines.
 *
 * usage: discovery_probe METHOD [INTERFACES]       METHOD: embedded, avahi-daemon, auto, off
 * input: publish SEED PORT [NAME] (visible with a name) | withdraw | quit (also at end of input) |
 *        jump MS (the monotonic clock leaps, as the wall clock does against it after a sleep)
 * output: {"ms":SINCE_START,"event":"seen"|"gone"|"state"|"refused"|"published", ...}
 *
 * Link keys derive from the seed, so that the two sides of a test know them. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "discovery/beacon.h"
#include "discovery/discovery.h"
#include "node/wire/base32.h"

struct probe {
    struct es_discovery *discovery;
    uint64_t started_ms, leap_ms;
    char line[512];
    size_t line_len;
    bool ended;
};

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void fill_random(void *ctx, void *buf, size_t len)
{
    (void)ctx;
    if (getrandom(buf, len, 0) != (ssize_t)len)
        abort();
}

/* --- Output ----------------------------------------------------------------------------------- */

static void begin(const struct probe *probe, const char *event)
{
    printf("{\"ms\":%" PRIu64 ",\"event\":\"%s\"", now_ms() - probe->started_ms, event);
}

static void put_hex(const char *key, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;

    printf(",\"%s\":\"", key);
    for (size_t i = 0; i < len; i++)
        printf("%02x", at[i]);
    putchar('"');
}

static void end(void)
{
    puts("}");
    fflush(stdout);
}

static void on_seen(void *ctx, const struct es_endpoint *at, const struct es_advert *advert)
{
    begin(ctx, "seen");
    printf(",\"host\":\"%s\",\"port\":%u,\"visible\":%s", at->host, at->port,
           advert->visible ? "true" : "false");
    put_hex("key", advert->link_key.bytes, 4);
    put_hex("name", advert->name, strlen(advert->name));
    end();
}

static void on_gone(void *ctx, const struct es_dh_public *link_key)
{
    begin(ctx, "gone");
    put_hex("key", link_key->bytes, 4);
    end();
}

static void on_state(void *ctx, const struct es_discovery_state *state)
{
    begin(ctx, "state");
    printf(",\"method\":%d,\"interfaces\":%u,\"published\":%s,\"problem\":\"%s\"",
           (int)state->method, state->interfaces, state->published ? "true" : "false",
           state->problem);
    end();
}

static void put_refused(struct probe *probe)
{
    const uint64_t refused = es_discovery_take_refused(probe->discovery);

    if (refused == 0)
        return;
    begin(probe, "refused");
    printf(",\"count\":%" PRIu64, refused);
    end();
}

/* --- Input ------------------------------------------------------------------------------------ */

static void publish(struct probe *probe, unsigned long seed, unsigned long port, const char *name)
{
    struct es_publication publication = {.port = (uint16_t)port};
    uint8_t random[10];

    fill_random(NULL, random, sizeof(random));
    es_instance_name(random, publication.instance);
    fill_random(NULL, random, sizeof(random));
    es_instance_name(random, publication.host);
    fill_random(NULL, publication.advert.nonce, sizeof(publication.advert.nonce));
    fill_random(NULL, publication.advert.beacon, sizeof(publication.advert.beacon));
    fill_random(NULL, publication.advert.signature, sizeof(publication.advert.signature));
    for (size_t i = 0; i < sizeof(publication.advert.link_key.bytes); i++)
        publication.advert.link_key.bytes[i] = (uint8_t)(seed >> (8 * (i % 4)));
    publication.advert.visible = name != NULL;
    if (name)
        (void)snprintf(publication.advert.name, sizeof(publication.advert.name), "%s", name);
    begin(probe, "publish");
    printf(",\"instance\":\"%s\",\"host\":\"%s\"", publication.instance, publication.host);
    put_hex("key", publication.advert.link_key.bytes, 4);
    end();
    es_discovery_publish(probe->discovery, &publication);
}

static void obey(struct probe *probe, char *line)
{
    char *rest = NULL;
    const char *word = strtok_r(line, " ", &rest);

    if (word && strcmp(word, "publish") == 0) {
        const char *seed = strtok_r(NULL, " ", &rest), *port = strtok_r(NULL, " ", &rest);
        if (seed && port)
            publish(probe, strtoul(seed, NULL, 0), strtoul(port, NULL, 10),
                    *rest != '\0' ? rest : NULL);
    } else if (word && strcmp(word, "withdraw") == 0) {
        es_discovery_withdraw(probe->discovery);
    } else if (word && strcmp(word, "jump") == 0) {
        probe->leap_ms += strtoul(rest, NULL, 10);
    } else if (word && strcmp(word, "quit") == 0) {
        probe->ended = true;
    }
}

static void read_input(struct probe *probe)
{
    const ssize_t n = read(STDIN_FILENO, probe->line + probe->line_len,
                           sizeof(probe->line) - 1 - probe->line_len);
    if (n <= 0) {
        probe->ended = n == 0 || errno != EINTR;
        return;
    }
    probe->line_len += (size_t)n;
    for (char *end_of_line; (end_of_line = memchr(probe->line, '\n', probe->line_len));) {
        const size_t used = (size_t)(end_of_line + 1 - probe->line);
        *end_of_line = '\0';
        obey(probe, probe->line);
        probe->line_len -= used;
        memmove(probe->line, end_of_line + 1, probe->line_len);
    }
}

static enum es_discovery_method method_of(const char *name)
{
    static const char *const names[] = {
        [ES_DISCOVERY_OFF] = "off",
        [ES_DISCOVERY_EMBEDDED] = "embedded",
        [ES_DISCOVERY_AVAHI_DAEMON] = "avahi-daemon",
        [ES_DISCOVERY_AUTO] = "auto",
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(name, names[i]) == 0)
            return (enum es_discovery_method)i;
    fprintf(stderr, "discovery_probe: no such method: %s\n", name);
    exit(1);
}

int main(int argc, char **argv)
{
    struct probe probe = {.started_ms = now_ms()};
    const struct es_discovery_options options = {
        .method = method_of(argc > 1 ? argv[1] : "auto"),
        .interfaces = argc > 2 ? argv[2] : "",
        .entropy = {.random = fill_random},
        .callbacks = {.ctx = &probe, .seen = on_seen, .gone = on_gone, .state = on_state},
    };

    probe.discovery = es_discovery_new(&options);
    while (probe.discovery && !probe.ended) {
        struct pollfd fds[1 + ES_DISCOVERY_FDS_MAX] = {{.fd = STDIN_FILENO, .events = POLLIN}};
        int timeout_ms;
        const size_t n =
            es_discovery_prepare(probe.discovery, now_ms() + probe.leap_ms, fds + 1, &timeout_ms);
        if (poll(fds, 1 + n, timeout_ms) < 0 && errno != EINTR)
            break;
        if (fds[0].revents != 0)
            read_input(&probe);
        es_discovery_dispatch(probe.discovery, now_ms() + probe.leap_ms, fds + 1, n);
        put_refused(&probe);
    }
    es_discovery_free(probe.discovery);
    return probe.ended ? 0 : 1;
}
