"""Seed a floor as full as it gets: long lines, long bills and long names, for layout tests.

`python -m tools.screens.crowded_day` plays it into the seeded spa of the environment. Therapists 1,
2 and 3 serve, and the till's line holds, one visit of each number of treatments in `BILLS`.
"""

import django

from tools.screens.demo_day import Scene

BILLS = (1, 4, 12)
WAITING = 40
LONG_NAME = "Maria Concepcion Bartholomea de los Santos-Villanueva y Reyes"[:60]
LONG_TREATMENT = "Traditional warm coconut oil and lemongrass full body massage"[:60]


def play() -> None:
    """Play a day up to now, with nobody idle."""
    from catalog.models import Service

    scene = Scene()
    for service in Service.objects.all():
        service.name = f"{LONG_TREATMENT[: 56 - len(str(service.pk))]} {service.pk}"
        service.save()
    for therapist, size in enumerate(BILLS):
        scene.comes(90, *range(size), name=LONG_NAME)
        pk = scene.called(81, therapist)
        scene.starts(80, therapist, pk)
        scene.ends(20, therapist, pk)
    for therapist, size in enumerate(BILLS):
        scene.comes(30, *range(size), name=LONG_NAME)
        scene.starts(28, therapist, scene.called(29, therapist))
    for number in range(WAITING):
        scene.comes(12, *range(1 + number % 4), name=LONG_NAME)


if __name__ == "__main__":
    django.setup()
    play()
