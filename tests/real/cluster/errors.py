"""What can go wrong with a test cluster, apart by who can act on it."""


class Unavailable(Exception):
    """This machine cannot run a cluster; the message says why and what would help. Tests skip with it."""


class StartFailed(Exception):
    """The cluster should have started and did not; the message carries the last lines of the logs."""


class CommandFailed(Exception):
    """A command that had to succeed did not; the message carries the command and what it said."""
