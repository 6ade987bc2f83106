"""Models of branches, people, their roles, presence and logins."""

from accounts.models.branches import Branch, TurnMode, validate_time_zone
from accounts.models.logins import (
    AuthToken,
    ClosedStep,
    PairedDevice,
    Secret,
    SessionLock,
    SocketTicket,
    new_device_name,
)
from accounts.models.people import (
    STAFF,
    Cashier,
    Gender,
    Profile,
    Role,
    StaffManager,
    StaffProfile,
    StaffProfileManager,
    Therapist,
    TherapistManager,
    TherapistSkill,
    User,
    Workplace,
)
from accounts.models.presence import AT_WORK, Presence, PresenceKind

__all__ = [
    "AT_WORK",
    "STAFF",
    "AuthToken",
    "Branch",
    "Cashier",
    "ClosedStep",
    "Gender",
    "PairedDevice",
    "Presence",
    "PresenceKind",
    "Profile",
    "Role",
    "Secret",
    "SessionLock",
    "SocketTicket",
    "StaffManager",
    "StaffProfile",
    "StaffProfileManager",
    "Therapist",
    "TherapistManager",
    "TherapistSkill",
    "TurnMode",
    "User",
    "Workplace",
    "new_device_name",
    "validate_time_zone",
]
