"""One side of `benchmarks.before`: rounds of claims, as many as lines arrive on its input.

It runs in the checkout that is its working directory, so it uses only what each version has.
"""

import json
import sys
import time

from benchmarks.engine import set_up

CLAIMS = 50
WAITING = 300
#: Every fifth customer asked for a therapist, every fifth needs a skill.
EVERY = 5


def spread_over_lanes() -> None:
    """Give some of those who wait a request, some a skill that every therapist has."""
    from django.db import connection

    from accounts.models import Therapist, TherapistSkill
    from catalog.models import Skill
    from queueing.lanes import ANYONE, Lane
    from queueing.models import SkillSet

    skill = Skill.objects.get_or_create(name="Hot stone")[0]
    needed = SkillSet.objects.get_or_create(members=str(skill.pk))[0]
    therapists = list(Therapist.objects.values_list("pk", flat=True))
    for pk in therapists:
        TherapistSkill.objects.get_or_create(therapist_id=pk, skill=skill)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE queueing_transaction SET lane = %s + running_number %% %s, "
            "requested_therapist_id = %s + running_number %% %s WHERE running_number %% %s = 0",
            [therapists[0], len(therapists), therapists[0], len(therapists), EVERY],
        )
        cursor.execute(
            "UPDATE queueing_transaction SET lane = %s, skill_set_id = %s "
            "WHERE running_number %% %s = 1",
            [Lane(ANYONE, needed.pk).number, needed.pk, EVERY],
        )


def claim_all(floor: object, *, lanes: bool) -> list[float]:
    """Return the seconds of each claim of a fresh line."""
    from benchmarks.engine import fresh_line
    from queueing.services import confirm_next

    fresh_line(floor, WAITING)
    if lanes:
        spread_over_lanes()
    times = []
    for therapist in floor.therapists[:CLAIMS]:
        began = time.perf_counter()
        confirm_next(therapist)
        times.append(time.perf_counter() - began)
    return times


def main() -> None:
    """Make a database of its own, then claim."""
    url, lanes = sys.argv[1], sys.argv[2:] == ["lanes"]
    set_up(url)
    from django.core.management import call_command

    from benchmarks.floor import build

    call_command("migrate", verbosity=0)
    floor = build(staff=CLAIMS)
    print("ready", flush=True)
    for _line in sys.stdin:
        print(json.dumps(claim_all(floor, lanes=lanes)), flush=True)


if __name__ == "__main__":
    main()
