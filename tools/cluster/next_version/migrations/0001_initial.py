"""An online change of the largest table: a column that may be empty."""

from django.db import migrations


class Migration(migrations.Migration):
    initial = True
    dependencies = [("queueing", "0001_initial")]
    operations = [
        migrations.RunSQL(
            "ALTER TABLE queueing_transaction ADD COLUMN next_version varchar(20) NULL",
            "ALTER TABLE queueing_transaction DROP COLUMN next_version",
        )
    ]
