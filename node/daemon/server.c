/* SPDX-License-Identifier: ISC */
/* server.c - a Unix socket and its clients. */
#include "node/daemon/server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct client {
    uint64_t number; /* 0: free */
    int fd;
    char *in;
    size_t in_len;
    char *out;
    size_t out_at, out_len, out_cap;
    bool ended;   /* it says nothing more            */
    bool closing; /* after what waits was written    */
};

struct es_server {
    struct es_server_calls calls;
    char *path;
    int fd;
    uint64_t next_number;
    struct client clients[ES_SERVER_CLIENTS_MAX];
};

/* --- Listening -------------------------------------------------------------------------------- */

/* 0, or why the place at address, which is path, cannot be had. */
static int make_room(const char *path, const struct sockaddr_un *address)
{
    struct stat st;
    int fd, err = 0;

    if (lstat(path, &st) != 0)
        return errno == ENOENT ? 0 : errno;
    if (!S_ISSOCK(st.st_mode))
        return EEXIST;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return errno;
    /* EAGAIN: it has no place for more clients now. */
    if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno == EAGAIN)
        err = EADDRINUSE;
    else if (unlink(path) != 0)
        err = errno;
    close(fd);
    return err;
}

static int bind_to(int fd, const char *path, const struct sockaddr_un *address)
{
    int err = make_room(path, address);
    mode_t before;

    if (err != 0)
        return err;
    before = umask(0177);
    if (bind(fd, (const struct sockaddr *)address, sizeof(*address)) != 0 || listen(fd, 64) != 0)
        err = errno;
    umask(before);
    return err;
}

static int listen_at(const char *path)
{
    struct sockaddr_un address;
    int folder, fd = -1;
    int err = -es_control_address(path, &address, &folder);

    if (err == 0)
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (err == 0)
        err = fd < 0 ? errno : bind_to(fd, path, &address);
    if (folder >= 0)
        close(folder);
    if (err == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    errno = err;
    return -1;
}

struct es_server *es_server_new(const char *path, const struct es_server_calls *calls)
{
    struct es_server *server = calloc(1, sizeof(*server));

    if (server == NULL)
        return NULL;
    server->calls = *calls;
    server->next_number = 1;
    server->path = strdup(path);
    server->fd = server->path == NULL ? -1 : listen_at(path);
    if (server->fd >= 0)
        return server;
    free(server->path);
    free(server);
    return NULL;
}

static void close_client(struct es_server *server, struct client *client)
{
    uint64_t number = client->number;

    close(client->fd);
    free(client->in);
    free(client->out);
    *client = (struct client){0};
    server->calls.closed(server->calls.ctx, number);
}

void es_server_free(struct es_server *server)
{
    if (server == NULL)
        return;
    for (size_t i = 0; i < ES_SERVER_CLIENTS_MAX; i++)
        if (server->clients[i].number != 0)
            close_client(server, &server->clients[i]);
    close(server->fd);
    unlink(server->path);
    free(server->path);
    free(server);
}

static bool may_talk(int fd)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
           (peer.uid == geteuid() || peer.uid == 0);
}

static void refuse(int fd)
{
    static const char busy[] =
        "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":1,\"message\":\"too many clients "
        "talk to this node\",\"data\":{\"code\":\"busy\",\"hint\":\"close one of them\"}}}\n";

    (void)send(fd, busy, sizeof(busy) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    close(fd);
}

static void accept_client(struct es_server *server)
{
    int fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    struct client *client = NULL;

    if (fd < 0)
        return;
    if (!may_talk(fd)) {
        close(fd);
        return;
    }
    for (size_t i = 0; i < ES_SERVER_CLIENTS_MAX && client == NULL; i++)
        if (server->clients[i].number == 0)
            client = &server->clients[i];
    if (client == NULL) {
        refuse(fd);
        return;
    }
    client->in = malloc(ES_CONTROL_LINE_BYTES_MAX);
    if (client->in == NULL) {
        close(fd);
        return;
    }
    client->fd = fd;
    client->number = server->next_number++;
}

/* --- Output ----------------------------------------------------------------------------------- */

static struct client *find(struct es_server *server, uint64_t number)
{
    for (size_t i = 0; i < ES_SERVER_CLIENTS_MAX; i++)
        if (number != 0 && server->clients[i].number == number)
            return &server->clients[i];
    return NULL;
}

static size_t waiting(const struct client *client)
{
    return client->out_len - client->out_at;
}

static void write_some(struct client *client)
{
    while (waiting(client) > 0) {
        ssize_t n = send(client->fd, client->out + client->out_at, waiting(client),
                         MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            /* Only a full socket is worth waiting for. */
            client->closing |= errno != EAGAIN;
            if (errno != EAGAIN)
                client->out_at = client->out_len;
            return;
        }
        client->out_at += (size_t)n;
    }
    client->out_at = client->out_len = 0;
}

static bool put(struct client *client, const char *bytes, size_t len)
{
    if (client->out_at > 0) {
        memmove(client->out, client->out + client->out_at, waiting(client));
        client->out_len -= client->out_at;
        client->out_at = 0;
    }
    if (client->out_len + len > client->out_cap) {
        size_t cap = 2 * (client->out_len + len);
        char *larger = realloc(client->out, cap);

        if (larger == NULL)
            return false;
        client->out = larger;
        client->out_cap = cap;
    }
    memcpy(client->out + client->out_len, bytes, len);
    client->out_len += len;
    return true;
}

bool es_server_answer(struct es_server *server, uint64_t number, json_t *object)
{
    struct client *client = find(server, number);
    char *line = client == NULL ? NULL : json_dumps(object, JSON_COMPACT);
    bool ok = line != NULL && put(client, line, strlen(line)) && put(client, "\n", 1);

    free(line);
    json_decref(object);
    if (ok)
        write_some(client);
    return ok;
}

bool es_server_event(struct es_server *server, uint64_t number, const char *line, size_t len)
{
    struct client *client = find(server, number);

    if (client == NULL || waiting(client) + len + 1 > ES_SERVER_OUTPUT_BYTES_MAX ||
        !put(client, line, len) || !put(client, "\n", 1))
        return false;
    write_some(client);
    return true;
}

bool es_server_busy(const struct es_server *server)
{
    for (size_t i = 0; i < ES_SERVER_CLIENTS_MAX; i++)
        if (server->clients[i].number != 0 && waiting(&server->clients[i]) > 0)
            return true;
    return false;
}

/* --- Input ------------------------------------------------------------------------------------ */

/* Gives out every whole line, as long as there is room for answers; what is left moves to the
 * front. */
static void take_lines(struct es_server *server, struct client *client)
{
    size_t at = 0;

    while (waiting(client) <= ES_SERVER_OUTPUT_BYTES_MAX) {
        char *line = client->in + at;
        char *end = memchr(line, '\n', client->in_len - at);

        if (end == NULL)
            break;
        at = (size_t)(end + 1 - client->in);
        server->calls.line(server->calls.ctx, client->number, line, (size_t)(end - line));
    }
    client->in_len -= at;
    memmove(client->in, client->in + at, client->in_len);
}

/* False when the client is lost. */
static bool read_some(struct client *client)
{
    ssize_t n = recv(client->fd, client->in + client->in_len,
                     ES_CONTROL_LINE_BYTES_MAX - client->in_len, MSG_DONTWAIT);

    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    client->ended = n == 0;
    client->in_len += (size_t)n;
    return true;
}

/* Where the next line begins is lost. */
static void refuse_long_line(struct es_server *server, struct client *client)
{
    if (client->in_len < ES_CONTROL_LINE_BYTES_MAX ||
        memchr(client->in, '\n', client->in_len) != NULL)
        return;
    server->calls.line(server->calls.ctx, client->number, NULL, client->in_len);
    client->closing = true;
    client->in_len = 0;
}

static bool reads(const struct client *client)
{
    return !client->closing && !client->ended && client->in_len < ES_CONTROL_LINE_BYTES_MAX &&
           waiting(client) <= ES_SERVER_OUTPUT_BYTES_MAX;
}

size_t es_server_pollfds(const struct es_server *server, struct pollfd *ret)
{
    size_t n = 0;

    ret[n++] = (struct pollfd){.fd = server->fd, .events = POLLIN};
    for (size_t i = 0; i < ES_SERVER_CLIENTS_MAX; i++) {
        const struct client *client = &server->clients[i];
        short events = 0;

        if (client->number == 0)
            continue;
        if (reads(client))
            events |= POLLIN;
        if (waiting(client) > 0)
            events |= POLLOUT;
        ret[n++] = (struct pollfd){.fd = client->fd, .events = events};
    }
    return n;
}

static bool is_done(const struct es_server *server, const struct client *client)
{
    if (waiting(client) > 0)
        return false;
    return client->closing ||
           (client->ended && !server->calls.waits(server->calls.ctx, client->number));
}

static void dispatch_client(struct es_server *server, struct client *client, short revents)
{
    bool lost = false;

    if (revents & POLLOUT)
        write_some(client);
    if (revents & POLLIN)
        lost = !read_some(client);
    else
        lost = (revents & (POLLHUP | POLLERR)) != 0;
    if (!lost && !client->closing) {
        take_lines(server, client);
        refuse_long_line(server, client);
    }
    if (lost || is_done(server, client))
        close_client(server, client);
}

void es_server_dispatch(struct es_server *server, const struct pollfd *fds, size_t n)
{
    for (size_t i = 1; i < n; i++)
        for (size_t k = 0; k < ES_SERVER_CLIENTS_MAX; k++)
            if (server->clients[k].number != 0 && server->clients[k].fd == fds[i].fd) {
                dispatch_client(server, &server->clients[k], fds[i].revents);
                break;
            }
    if (n > 0 && (fds[0].revents & POLLIN))
        accept_client(server);
}
