"""What may come instead of an answer. None of it leaves this adapter."""


class Unanswered(Exception):
    """The registry told nothing; `why` ends a sentence. Never holds what the registry sent, which may be anything."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Unconnected(Unanswered):
    """There was no connection to be asked over, or none that is trusted; maybe there is by another protocol."""


class Denied(Exception):
    """The registry knows us too little, or too well."""
