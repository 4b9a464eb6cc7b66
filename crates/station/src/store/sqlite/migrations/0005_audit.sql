-- The audit trail: records that are appended and never changed, and what is known of them.
-- Never edited: a later one is a new file.

-- seq: from 1 without gaps; hash: SHA-256 of the hash before and of the text; text: all of it, as JSON
-- with its keys in order. The other columns are what it is found by, and say what the text says.
CREATE TABLE audit (
  seq         INTEGER PRIMARY KEY,
  hash        BLOB NOT NULL,
  at          INTEGER NOT NULL,
  kind        TEXT NOT NULL,
  status      TEXT NOT NULL,
  correlation TEXT NOT NULL,
  subject     TEXT NOT NULL,
  action      TEXT NOT NULL,
  operator    TEXT,
  outstation  TEXT,
  text        TEXT NOT NULL
) STRICT;

CREATE INDEX audit_at ON audit (at);
CREATE INDEX audit_correlation ON audit (correlation);
CREATE INDEX audit_subject ON audit (subject);
CREATE INDEX audit_outstation ON audit (outstation) WHERE outstation IS NOT NULL;

CREATE TRIGGER audit_in_order BEFORE INSERT ON audit
WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM audit)
BEGIN SELECT RAISE(ABORT, 'the audit trail is continued by its next record alone'); END;

CREATE TRIGGER audit_unchanged BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit trail is not changed'); END;

CREATE TRIGGER audit_undeleted BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'nothing is deleted from the audit trail'); END;

-- Intents without an outcome.
CREATE TABLE audit_open (
  correlation TEXT PRIMARY KEY,
  seq         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Signed heads. at: when it was signed; key: the public key; signature: Ed25519.
CREATE TABLE audit_checkpoints (
  seq       INTEGER PRIMARY KEY,
  hash      BLOB NOT NULL,
  at        INTEGER NOT NULL,
  key       BLOB NOT NULL,
  signature BLOB NOT NULL
) STRICT;

CREATE TRIGGER audit_checkpoints_unchanged BEFORE UPDATE ON audit_checkpoints
BEGIN SELECT RAISE(ABORT, 'the audit trail is not changed'); END;

CREATE TRIGGER audit_checkpoints_undeleted BEFORE DELETE ON audit_checkpoints
BEGIN SELECT RAISE(ABORT, 'nothing is deleted from the audit trail'); END;
