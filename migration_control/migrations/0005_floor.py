from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("migration_control", "0004_phase")]
    operations = [
        migrations.AddField(
            model_name="componentstate",
            name="floor",
            field=models.CharField(
                blank=True,
                default="",
                editable=False,
                help_text="records with a smaller key are pruned, and never come back",
            ),
        ),
    ]
