-- Recurring jobs, alarms, tokens, and the tallies that answer statistics without counting rows.
-- Never edited: a later one is a new file.

-- done says now where a job is filed: 0 active, 1 ended, 2 deleted, 3 paused.
-- planned_count: firings accounted for, each by one execution. pruned: those of them whose execution
-- has been removed since. recurs: 1 unless the trigger fires once. kind: what sort of job it is.
ALTER TABLE jobs ADD COLUMN paused        INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN fired         INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN planned_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN nominal       INTEGER;
ALTER TABLE jobs ADD COLUMN deleted       INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN recurs        INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN kind          INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN pruned        INTEGER NOT NULL DEFAULT 0;
-- The recurring jobs that will fire, by number.
CREATE INDEX jobs_recurring ON jobs (id) WHERE recurs = 1 AND next_due IS NOT NULL;

-- firings: how many firings of the schedule it accounts for; none when it was run by hand.
-- first_planned: the first of them, when they are several.
ALTER TABLE executions ADD COLUMN firings       INTEGER NOT NULL DEFAULT 1;
ALTER TABLE executions ADD COLUMN first_planned INTEGER;
UPDATE executions SET firings = 0 WHERE cause = 1;
UPDATE jobs SET
  planned_count = (SELECT count(*) FROM executions e WHERE e.job = jobs.id AND e.cause = 0),
  fired = (SELECT count(*) FROM executions e
           WHERE e.job = jobs.id AND e.cause = 0 AND e.status NOT IN (5, 6))
  WHERE executions > 0;
-- Serves retention: the oldest first.
CREATE INDEX executions_ended ON executions (ended) WHERE ended IS NOT NULL;
-- Serves questions about a time: which execution of a job stands for it.
CREATE INDEX executions_planned ON executions (job, planned, n);
-- Those run by hand are few.
CREATE INDEX executions_manual ON executions (job, n) WHERE cause = 1;

-- body: the alarm as JSON; the columns beside it only serve to find it.
CREATE TABLE alarms (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  job      INTEGER NOT NULL,
  state    INTEGER NOT NULL,
  severity INTEGER NOT NULL,
  body     TEXT NOT NULL
) STRICT;
CREATE INDEX alarms_state ON alarms (state, severity);
CREATE INDEX alarms_job ON alarms (job);

-- A notice is there while it is owed.
CREATE TABLE notices (
  alarm    INTEGER NOT NULL,
  channel  TEXT NOT NULL,
  since    INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  next_at  INTEGER NOT NULL,
  error    TEXT,
  PRIMARY KEY (alarm, channel)
) STRICT, WITHOUT ROWID;

-- hash: of the secret; the secret itself is nowhere stored. body: the token as JSON.
CREATE TABLE tokens (
  id   TEXT NOT NULL PRIMARY KEY,
  hash TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_hash ON tokens (hash);

-- Tallies of the executions that have ended, moved once a round (fold/tally.rs). The others are few
-- and are counted when asked for.
-- scheduled, firings: of those the schedule led to. spent: microseconds, of completed runs.
CREATE TABLE tallies (
  job        INTEGER NOT NULL,
  status     INTEGER NOT NULL,
  executions INTEGER NOT NULL,
  scheduled  INTEGER NOT NULL,
  firings    INTEGER NOT NULL,
  spent      INTEGER NOT NULL,
  PRIMARY KEY (job, status)
) STRICT, WITHOUT ROWID;

-- The same by the quarter of an hour they were planned for, numbered since 1970.
CREATE TABLE slots (
  slot       INTEGER NOT NULL,
  status     INTEGER NOT NULL,
  executions INTEGER NOT NULL,
  PRIMARY KEY (slot, status)
) STRICT, WITHOUT ROWID;

-- How many jobs of each kind are filed where.
CREATE TABLE kinds (
  kind INTEGER NOT NULL,
  done INTEGER NOT NULL,
  jobs INTEGER NOT NULL,
  PRIMARY KEY (kind, done)
) STRICT, WITHOUT ROWID;

INSERT INTO tallies
  SELECT job, status, count(*), sum(cause = 0), sum(iif(cause = 0, firings, 0)),
    sum(iif(status = 2, coalesce(max(ended - started, 0), 0), 0))
  FROM executions WHERE status > 1 GROUP BY job, status;
INSERT INTO slots
  SELECT (planned - iif(planned < 0, 899999999, 0)) / 900000000 AS slot, status, count(*)
  FROM executions WHERE status > 1 GROUP BY slot, status;
INSERT INTO kinds SELECT kind, done, count(*) FROM jobs GROUP BY kind, done;
