-- Nodes, and the executions that are carried out on them.
-- Never edited: a later one is a new file.

-- body, health: the node and what is known of it, as JSON.
CREATE TABLE nodes (
  name   TEXT NOT NULL PRIMARY KEY,
  body   TEXT NOT NULL,
  health TEXT
) STRICT, WITHOUT ROWID;

-- The latest firing of a job on nodes: its first execution, and the worst it has come to so far.
ALTER TABLE jobs ADD COLUMN fan_first INTEGER;
ALTER TABLE jobs ADD COLUMN fan_worst INTEGER;

-- mark: of the guard on the node; pid is the process there then.
ALTER TABLE executions ADD COLUMN node TEXT;
ALTER TABLE executions ADD COLUMN mark TEXT;
ALTER TABLE executions ADD COLUMN kill INTEGER;
