/* SPDX-License-Identifier: ISC */
/* main.c - earshot-sim: worlds of several nodes from a seed. */
#include <errno.h>
#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/world.h"

#define EXIT_VIOLATION 1
#define EXIT_USAGE 125

/* One segment: every node hears of every other. */
#define NODES_MAX 10000

static const char usage[] =
    "usage: earshot-sim swarm [--seeds N] [--first SEED] [--nodes N] [--twice]\n"
    "                         [--store memory|sqlite] [--trace] [--send-before-commit]\n"
    "\n"
    "Runs N worlds (1 unless given), one per seed from SEED (1 unless given) on. Each draws its\n"
    "nodes, faults and texts from its seed and checks that every text is shown exactly once, in\n"
    "order, and that what was reported delivered is on disk.\n"
    "\n"
    "  --nodes N             as many, whatever the seed says; of more than 16 hidden people not\n"
    "                        all come to share a link, and L1 says so\n"
    "  --store sqlite        nodes keep their rows in the real store, on disks that fail, fill up, "
    "lose\n"
    "                        power and go back to older images; without it in memory\n"
    "  --twice               run each seed twice and compare the hashes of all events\n"
    "  --trace               print everything that happens\n"
    "  --send-before-commit  a daemon that sends before it commits: must be found\n"
    "\n"
    "Exit code: 0 all held, 1 a check failed, 5 a seed ran differently twice, 125 wrong usage.\n";

struct run {
    uint64_t first, seeds, nodes; /* nodes 0: as the seed says */
    bool twice, trace, send_before_commit;
    enum es_sim_store_kind store;
};

static bool parse_number(const char *text, uint64_t *ret)
{
    char *end;

    errno = 0;
    *ret = strtoull(text, &end, 0);
    return errno == 0 && end != text && *end == '\0';
}

static bool parse_store(const char *text, enum es_sim_store_kind *ret)
{
    *ret = strcmp(text, "sqlite") == 0 ? ES_SIM_STORE_SQLITE : ES_SIM_STORE_MEMORY;
    return *ret == ES_SIM_STORE_SQLITE || strcmp(text, "memory") == 0;
}

static void print_hash(const uint8_t hash[static 32])
{
    for (size_t i = 0; i < 8; i++)
        printf("%02x", hash[i]);
}

static bool run_seed(const struct run *run, uint64_t seed, uint8_t ret_hash[static 32])
{
    struct es_sim_options options = es_sim_options_draw(seed);
    struct es_sim_world *world;
    bool ok;

    if (run->nodes > 0)
        options.nodes = (uint32_t)run->nodes;
    options.trace = run->trace;
    options.store = run->store;
    options.send_before_commit = run->send_before_commit;
    world = es_sim_world_new(&options);
    ok = es_sim_world_run(world);
    memcpy(ret_hash, world->hash, sizeof(world->hash));
    printf("seed %llu: %s, %u nodes, %.1f s, %llu events, %llu crashes, hash ",
           (unsigned long long)seed, ok ? "ok" : world->violation, options.nodes,
           (double)world->now_ms / 1000, (unsigned long long)world->events,
           (unsigned long long)world->crashes);
    print_hash(world->hash);
    putchar('\n');
    fflush(stdout);
    es_sim_world_free(world);
    return ok;
}

static int swarm(const struct run *run)
{
    int result = 0;

    for (uint64_t seed = run->first; seed < run->first + run->seeds; seed++) {
        uint8_t hash[32], again[32];

        if (!run_seed(run, seed, hash))
            result = EXIT_VIOLATION;
        if (run->twice) {
            run_seed(run, seed, again);
            if (memcmp(hash, again, sizeof(hash)) != 0) {
                fprintf(stderr, "earshot-sim: seed %llu ran differently the second time\n",
                        (unsigned long long)seed);
                return 5;
            }
        }
    }
    return result;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"seeds", required_argument, NULL, 'n'},
        {"first", required_argument, NULL, 'f'},
        {"nodes", required_argument, NULL, 'm'},
        {"twice", no_argument, NULL, 't'},
        {"trace", no_argument, NULL, 'v'},
        {"send-before-commit", no_argument, NULL, 's'},
        {"store", required_argument, NULL, 'd'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    struct run run = {.first = 1, .seeds = 1};
    bool ok = true;
    int option;

    while (ok && (option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (option == 'n')
            ok = parse_number(optarg, &run.seeds);
        else if (option == 'f')
            ok = parse_number(optarg, &run.first);
        else if (option == 'm')
            ok = parse_number(optarg, &run.nodes) && run.nodes >= 2 && run.nodes <= NODES_MAX;
        else if (option == 'd')
            ok = parse_store(optarg, &run.store);
        else if (option == 't')
            run.twice = true;
        else if (option == 'v')
            run.trace = true;
        else if (option == 's')
            run.send_before_commit = true;
        else if (option == 'h')
            return fputs(usage, stdout), 0;
        else
            ok = false;
    }
    if (!ok || optind != argc - 1 || strcmp(argv[optind], "swarm") != 0 || sodium_init() < 0) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    return swarm(&run);
}
