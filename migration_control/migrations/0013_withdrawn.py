"""Requests that are taken back; and a permission of its own for the end of a migration."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("migration_control", "0012_closing"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="moverequest",
            options={
                "ordering": ["-id"],
                "permissions": [
                    ("move_components", "Can move components between stages"),
                    ("override_gates", "Can override gates of a move"),
                    ("close_migrations", "Can end the migration of a component for good"),
                ],
            },
        ),
        migrations.AlterField(
            model_name="moverequest",
            name="state",
            field=models.CharField(
                choices=[
                    ("requested", "Requested"),
                    ("running", "Running"),
                    ("done", "Done"),
                    ("refused", "Refused"),
                    ("failed", "Failed"),
                    ("withdrawn", "Withdrawn"),
                ],
                default="requested",
            ),
        ),
    ]
