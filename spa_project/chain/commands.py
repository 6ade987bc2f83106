"""The command of staff of several branches: where they work today."""

from typing import Annotated, TypedDict

from pydantic import StringConstraints

from accounts.auth import Caller
from accounts.models import STAFF
from spa_project.chain import moves
from spa_project.lib.commands import Data, command


class WorkplaceChoice(Data):
    """A branch, by its name in addresses."""

    branch: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,40}$")]


class WorkplaceData(TypedDict):
    slug: str
    name: str


class WorkplaceReply(TypedDict):
    branch: WorkplaceData


@command(*STAFF)
def work_at(caller: Caller, data: WorkplaceChoice) -> WorkplaceReply:
    """Work at another branch of one's own from now on; not with a customer or an open drawer."""
    branch = moves.work_at(caller.person, data.branch)
    return {"branch": {"slug": branch.slug, "name": branch.name}}
