/* SPDX-License-Identifier: ISC */
/* pcapng.h - a capture of packets, for Wireshark and its kin. */
#ifndef ES_SIM_PCAPNG_H
#define ES_SIM_PCAPNG_H

#include "sim/lines.h"

/* Every frame of a trace that set out, in packets with made-up headers: Ethernet, IPv6 and TCP, node n at
 * fd00::n+1. Their comments say who sent what to whom. Of frames that were recorded without their bytes
 * only the headers are captured. */
void es_sim_pcapng_write(const struct es_sim_lines *lines, FILE *out);

#endif
