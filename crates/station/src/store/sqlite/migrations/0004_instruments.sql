-- Records of instruments, and what comes of an execution besides output.
-- Never edited: a later one is a new file.

-- Equipment, profiles, states, acquisitions, wear: what the engine keeps as it comes.
-- kind, key: what names it; equipment, at: what it is of, and when it came to be; body: all of it, as JSON.
CREATE TABLE records (
  kind      TEXT NOT NULL,
  key       TEXT NOT NULL,
  equipment TEXT,
  at        INTEGER NOT NULL,
  body      TEXT NOT NULL,
  PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX records_by_equipment ON records (kind, equipment, at);

-- A JSON document.
ALTER TABLE executions ADD COLUMN result TEXT;
