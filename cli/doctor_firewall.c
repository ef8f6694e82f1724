/* SPDX-License-Identifier: ISC */
/* doctor_firewall.c - does this machine's firewall keep others out? */
#include <string.h>
#include <unistd.h>

#include "cli/doctor.h"
#include "cli/spawn.h"

#define ALLOW_HINT "allow in: UDP port 5353, TCP ports 42000-42099 (ports in earshot.conf)"

/* What a ruleset does with mDNS that comes in, as far as its text tells. */
struct rules {
    bool drops_by_default; /* a chain of the hook `input` ends with drop */
    bool names_drop;       /* a rule drops or rejects port 5353          */
    bool names_accept;     /* a rule accepts it                          */
};

static bool has(const char *line, const char *word)
{
    return strstr(line, word) != NULL;
}

static void take_rule(struct rules *rules, const char *line)
{
    bool mdns = has(line, "5353") || has(line, "mdns");

    if (has(line, "hook input") && has(line, "policy drop"))
        rules->drops_by_default = true;
    if (mdns && (has(line, " drop") || has(line, " reject")))
        rules->names_drop = true;
    if (mdns && has(line, " accept"))
        rules->names_accept = true;
}

static void take_rules(struct rules *rules, char *text)
{
    char *rest = NULL;

    for (const char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest))
        take_rule(rules, line);
}

static void report(struct es_doctor *doctor, const struct rules *rules)
{
    if (rules->names_drop)
        es_doctor_report(doctor, "firewall", ES_FINDING_FAIL, ALLOW_HINT,
                         "a rule of nftables drops mDNS");
    else if (rules->drops_by_default && !rules->names_accept)
        es_doctor_report(doctor, "firewall", ES_FINDING_WARN, ALLOW_HINT,
                         "nftables drops what no rule allows, and none allows mDNS");
    else
        es_doctor_report(doctor, "firewall", ES_FINDING_OK, NULL, "nftables lets mDNS in");
}

static bool ask_nft(struct es_doctor *doctor)
{
    static const char *const args[] = {"list", "ruleset", NULL};
    const struct es_program nft = {.path = "/usr/sbin/nft", .passphrase_fd = -1};
    struct es_program_output output = {0};
    struct rules rules = {0};

    if (geteuid() != 0 || access(nft.path, X_OK) != 0 || es_program_run(&nft, args, &output) != 0)
        return false;
    bool answered = output.status == 0;

    if (answered) {
        take_rules(&rules, output.out);
        report(doctor, &rules);
    }
    es_program_output_done(&output);
    return answered;
}

static bool ufw_is_on(void)
{
    FILE *file = fopen("/etc/ufw/ufw.conf", "re");
    char line[256];
    bool on = false;

    while (file != NULL && fgets(line, sizeof(line), file) != NULL)
        on = on || strncmp(line, "ENABLED=yes", strlen("ENABLED=yes")) == 0;
    if (file != NULL)
        fclose(file);
    return on;
}

void es_doctor_firewall(struct es_doctor *doctor)
{
    if (ufw_is_on())
        es_doctor_report(doctor, "firewall", ES_FINDING_WARN,
                         "unless done: ufw allow 5353/udp; ufw allow 42000:42099/tcp", "ufw is on");
    else if (access("/run/firewalld", F_OK) == 0)
        es_doctor_report(doctor, "firewall", ES_FINDING_WARN,
                         "unless done: firewall-cmd --add-service=mdns --add-port=42000-42099/tcp",
                         "firewalld is on");
    else if (!ask_nft(doctor))
        es_doctor_report(doctor, "firewall", ES_FINDING_OK, NULL,
                         "no firewall was seen (root sees more: sudo earshot doctor)");
}
