"""Make a therapist's own room a key; it was the room's number as text."""

import django.db.models.deletion
from django.db import migrations, models


def find_rooms(apps, schema_editor):
    """Set the room that the text names in the person's branch, in any case, with spaces or not."""
    Therapist = apps.get_model("accounts", "Therapist")
    Room = apps.get_model("queueing", "Room")
    rooms = {(room.branch_id, _tidy(room.number)): room for room in Room.objects.all()}
    for therapist in Therapist.objects.exclude(room_number="").select_related("user"):
        room = rooms.get((therapist.user.branch_id, _tidy(therapist.room_number)))
        if room is not None:
            therapist.own_room = room
            therapist.save(update_fields=["own_room"])


def write_numbers(apps, schema_editor):
    Therapist = apps.get_model("accounts", "Therapist")
    for therapist in Therapist.objects.exclude(own_room=None).select_related("own_room"):
        therapist.room_number = therapist.own_room.number
        therapist.save(update_fields=["room_number"])


def _tidy(number):
    return " ".join(number.split()).casefold()


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_wording"),
        ("queueing", "0004_wording"),
    ]

    operations = [
        migrations.AddField(
            model_name="therapist",
            name="own_room",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="owners",
                to="queueing.room",
                verbose_name="own room",
            ),
        ),
        migrations.RunPython(find_rooms, write_numbers, elidable=True),
        migrations.RemoveField(model_name="therapist", name="room_number"),
    ]
