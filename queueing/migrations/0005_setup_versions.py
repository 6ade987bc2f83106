"""Count the changes of each branch's setup."""

import django.db.models.deletion
from django.db import migrations, models


def begin_to_count(apps, schema_editor):
    """Create the row of each branch that there is."""
    SetupVersion = apps.get_model("queueing", "SetupVersion")
    branches = apps.get_model("accounts", "Branch").objects.all()
    SetupVersion.objects.bulk_create(SetupVersion(branch=branch) for branch in branches)


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0007_own_rooms'),
        ('queueing', '0004_wording'),
    ]

    operations = [
        migrations.CreateModel(
            name='SetupVersion',
            fields=[
                ('branch', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='setup_version', serialize=False, to='accounts.branch')),
                ('last', models.PositiveIntegerField(default=1)),
            ],
        ),
        migrations.RunPython(begin_to_count, migrations.RunPython.noop, elidable=True),
    ]
