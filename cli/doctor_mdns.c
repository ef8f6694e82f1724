/* SPDX-License-Identifier: ISC */
/* doctor_mdns.c - who else listens on the port of mDNS? Two stacks on one machine take answers from
 * each other. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/doctor.h"

#define MDNS_PORT_HEX "14E9"
#define NAMES_MAX 8
#define NAME_CHARS 32

struct names {
    char of[NAMES_MAX][NAME_CHARS];
    size_t n;
};

static void add_name(struct names *names, const char *name)
{
    for (size_t i = 0; i < names->n; i++) {
        if (strcmp(names->of[i], name) == 0)
            return;
    }
    if (names->n < NAMES_MAX)
        snprintf(names->of[names->n++], NAME_CHARS, "%.*s", NAME_CHARS - 1, name);
}

/* Does this process, /proc/PID, hold the socket "socket:[INODE]"? */
static bool holds(const char *pid, const char *socket)
{
    char path[64];
    char target[64];
    bool found = false;

    snprintf(path, sizeof(path), "/proc/%.16s/fd", pid);
    DIR *folder = opendir(path);
    const struct dirent *entry;

    while (!found && folder != NULL && (entry = readdir(folder)) != NULL) {
        ssize_t len = readlinkat(dirfd(folder), entry->d_name, target, sizeof(target) - 1);

        target[len > 0 ? len : 0] = '\0';
        found = strcmp(target, socket) == 0;
    }
    if (folder != NULL)
        closedir(folder);
    return found;
}

static void read_comm(const char *pid, char ret[static NAME_CHARS])
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%.16s/comm", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd >= 0 ? read(fd, ret, NAME_CHARS - 1) : 0;

    if (fd >= 0)
        close(fd);
    ret[len > 0 ? len : 0] = '\0';
    ret[strcspn(ret, "\n")] = '\0';
}

/* The program that has a socket: others' sockets are seen by root alone, then by their owner. */
static void name_owner(const char *inode, const char *uid_text, char ret[static NAME_CHARS])
{
    char socket[48];
    DIR *proc = opendir("/proc");
    const struct dirent *entry;

    snprintf(socket, sizeof(socket), "socket:[%.24s]", inode);
    ret[0] = '\0';
    while (proc != NULL && ret[0] == '\0' && (entry = readdir(proc)) != NULL) {
        if (isdigit((unsigned char)entry->d_name[0]) && holds(entry->d_name, socket))
            read_comm(entry->d_name, ret);
    }
    if (proc != NULL)
        closedir(proc);
    if (ret[0] != '\0')
        return;
    const struct passwd *owner = getpwuid((uid_t)strtoul(uid_text, NULL, 10));

    snprintf(ret, NAME_CHARS, "a program of %.16s", owner != NULL ? owner->pw_name : uid_text);
}

/* Columns of /proc/net/udp: number, local address, remote, state, queues, timer, retransmissions,
 * owner, timeout, inode. */
static void take_socket(struct names *names, char *line)
{
    enum { LOCAL = 1, OWNER = 7, INODE = 9, COLUMNS = 10 };
    char *columns[COLUMNS];
    char *rest = NULL;
    char name[NAME_CHARS];
    size_t n = 0;

    for (char *word = strtok_r(line, " ", &rest); word != NULL && n < COLUMNS;
         word = strtok_r(NULL, " ", &rest))
        columns[n++] = word;
    if (n < COLUMNS)
        return;
    const char *port = strrchr(columns[LOCAL], ':');

    if (port == NULL || strcmp(port + 1, MDNS_PORT_HEX) != 0)
        return;
    name_owner(columns[INODE], columns[OWNER], name);
    if (strcmp(name, "earshot-net") != 0)
        add_name(names, name);
}

static void take_sockets(struct names *names, const char *path)
{
    FILE *file = fopen(path, "re");
    char line[512];

    while (file != NULL && fgets(line, sizeof(line), file) != NULL)
        take_socket(names, line);
    if (file != NULL)
        fclose(file);
}

static void report(struct es_doctor *doctor, const char *name)
{
    if (strstr(name, "avahi") != NULL)
        es_doctor_report(doctor, "mdns", ES_FINDING_OK, NULL,
                         "%s answers mDNS here; with method = auto the node gets on with it", name);
    else
        es_doctor_report(doctor, "mdns", ES_FINDING_WARN,
                         "if people are found late or not at all, stop it and look again",
                         "%s listens on the port of mDNS too, and may take answers away", name);
}

void es_doctor_mdns(struct es_doctor *doctor)
{
    struct names names = {.n = 0};

    take_sockets(&names, "/proc/net/udp");
    take_sockets(&names, "/proc/net/udp6");
    for (size_t i = 0; i < names.n; i++)
        report(doctor, names.of[i]);
    if (names.n == 0)
        es_doctor_report(doctor, "mdns", ES_FINDING_OK, NULL,
                         "no other program listens on the port of mDNS");
}
