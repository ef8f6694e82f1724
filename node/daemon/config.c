/* SPDX-License-Identifier: ISC */
/* config.c - a table of keys over inih. */
#include "node/daemon/config.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "node/wire/amount.h"
#include "node/wire/endpoint.h"

#define ROTATION_MS_MIN 10000
#define ROTATION_MS_MAX (24ull * 60 * 60 * 1000)

struct reading {
    struct es_config *config;
    const char *path;
    char *error;
    size_t cap;
};

/* --- Values: each says what it expects when it refuses ------------------------------------------- */

static const char *set_name(struct es_config *config, const char *value)
{
    if (strlen(value) > ES_NAME_BYTES_MAX)
        return "a name of at most 64 bytes";
    memcpy(config->name, value, strlen(value) + 1);
    return NULL;
}

static const char *set_ports(struct es_config *config, const char *value)
{
    const char *dash = strchr(value, '-');
    char first[8] = "";
    uint64_t min, max;

    if (dash != NULL && (size_t)(dash - value) < sizeof(first))
        memcpy(first, value, (size_t)(dash - value));
    if (dash == NULL || !es_count_parse(first, 1, 65535, &min) ||
        !es_count_parse(dash + 1, min, 65535, &max))
        return "a range of ports, e.g. 42000-42099";
    config->settings.port_min = (uint16_t)min;
    config->settings.port_max = (uint16_t)max;
    return NULL;
}

static const char *set_listen(struct es_config *config, const char *value)
{
    static const char expected[] =
        "an address to listen at, e.g. tcp://0.0.0.0:42200 or tcp://*:42200";
    struct es_lasting *lasting = &config->lasting[config->n_lasting];
    const char *colon = strrchr(value, ':');
    uint64_t port;
    size_t host_len;

    if (config->n_lasting == ES_CONFIG_LASTING_MAX)
        return "at most 4 of them";
    if (strncmp(value, "tcp://", 6) != 0 || colon == NULL || colon < value + 6 ||
        !es_count_parse(colon + 1, 1, 65535, &port))
        return expected;
    host_len = (size_t)(colon - value - 6);
    if (host_len >= sizeof(lasting->host))
        return expected;
    *lasting = (struct es_lasting){.port = (uint16_t)port};
    if (strncmp(value + 6, "*:", 2) != 0 && strncmp(value + 6, "0.0.0.0:", 8) != 0)
        memcpy(lasting->host, value + 6, host_len);
    config->n_lasting++;
    return NULL;
}

static const char *set_method(struct es_config *config, const char *value)
{
    static const struct {
        const char *name;
        enum es_discovery_method method;
    } methods[] = {{"auto", ES_DISCOVERY_AUTO},
                   {"embedded", ES_DISCOVERY_EMBEDDED},
                   {"avahi-daemon", ES_DISCOVERY_AVAHI_DAEMON},
                   {"off", ES_DISCOVERY_OFF}};

    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
        if (strcmp(methods[i].name, value) == 0) {
            config->settings.method = methods[i].method;
            return NULL;
        }
    return "auto, embedded, avahi-daemon or off";
}

static const char *set_rotation(struct es_config *config, const char *value)
{
    uint64_t ms;

    if (!es_duration_parse(value, &ms) || ms < ROTATION_MS_MIN || ms > ROTATION_MS_MAX)
        return "a time from 10s to 1d, e.g. 15m";
    config->settings.rotation_ms = ms;
    return NULL;
}

static const char *set_peers(struct es_config *config, const char *value)
{
    struct es_known_peer *peer = &config->peers[config->n_peers];

    if (config->n_peers == ES_CONFIG_PEERS_MAX)
        return "at most 64 of them";
    if (!es_endpoint_parse(value, &peer->at, &peer->key))
        return "an endpoint as `earshot status` prints it: tcp://host:port/KEY";
    config->n_peers++;
    return NULL;
}

static const char *set_interfaces(struct es_config *config, const char *value)
{
    if (strlen(value) >= sizeof(config->settings.interfaces))
        return "names of interfaces, separated by commas, at most 255 bytes";
    memcpy(config->settings.interfaces, value, strlen(value) + 1);
    return NULL;
}

static const char *set_receipts(struct es_config *config, const char *value)
{
    if (strcmp(value, "on") != 0 && strcmp(value, "off") != 0)
        return "on or off";
    config->settings.receipts = strcmp(value, "on") == 0;
    return NULL;
}

static const char *set_count(const char *value, uint16_t min, uint16_t max, uint16_t *ret)
{
    uint64_t number;

    if (!es_count_parse(value, min, max, &number))
        return "a number within the limits of docs/man/earshot.conf.5.scd";
    *ret = (uint16_t)number;
    return NULL;
}

static const char *set_links(struct es_config *config, const char *value)
{
    return set_count(value, 8, ES_LINKS_MAX, &config->settings.links_max);
}

static const char *set_neighbours(struct es_config *config, const char *value)
{
    return set_count(value, 1, 64, &config->settings.strangers_max);
}

static const struct {
    const char *section, *key;
    const char *(*set)(struct es_config *config, const char *value);
} keys[] = {
    {"node", "name", set_name},
    {"node", "ports", set_ports},
    {"node", "listen", set_listen},
    {"discovery", "method", set_method},
    {"discovery", "rotation", set_rotation},
    {"discovery", "peers", set_peers},
    {"discovery", "interfaces", set_interfaces},
    {"privacy", "receipts", set_receipts},
    {"limits", "links", set_links},
    {"limits", "neighbours", set_neighbours},
};

/* --- The file ----------------------------------------------------------------------------------- */

static int take(void *ctx, const char *section, const char *key, const char *value)
{
    struct reading *reading = ctx;

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const char *expected;

        if (strcmp(keys[i].section, section) != 0 || strcmp(keys[i].key, key) != 0)
            continue;
        expected = keys[i].set(reading->config, value);
        if (expected == NULL)
            return 1;
        snprintf(reading->error, reading->cap, "%s = %s: expected %s", key, value, expected);
        return 0;
    }
    snprintf(reading->error, reading->cap, "there is no key \"%s\" in [%s]", key, section);
    return 0;
}

bool es_config_read(const char *path, struct es_config *ret, char *ret_error, size_t cap)
{
    char problem[512] = "this is no line of the form key = value";
    struct reading reading = {
        .config = ret, .path = path, .error = problem, .cap = sizeof(problem)};
    int line;

    *ret = (struct es_config){.settings = es_settings_default()};
    if (access(path, F_OK) == 0) {
        line = ini_parse(path, take, &reading);
        if (line != 0) {
            if (line < 0)
                snprintf(ret_error, cap, "%s cannot be read: %s", path, strerror(errno));
            else
                snprintf(ret_error, cap, "%s, line %d: %s", path, line, problem);
            return false;
        }
    }
    ret->settings.lasting = ret->lasting;
    ret->settings.n_lasting = ret->n_lasting;
    ret->settings.peers = ret->peers;
    ret->settings.n_peers = ret->n_peers;
    return true;
}
