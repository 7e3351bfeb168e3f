"""The history of moves is not truncated either."""

from django.db import migrations

CREATE = """
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON migration_control_transition
    FOR EACH STATEMENT EXECUTE FUNCTION switchyard_append_only();
"""
DROP = "DROP TRIGGER append_only_truncate ON migration_control_transition;"


class Migration(migrations.Migration):
    dependencies = [("migration_control", "0010_note_change")]
    operations = [migrations.RunSQL(CREATE, DROP)]
