"""Models of sets of skills, which lanes of the queue are named by."""

from django.db import models

from spa_project.lib.db.fields import ExactCharField


class SkillSet(models.Model):
    """The skills that some visits need together; `queueing.skills` writes each set once.

    Its key is a part of the lane in which such a visit waits (lanes.py), so no row ever changes.
    """

    #: The keys of the skills in ascending order, such as "3,7".
    members = ExactCharField(max_length=200, unique=True, editable=False)

    def __str__(self) -> str:
        return self.members
