"""How fast long work goes, and how long it will still take."""

from collections import deque

ESTIMATE_AFTER_S = 1.0
PACE_OF_S = 30.0
SAMPLE_EVERY_S = 0.5


class Pace:
    """Estimates pace and time left from the last half minute of the phase that is under way.

    A phase begins anew with another total, or where fewer units are done than were. That only the
    last half minute counts lets a start that went quickly be forgotten: what was on disk already.
    """

    def __init__(self) -> None:
        self._total = self._last = -1
        self._seen: deque[tuple[float, int]] = deque()

    def skip(self, seconds: float) -> None:
        """Leave out a time in which others worked, or nobody did."""
        self._seen = deque((when + seconds, done) for when, done in self._seen)

    def of(self, done: int, total: int, *, now: float) -> tuple[float | None, float | None]:
        """Units a second, and seconds left."""
        if total != self._total or done < self._last:
            self._total, self._seen = total, deque([(now, done)])
        self._last = done
        if now - self._seen[-1][0] >= SAMPLE_EVERY_S:
            self._seen.append((now, done))
        while len(self._seen) > 2 and now - self._seen[1][0] >= PACE_OF_S:
            self._seen.popleft()
        since, first = self._seen[0]
        elapsed, finished = now - since, done - first
        if elapsed < ESTIMATE_AFTER_S or finished <= 0:
            return None, None
        return finished / elapsed, elapsed * (total - done) / finished
