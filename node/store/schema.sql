-- SPDX-License-Identifier: ISC
-- schema.sql - version 1 of the database: one table for each kind of row (node/env/store.h).
--
-- A later version is a further step in migrations.c; nothing here changes any more. Rows that are
-- small live in their key's tree; those that carry sealed envelopes lie apart from it, so that the
-- tree stays small.

PRAGMA application_id = 0x45617273;

CREATE TABLE self (key BLOB PRIMARY KEY NOT NULL, body BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE contact (key BLOB PRIMARY KEY NOT NULL, body BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE session (key BLOB PRIMARY KEY NOT NULL, body BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE gap (key BLOB PRIMARY KEY NOT NULL, body BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE outbox (key BLOB PRIMARY KEY NOT NULL, body BLOB NOT NULL) STRICT;
CREATE TABLE held (key BLOB PRIMARY KEY NOT NULL, body BLOB NOT NULL) STRICT;
CREATE TABLE request_in (key BLOB PRIMARY KEY NOT NULL, body BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE request_out (key BLOB PRIMARY KEY NOT NULL, body BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE invite (key BLOB PRIMARY KEY NOT NULL, body BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE seen (key BLOB PRIMARY KEY NOT NULL, body BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE pending (key BLOB PRIMARY KEY NOT NULL, body BLOB NOT NULL) STRICT, WITHOUT ROWID;

-- place is the row's order with its highest bit turned: SQLite's integers are signed.
CREATE TABLE message (
    key BLOB PRIMARY KEY NOT NULL,
    conversation INTEGER NOT NULL,
    place INTEGER NOT NULL,
    body BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX message_place ON message (conversation, place, key);
