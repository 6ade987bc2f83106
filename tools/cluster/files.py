"""The files of deploy/ as a machine of the cluster has them."""

import re
from collections.abc import Mapping

from tools.servers import PROJECT

DEPLOY = PROJECT / "deploy"
#: The machines of the files.
ADDRESSES = {"spa-1": "10.0.0.11", "spa-2": "10.0.0.12", "spa-3": "10.0.0.13"}


def deployed(name: str, changes: Mapping[str, str]) -> str:
    """Return a file of deploy/ with each of these texts, which must be in it, replaced."""
    text = (DEPLOY / name).read_text()
    for theirs, ours in changes.items():
        if theirs not in text:
            raise ValueError(f"{name} does not say {theirs}")
        text = text.replace(theirs, ours)
    return text


def unit_settings(name: str) -> dict[str, str]:
    """Return the last value of each setting of a systemd unit."""
    text = (DEPLOY / name).read_text().replace("\\\n", " ")
    return dict(re.findall(r"^([A-Za-z]+)=(.*)$", text, re.MULTILINE))


def command_of(
    unit: str, variables: Mapping[str, str], *, setting: str = "ExecStart", **instance: str
) -> list[str]:
    """Return a command line of a systemd unit, with its specifiers and variables filled in.

    `instance` has the specifiers, `variables` what the unit's EnvironmentFile has.
    """
    settings = unit_settings(unit)
    line = settings[setting]
    for specifier, value in instance.items():
        line = line.replace(f"%{specifier}", value)
    own = dict(pair.split("=") for pair in settings.get("Environment", "").split() if "=" in pair)
    for variable, value in (own | dict(variables)).items():
        line = line.replace(f"${{{variable}}}", value)
    return line.split()
