"""A record that is created while another transaction deletes it is noted: the delete is waited for before the look."""

from django.db import migrations

FUNCTION = """
CREATE OR REPLACE FUNCTION switchyard_note_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    pk text := TG_ARGV[1];
    old_key text;
    new_key text;
    known boolean;
    base bigint := -1;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        EXECUTE format('SELECT ($1).%%I::text', pk) INTO old_key USING OLD;
        base := OLD.version;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        EXECUTE format('SELECT ($1).%%I::text', pk) INTO new_key USING NEW;
    END IF;
    IF TG_OP = 'UPDATE' AND new_key <> old_key THEN
        RAISE EXCEPTION 'the key of a %% record does not change', TG_ARGV[0] USING ERRCODE = 'feature_not_supported',
            HINT = 'Delete the record and create another.';
    END IF;
    IF TG_OP = 'INSERT' THEN
        %s
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
"""

BEFORE = """EXECUTE format('SELECT EXISTS (SELECT 1 FROM %s WHERE %I = ($1).%I)', TG_RELID::regclass, pk, pk)
            INTO known USING NEW;"""
AFTER = """-- Locked: a delete that is under way would else be seen as a row that is there.
        EXECUTE format('SELECT true FROM %s WHERE %I = ($1).%I FOR KEY SHARE', TG_RELID::regclass, pk, pk)
            INTO known USING NEW;"""


class Migration(migrations.Migration):
    dependencies = [("migration_control", "0009_once_and_inbox")]
    operations = [migrations.RunSQL(FUNCTION % AFTER, FUNCTION % BEFORE)]
