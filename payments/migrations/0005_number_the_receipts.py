"""Number the payments that were made before there were receipts, in the order they were made."""

import secrets

from django.db import migrations


def create_cash(apps, schema_editor):
    """Create cash, the only method so far; others are added in the admin."""
    method = apps.get_model("payments", "PaymentMethod")
    method.objects.get_or_create(
        code="cash", defaults={"name": "Cash", "kind": "cash", "position": 1}
    )


def number_receipts(apps, schema_editor):
    """Assign receipt numbers from 1 in each branch."""
    payment = apps.get_model("payments", "Payment")
    last = {}
    for row in payment.objects.select_related("transaction").order_by("pk").iterator():
        branch = row.transaction.branch_id
        last[branch] = last.get(branch, 0) + 1
        payment.objects.filter(pk=row.pk).update(
            branch=branch,
            business_date=row.transaction.business_date,
            receipt_number=last[branch],
            receipt_key=secrets.token_urlsafe(24),
        )
    counter = apps.get_model("payments", "ReceiptCounter")
    counter.objects.bulk_create(
        counter(branch_id=branch, last=number) for branch, number in last.items()
    )


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0004_methods_attempts_prints"),
    ]

    operations = [
        migrations.RunPython(create_cash, migrations.RunPython.noop),
        migrations.RunPython(number_receipts, migrations.RunPython.noop),
    ]
