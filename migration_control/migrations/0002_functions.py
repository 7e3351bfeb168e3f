"""The bodies of the triggers in migration_control.triggers, and what they need."""

from django.db import migrations

FUNCTIONS = """
CREATE SEQUENCE migration_control_change_sequence;

-- STABLE, so it reads in the snapshot of the statement that fires the trigger, not in a newer one.
CREATE FUNCTION switchyard_note_epoch(component text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM set_config('switchyard.epoch', coalesce(
        (SELECT epoch::text FROM migration_control_componentstate WHERE name = component), ''), true);
    RETURN true;
END $$;

CREATE FUNCTION switchyard_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    noted text := current_setting('switchyard.epoch', true);
    state record;
BEGIN
    IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
        RAISE EXCEPTION '% is written at READ COMMITTED only', TG_ARGV[0] USING ERRCODE = 'feature_not_supported',
            HINT = 'A snapshot taken before a move would write past it. Lower the isolation of this transaction.';
    END IF;
    PERFORM pg_advisory_xact_lock_shared(TG_ARGV[1]::int, TG_ARGV[2]::int);
    -- A statement of its own, so that it sees what the lock waited for.
    SELECT authority, epoch INTO state FROM migration_control_componentstate WHERE name = TG_ARGV[0];
    IF state.authority IS DISTINCT FROM 'database' THEN
        RAISE EXCEPTION 'the database is not the authority for %', TG_ARGV[0]
            USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'JSON is: change the record through the bot, or move the component first.';
    END IF;
    IF noted IS DISTINCT FROM state.epoch::text THEN
        RAISE EXCEPTION '% moved while this statement waited', TG_ARGV[0]
            USING ERRCODE = 'serialization_failure', HINT = 'Run the statement again.';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION switchyard_note_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    pk text := TG_ARGV[1];
    old_key text;
    new_key text;
    known boolean;
    base bigint := -1;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        EXECUTE format('SELECT ($1).%I::text', pk) INTO old_key USING OLD;
        base := OLD.version;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        EXECUTE format('SELECT ($1).%I::text', pk) INTO new_key USING NEW;
    END IF;
    IF TG_OP = 'UPDATE' AND new_key <> old_key THEN
        RAISE EXCEPTION 'the key of a % record does not change', TG_ARGV[0] USING ERRCODE = 'feature_not_supported',
            HINT = 'Delete the record and create another.';
    END IF;
    IF TG_OP = 'INSERT' THEN
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM %s WHERE %I = ($1).%I)', TG_RELID::regclass, pk, pk)
            INTO known USING NEW;
        IF known THEN
            RETURN NEW;  -- ON CONFLICT, or an error: no change of this row either way
        END IF;
    END IF;
    -- The primary key of `change` makes a delete and the insert that re-creates wait for one another.
    INSERT INTO migration_control_change AS c (component, key, version, deleted, acked, sequence, transaction)
    VALUES (TG_ARGV[0], coalesce(new_key, old_key), base + 1, TG_OP = 'DELETE', -1,
            nextval('migration_control_change_sequence'), pg_current_xact_id())
    ON CONFLICT (component, key) DO UPDATE SET version = greatest(c.version, base) + 1, deleted = excluded.deleted,
        sequence = excluded.sequence, transaction = excluded.transaction
    RETURNING version INTO base;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    NEW.version := base;
    NEW.run := NULL;
    RETURN NEW;
END $$;

CREATE FUNCTION switchyard_refuse_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is never truncated', TG_ARGV[0] USING ERRCODE = 'feature_not_supported',
        HINT = 'TRUNCATE notes no change for the other store. Use DELETE.';
END $$;
"""

DROP = """
DROP FUNCTION switchyard_refuse_truncate;
DROP FUNCTION switchyard_note_change;
DROP FUNCTION switchyard_guard;
DROP FUNCTION switchyard_note_epoch;
DROP SEQUENCE migration_control_change_sequence;
"""


class Migration(migrations.Migration):
    dependencies = [("migration_control", "0001_initial")]
    operations = [migrations.RunSQL(FUNCTIONS, DROP)]
