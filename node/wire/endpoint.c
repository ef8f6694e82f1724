/* SPDX-License-Identifier: ISC */
/* endpoint.c - tcp://HOST:PORT/KEY, read and written. */
#include "node/wire/endpoint.h"

#include <string.h>

static const char scheme[] = "tcp://";

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_name_char(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '.' || c == '_';
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* The scheme may have come out of a QR code in capitals. */
static const char *skip_scheme(const char *text)
{
    for (const char *want = scheme; *want != '\0'; want++, text++) {
        char c = *text >= 'A' && *text <= 'Z' ? (char)(*text - 'A' + 'a') : *text;
        if (c != *want)
            return NULL;
    }
    return text;
}

/* Returns what follows the host, or NULL. Addresses are judged by their characters here; the
 * operating system judges the rest when it is dialled. */
static const char *parse_host(const char *at, char ret[static ES_HOST_BYTES_MAX])
{
    const bool bracketed = *at == '[';
    const char *start = bracketed ? ++at : at;
    bool colon = false, zone = false;

    for (; *at != '\0' && *at != (bracketed ? ']' : ':'); at++) {
        if (bracketed && !zone && *at == '%')
            zone = true;
        else if (bracketed && !zone ? !is_hex(*at) && *at != ':' && *at != '.' : !is_name_char(*at))
            return NULL;
        colon = colon || *at == ':';
    }
    const size_t len = (size_t)(at - start);
    if (*at == '\0' || len == 0 || len >= ES_HOST_BYTES_MAX || colon != bracketed ||
        (zone && at[-1] == '%'))
        return NULL;
    memcpy(ret, start, len);
    memset(ret + len, 0, ES_HOST_BYTES_MAX - len);
    return at + bracketed;
}

/* Decimal, 1 to 65535, no leading zero. */
static const char *parse_port(const char *at, uint16_t *ret)
{
    uint32_t port = 0;

    if (*at == '0')
        return NULL;
    for (; is_digit(*at); at++) {
        port = port * 10 + (uint32_t)(*at - '0');
        if (port > UINT16_MAX)
            return NULL;
    }
    *ret = (uint16_t)port;
    return port == 0 ? NULL : at;
}

bool es_endpoint_parse(const char *text, struct es_endpoint *ret_endpoint,
                       struct es_dh_public *ret_key)
{
    struct es_endpoint endpoint;
    struct es_dh_public key;
    const char *at = skip_scheme(text);

    at = at ? parse_host(at, endpoint.host) : NULL;
    at = at && *at == ':' ? parse_port(at + 1, &endpoint.port) : NULL;
    if (!at || *at != '/' ||
        !es_base32_decode(at + 1, strlen(at + 1), key.bytes, sizeof(key.bytes)))
        return false;
    *ret_endpoint = endpoint;
    *ret_key = key;
    return true;
}

static char *append(char *at, const char *text)
{
    const size_t len = strlen(text);
    memcpy(at, text, len + 1);
    return at + len;
}

static char *append_port(char *at, uint16_t port)
{
    char digits[6] = {0};
    size_t first = sizeof(digits) - 1;

    do {
        digits[--first] = (char)('0' + port % 10);
        port /= 10;
    } while (port > 0);
    return append(at, digits + first);
}

void es_endpoint_format(const struct es_endpoint *endpoint, const struct es_dh_public *key,
                        char ret[static ES_ENDPOINT_TEXT_BYTES_MAX])
{
    const bool bracketed = strchr(endpoint->host, ':') != NULL;
    char *at = append(ret, scheme);

    at = append(at, bracketed ? "[" : "");
    at = append(at, endpoint->host);
    at = append(at, bracketed ? "]:" : ":");
    at = append_port(at, endpoint->port);
    if (key) {
        at = append(at, "/");
        es_base32_encode(key->bytes, sizeof(key->bytes), ES_BASE32_LOWER, at);
    }
}
