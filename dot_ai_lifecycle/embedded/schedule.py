"""The schedules of CronJobs: five fields, read and refused as the cron library of Kubernetes does (robfig/cron v3)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

_SHORTHANDS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_LONGEST = timedelta(days=5 * 366)
"""How far ahead a moment is looked for."""


@dataclass(frozen=True, slots=True)
class _Bounds:
    low: int
    high: int
    names: tuple[str, ...] = ()

    def number(self, text: str) -> int:
        if text.lower() in self.names:
            return self.low + self.names.index(text.lower())
        if not text.isdigit():
            raise ValueError(f'failed to parse int from {text}: strconv.Atoi: parsing "{text}": invalid syntax')
        return int(text)

    def part(self, text: str) -> range:
        """The numbers of one part of a field: `*`, `5`, `1-5`, `*/10`, `5/10` or `1-5/2`."""
        span, slash, every = text.partition("/")
        first, hyphen, last = span.partition("-")
        if first in ("*", "?"):
            start, end = self.low, self.high
        else:
            start = self.number(first)
            end = self.number(last) if hyphen else (self.high if slash else start)
        step = self.number(every) if slash else 1
        if start < self.low:
            raise ValueError(f"beginning of range ({start}) below minimum ({self.low}): {text}")
        if end > self.high:
            raise ValueError(f"end of range ({end}) above maximum ({self.high}): {text}")
        if start > end:
            raise ValueError(f"beginning of range ({start}) beyond end of range ({end}): {text}")
        if step == 0:
            raise ValueError(f"step of range should be a positive number: {text}")
        return range(start, end + 1, step)

    def field(self, text: str) -> frozenset[int]:
        return frozenset(number for part in text.split(",") for number in self.part(part))


_BOUNDS = (_Bounds(0, 59), _Bounds(0, 23), _Bounds(1, 31), _Bounds(1, 12, _MONTHS), _Bounds(0, 6, _WEEKDAYS))


@dataclass(frozen=True, slots=True)
class Schedule:
    """The five fields of a cron line."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_day: bool
    any_weekday: bool

    @classmethod
    def parse(cls, line: str) -> "Schedule":
        """Raises ValueError, saying why, for a line that is no schedule."""
        if line.startswith("@") and line not in _SHORTHANDS:
            raise ValueError(f"unrecognized descriptor: {line}")
        parts = _SHORTHANDS.get(line, line).split()
        if len(parts) != len(_BOUNDS):
            raise ValueError(f"expected exactly 5 fields, found {len(parts)}: [{' '.join(parts)}]")
        minutes, hours, days, months, weekdays = (
            bounds.field(part) for bounds, part in zip(_BOUNDS, parts, strict=True)
        )
        any_day, any_weekday = (part in ("*", "?") for part in (parts[2], parts[4]))
        return cls(minutes, hours, days, months, weekdays, any_day, any_weekday)

    def _on_day(self, moment: datetime) -> bool:
        day, weekday = moment.day in self.days, moment.isoweekday() % 7 in self.weekdays
        return day and weekday if self.any_day or self.any_weekday else day or weekday

    def after(self, moment: datetime) -> datetime | None:
        """The first moment later than this one; None when there is none within five years."""
        at = moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
        while at < moment + _LONGEST:
            if at.month not in self.months or not self._on_day(at):
                at = at.replace(hour=0, minute=0) + timedelta(days=1)
            elif at.hour not in self.hours:
                at = at.replace(minute=0) + timedelta(hours=1)
            elif at.minute not in self.minutes:
                at += timedelta(minutes=1)
            else:
                return at
        return None
