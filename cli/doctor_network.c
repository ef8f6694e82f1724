/* SPDX-License-Identifier: ISC */
/* doctor_network.c - can multicast leave this machine, and does anything come back? */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <limits.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/doctor.h"
#include "cli/instant.h"

#define MDNS_PORT 5353
#define MDNS_GROUP 0xe00000fbu /* 224.0.0.251 */

/* Printers and televisions take this long at most to answer a question (RFC 6762, section 6). */
#define ANSWERS_WAIT_MS 1000
#define ANSWERERS_MAX 64

/* --- interfaces -------------------------------------------------------------------------------- */

static bool has_address(const struct ifaddrs *all, const char *name)
{
    for (; all != NULL; all = all->ifa_next) {
        if (all->ifa_addr != NULL && strcmp(all->ifa_name, name) == 0 &&
            (all->ifa_addr->sa_family == AF_INET || all->ifa_addr->sa_family == AF_INET6))
            return true;
    }
    return false;
}

/* A tunnel: an end at each side, or no hardware (then its entry may lack an address, too). */
static bool is_tunnel(const struct ifaddrs *interface)
{
    const struct sockaddr_ll *link = (const struct sockaddr_ll *)interface->ifa_addr;

    if ((interface->ifa_flags & IFF_POINTOPOINT) != 0 || link == NULL)
        return true;
    return link->sll_family == AF_PACKET &&
           (link->sll_hatype == ARPHRD_NONE || link->sll_hatype == ARPHRD_PPP);
}

static bool is_candidate(const struct ifaddrs *interface)
{
    return interface->ifa_addr != NULL && interface->ifa_addr->sa_family == AF_PACKET &&
           (interface->ifa_flags & IFF_UP) != 0 && (interface->ifa_flags & IFF_LOOPBACK) == 0;
}

/* Is this interface one that finds people? */
static bool check_interface(struct es_doctor *doctor, const struct ifaddrs *all,
                            const struct ifaddrs *interface)
{
    const char *name = interface->ifa_name;

    if (is_tunnel(interface))
        return false;
    if ((interface->ifa_flags & IFF_RUNNING) == 0) {
        es_doctor_report(doctor, "interfaces", ES_FINDING_WARN, "plug it in, or join a network",
                         "%s is up, but not connected", name);
        return false;
    }
    if ((interface->ifa_flags & IFF_MULTICAST) == 0) {
        es_doctor_report(doctor, "interfaces", ES_FINDING_WARN, "ip link set it multicast on",
                         "%s does not multicast", name);
        return false;
    }
    if (!has_address(all, name)) {
        es_doctor_report(doctor, "interfaces", ES_FINDING_WARN,
                         "wait for DHCP, or give it a link-local address", "%s has no address",
                         name);
        return false;
    }
    es_doctor_report(doctor, "interfaces", ES_FINDING_OK, NULL, "%s can multicast", name);
    return true;
}

/* --- routes ------------------------------------------------------------------------------------ */

/* The first entry of an interface is the one of the link itself. */
static const struct ifaddrs *find_link(const struct ifaddrs *all, const char *name)
{
    while (all != NULL && strcmp(all->ifa_name, name) != 0)
        all = all->ifa_next;
    return all;
}

/* The line of a route as /proc/net/route has it: to everywhere, or to one half of everywhere. */
static bool is_default_route(char *line, char ret_name[static IF_NAMESIZE])
{
    char *rest = NULL;
    const char *name = strtok_r(line, "\t ", &rest);
    const char *destination = strtok_r(NULL, "\t ", &rest);

    if (name == NULL || destination == NULL)
        return false;
    snprintf(ret_name, IF_NAMESIZE, "%s", name);
    return strcmp(destination, "00000000") == 0 || strcmp(destination, "00000080") == 0;
}

static void check_routes(struct es_doctor *doctor, const struct ifaddrs *all)
{
    FILE *file = fopen("/proc/net/route", "re");
    char line[256];
    char name[IF_NAMESIZE];
    char tunnel[IF_NAMESIZE] = "";

    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        const struct ifaddrs *link = is_default_route(line, name) ? find_link(all, name) : NULL;

        if (link != NULL && is_tunnel(link))
            snprintf(tunnel, sizeof(tunnel), "%s", name);
    }
    if (file != NULL)
        fclose(file);
    if (tunnel[0] != '\0')
        es_doctor_report(doctor, "vpn", ES_FINDING_WARN,
                         "let the VPN leave the local network alone (\"allow LAN access\")",
                         "a VPN takes what goes out: %s", tunnel);
    else
        es_doctor_report(doctor, "vpn", ES_FINDING_OK, NULL, "no VPN takes the default route");
}

/* --- a question to everybody --------------------------------------------------------------------- */

/* "Which services are there?", to be answered to the asker alone (RFC 6763, section 9). It says
 * nothing about who asks or why. */
static const unsigned char question[] = "\0\0\0\0\0\1\0\0\0\0\0\0"
                                        "\x09_services\x07_dns-sd\x04_udp\x05local\0\0\x0c\x80\x01";

static int ask_on(unsigned index)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct ip_mreqn via = {.imr_ifindex = (int)index};
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(MDNS_PORT), .sin_addr.s_addr = htonl(MDNS_GROUP)};

    if (fd < 0)
        return -errno;
    if (setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &via, sizeof(via)) != 0 ||
        sendto(fd, question, sizeof(question) - 1, 0, (const struct sockaddr *)&to, sizeof(to)) <
            0) {
        int rc = -errno;

        close(fd);
        return rc;
    }
    return fd;
}

static bool is_own(const struct ifaddrs *all, in_addr_t address)
{
    for (; all != NULL; all = all->ifa_next) {
        if (all->ifa_addr != NULL && all->ifa_addr->sa_family == AF_INET &&
            ((const struct sockaddr_in *)all->ifa_addr)->sin_addr.s_addr == address)
            return true;
    }
    return false;
}

struct answerers {
    in_addr_t addresses[ANSWERERS_MAX];
    size_t n;
};

static void count_answer(struct answerers *answerers, in_addr_t address)
{
    for (size_t i = 0; i < answerers->n; i++) {
        if (answerers->addresses[i] == address)
            return;
    }
    if (answerers->n < ANSWERERS_MAX)
        answerers->addresses[answerers->n++] = address;
}

static size_t count_answers(int fd, const struct ifaddrs *all)
{
    struct answerers answerers = {.n = 0};
    int64_t end_ms = es_monotonic_ms() + ANSWERS_WAIT_MS;
    int64_t left_ms;

    while ((left_ms = end_ms - es_monotonic_ms()) > 0) {
        struct pollfd pfd = {.fd = fd, .events = POLLIN};
        struct sockaddr_in from = {0};
        socklen_t from_len = sizeof(from);
        char byte;

        if (poll(&pfd, 1, (int)left_ms) > 0 &&
            recvfrom(fd, &byte, 1, 0, (struct sockaddr *)&from, &from_len) >= 0 &&
            !is_own(all, from.sin_addr.s_addr))
            count_answer(&answerers, from.sin_addr.s_addr);
    }
    return answerers.n;
}

static void check_multicast(struct es_doctor *doctor, const struct ifaddrs *all, const char *name)
{
    int fd = ask_on(if_nametoindex(name));

    if (fd < 0) {
        es_doctor_report(doctor, "multicast", ES_FINDING_FAIL,
                         fd == -EPERM ? "a firewall forbids it: allow UDP port 5353 out"
                                      : "see: ip route get 224.0.0.251",
                         "nothing can be sent by %s: %s", name, strerror(-fd));
        return;
    }
    size_t n = count_answers(fd, all);

    close(fd);
    if (n > 0)
        es_doctor_report(doctor, "multicast", ES_FINDING_OK, NULL, "%zu device%s answered on %s", n,
                         n == 1 ? "" : "s", name);
    else
        es_doctor_report(doctor, "multicast", ES_FINDING_WARN,
                         "if others are there: the access point may isolate its guests, or drop "
                         "multicast; earshot invite and earshot connect need none",
                         "no other device answered on %s", name);
}

void es_doctor_network(struct es_doctor *doctor)
{
    struct ifaddrs *all = NULL;
    bool usable = false;

    if (getifaddrs(&all) != 0) {
        es_doctor_report(doctor, "interfaces", ES_FINDING_FAIL, NULL, "getifaddrs: %s",
                         strerror(errno));
        return;
    }
    for (const struct ifaddrs *each = all; each != NULL; each = each->ifa_next) {
        if (!is_candidate(each) || !check_interface(doctor, all, each))
            continue;
        usable = true;
        check_multicast(doctor, all, each->ifa_name);
    }
    if (!usable)
        es_doctor_report(doctor, "interfaces", ES_FINDING_FAIL, "join a network: Wi-Fi or cable",
                         "no interface is connected and can multicast");
    check_routes(doctor, all);
    freeifaddrs(all);
}
