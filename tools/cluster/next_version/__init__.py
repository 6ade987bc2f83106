"""The next version of the application, to which a run upgrades: one more column."""

#: Its module of settings.
NEXT_VERSION = "tools.cluster.next_version.settings"
