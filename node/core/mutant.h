/* SPDX-License-Identifier: ISC */
/* mutant.h - deliberate faults, one of which the simulator turns on to see that its checks notice.
 *
 * Only earshot-sim-mutants is built with ES_WITH_MUTANTS. Everywhere else, in the daemon and in
 * earshot-sim, ES_MUTANT() is false and the compiler drops whatever depends on it. What each fault
 * does and which property it breaks: sim/mutants/table.c. */
#ifndef ES_CORE_MUTANT_H
#define ES_CORE_MUTANT_H

enum es_mutant {
    ES_MUTANT_NONE,
    ES_MUTANT_ACK_SETTLES_ALL,
    ES_MUTANT_ACK_IGNORES_GAPS,
    ES_MUTANT_ACK_ONE_TOO_MANY,
    ES_MUTANT_OUTBOX_NOT_SAVED,
    ES_MUTANT_UNSEALED_IS_LOST,
    ES_MUTANT_ORDER_IGNORED,
    ES_MUTANT_HELD_LAST_FIRST,
    ES_MUTANT_HELD_NOT_SAVED,
    ES_MUTANT_NO_TEXT_BEFORE,
    ES_MUTANT_NOTHING_RELEASED,
    ES_MUTANT_TWICE_SHOWN,
    ES_MUTANT_MARK_NOT_SAVED,
    ES_MUTANT_WRONG_SENDER,
    ES_MUTANT_WRONG_READER,
    ES_MUTANT_SENDING_NOT_SAVED,
    ES_MUTANT_GAPS_NOT_SAVED,
    ES_MUTANT_FLOOR_TOO_HIGH,
    ES_MUTANT_NEVER_GONE_BACK,
    ES_MUTANT_NO_RENEWAL,
    ES_MUTANT_OLDEST_SESSION,
    ES_MUTANT_EXPIRED_REFUSED,
    ES_MUTANT_TIMERS_BY_WALL_CLOCK,
    ES_MUTANT_NAME_IN_ADVERT,
    ES_MUTANT_PRESENCE_TO_STRANGERS,
    ES_MUTANT_WRONG_LINK_BOUND,
    ES_MUTANTS,
};

#ifdef ES_WITH_MUTANTS
extern enum es_mutant es_mutant; /* the one that runs */
#define ES_MUTANT(name) (es_mutant == ES_MUTANT_##name)
#else
#define ES_MUTANT(name) 0
#endif

#endif
