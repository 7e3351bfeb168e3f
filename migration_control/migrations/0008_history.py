"""History that cannot be rewritten, and no change of a stage without its line in it."""

from django.db import migrations

FUNCTIONS = """
CREATE FUNCTION switchyard_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the history of moves is append-only' USING ERRCODE = 'feature_not_supported',
        HINT = 'A move back is a line of its own.';
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON migration_control_transition
    FOR EACH ROW EXECUTE FUNCTION switchyard_append_only();

CREATE FUNCTION switchyard_move_on_record() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.epoch <= OLD.epoch THEN
        RAISE EXCEPTION '% cannot go from epoch % to %', NEW.name, OLD.epoch, NEW.epoch
            USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'Move a component with migration_move or in the admin.';
    END IF;
    PERFORM FROM migration_control_transition t
      WHERE t.component_id = NEW.name AND t.epoch = NEW.epoch AND t.stage = NEW.stage AND t.reads = NEW.reads;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a move of % is not on record', NEW.name USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'Move a component with migration_move or in the admin.';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER move_on_record AFTER UPDATE OF stage, reads, authority, epoch ON migration_control_componentstate
    FOR EACH ROW WHEN ((OLD.stage, OLD.reads, OLD.authority, OLD.epoch)
        IS DISTINCT FROM (NEW.stage, NEW.reads, NEW.authority, NEW.epoch))
    EXECUTE FUNCTION switchyard_move_on_record();
"""

DROP = """
DROP TRIGGER move_on_record ON migration_control_componentstate;
DROP TRIGGER append_only ON migration_control_transition;
DROP FUNCTION switchyard_move_on_record;
DROP FUNCTION switchyard_append_only;
"""


class Migration(migrations.Migration):
    dependencies = [("migration_control", "0007_moves")]
    operations = [migrations.RunSQL(FUNCTIONS, DROP)]
