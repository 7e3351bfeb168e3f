"""The tables of the index."""

from __future__ import annotations

import secrets
import sqlite3

VERSION = 1
APPLICATION = 0x53574A49  # "SWJI", in the file's header: another program's database is not ours to fill

TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE source (
    name TEXT PRIMARY KEY,      -- relative to the legacy folder
    signature TEXT NOT NULL     -- of the file as it was last read whole; '' before, and while that is applied
) WITHOUT ROWID;
CREATE TABLE scanned (
    component TEXT PRIMARY KEY,
    source TEXT NOT NULL,
    entries INTEGER NOT NULL,   -- counted by the reader at its last reading, apart from the rows below
    generation INTEGER NOT NULL DEFAULT 0,
    database TEXT NOT NULL DEFAULT '',      -- that confirmed records of it last
    copies INTEGER NOT NULL DEFAULT 0       -- which that database had taken by then
) WITHOUT ROWID;
CREATE TABLE record (
    component TEXT NOT NULL,
    key NOT NULL,               -- an integer or a text, as the component's keys are
    version INTEGER NOT NULL,
    state INTEGER NOT NULL,
    duplicate INTEGER NOT NULL DEFAULT 0,   -- an earlier record holds one of its unique values
    odd INTEGER NOT NULL,       -- not to be decoded the fast way
    changed INTEGER NOT NULL,   -- the commit that last touched it
    ordinal INTEGER NOT NULL,   -- its place in the file when it last changed
    document BLOB NOT NULL,     -- x'' of a tombstone
    PRIMARY KEY (component, key)
) WITHOUT ROWID;
CREATE INDEX record_duplicate ON record (component, key) WHERE duplicate = 1;
CREATE TABLE pending (
    component TEXT NOT NULL,
    key NOT NULL,
    synced INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    PRIMARY KEY (component, key)
) WITHOUT ROWID;
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
    connection.executemany("INSERT INTO meta VALUES (?, ?)", [("store_id", secrets.token_hex(16)), ("counter", 0)])
    connection.execute(f"PRAGMA application_id = {APPLICATION}")
    connection.execute(f"PRAGMA user_version = {VERSION}")
