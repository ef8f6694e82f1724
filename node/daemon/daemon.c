/* SPDX-License-Identifier: ISC */
/* daemon.c - the loop: inputs that have arrived, then what follows from them. It never waits for
 * company: a single message goes at once, what arrives while it is written shares the next batch. */
#include "node/daemon/daemon.h"

#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "node/daemon/log.h"
#include "node/daemon/rpc.h"

/* What is left to say when the node stops: goodbyes on links, answers to clients. */
#define STOP_MS_MAX 2000

/* A path, or a line of the configuration, need not be UTF-8. */
static json_t *printable(const char *text)
{
    char ascii[1024];
    json_t *string = json_string(text);
    size_t i;

    if (string != NULL)
        return string;
    for (i = 0; text[i] != '\0' && i < sizeof(ascii) - 1; i++)
        ascii[i] = (char)((text[i] & 0x80) != 0 ? '?' : text[i]);
    ascii[i] = '\0';
    return json_string(ascii);
}

void es_daemon_error(const char *code, const char *message, const char *hint)
{
    json_t *object = json_pack("{s:s, s:o, s:o}", "error", code, "message", printable(message),
                               "hint", hint == NULL ? json_null() : printable(hint));

    json_dumpf(object, stderr, JSON_COMPACT);
    fputc('\n', stderr);
    json_decref(object);
}

/* --- What the parts report ------------------------------------------------------------------------ */

static void on_order(void *ctx, const struct es_order *order)
{
    struct es_daemon *daemon = ctx;

    es_network_order(daemon->network, order);
}

static void on_event(void *ctx, const struct es_event *event)
{
    es_rpc_event(ctx, event);
}

/* The network process has listeners and links of the core that is gone. */
static void on_restored(void *ctx)
{
    struct es_daemon *daemon = ctx;

    es_network_stop(daemon->network);
    memset(daemon->lasting_ports, 0, sizeof(daemon->lasting_ports));
    es_rpc_restored(daemon);
}

static void on_started(void *ctx)
{
    struct es_daemon *daemon = ctx;

    es_node_network_started(daemon->node);
}

static void on_report(void *ctx, const struct es_report *report)
{
    struct es_daemon *daemon = ctx;

    es_node_report(daemon->node, report);
}

static void on_line(void *ctx, uint64_t client, const char *line, size_t len)
{
    es_rpc_line(ctx, client, line, len);
}

static void on_closed(void *ctx, uint64_t client)
{
    struct es_daemon *daemon = ctx;

    es_calls_remove_client(&daemon->calls, client);
    es_stream_forget(daemon->stream, client);
}

static bool still_waits(void *ctx, uint64_t client)
{
    struct es_daemon *daemon = ctx;

    return es_calls_has_client(&daemon->calls, client) || es_stream_listens(daemon->stream, client);
}

/* --- Signals -------------------------------------------------------------------------------------- */

static int open_signals(void)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaction(SIGPIPE, &ignore, NULL);
    sigaction(SIGHUP, &ignore, NULL);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void take_signal(struct es_daemon *daemon, int fd)
{
    struct es_command stop = {.kind = ES_CMD_STOP};
    struct signalfd_siginfo info;

    if (read(fd, &info, sizeof(info)) != sizeof(info) || daemon->stopping)
        return;
    daemon->stopping = true;
    es_node_command(daemon->node, &stop);
}

/* --- The loop ------------------------------------------------------------------------------------- */

enum { SIGNALS, WRITER, HISTORY, NETWORK, SERVER }; /* places in the array of descriptors */

/* The clock of poll() stands still while the machine sleeps, that of the node does not: so long at most
 * until it notices. */
#define TURN_MS_MAX 5000

static int timeout_ms(struct es_daemon *daemon)
{
    uint64_t now_ms = es_node_now_ms();
    uint64_t at_ms = es_node_wake_at(daemon->node);
    uint64_t calls_ms = es_calls_wake_at(&daemon->calls);
    uint64_t network_ms = es_network_wake_at(daemon->network);

    if (calls_ms < at_ms)
        at_ms = calls_ms;
    if (es_node_ready(daemon->node) && network_ms < at_ms)
        at_ms = network_ms;
    if (daemon->stopping)
        return 50;
    if (at_ms <= now_ms)
        return 0;
    return at_ms - now_ms > TURN_MS_MAX ? TURN_MS_MAX : (int)(at_ms - now_ms);
}

static void turn(struct es_daemon *daemon, int signals)
{
    struct pollfd fds[SERVER + ES_SERVER_CLIENTS_MAX + 1];
    size_t n_server;

    if (es_node_ready(daemon->node) && !daemon->stopping)
        es_network_turn(daemon->network, es_node_now_ms());
    es_node_turn(daemon->node);
    if (es_node_broken(daemon->node))
        return;
    es_network_flush(daemon->network);
    fds[SIGNALS] = (struct pollfd){.fd = signals, .events = POLLIN};
    fds[WRITER] = (struct pollfd){.fd = es_node_fd(daemon->node), .events = POLLIN};
    fds[HISTORY] = (struct pollfd){.fd = es_history_fd(daemon->history), .events = POLLIN};
    fds[NETWORK] = es_network_pollfd(daemon->network);
    n_server = es_server_pollfds(daemon->server, &fds[SERVER]);
    if (poll(fds, SERVER + n_server, timeout_ms(daemon)) < 0)
        return; /* EINTR: the next turn polls again */
    if (fds[SIGNALS].revents)
        take_signal(daemon, signals);
    if (fds[WRITER].revents)
        es_node_results(daemon->node);
    if (fds[HISTORY].revents)
        es_rpc_pages(daemon);
    if (fds[NETWORK].revents)
        es_network_dispatch(daemon->network, fds[NETWORK].revents, es_node_now_ms());
    es_rpc_timer(daemon);
    es_server_dispatch(daemon->server, &fds[SERVER], n_server);
    es_stream_pump(daemon->stream);
}

/* Until everything is said, or two seconds have passed. */
static void stop(struct es_daemon *daemon, int signals)
{
    uint64_t until_ms = es_node_now_ms() + STOP_MS_MAX;
    bool idle = es_node_broken(daemon->node);

    es_rpc_stopping(daemon);
    while (!idle && es_node_now_ms() < until_ms) {
        turn(daemon, signals);
        idle = es_node_broken(daemon->node) ||
               (es_node_idle(daemon->node) && !es_server_busy(daemon->server) &&
                !(es_network_pollfd(daemon->network).events & POLLOUT));
    }
}

static void loop(struct es_daemon *daemon, int signals)
{
    uint64_t trim_ms = 0;

    while (!daemon->stopping && !es_node_broken(daemon->node)) {
        turn(daemon, signals);
        if (es_node_now_ms() >= trim_ms) {
            es_log_trim();
            trim_ms = es_node_now_ms() + 3600000;
        }
    }
    stop(daemon, signals);
}

/* --- Making it ------------------------------------------------------------------------------------ */

static bool make_parts(struct es_daemon *daemon)
{
    const struct es_node_calls node_calls = {
        .ctx = daemon, .order = on_order, .event = on_event, .restored = on_restored};
    const struct es_network_calls network_calls = {
        .ctx = daemon, .started = on_started, .report = on_report};
    const struct es_server_calls server_calls = {
        .ctx = daemon, .line = on_line, .closed = on_closed, .waits = still_waits};
    enum es_err err;

    daemon->history = es_history_new(daemon->store);
    daemon->network = es_network_new(daemon->options.net, &network_calls);
    if (daemon->history == NULL || daemon->network == NULL || !es_calls_init(&daemon->calls)) {
        es_daemon_error("memory", es_err_text(ES_E_MEMORY), NULL);
        return false;
    }
    daemon->node = es_node_new(daemon->store, &daemon->config->settings, &node_calls, &err);
    if (daemon->node == NULL) {
        es_daemon_error(es_err_code(err), es_err_text(err), NULL);
        return false;
    }
    daemon->server = es_server_new(daemon->options.socket, &server_calls);
    if (daemon->server == NULL) {
        es_daemon_error("socket", strerror(errno), daemon->options.socket);
        return false;
    }
    daemon->stream = es_stream_new(daemon->server);
    if (daemon->stream == NULL)
        es_daemon_error("memory", es_err_text(ES_E_MEMORY), NULL);
    return daemon->stream != NULL;
}

static void free_parts(struct es_daemon *daemon)
{
    es_server_free(daemon->server);
    es_stream_free(daemon->stream);
    es_network_free(daemon->network);
    es_node_free(daemon->node);
    es_calls_done(&daemon->calls);
    es_history_free(daemon->history);
}

static void apply_name(struct es_daemon *daemon)
{
    struct es_command name = {.kind = ES_CMD_NAME};
    struct es_self_view self;

    es_core_self(es_node_core(daemon->node), &self);
    if (daemon->config->name[0] == '\0' || strcmp(self.name, daemon->config->name) == 0)
        return;
    name.name = es_slice(daemon->config->name, strlen(daemon->config->name));
    es_node_command(daemon->node, &name);
}

static void tell_ready(int fd)
{
    if (fd < 0)
        return;
    (void)!write(fd, "", 1);
    close(fd);
}

int es_daemon_run(struct es_store *store, const struct es_config *config,
                  const struct es_daemon_options *options)
{
    struct es_daemon daemon = {.options = *options, .config = config, .store = store};
    int signals = open_signals();
    int result = 1;

    if (signals >= 0 && make_parts(&daemon)) {
        apply_name(&daemon);
        es_log("started");
        tell_ready(options->ready_fd);
        loop(&daemon, signals);
        es_log("stopped");
        result = es_node_broken(daemon.node) ? 1 : 0;
    }
    free_parts(&daemon);
    if (signals >= 0)
        close(signals);
    return result;
}
