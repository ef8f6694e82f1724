/* SPDX-License-Identifier: ISC */
/* doctor_home.c - is everything installed, and can the node write? */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "cli/doctor.h"
#include "cli/duration.h"
#include "cli/instant.h"
#include "cli/spawn.h"

/* The store of carried envelopes may grow to 64 MiB; SQLite's log beside it. */
#define DISK_BYTES_WARN (256ull << 20)
#define DISK_BYTES_FAIL (16ull << 20)

/* 2025-01-01: envelopes count their time from there. */
#define EPOCH_MS 1735689600000ll

static void check_programs(struct es_doctor *doctor)
{
    char *node = es_program_find("earshotd", "EARSHOTD");
    char *net = es_program_find("earshot-net", "EARSHOT_NET");

    if (node == NULL)
        es_doctor_report(doctor, "programs", ES_FINDING_FAIL,
                         "install it beside earshot, or name it in the variable EARSHOTD",
                         "the program earshotd was not found");
    else if (net == NULL)
        es_doctor_report(doctor, "programs", ES_FINDING_FAIL,
                         "install it beside earshotd: without it the node reaches no network",
                         "the program earshot-net was not found");
    else
        es_doctor_report(doctor, "programs", ES_FINDING_OK, NULL, "%s and %s", node, net);
    free(node);
    free(net);
}

static void check_folder(struct es_doctor *doctor, const struct stat *st)
{
    const char *path = doctor->cli->home.data;

    if (!S_ISDIR(st->st_mode))
        es_doctor_report(doctor, "home", ES_FINDING_FAIL, "choose another: --home DIR",
                         "%s is no folder", path);
    else if (st->st_uid != geteuid() && geteuid() != 0)
        es_doctor_report(doctor, "home", ES_FINDING_FAIL, "choose another: --home DIR",
                         "%s belongs to somebody else", path);
    else if (access(path, W_OK | X_OK) != 0)
        es_doctor_report(doctor, "home", ES_FINDING_FAIL, "make it writable, or choose another",
                         "%s: %s", path, strerror(errno));
    else if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0)
        es_doctor_report(doctor, "home", ES_FINDING_WARN, "chmod go-w on it",
                         "others may write into %s", path);
    else
        es_doctor_report(doctor, "home", ES_FINDING_OK, NULL, "%s", path);
}

static void check_disk(struct es_doctor *doctor)
{
    struct statvfs fs;
    char size[ES_SIZE_CHARS];
    const char *hint = "free some space: what is full takes no messages, and acknowledges none";

    if (statvfs(doctor->cli->home.data, &fs) != 0)
        return;
    uint64_t available = (uint64_t)fs.f_bavail * fs.f_frsize;

    es_size_format(available, size);
    if (available < DISK_BYTES_FAIL)
        es_doctor_report(doctor, "disk", ES_FINDING_FAIL, hint, "%s are free", size);
    else if (available < DISK_BYTES_WARN)
        es_doctor_report(doctor, "disk", ES_FINDING_WARN, hint, "only %s are free", size);
    else
        es_doctor_report(doctor, "disk", ES_FINDING_OK, NULL, "%s are free", size);
}

static void check_clock(struct es_doctor *doctor)
{
    if (es_instant_now_ms() < EPOCH_MS)
        es_doctor_report(doctor, "clock", ES_FINDING_WARN,
                         "set it: until then messages carry a wrong time",
                         "the clock of this machine is years behind");
    else
        es_doctor_report(doctor, "clock", ES_FINDING_OK, NULL, "the clock is not years behind");
}

void es_doctor_home(struct es_doctor *doctor)
{
    struct stat st;

    check_programs(doctor);
    if (stat(doctor->cli->home.data, &st) != 0) {
        es_doctor_report(doctor, "home", ES_FINDING_WARN, "make an identity: earshot init",
                         "%s: %s", doctor->cli->home.data, strerror(errno));
    } else {
        check_folder(doctor, &st);
        check_disk(doctor);
    }
    check_clock(doctor);
}
