"""Seed a floor as full as it gets: long lines, long bills and long names, for layout tests.

`python -m tools.screens.crowded_day` plays it into the seeded spa of the environment, and prints
the keys of tickets in each status. Therapists 1, 2 and 3 serve one visit of each number of
treatments in `BILLS`, and one of each is ready to pay; therapist 4 has called a customer. In a spa
with more staff the others treat and take payment, so that every room and counter is in use;
cashiers 1 and 2 are free.
"""

import json

import django

from tools.screens.demo_day import Scene

BILLS = (1, 4, 12)
WAITING = 40
#: Therapists and cashiers whose state tests rely on; the others fill rooms and counters.
CAST = 4
FREE_CASHIERS = 2
LONG_NAME = "Maria Concepcion Bartholomea de los Santos-Villanueva y Reyes"[:60]
LONG_TREATMENT = "Traditional warm coconut oil and lemongrass full body massage"[:60]


def play() -> None:
    """Play a day up to now, with nobody idle."""
    from catalog.models import Service
    from queueing.holding import hold
    from queueing.leaving import customer_cancel
    from queueing.models import Transaction

    scene = Scene()
    for service in Service.objects.all():
        service.name = f"{LONG_TREATMENT[: 56 - len(str(service.pk))]} {service.pk}"
        service.save()
    fill_the_house(scene)
    for therapist, size in enumerate(BILLS):
        scene.comes(90, *range(size), name=LONG_NAME)
        pk = scene.called(81, therapist)
        scene.starts(80, therapist, pk)
        scene.ends(20, therapist, pk)
    for therapist, size in enumerate(BILLS):
        scene.comes(30, *range(size), name=LONG_NAME)
        scene.starts(28, therapist, scene.called(29, therapist))
    scene.comes(29, 0, 1, name=LONG_NAME)
    scene.called(1, CAST - 1)
    for number in range(WAITING):
        scene.comes(12, *range(1 + number % 4), name=LONG_NAME)
    with scene.at(1):
        held, gone = (scene.comes(6, 0, name=LONG_NAME) for _ in range(2))
        hold(scene.therapists[0].user, transaction_id=held, reason="Stepped out")
        customer_cancel(Transaction.objects.get(pk=gone).key)


def fill_the_house(scene: Scene) -> None:
    """Let the rest of the staff work, so that rooms and counters are occupied."""
    rest = range(CAST, len(scene.therapists))
    for therapist in rest:
        scene.treated(300, 290, 240, therapist)
    for cashier in range(FREE_CASHIERS, min(len(scene.cashiers), FREE_CASHIERS + len(rest))):
        scene.takes(200, cashier)
    for therapist in rest:
        scene.comes(70, name=LONG_NAME)
        scene.starts(60 - therapist, therapist, scene.called(69 - therapist, therapist))
    scene.treated(240, 230, 180, 0)
    scene.pays(170, 0)


def tickets() -> dict[str, str]:
    """Return the key of one visit in each status."""
    from queueing.models import Transaction

    return {str(each.status): each.key for each in Transaction.objects.order_by("-pk")}


if __name__ == "__main__":
    django.setup()
    play()
    print(json.dumps(tickets()))
