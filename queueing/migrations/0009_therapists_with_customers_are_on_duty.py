from django.db import migrations


def clock_in(apps, schema_editor):
    """Put the therapists on duty who have a customer now, since the call."""
    Transaction = apps.get_model("queueing", "Transaction")
    Presence = apps.get_model("accounts", "Presence")
    for visit in Transaction.objects.exclude(active_therapist=None):
        Presence.objects.get_or_create(
            active_therapist_id=visit.active_therapist_id,
            defaults={
                "therapist_id": visit.active_therapist_id,
                "branch_id": visit.branch_id,
                "business_date": visit.business_date,
                "kind": "on_duty",
                "began_at": visit.therapist_confirmed_at,
            },
        )


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0010_presence"),
        ("queueing", "0008_declined_therapist"),
    ]

    operations = [migrations.RunPython(clock_in, migrations.RunPython.noop)]
