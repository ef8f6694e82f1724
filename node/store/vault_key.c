/* SPDX-License-Identifier: ISC */
/* vault_key.c - wrapping the vault's key. */
#include "node/store/vault_key.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node/crypto/aead.h"
#include "node/crypto/kdf.h"
#include "node/store/file.h"

_Static_assert(crypto_pwhash_argon2id_SALTBYTES == ES_VAULT_SALT_BYTES, "salt size");

/* A key file that somebody else wrote, or can read, is not used. */
static enum es_store_err check_key_file(int fd)
{
    struct stat status;

    if (fstat(fd, &status) != 0)
        return ES_STORE_IO;
    if (!S_ISREG(status.st_mode) || (status.st_mode & 07777) != 0600 || status.st_uid != geteuid())
        return ES_STORE_KEY_FILE_MODE;
    return ES_STORE_OK;
}

static enum es_store_err read_key_file(const char *path, struct es_key *ret)
{
    uint8_t bytes[ES_KEY_BYTES + 1];
    enum es_store_err err;
    size_t len = 0;
    int fd;

    if (path == NULL)
        return ES_STORE_NO_KEY_FILE;
    fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && errno == ELOOP)
        return ES_STORE_KEY_FILE_MODE;
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? ES_STORE_NO_KEY_FILE : ES_STORE_IO;
    err = check_key_file(fd);
    if (err == ES_STORE_OK)
        err = es_file_read(fd, bytes, sizeof(bytes), &len);
    if (err == ES_STORE_OK && len != ES_KEY_BYTES)
        err = ES_STORE_WRONG_KEY_FILE;
    if (err == ES_STORE_OK)
        memcpy(ret->bytes, bytes, ES_KEY_BYTES);
    es_wipe(bytes, sizeof(bytes));
    close(fd);
    return err;
}

/* A key file that is there already is kept: it may open another database. */
static enum es_store_err make_key_file(const char *path, const struct es_entropy *entropy)
{
    struct es_key key;
    enum es_store_err err = read_key_file(path, &key);

    if (err == ES_STORE_NO_KEY_FILE && path != NULL) {
        entropy->random(entropy->ctx, key.bytes, sizeof(key.bytes));
        err = es_file_publish(path, ES_SLICE_OF(key.bytes));
    }
    es_wipe(&key, sizeof(key));
    return err;
}

static enum es_store_err key_of_passphrase(const struct es_vault_header *header,
                                           struct es_slice passphrase, struct es_key *ret)
{
    if (passphrase.len == 0)
        return ES_STORE_LOCKED;
    if (crypto_pwhash(ret->bytes, sizeof(ret->bytes), (const char *)passphrase.ptr, passphrase.len,
                      header->salt, header->cost.ops, (size_t)header->cost.memory_bytes,
                      crypto_pwhash_ALG_ARGON2ID13) != 0)
        return errno == ENOMEM ? ES_STORE_MEMORY : ES_STORE_DAMAGED;
    return ES_STORE_OK;
}

static enum es_store_err key_of_file(const struct es_vault_header *header, const char *path,
                                     struct es_key *ret)
{
    struct es_slice salt = ES_SLICE_OF(header->salt);
    struct es_key key;
    enum es_store_err err = read_key_file(path, &key);

    if (err == ES_STORE_OK)
        es_kdf(&key, "vault key file", &salt, 1, 0, 1, ret);
    es_wipe(&key, sizeof(key));
    return err;
}

static enum es_store_err wrapping_key(const struct es_vault_header *header,
                                      const struct es_vault_secret *secret, struct es_key *ret)
{
    if (header->lock == ES_VAULT_LOCK_PASSPHRASE)
        return key_of_passphrase(header, secret->passphrase, ret);
    return key_of_file(header, secret->key_file, ret);
}

static struct es_vault_cost cost_or_moderate(const struct es_vault_cost *cost)
{
    if (cost->ops != 0)
        return *cost;
    return (struct es_vault_cost){crypto_pwhash_OPSLIMIT_MODERATE, crypto_pwhash_MEMLIMIT_MODERATE};
}

enum es_store_err es_vault_key_wrap(const struct es_key *key, const struct es_vault_secret *secret,
                                    const struct es_entropy *entropy, struct es_vault_header *ret)
{
    struct es_vault_header header = {.lock = ES_VAULT_LOCK_KEY_FILE};
    uint8_t bound[ES_VAULT_BOUND_BYTES];
    uint8_t *nonce = header.wrapped + ES_KEY_BYTES + ES_MAC_BYTES;
    struct es_key wrapping;
    enum es_store_err err = ES_STORE_OK;

    entropy->random(entropy->ctx, header.id.bytes, sizeof(header.id.bytes));
    entropy->random(entropy->ctx, header.salt, sizeof(header.salt));
    if (secret->passphrase.len > 0) {
        header.lock = ES_VAULT_LOCK_PASSPHRASE;
        header.cost = cost_or_moderate(&secret->cost);
    } else {
        err = make_key_file(secret->key_file, entropy);
    }
    if (err == ES_STORE_OK)
        err = wrapping_key(&header, secret, &wrapping);
    if (err != ES_STORE_OK)
        return err;
    es_vault_header_bound(&header, bound);
    entropy->random(entropy->ctx, nonce, ES_NONCE_BYTES);
    es_aead_seal(&wrapping, nonce, ES_SLICE_OF(bound), ES_SLICE_OF(key->bytes), header.wrapped);
    es_wipe(&wrapping, sizeof(wrapping));
    *ret = header;
    return ES_STORE_OK;
}

enum es_store_err es_vault_key_unwrap(const struct es_vault_header *header,
                                      const struct es_vault_secret *secret, struct es_key *ret)
{
    uint8_t bound[ES_VAULT_BOUND_BYTES];
    const uint8_t *nonce = header->wrapped + ES_KEY_BYTES + ES_MAC_BYTES;
    struct es_key wrapping;
    enum es_store_err err = wrapping_key(header, secret, &wrapping);
    bool opened;

    if (err != ES_STORE_OK)
        return err;
    es_vault_header_bound(header, bound);
    opened = es_aead_open(&wrapping, nonce, ES_SLICE_OF(bound),
                          es_slice(header->wrapped, ES_KEY_BYTES + ES_MAC_BYTES), ret->bytes);
    es_wipe(&wrapping, sizeof(wrapping));
    if (opened)
        return ES_STORE_OK;
    return header->lock == ES_VAULT_LOCK_PASSPHRASE ? ES_STORE_WRONG_PASSPHRASE
                                                    : ES_STORE_WRONG_KEY_FILE;
}

enum es_store_err es_vault_key_file_erase(const char *path)
{
    static const uint8_t zeros[ES_KEY_BYTES];
    int fd = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    enum es_store_err err;

    if (fd < 0)
        return errno == ENOENT ? ES_STORE_OK : ES_STORE_IO;
    err = es_file_write(fd, 0, ES_SLICE_OF(zeros));
    if (err == ES_STORE_OK && fsync(fd) != 0)
        err = ES_STORE_IO;
    close(fd);
    if (unlink(path) != 0)
        err = ES_STORE_IO;
    return err;
}
