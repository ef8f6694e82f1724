/* SPDX-License-Identifier: ISC */
/* doctor.h - what stands in the way of messages on this machine and network. */
#ifndef ES_CLI_DOCTOR_H
#define ES_CLI_DOCTOR_H

#include "cli/cli.h"

enum es_finding { ES_FINDING_OK, ES_FINDING_WARN, ES_FINDING_FAIL };

struct es_doctor {
    struct es_cli *cli;
    bool failed; /* something was found that must be mended */
};

/* One finding: on the terminal a line, and under it what to do; with --json an object. hint: NULL
 * when nothing is to be done. */
void es_doctor_report(struct es_doctor *doctor, const char *check, enum es_finding state,
                      const char *hint, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* Programs, home, disk, clock. */
void es_doctor_home(struct es_doctor *doctor);

/* Interfaces, routes, other mDNS programs, firewall. */
void es_doctor_network(struct es_doctor *doctor);
void es_doctor_mdns(struct es_doctor *doctor);
void es_doctor_firewall(struct es_doctor *doctor);

#endif
