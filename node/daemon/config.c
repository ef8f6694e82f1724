/* SPDX-License-Identifier: ISC */
/* config.c - a table of keys over inih. */
#include "node/daemon/config.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "node/wire/amount.h"
#include "node/wire/endpoint.h"
#include "node/wire/utf8.h"

#define ROTATION_MS_MIN 10000
#define ROTATION_MS_MAX (24ull * 60 * 60 * 1000)

struct reading {
    struct es_config *config;
    FILE *file;
    const char *path;
    int line, error_line; /* 0: none yet */
    char *error;
    size_t cap;
};

/* The first error is the one that is told. */
__attribute__((format(printf, 2, 3))) static void refuse(struct reading *reading,
                                                         const char *format, ...)
{
    char problem[512];
    va_list args;

    if (reading->error_line != 0)
        return;
    va_start(args, format);
    vsnprintf(problem, sizeof(problem), format, args);
    va_end(args);
    reading->error_line = reading->line;
    snprintf(reading->error, reading->cap, "%s, line %d: %s", reading->path, reading->line,
             problem);
}

/* --- Values: each says what it expects when it refuses ------------------------------------------- */

static const char *set_name(struct es_config *config, const char *value)
{
    if (strlen(value) > ES_NAME_BYTES_MAX || !es_utf8_valid(es_slice(value, strlen(value))))
        return "a name of at most 64 bytes of UTF-8";
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
    const char *host, *colon = strrchr(value, ':');
    uint64_t port;
    size_t host_len;

    if (config->n_lasting == ES_CONFIG_LASTING_MAX)
        return "at most 4 of them";
    if (strncmp(value, "tcp://", 6) != 0 || colon == NULL || colon < value + 6 ||
        !es_count_parse(colon + 1, 1, 65535, &port))
        return expected;
    host = value + 6;
    host_len = (size_t)(colon - host);
    if (host_len > 2 && host[0] == '[' && host[host_len - 1] == ']') {
        host++; /* an IPv6 address stands alone from here on */
        host_len -= 2;
    }
    if (host_len == 0 || host_len >= sizeof(lasting->host))
        return expected;
    *lasting = (struct es_lasting){.port = (uint16_t)port};
    if (strncmp(host, "*:", 2) != 0 && strncmp(host, "0.0.0.0:", 8) != 0)
        memcpy(lasting->host, host, host_len);
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

static bool set_count(const char *value, uint16_t min, uint16_t max, uint16_t *ret)
{
    uint64_t number;

    if (!es_count_parse(value, min, max, &number))
        return false;
    *ret = (uint16_t)number;
    return true;
}

static const char *set_links(struct es_config *config, const char *value)
{
    bool ok = set_count(value, 8, ES_LINKS_MAX, &config->settings.links_max);

    _Static_assert(ES_LINKS_MAX == 256, "what the sentence says");

    return ok ? NULL : "a number from 8 to 256";
}

static const char *set_neighbours(struct es_config *config, const char *value)
{
    bool ok = set_count(value, 1, 64, &config->settings.strangers_max);

    return ok ? NULL : "a number from 1 to 64";
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

/* One line for inih, which would cut a longer one in two. */
static char *next_line(char *buf, int cap, void *ctx)
{
    struct reading *reading = ctx;
    char *line = fgets(buf, cap, reading->file);

    if (line == NULL)
        return NULL;
    reading->line++;
    if (strchr(line, '\n') == NULL && !feof(reading->file))
        refuse(reading, "the line is too long");
    return reading->error_line == 0 ? line : NULL;
}

static int take(void *ctx, const char *section, const char *key, const char *value)
{
    struct reading *reading = ctx;

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const char *expected;

        if (strcmp(keys[i].section, section) != 0 || strcmp(keys[i].key, key) != 0)
            continue;
        expected = keys[i].set(reading->config, value);
        if (expected != NULL)
            refuse(reading, "%s = %s: expected %s", key, value, expected);
        return 1;
    }
    refuse(reading, "there is no key \"%s\" in [%s]", key, section);
    return 1;
}

static bool read_file(struct reading *reading)
{
    int line = ini_parse_stream(next_line, reading, take, reading);

    if (ferror(reading->file))
        snprintf(reading->error, reading->cap, "%s cannot be read: %s", reading->path,
                 strerror(errno));
    else if (line != 0 && (reading->error_line == 0 || line < reading->error_line))
        snprintf(reading->error, reading->cap,
                 "%s, line %d: this is no line of the form key = value", reading->path, line);
    else
        return reading->error_line == 0;
    return false;
}

bool es_config_read(const char *path, struct es_config *ret, char *ret_error, size_t cap)
{
    struct reading reading = {.config = ret, .path = path, .error = ret_error, .cap = cap};
    bool ok = true;

    *ret = (struct es_config){.settings = es_settings_default()};
    reading.file = fopen(path, "re");
    if (reading.file != NULL) {
        ok = read_file(&reading);
        fclose(reading.file);
    } else if (errno != ENOENT) {
        snprintf(ret_error, cap, "%s cannot be read: %s", path, strerror(errno));
        ok = false;
    }
    ret->settings.lasting = ret->lasting;
    ret->settings.n_lasting = ret->n_lasting;
    ret->settings.peers = ret->peers;
    ret->settings.n_peers = ret->n_peers;
    return ok;
}
