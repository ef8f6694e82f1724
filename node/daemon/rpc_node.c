/* SPDX-License-Identifier: ISC */
/* rpc_node.c - methods about this node and its place in the network. */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "earshot_version.h"
#include "node/daemon/json.h"
#include "node/daemon/rpc.h"
#include "node/wire/endpoint.h"

/* How long a network may take before something counts as wrong. */
#define SETTLE_MS 10000

/* --- status ------------------------------------------------------------------------------------- */

static void add_endpoint(json_t *endpoints, const char *host, uint16_t port,
                         const struct es_dh_public *key)
{
    char text[ES_ENDPOINT_TEXT_BYTES_MAX];
    struct es_endpoint endpoint = {.port = port};

    snprintf(endpoint.host, sizeof(endpoint.host), "%s", host);
    es_endpoint_format(&endpoint, key, text);
    json_array_append_new(endpoints, json_string(text));
}

/* Every address of this machine that others can dial. */
static void add_own_addresses(json_t *endpoints, uint16_t port, const struct es_dh_public *key)
{
    struct ifaddrs *list;

    if (getifaddrs(&list) != 0)
        return;
    for (const struct ifaddrs *at = list; at != NULL; at = at->ifa_next) {
        char host[INET_ADDRSTRLEN];

        if (at->ifa_addr == NULL || at->ifa_addr->sa_family != AF_INET ||
            !(at->ifa_flags & IFF_UP) || (at->ifa_flags & IFF_LOOPBACK))
            continue;
        inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)at->ifa_addr)->sin_addr,
                  host, sizeof(host));
        add_endpoint(endpoints, host, port, key);
    }
    freeifaddrs(list);
}

json_t *es_rpc_endpoints(const struct es_request_call *call)
{
    const struct es_daemon *daemon = call->daemon;
    const struct es_config *config = daemon->config;
    struct es_dh_public key = es_mesh_lasting_key(es_core_mesh(call->core));
    json_t *endpoints = json_array();

    for (size_t i = 0; i < config->n_lasting; i++) {
        if (daemon->lasting_ports[i] == 0)
            continue;
        if (config->lasting[i].host[0] != '\0')
            add_endpoint(endpoints, config->lasting[i].host, daemon->lasting_ports[i], &key);
        else
            add_own_addresses(endpoints, daemon->lasting_ports[i], &key);
    }
    return endpoints;
}

/* Switched on, and nothing has been heard of it since the network process started. */
static bool is_discovery_starting(const struct es_daemon *daemon,
                                  const struct es_discovery_state *state)
{
    return state->method == ES_DISCOVERY_OFF && daemon->config->settings.method != ES_DISCOVERY_OFF;
}

static json_t *discovery_of(const struct es_daemon *daemon, const struct es_core *core)
{
    static const char *const methods[] = {[ES_DISCOVERY_OFF] = "off",
                                          [ES_DISCOVERY_EMBEDDED] = "embedded",
                                          [ES_DISCOVERY_AVAHI_DAEMON] = "avahi-daemon",
                                          [ES_DISCOVERY_AUTO] = "auto"};
    const struct es_mesh *mesh = es_core_mesh(core);
    struct es_advert_view advert;
    struct es_mesh_view view;
    const char *method;
    size_t at = 0, n = 0;

    es_mesh_view(mesh, &view);
    method = is_discovery_starting(daemon, &view.discovery) ? "starting"
                                                            : methods[view.discovery.method];
    while (es_mesh_advert_next(mesh, &at, &advert))
        n++;
    return json_pack("{s:s, s:i, s:s?}", "method", method, "seen", (int)n, "problem",
                     view.discovery.problem[0] == '\0' ? NULL : view.discovery.problem);
}

static void method_status(struct es_request_call *call)
{
    struct es_self_view self;

    es_core_self(call->core, &self);
    es_rpc_result(
        call,
        json_pack("{s:b, s:o, s:i, s:o, s:i, s:i, s:i, s:i, s:{s:i, s:i}, s:s, s:o, s:o, s:s}",
                  "running", 1, "name", es_json_text(es_slice(self.name, strlen(self.name))), "pid",
                  (int)getpid(), "visible_until", es_json_time(self.visible_until_ms), "links",
                  (int)self.links, "neighbours", (int)self.neighbours, "queued", (int)self.queued,
                  "requests", (int)self.requests, "carrying", "envelopes", 0, "bytes", 0, "at_rest",
                  call->daemon->options.passphrase ? "passphrase" : "keyfile", "endpoints",
                  es_rpc_endpoints(call), "discovery", discovery_of(call->daemon, call->core),
                  "version", ES_VERSION));
}

/* --- Identity and visibility --------------------------------------------------------------------- */

static void method_id(struct es_request_call *call)
{
    es_rpc_result(call, es_json_self(call->core));
}

static void method_name(struct es_request_call *call)
{
    struct es_command command = {.kind = ES_CMD_NAME};

    if (es_param_text(call, "name", &command.name))
        es_rpc_command(call, &command);
}

static void method_visible(struct es_request_call *call)
{
    struct es_command command = {.kind = ES_CMD_VISIBLE};

    if (!es_param_given(call, "for_ms"))
        es_rpc_usage(call, "for_ms", "is missing");
    else if (es_param_number(call, "for_ms", 0, ES_VISIBLE_MS_MAX, &command.visible_for_ms))
        es_rpc_command(call, &command);
}

/* --- Mesh --------------------------------------------------------------------------------------- */

static void method_mesh(struct es_request_call *call)
{
    struct es_link_view link;
    struct es_rpc_list list;
    json_t *page;
    size_t at = 0;

    if (!es_rpc_list_begin(call, &list))
        return;
    while (es_mesh_link_next(es_core_mesh(call->core), &at, &link))
        if (link.up && es_rpc_list_wants(&list, at))
            es_rpc_list_add(&list, es_json_link(call->core, &link));
    page = es_rpc_list_end(&list);
    json_object_set_new(page, "carrying", json_pack("{s:i, s:i}", "envelopes", 0, "bytes", 0));
    es_rpc_result(call, page);
}

static void method_stats(struct es_request_call *call)
{
    json_t *counters = es_json_counters(es_core_counters(call->core));

    json_object_set_new(counters, "network_process_deaths",
                        json_integer(es_network_deaths(call->daemon->network)));
    es_rpc_result(call, json_pack("{s:o}", "counters", counters));
}

static void method_connect(struct es_request_call *call)
{
    struct es_command command = {.kind = ES_CMD_CONNECT};
    struct es_slice text;

    if (!es_param_text(call, "endpoint", &text))
        return;
    if (!es_endpoint_parse((const char *)text.ptr, &command.connect.at, &command.connect.key))
        es_rpc_refuse(call, ES_E_ENDPOINT, es_slice(NULL, 0));
    else
        es_rpc_command(call, &command);
}

static void method_stop(struct es_request_call *call)
{
    struct es_command command = {.kind = ES_CMD_STOP};
    bool says_goodbye = es_node_ready(call->daemon->node) && !call->daemon->stopping;

    if (says_goodbye)
        es_rpc_command(call, &command);
    else
        es_rpc_result(call, json_object());
    call->daemon->stopping = true;
}

/* --- doctor ------------------------------------------------------------------------------------- */

static void finding(json_t *rows, const char *check, const char *state, const char *text,
                    const char *hint)
{
    json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:s?}", "check", check, "state", state,
                                          "finding", text, "hint", hint));
}

/* Ours comes back to us as to everybody else: where it does not, nobody hears it. */
static void check_advert(const struct es_mesh_view *view, bool settled, json_t *rows)
{
    const char *state = settled ? "fail" : "warn";

    if (view->discovery.published && view->discovery.own_heard)
        finding(rows, "advert", "ok", "this node's advert is published, and heard", NULL);
    else if (view->discovery.published)
        finding(rows, "advert", state, "this node's advert is published, but not heard",
                settled
                    ? "allow UDP port 5353 in and out in the firewall; till then: earshot connect"
                    : "it has just started: try again in some seconds");
    else
        finding(rows, "advert", state, "this node's advert is not published",
                settled ? "set another method in [discovery], or use earshot connect"
                        : "it has just started: try again in some seconds");
}

static void check_discovery(const struct es_daemon *daemon, const struct es_core *core,
                            bool settled, json_t *rows)
{
    struct es_mesh_view view;

    es_mesh_view(es_core_mesh(core), &view);
    if (is_discovery_starting(daemon, &view.discovery))
        finding(rows, "discovery", settled ? "fail" : "warn", "discovery has not started yet",
                settled ? "see the log" : "try again in some seconds");
    else if (view.discovery.method == ES_DISCOVERY_OFF)
        finding(rows, "discovery", "warn", "discovery is switched off",
                "people are found by address only: earshot connect; or set method = auto in "
                "[discovery]");
    else if (view.discovery.problem[0] != '\0')
        finding(rows, "discovery", "fail", view.discovery.problem,
                "bring an interface with multicast up, or use earshot connect");
    else
        check_advert(&view, settled, rows);
}

static void check_links(const struct es_core *core, bool settled, json_t *rows)
{
    const struct es_mesh *mesh = es_core_mesh(core);
    struct es_advert_view advert;
    struct es_link_view link;
    size_t at = 0, n_adverts = 0, n_up = 0;
    char text[128];

    while (es_mesh_advert_next(mesh, &at, &advert))
        n_adverts++;
    for (at = 0; es_mesh_link_next(mesh, &at, &link);)
        n_up += link.up;
    snprintf(text, sizeof(text), "%zu advert%s heard, %zu link%s up", n_adverts,
             n_adverts == 1 ? "" : "s", n_up, n_up == 1 ? "" : "s");
    if (n_adverts > 0 && n_up == 0)
        finding(rows, "links", settled ? "fail" : "warn", text,
                "adverts arrive but no link comes up: the network isolates its clients from each "
                "other, or a firewall blocks the ports of earshot.conf");
    else
        finding(rows, "links", "ok", text, NULL);
}

static void check_database(const struct es_daemon *daemon, json_t *rows)
{
    if (es_node_disk_full(daemon->node))
        finding(rows, "database", "fail", "the disk is full: nothing acknowledged is lost",
                "free some space; the node goes on by itself");
    else if (!es_node_ready(daemon->node))
        finding(rows, "database", "fail", "it cannot be written now; nothing acknowledged is lost",
                "see the log");
    else
        finding(rows, "database", "ok", "it takes what is written", NULL);
}

static void check_process(const struct es_network *network, json_t *rows)
{
    uint32_t deaths = es_network_deaths(network);
    char text[128];

    snprintf(text, sizeof(text), "the network process was started again %u time%s", deaths,
             deaths == 1 ? "" : "s");
    if (es_network_pollfd(network).fd < 0)
        finding(rows, "network process", "fail", "the network process is not running",
                "it is started again by itself; if it stays so: see the log");
    else
        finding(rows, "network process", deaths > 3 ? "warn" : "ok", text,
                deaths > 3 ? "somebody may be attacking it: see earshot stats" : NULL);
}

static void method_doctor(struct es_request_call *call)
{
    const struct es_network *network = call->daemon->network;
    bool settled = es_network_age_ms(network, es_node_now_ms()) >= SETTLE_MS;
    json_t *rows = json_array();

    check_discovery(call->daemon, call->core, settled, rows);
    check_links(call->core, settled, rows);
    check_database(call->daemon, rows);
    check_process(network, rows);
    es_rpc_result(call, es_rpc_page(rows));
}

const struct es_method es_methods_node[] = {
    {"status", method_status},   {"id", method_id},
    {"name", method_name},       {"visible", method_visible},
    {"mesh", method_mesh},       {"stats", method_stats},
    {"connect", method_connect}, {"stop", method_stop},
    {"doctor", method_doctor},   {NULL, NULL},
};
