"""A migration that has ended: a column that is set once, and triggers that note nothing for JSON any more."""

from django.db import migrations, models

NOTE_CHANGE = """
CREATE OR REPLACE FUNCTION switchyard_note_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    pk text := TG_ARGV[1];
    old_key text;
    new_key text;
    known boolean;
    base bigint := -1;
%(declared)sBEGIN
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
        -- Locked: a delete that is under way would else be seen as a row that is there.
        EXECUTE format('SELECT true FROM %%s WHERE %%I = ($1).%%I FOR KEY SHARE', TG_RELID::regclass, pk, pk)
            INTO known USING NEW;
        IF known THEN
            RETURN NEW;  -- ON CONFLICT, or an error: no change of this row either way
        END IF;
    END IF;
%(closed)s    -- The primary key of `change` makes a delete and the insert that re-creates wait for one another.
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

DECLARED = """    above bigint;
"""
CLOSED = """    -- The guard holds the component's lock: it is not closed between this look and the write.
    SELECT closed_above INTO above FROM migration_control_componentstate WHERE name = TG_ARGV[0];
    IF above IS NOT NULL THEN
        -- From a sequence, which gives no number twice: no save of what was read before a delete passes after the
        -- insert that re-creates, although nothing is left of the record in between.
        base := above + nextval('migration_control_change_sequence');
        IF TG_OP <> 'DELETE' THEN
            NEW.version := base;
            NEW.run := NULL;
            RETURN NEW;
        END IF;
        IF old_key ~ ':[0-9]{10}$' THEN  -- an element of a list: its position is not given again
            INSERT INTO migration_control_change AS c (component, key, version, deleted, acked, sequence, transaction)
            VALUES (TG_ARGV[0], old_key, base, true, base, base - above, pg_current_xact_id())
            ON CONFLICT (component, key) DO UPDATE SET version = excluded.version, acked = excluded.acked,
                deleted = true, sequence = excluded.sequence, transaction = excluded.transaction;
        END IF;
        RETURN OLD;
    END IF;
"""

MOVE_ON_RECORD = """
CREATE OR REPLACE FUNCTION switchyard_move_on_record() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
%(closed)s    IF NEW.epoch <= OLD.epoch THEN
        RAISE EXCEPTION '%% cannot go from epoch %% to %%', NEW.name, OLD.epoch, NEW.epoch
            USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'Move a component with migration_move or in the admin.';
    END IF;
    PERFORM FROM migration_control_transition t
      WHERE t.component_id = NEW.name AND t.epoch = NEW.epoch AND t.stage = NEW.stage AND t.reads = NEW.reads%(kind)s;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a move of %% is not on record', NEW.name USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'Move a component with migration_move or in the admin.';
    END IF;
    RETURN NULL;
END $$;

DROP TRIGGER move_on_record ON migration_control_componentstate;
CREATE TRIGGER move_on_record AFTER UPDATE OF %(columns)s ON migration_control_componentstate
    FOR EACH ROW WHEN ((%(old)s) IS DISTINCT FROM (%(new)s))
    EXECUTE FUNCTION switchyard_move_on_record();
"""

FOR_GOOD = """    IF OLD.closed_above IS NOT NULL THEN
        RAISE EXCEPTION 'the migration of % is closed', NEW.name USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'The database has it for good.';
    END IF;
"""
KIND = """
        AND (t.kind = 'closed') = (NEW.closed_above IS NOT NULL)"""

COLUMNS = ("stage", "reads", "authority", "epoch")


def _named(columns: tuple[str, ...], closed: str, kind: str) -> dict[str, str]:
    old, new = (", ".join(f"{row}.{column}" for column in columns) for row in ("OLD", "NEW"))
    return {"closed": closed, "kind": kind, "columns": ", ".join(columns), "old": old, "new": new}


class Migration(migrations.Migration):
    dependencies = [("migration_control", "0011_history_kept")]
    operations = [
        migrations.AddField(
            model_name="componentstate",
            name="closed_above",
            field=models.BigIntegerField(
                editable=False,
                help_text="set once its migration is closed: no version of a record was higher before, and all are"
                " since",
                null=True,
            ),
        ),
        migrations.AddConstraint(
            model_name="componentstate",
            constraint=models.CheckConstraint(
                condition=models.Q(closed_above=None) | models.Q(stage="db-only"), name="component_closed_in_db_only"
            ),
        ),
        migrations.RunSQL(
            NOTE_CHANGE % {"declared": DECLARED, "closed": CLOSED}, NOTE_CHANGE % {"declared": "", "closed": ""}
        ),
        migrations.RunSQL(
            MOVE_ON_RECORD % _named((*COLUMNS, "closed_above"), FOR_GOOD, KIND),
            MOVE_ON_RECORD % _named(COLUMNS, "", ""),
        ),
    ]
