"""Record changes of the setup, from the rows as they are now."""

import accounts.models
import datetime
import django.contrib.auth.validators
import django.core.validators
import django.db.models.deletion
import simple_history.models
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models

from spa_project.lib.db.history import first_records


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0007_own_rooms'),
        ('queueing', '0004_wording'),
    ]

    operations = [
        migrations.CreateModel(
            name='HistoricalBranch',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('name', models.CharField(db_index=True, max_length=80, verbose_name='name')),
                ('slug', models.SlugField(max_length=40, verbose_name='URL name')),
                ('time_zone', models.CharField(default='Asia/Manila', max_length=64, validators=[accounts.models.validate_time_zone], verbose_name='time zone')),
                ('day_start', models.TimeField(default=datetime.time(4, 0), help_text='Visits before this time count as the previous day.', verbose_name='business day starts at')),
                ('shared_rooms', models.BooleanField(default=False, help_text='A therapist without a ready room gets any available one.', verbose_name='shared rooms')),
                ('preparing_minutes', models.PositiveSmallIntegerField(default=15, help_text='Rooms become ready after this time. 0 = only when staff mark them ready.', verbose_name='room turnaround (minutes)')),
                ('active', models.BooleanField(default=True, verbose_name='open')),
                ('address', models.TextField(blank=True, help_text='Printed on receipts.', verbose_name='address')),
                ('tax_id', models.CharField(blank=True, max_length=40, verbose_name='tax number')),
                ('doubtful_change', models.DecimalField(blank=True, decimal_places=2, default=Decimal('1000'), help_text='Ask cashiers to confirm when change is at least this much. Tip: your largest note. Empty = never.', max_digits=10, null=True, validators=[django.core.validators.MinValueValidator(0)], verbose_name='large-change warning')),
                ('history_change_reason', models.CharField(blank=True, default='', max_length=200)),
                ('history_id', models.BigAutoField(editable=False, primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'historical branch',
                'verbose_name_plural': 'historical branches',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='HistoricalCashier',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('display_name', models.CharField(max_length=60, verbose_name='display name')),
                ('active', models.BooleanField(default=True, verbose_name='active')),
                ('counter_number', models.CharField(blank=True, max_length=20, verbose_name='counter')),
                ('history_change_reason', models.CharField(blank=True, default='', max_length=200)),
                ('history_id', models.BigAutoField(editable=False, primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('user', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'historical cashier',
                'verbose_name_plural': 'historical cashiers',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='HistoricalTherapist',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('display_name', models.CharField(max_length=60, verbose_name='display name')),
                ('active', models.BooleanField(default=True, verbose_name='active')),
                ('history_change_reason', models.CharField(blank=True, default='', max_length=200)),
                ('history_id', models.BigAutoField(editable=False, primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('own_room', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='queueing.room', verbose_name='own room')),
                ('user', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'historical therapist',
                'verbose_name_plural': 'historical therapists',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='HistoricalUser',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('username', models.CharField(db_index=True, error_messages={'unique': 'A user with that username already exists.'}, help_text='Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.', max_length=150, validators=[django.contrib.auth.validators.UnicodeUsernameValidator()], verbose_name='username')),
                ('first_name', models.CharField(blank=True, max_length=150, verbose_name='first name')),
                ('last_name', models.CharField(blank=True, max_length=150, verbose_name='last name')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='email address')),
                ('is_active', models.BooleanField(default=True, help_text='Designates whether this user should be treated as active. Unselect this instead of deleting accounts.', verbose_name='active')),
                ('is_staff', models.BooleanField(default=False, help_text='Can open Administration and reports.', verbose_name='manager')),
                ('is_monitor', models.BooleanField(default=False, help_text='For wall screens. Staff always have access.', verbose_name='wall screen')),
                ('history_change_reason', models.CharField(blank=True, default='', max_length=200)),
                ('history_id', models.BigAutoField(editable=False, primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('branch', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='accounts.branch', verbose_name='branch')),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'historical staff member',
                'verbose_name_plural': 'historical staff',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.RunPython(
            first_records('accounts', 'Branch', 'User', 'Therapist', 'Cashier'), migrations.RunPython.noop, elidable=True
        ),
    ]
