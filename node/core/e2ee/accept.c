/* SPDX-License-Identifier: ISC */
/* accept.c - the acceptance, from both sides (docs/protocol.md, section 6.2). */
#include <assert.h>
#include <string.h>

#include "node/core/e2ee/handshake.h"
#include "node/core/e2ee/ratchet.h"
#include "node/crypto/kdf.h"

/* The three secrets of which the session is made, in this order. */
enum {
    DH1, /* b with O: B has the identity it says, also when an introduction key was asked */
    DH2, /* f with A: A has its own; B adds what nobody can learn later */
    DH3, /* f with O: both of today                                     */
    DH_COUNT
};

struct agreement {
    struct es_key shared[DH_COUNT];
    struct es_key root;     /* RK0 */
    struct es_key seed;     /* T of A's chain 0 */
    struct es_key id;       /* SID */
    struct es_key link_key; /* KL */
};

/* Everything that both sides know and that is no secret. */
struct transcript {
    const struct es_id *th1;
    const struct es_dh_public *one_time;   /* O */
    const struct es_dh_public *accept_key; /* f */
    /* EdB, when th1 does not cover it because the request went to an introduction key. */
    const struct es_sign_public *introduced;
};

/* th2 = H(th1 | O | f [| EdB])
 * RK0 | T of A's chain 0 | SID | KL = KDF(gs, "x3dh", DH1 | DH2 | DH3 | th2)[0..3] */
static void agree(struct agreement *agreement, const struct es_key *gs,
                  const struct transcript *transcript)
{
    struct es_slice covered[4] = {
        ES_SLICE_OF(transcript->th1->bytes),
        ES_SLICE_OF(transcript->one_time->bytes),
        ES_SLICE_OF(transcript->accept_key->bytes),
    };
    size_t n_covered = 3;

    if (transcript->introduced != NULL)
        covered[n_covered++] = ES_SLICE_OF(transcript->introduced->bytes);
    struct es_id th2 = es_hash(covered, n_covered);
    const struct es_slice parts[] = {
        ES_SLICE_OF(agreement->shared[DH1].bytes),
        ES_SLICE_OF(agreement->shared[DH2].bytes),
        ES_SLICE_OF(agreement->shared[DH3].bytes),
        ES_SLICE_OF(th2.bytes),
    };
    struct es_key blocks[4];

    es_kdf(gs, "x3dh", parts, 4, 0, 4, blocks);
    agreement->root = blocks[0];
    agreement->seed = blocks[1];
    agreement->id = blocks[2];
    agreement->link_key = blocks[3];
    es_wipe(blocks, sizeof(blocks));
}

/* T of B's chain 0: known to A before B answers. */
static struct es_key accept_seed(const struct es_key *gs)
{
    struct es_key seed;

    es_kdf(gs, "accept", NULL, 0, 0, 1, &seed);
    return seed;
}

/* What both sides' sessions begin with. */
static void begin_session(struct es_session *session, const struct agreement *agreement,
                          bool initiator, const struct es_dh_public *accept_key,
                          const struct es_sign_public *accept_address)
{
    *session = (struct es_session){
        .initiator = initiator,
        .root = agreement->root,
        .window = ES_WINDOW,
        .own_window = ES_WINDOW,
        .accept_key = *accept_key,
        .accept_address = *accept_address,
    };
    memcpy(session->id.bytes, agreement->id.bytes, sizeof(session->id.bytes));
}

/* --- B's side --------------------------------------------------------------------------------- */

/* B's chain 0 = step(RK0, DH(r,O)); f ends with the agreement. */
static bool begin_accepting(struct es_session *session, const struct es_key *gs,
                            const struct agreement *agreement, const struct es_dh_public *one_time,
                            const struct es_entropy *entropy)
{
    entropy->random(entropy->ctx, session->own.bytes, sizeof(session->own.bytes));
    session->own_public = es_dh_public_of(&session->own);
    session->peer = *one_time;
    session->send.tag_seed = accept_seed(gs);
    session->sending = true;
    session->receive_next_seed = agreement->seed;
    return es_ratchet_root_step(&session->root, &session->own, one_time, &session->send.chain_key,
                                &session->send_next_seed);
}

bool es_accept(const struct es_identity *self, const struct es_addressee *addressee,
               const struct es_peer_key *from, const struct es_dh_public *one_time,
               const struct es_key *gs, const struct es_id *th1, const struct es_entropy *entropy,
               struct es_session *ret_session, struct es_key *ret_link_key)
{
    bool introduced =
        !es_bytes_equal(addressee->name, self->address.bytes, sizeof(self->address.bytes));
    struct agreement agreement;
    struct es_dh_secret f;
    bool agreed;

    entropy->random(entropy->ctx, f.bytes, sizeof(f.bytes));
    struct es_dh_public accept_key = es_dh_public_of(&f);

    agreed = es_dh(&self->secret, one_time, &agreement.shared[DH1]) &&
             es_dh(&f, &from->dh, &agreement.shared[DH2]) &&
             es_dh(&f, one_time, &agreement.shared[DH3]);
    if (agreed) {
        const struct transcript transcript = {th1, one_time, &accept_key,
                                              introduced ? &self->address : NULL};

        agree(&agreement, gs, &transcript);
        begin_session(ret_session, &agreement, false, &accept_key, &self->address);
        agreed = begin_accepting(ret_session, gs, &agreement, one_time, entropy);
        *ret_link_key = agreement.link_key;
    }
    if (!agreed) {
        es_session_done(ret_session);
        es_wipe(ret_link_key, sizeof(*ret_link_key));
    }
    es_wipe(&f, sizeof(f));
    es_wipe(&agreement, sizeof(agreement));
    return agreed;
}

/* --- A's side --------------------------------------------------------------------------------- */

void es_pending_tags(const struct es_pending *pending, uint32_t count, struct es_tag *ret)
{
    struct es_key seed = accept_seed(&pending->gs);

    for (uint32_t i = 0; i < count; i++)
        es_ratchet_tag_step(&seed, &ret[i], NULL);
    es_wipe(&seed, sizeof(seed));
}

static bool open_header(const struct es_pending *pending, const struct es_binding *binding,
                        struct es_slice envelope, struct es_ratchet_header *ret)
{
    struct es_key seed = accept_seed(&pending->gs);
    bool opened = es_ratchet_open_header(binding, &seed, binding->at.n, envelope, ret);

    es_wipe(&seed, sizeof(seed));
    return opened && ret->previous_count == 0;
}

/* Who answers must be whom the request named; behind an introduction key it may be anybody else. */
static bool peer_fits(const struct es_identity *self, const struct es_pending *pending,
                      const struct es_sign_public *address, struct es_peer_key *ret)
{
    if (!pending->by_introduction && !es_bytes_equal(address, &pending->address, sizeof(*address)))
        return false;
    return !es_address_twin(address, &self->address) && es_peer_key_init(ret, address);
}

static bool agree_as_initiator(struct agreement *agreement, const struct es_identity *self,
                               const struct es_pending *pending, const struct es_peer_key *peer,
                               const struct es_dh_public *accept_key)
{
    struct es_dh_public one_time = es_dh_public_of(&pending->one_time);
    const struct transcript transcript = {&pending->th1, &one_time, accept_key,
                                          pending->by_introduction ? &peer->address : NULL};

    if (!es_dh(&pending->one_time, &peer->dh, &agreement->shared[DH1]) ||
        !es_dh(&self->secret, accept_key, &agreement->shared[DH2]) ||
        !es_dh(&pending->one_time, accept_key, &agreement->shared[DH3]))
        return false;
    agree(agreement, &pending->gs, &transcript);
    return true;
}

/* A's session as it stands before the first envelope of B's chain 0. */
static bool begin_initiating(struct es_session *session, const struct es_pending *pending,
                             const struct agreement *agreement,
                             const struct es_ratchet_header *header)
{
    begin_session(session, agreement, true, &header->accept_key, &header->accept_address);
    session->peer = header->key;
    session->turn = true;
    session->send_next_seed = agreement->seed;
    session->receive.tag_seed = accept_seed(&pending->gs);
    session->receiving = true;
    session->confirmed = true;
    return es_ratchet_root_step(&session->root, &pending->one_time, &header->key,
                                &session->receive.chain_key, &session->receive_next_seed);
}

static bool open_acceptance(const struct es_identity *self, const struct es_pending *pending,
                            uint32_t n, struct es_slice envelope, uint16_t day,
                            struct agreement *agreement, struct es_opened *io,
                            struct es_peer_key *peer)
{
    struct es_binding binding = {.at = {0, n}};
    struct es_ratchet_header header;
    struct es_session *session = &io->after;

    if (!open_header(pending, &binding, envelope, &header) ||
        !peer_fits(self, pending, &header.accept_address, peer) ||
        !agree_as_initiator(agreement, self, pending, peer, &header.accept_key) ||
        !begin_initiating(session, pending, agreement, &header))
        return false;
    binding.session = session->id;
    es_ratchet_skip(&session->receive, n, day, io);
    return es_ratchet_take(&session->receive, &binding, envelope, io);
}

enum es_open_result es_pending_open(const struct es_identity *self,
                                    const struct es_pending *pending, uint32_t n,
                                    struct es_slice envelope, uint16_t day, struct es_opened *io,
                                    struct es_peer_key *ret_peer, struct es_key *ret_link_key)
{
    struct agreement agreement;
    struct es_peer_key peer;

    assert(n < ES_WINDOW);
    io->n_gaps = 0;
    bool opened = open_acceptance(self, pending, n, envelope, day, &agreement, io, &peer);

    if (opened) {
        *ret_peer = peer;
        *ret_link_key = agreement.link_key;
    } else {
        es_ratchet_discard(io);
    }
    es_wipe(&agreement, sizeof(agreement));
    return opened ? ES_OPEN_OK : ES_OPEN_BAD;
}
