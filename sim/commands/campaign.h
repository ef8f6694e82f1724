/* SPDX-License-Identifier: ISC */
/* campaign.h - many worlds in worker processes, their results in order. */
#ifndef ES_SIM_CAMPAIGN_H
#define ES_SIM_CAMPAIGN_H

#include "sim/result.h"

struct es_sim_campaign {
    uint64_t n, jobs; /* worlds, and how many run at a time */
    bool twice;       /* each is run a second time, and must not differ */
    unsigned limit_s; /* a world that takes longer is ended and has failed; 0: none  */
    bool quiet;       /* without progress                              */
    void *ctx;
    void (*options)(void *ctx, uint64_t i, struct es_sim_options *ret);
    void (*show)(void *ctx, uint64_t i, const struct es_sim_options *options,
                 const struct es_sim_result *result);
    /* What came of it. */
    uint64_t done, failed;
    bool enough;                 /* show() says so: no further world is needed        */
    enum es_sim_verdict verdict; /* of the first failure                        */
    struct es_sim_report audit;  /* of all worlds that were audited              */
};

/* False, with the verdict that it could not run: an interrupt or an error ended it early, which was said
 * on stderr. What was done has been shown. */
bool es_sim_campaign_run(struct es_sim_campaign *campaign);

/* SIGINT no longer ends the program, but this becomes true. */
void es_sim_interrupt_catch(void);
bool es_sim_interrupted(void);

#endif
