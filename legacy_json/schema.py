"""The tables of the index."""

from __future__ import annotations

import secrets
import sqlite3

from legacy_json import commits

VERSION = 3
APPLICATION = 0x53574A49  # "SWJI", in the file's header: another program's database is not ours to fill

TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE source (
    name TEXT PRIMARY KEY,      -- its files and patterns, relative to the legacy folder
    owner TEXT NOT NULL,        -- 'legacy': an unmodified bot writes it; 'switchyard': we do
    declared TEXT NOT NULL      -- what was looked for when it was last read whole; '' while that is applied
) WITHOUT ROWID;
CREATE TABLE file (
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    name TEXT NOT NULL UNIQUE,
    signature TEXT NOT NULL,            -- as it was last read, or rendered; '' before, and while that is applied
    intent TEXT NOT NULL DEFAULT '',    -- of ours: the signature of what is about to be put in its place
    next INTEGER NOT NULL DEFAULT 0,    -- of ours: the ordinal of the next new record
    changed INTEGER NOT NULL DEFAULT 0, -- of ours: the first commit since the last rendering began that touched it
    began INTEGER NOT NULL DEFAULT 0,   -- of ours: the last commit when its last rendering began
    rendered INTEGER NOT NULL DEFAULT 0, -- of ours: the last commit that the file itself shows
    digest BLOB NOT NULL DEFAULT x'',   -- of ours: of the bytes that were last rendered
    waiting REAL NOT NULL DEFAULT 0,    -- of ours: when it came to lack something, in seconds since the epoch
    trouble TEXT NOT NULL DEFAULT ''    -- of ours: why its last rendering failed
);
CREATE TRIGGER file_waits AFTER UPDATE OF changed ON file
WHEN new.changed > new.rendered AND old.changed <= old.rendered
BEGIN UPDATE file SET waiting = (julianday('now') - 2440587.5) * 86400 WHERE id = new.id; END;
CREATE INDEX file_of_source ON file (source);
CREATE TABLE frame (file INTEGER PRIMARY KEY, style TEXT NOT NULL, skeleton BLOB NOT NULL);
CREATE TABLE leftover (     -- entries of a file of ours that are no records, at their place among the records
    file INTEGER NOT NULL, section TEXT NOT NULL, ordinal INTEGER NOT NULL, name TEXT, raw BLOB NOT NULL,
    PRIMARY KEY (file, section, ordinal)
) WITHOUT ROWID;
CREATE TABLE spelling (     -- names of members and files that are written otherwise than their key
    component TEXT NOT NULL, key NOT NULL, name TEXT NOT NULL, PRIMARY KEY (component, key)
) WITHOUT ROWID;
CREATE TABLE conflict (
    id INTEGER PRIMARY KEY,
    file INTEGER NOT NULL,
    component TEXT,
    key,
    kind TEXT NOT NULL,         -- see conflicts.Conflict
    ours INTEGER,               -- the version that the index had
    theirs BLOB,
    copy TEXT NOT NULL,         -- the kept copy of the file, relative to the index's folder; '' if there is none
    found TEXT NOT NULL,        -- when, an ISO text in UTC
    settled TEXT NOT NULL DEFAULT ''
);
CREATE INDEX conflict_open ON conflict (file) WHERE settled = '';
CREATE TABLE scanned (
    component TEXT PRIMARY KEY,
    generation INTEGER NOT NULL DEFAULT 0,
    database TEXT NOT NULL DEFAULT '',      -- that confirmed records of it last
    copies INTEGER NOT NULL DEFAULT 0,      -- which that database had taken by then
    told INTEGER NOT NULL DEFAULT 0,        -- the highest number of a copy that it is known to have taken
    floor                                   -- records with a smaller key are pruned
) WITHOUT ROWID;
CREATE TABLE announced (    -- numbers of copies that it may have taken
    component TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (component, number)
) WITHOUT ROWID;
CREATE TABLE counted (
    component TEXT NOT NULL,
    file INTEGER NOT NULL,
    entries INTEGER NOT NULL,   -- counted by the reader at its last reading, apart from the rows below
    PRIMARY KEY (component, file)
) WITHOUT ROWID;
CREATE TABLE fence (
    component TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    mirrored INTEGER NOT NULL DEFAULT 0,    -- whether the database is written at once
    boot TEXT NOT NULL DEFAULT '',          -- of a closing: when it is overdue, see clocks.Deadline
    until REAL NOT NULL DEFAULT 0,
    since TEXT NOT NULL DEFAULT '',         -- when it was set, for staff: an ISO text in UTC
    heard TEXT NOT NULL DEFAULT ''          -- when the last copy from the database was taken, likewise
) WITHOUT ROWID;
CREATE TABLE record (
    component TEXT NOT NULL,
    key NOT NULL,               -- an integer or a text, as the component's keys are
    version INTEGER NOT NULL,
    state INTEGER NOT NULL,
    duplicate INTEGER NOT NULL DEFAULT 0,   -- an earlier record holds one of its unique values
    odd INTEGER NOT NULL,       -- not to be decoded the fast way
    changed INTEGER NOT NULL,   -- the commit that last touched it
    file INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,   -- its place in the file when it last changed
    document BLOB NOT NULL,     -- x'' of what is deleted or pruned
    PRIMARY KEY (component, key)
) WITHOUT ROWID;
CREATE INDEX record_duplicate ON record (component, key) WHERE duplicate = 1;
CREATE TABLE pending (
    component TEXT NOT NULL,    -- '' of one row: there `changed` is the index's counter of commits, see commits.py
    key NOT NULL,
    synced INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    PRIMARY KEY (component, key)
) WITHOUT ROWID;
CREATE TABLE applied (      -- effects that took place, each once, see effects.py
    component TEXT NOT NULL,
    effect TEXT NOT NULL,       -- its idempotency key
    key NOT NULL,               -- of the record that it is kept with, there or not
    at INTEGER NOT NULL,        -- in seconds since the epoch
    copied INTEGER NOT NULL,    -- whether the database is known to have it
    PRIMARY KEY (component, effect, key)
) WITHOUT ROWID;
CREATE INDEX applied_lacked ON applied (component) WHERE copied = 0;
CREATE TABLE inbox (        -- effects that are yet to take place, and records that wait for their store, see inbox.py
    component TEXT NOT NULL,
    key TEXT NOT NULL,
    once TEXT NOT NULL,         -- the idempotency key
    effect TEXT NOT NULL,       -- '' of a record that is to be appended
    payload TEXT NOT NULL,
    posted REAL NOT NULL,       -- times are in seconds since the epoch
    attempts INTEGER NOT NULL DEFAULT 0,
    due REAL NOT NULL DEFAULT 0,
    trouble TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (component, key, once)
) WITHOUT ROWID;
CREATE INDEX inbox_due ON inbox (due);
CREATE TABLE lookup (
    component TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    key NOT NULL,
    PRIMARY KEY (component, name, value, key)
) WITHOUT ROWID;
CREATE TABLE finding (
    id INTEGER PRIMARY KEY,
    component TEXT NOT NULL,
    key,
    source TEXT NOT NULL,
    ordinal INTEGER,
    phase TEXT NOT NULL,        -- 'reading' or 'mapping': who found it, and so who replaces it
    outcome TEXT NOT NULL,
    code TEXT NOT NULL,
    detail TEXT NOT NULL,
    raw BLOB
);
CREATE INDEX finding_by_key ON finding (component, phase, key);
"""


def create(connection: sqlite3.Connection) -> None:
    """Inside a transaction."""
    for statement in TABLES.split(";\n"):
        connection.execute(statement)
    connection.execute("INSERT INTO meta VALUES ('store_id', ?)", (secrets.token_hex(16),))
    commits.note(connection, 0)
    connection.execute(f"PRAGMA application_id = {APPLICATION}")
    connection.execute(f"PRAGMA user_version = {VERSION}")
