/* SPDX-License-Identifier: ISC */
/* client.c - one JSON object per line over a Unix socket. */
#include "cli/client.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/instant.h"
#include "node/env/control.h"

/* A page of 256 of the longest texts, every character of them escaped, has 25 MB. */
#define LINE_BYTES_MAX (64u << 20)
#define READ_BYTES 65536

void es_client_init(struct es_client *client)
{
    memset(client, 0, sizeof(*client));
    client->fd = -1;
}

static int connect_path(int fd, const char *path)
{
    struct sockaddr_un address;
    int folder;
    int rc = es_control_address(path, &address, &folder);

    if (rc == 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
        rc = -errno;
    if (folder >= 0)
        close(folder);
    return rc;
}

int es_client_open(struct es_client *client, const char *path)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    int rc = connect_path(fd, path);

    if (rc == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
        rc = -errno;
    if (rc != 0) {
        close(fd);
        return rc;
    }
    client->fd = fd;
    return 0;
}

void es_client_close(struct es_client *client)
{
    if (client->fd >= 0)
        close(client->fd);
    free(client->in);
    json_decref(client->kept);
    es_client_init(client);
}

pid_t es_client_peer(const struct es_client *client)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);

    if (getsockopt(client->fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
        return 0;
    return peer.pid;
}

/* Waits for any of these events; 0 or a negative errno. */
static int wait_for(const struct es_client *client, short events, int64_t deadline_ms)
{
    for (;;) {
        struct pollfd pfd = {.fd = client->fd, .events = events};
        int64_t left_ms = deadline_ms == ES_DEADLINE_NONE ? -1 : deadline_ms - es_monotonic_ms();

        if (deadline_ms != ES_DEADLINE_NONE && left_ms < 0)
            left_ms = 0;
        int n = poll(&pfd, 1, left_ms > INT_MAX ? INT_MAX : (int)left_ms);

        if (n > 0)
            return 0;
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n == 0 && es_monotonic_ms() >= deadline_ms)
            return -ETIMEDOUT;
    }
}

static int make_room(struct es_client *client)
{
    if (client->in_at > 0) {
        memmove(client->in, client->in + client->in_at, client->in_len - client->in_at);
        client->in_len -= client->in_at;
        client->in_searched -= client->in_at;
        client->in_at = 0;
    }
    if (client->in_cap - client->in_len >= READ_BYTES)
        return 0;
    size_t cap = client->in_cap * 2 + READ_BYTES;

    if (cap > LINE_BYTES_MAX)
        return -EPROTO;
    char *bigger = realloc(client->in, cap);

    if (bigger == NULL)
        return -ENOMEM;
    client->in = bigger;
    client->in_cap = cap;
    return 0;
}

/* Reads what there is, without waiting. 0 also when there is nothing. */
static int read_some(struct es_client *client)
{
    int rc = make_room(client);

    if (rc != 0)
        return rc;
    ssize_t n = recv(client->fd, client->in + client->in_len, client->in_cap - client->in_len, 0);

    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : errno == ECONNRESET ? -EPIPE : -errno;
    if (n == 0)
        return -EPIPE;
    client->in_len += (size_t)n;
    return 0;
}

/* While the node waits for us to read, it does not read: so both are done together. */
static int write_all(struct es_client *client, const char *bytes, size_t len, int64_t deadline_ms)
{
    while (len > 0) {
        ssize_t n = send(client->fd, bytes, len, MSG_NOSIGNAL);

        if (n > 0) {
            bytes += n;
            len -= (size_t)n;
            continue;
        }
        if (errno != EAGAIN && errno != EINTR)
            return errno == ECONNRESET ? -EPIPE : -errno;
        int rc = wait_for(client, POLLIN | POLLOUT, deadline_ms);

        if (rc == 0)
            rc = read_some(client);
        if (rc != 0)
            return rc;
    }
    return 0;
}

int es_client_request(struct es_client *client, const char *method, json_t *params,
                      int64_t deadline_ms, uint64_t *ret_id)
{
    uint64_t id = client->last_id + 1;
    json_t *request = json_pack("{s:s, s:I, s:s, s:o}", "jsonrpc", "2.0", "id", (json_int_t)id,
                                "method", method, "params", params);
    char *line = request != NULL ? json_dumps(request, JSON_COMPACT) : NULL;
    int rc = -ENOMEM;

    if (line != NULL) {
        size_t len = strlen(line);

        line[len] = '\n'; /* in the place of its NUL */
        rc = len >= ES_CONTROL_LINE_BYTES_MAX ? -EMSGSIZE
                                              : write_all(client, line, len + 1, deadline_ms);
    }
    free(line);
    json_decref(request);
    if (rc != 0)
        return rc;
    client->last_id = id;
    *ret_id = id;
    return 0;
}

/* The next whole line, borrowed, without its newline; NULL when there is none yet. */
static char *take_line(struct es_client *client, size_t *ret_len)
{
    size_t from = client->in_searched > client->in_at ? client->in_searched : client->in_at;
    char *end =
        client->in_len > from ? memchr(client->in + from, '\n', client->in_len - from) : NULL;

    client->in_searched = client->in_len;
    if (end == NULL)
        return NULL;
    char *line = client->in + client->in_at;

    *ret_len = (size_t)(end - line);
    client->in_at += *ret_len + 1;
    client->in_searched = client->in_at;
    return line;
}

static int receive(struct es_client *client, int64_t deadline_ms, json_t **ret)
{
    for (;;) {
        size_t len = 0;
        const char *line = take_line(client, &len);

        if (line != NULL) {
            *ret = json_loadb(line, len, 0, NULL);
            if (json_is_object(*ret))
                return 0;
            json_decref(*ret);
            return -EPROTO;
        }
        int rc = wait_for(client, POLLIN, deadline_ms);

        if (rc == 0)
            rc = read_some(client);
        if (rc != 0)
            return rc;
    }
}

bool es_client_ready(const struct es_client *client)
{
    return json_array_size(client->kept) > 0 ||
           (client->in_len > client->in_at &&
            memchr(client->in + client->in_at, '\n', client->in_len - client->in_at) != NULL);
}

int es_client_next(struct es_client *client, int64_t deadline_ms, json_t **ret)
{
    if (json_array_size(client->kept) > 0) {
        *ret = json_incref(json_array_get(client->kept, 0));
        json_array_remove(client->kept, 0);
        return 0;
    }
    return receive(client, deadline_ms, ret);
}

/* An error that belongs to no request ends them all: the node has no room, or understood nothing. */
static bool answers(const json_t *object, uint64_t id)
{
    const json_t *answered = json_object_get(object, "id");

    if (json_is_integer(answered))
        return (uint64_t)json_integer_value(answered) == id;
    return json_object_get(object, "error") != NULL;
}

int es_client_answer(struct es_client *client, uint64_t id, int64_t deadline_ms, json_t **ret)
{
    for (;;) {
        json_t *object = NULL;
        int rc = receive(client, deadline_ms, &object);

        if (rc != 0)
            return rc;
        if (answers(object, id)) {
            *ret = object;
            return 0;
        }
        if (client->kept == NULL)
            client->kept = json_array();
        json_array_append_new(client->kept, object);
    }
}

const json_t *es_client_event(const json_t *object)
{
    const char *method = json_string_value(json_object_get(object, "method"));

    return method != NULL && strcmp(method, "event") == 0 ? json_object_get(object, "params")
                                                          : NULL;
}
