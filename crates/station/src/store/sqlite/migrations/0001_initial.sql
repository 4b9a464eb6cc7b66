-- The first schema. Never edited: a later one is a new file.
-- Instants are INTEGER microseconds since 1970-01-01T00:00:00Z. Codes are those of codec.rs.

CREATE TABLE meta (
  key   TEXT NOT NULL PRIMARY KEY,
  value ANY NOT NULL
) STRICT, WITHOUT ROWID;

-- done: 1 when the job has ended and will not fire again.
-- planned: next_due while there is one, else the last planned time; the agenda's order.
CREATE TABLE jobs (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  status     INTEGER NOT NULL,
  done       INTEGER NOT NULL,
  planned    INTEGER NOT NULL,
  next_due   INTEGER,
  executions INTEGER NOT NULL,
  retries    INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  spec       TEXT NOT NULL
) STRICT;
-- Serves the agenda and the window of due jobs: for each status a run of jobs by planned time and
-- id (the rowid, which ends every index), merged when read.
CREATE INDEX jobs_agenda ON jobs (done, status, planned);

CREATE TABLE job_tags (
  tag TEXT NOT NULL,
  job INTEGER NOT NULL,
  PRIMARY KEY (tag, job)
) STRICT, WITHOUT ROWID;

CREATE TABLE executions (
  seq           INTEGER PRIMARY KEY,
  job           INTEGER NOT NULL,
  n             INTEGER NOT NULL,
  cause         INTEGER NOT NULL,
  planned       INTEGER NOT NULL,
  status        INTEGER NOT NULL,
  started       INTEGER,
  ended         INTEGER,
  attempt       INTEGER NOT NULL,
  retry_at      INTEGER,
  stop          INTEGER,
  pid           INTEGER,
  start_ticks   INTEGER,
  boot_id       TEXT,
  end_kind      INTEGER,
  end_code      INTEGER,
  error         TEXT,
  user_micros   INTEGER NOT NULL,
  system_micros INTEGER NOT NULL,
  max_rss_bytes INTEGER NOT NULL,
  out_bytes     INTEGER NOT NULL,
  out_lines     INTEGER NOT NULL,
  out_dropped_bytes INTEGER NOT NULL,
  out_dropped_lines INTEGER NOT NULL,
  UNIQUE (job, n)
) STRICT;
-- Each status newest first; the live ones are found by it too.
CREATE INDEX executions_status ON executions (status);

CREATE TABLE attempts (
  job           INTEGER NOT NULL,
  n             INTEGER NOT NULL,
  number        INTEGER NOT NULL,
  started       INTEGER NOT NULL,
  ended         INTEGER,
  end_kind      INTEGER,
  end_code      INTEGER,
  error         TEXT,
  user_micros   INTEGER NOT NULL,
  system_micros INTEGER NOT NULL,
  max_rss_bytes INTEGER NOT NULL,
  PRIMARY KEY (job, n, number)
) STRICT, WITHOUT ROWID;

-- bytes: what the chunks hold, without their headers.
CREATE TABLE output (
  seq     INTEGER PRIMARY KEY AUTOINCREMENT,
  job     INTEGER NOT NULL,
  n       INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  bytes   INTEGER NOT NULL,
  chunks  BLOB NOT NULL
) STRICT;
CREATE INDEX output_execution ON output (job, n);

CREATE TABLE contexts (
  hash TEXT NOT NULL PRIMARY KEY,
  body TEXT NOT NULL
) STRICT;

CREATE TABLE mails (
  job   INTEGER NOT NULL,
  n     INTEGER NOT NULL,
  done  INTEGER NOT NULL,
  error TEXT,
  PRIMARY KEY (job, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX mails_owed ON mails (job, n) WHERE done = 0;
