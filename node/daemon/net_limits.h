/* SPDX-License-Identifier: ISC */
/* net_limits.h - what the network process may use of the machine. */
#ifndef ES_DAEMON_NET_LIMITS_H
#define ES_DAEMON_NET_LIMITS_H

#include <sys/resource.h>

/* Sanitizers map more memory than any limit that means something. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ES_NET_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
    __has_feature(memory_sanitizer)
#define ES_NET_SANITIZED 1
#endif
#endif

/* Data of the process: heap, stacks of threads, anonymous memory. Not its address space, of which
 * the allocator and the libraries reserve far more than they use. */
#ifdef ES_NET_SANITIZED
#define ES_NET_DATA_BYTES_MAX RLIM_INFINITY
#else
#define ES_NET_DATA_BYTES_MAX (256ull * 1024 * 1024)
#endif

/* Descriptors: 256 dialled links at four each, 256 inbound, 1024 that have not spoken yet, those
 * that are being closed. */
#define ES_NET_FDS_MAX 4096

#endif
