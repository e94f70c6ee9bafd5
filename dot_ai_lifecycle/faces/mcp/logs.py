"""Logs of a server: one JSON line an event, on stderr only, for stdout belongs to the protocol."""

import logging
import sys

import structlog
from structlog.typing import EventDict, Processor

from dot_ai_lifecycle.core.redaction import redacted


def log_to_stderr(level: str) -> None:
    """Send our log and that of the libraries to stderr, from this level on.

    Has to come before the SDK makes a server: it would lay out tracebacks in frames of a hundred lines.
    """
    threshold = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _without_secrets,
    ]
    renderer = structlog.processors.JSONRenderer(ensure_ascii=False)
    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(handlers=[lines], level=threshold, force=True)
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def _without_secrets(_: object, __: str, event: EventDict) -> EventDict:
    return {key: value if key.startswith("_") else redacted(value, key) for key, value in event.items()}
