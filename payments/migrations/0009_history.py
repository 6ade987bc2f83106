"""Record changes of the setup, from the rows as they are now."""

import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models

from spa_project.lib.db.history import first_records


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0008_wording'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='HistoricalPaymentMethod',
            fields=[
                ('code', models.SlugField(max_length=20, verbose_name='code')),
                ('name', models.CharField(max_length=40, verbose_name='name')),
                ('kind', models.CharField(choices=[('cash', 'Cash'), ('terminal', 'Card or e-wallet terminal')], max_length=10, verbose_name='type')),
                ('active', models.BooleanField(default=True, verbose_name='available')),
                ('position', models.PositiveSmallIntegerField(default=0, verbose_name='position')),
                ('history_change_reason', models.CharField(blank=True, default='', max_length=200)),
                ('history_id', models.BigAutoField(editable=False, primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'historical payment method',
                'verbose_name_plural': 'historical payment methods',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.RunPython(
            first_records('payments', 'PaymentMethod'), migrations.RunPython.noop, elidable=True
        ),
    ]
