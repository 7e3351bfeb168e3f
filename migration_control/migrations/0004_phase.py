from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("migration_control", "0003_pairing")]
    operations = [
        migrations.RemoveIndex(model_name="finding", name="finding_by_key"),
        migrations.RenameField(model_name="finding", old_name="stage", new_name="phase"),
        migrations.AlterField(
            model_name="finding",
            name="phase",
            field=models.CharField(help_text="who found it: the reader of the file, or the mapping to the database"),
        ),
        migrations.AddIndex(
            model_name="finding",
            index=models.Index(fields=["component", "phase", "key"], name="finding_by_key"),
        ),
    ]
