"""History: what clients did to documents and what they were told, and whether the end fits it.

A write *may cover* an earlier one when it may have overwritten it having seen it:
  - it named its version, or was sent with the context of a read that returned it;
  - it named nothing (an overwrite) and was not over before the other began: whatever node took
    it may have held the other by then.
A write *certainly covers* another when it took effect and
  - named its version or context, or
  - was an overwrite sent to the same node after that node had acknowledged the other.

At the end, when all nodes are equal, for each document:
  lost       every acknowledged write is present (as winner or sibling) or reached from a present
             write by steps of "may cover"
  risen      no write is present that another one certainly covers
  unwritten  every present version is one that somebody wrote there
Writes whose outcome nobody was told (the node died) may be present or not.

Times are seconds of one monotonic clock. Thread-safe, but for `violations`: the writers must have
ended.
"""

import threading

PENDING = float("inf")


class Write:
    """One put or delete of one document."""

    def __init__(self, key, value, node, began, covers=None):
        self.key = key
        self.value = value  # unique over the whole history; what a put wrote
        self.node = node
        self.began = began
        self.covers = covers  # values of the versions it named; None for an overwrite
        self.deletes = False
        self.ended = PENDING  # when the answer came; PENDING when none did
        self.acknowledged = False
        self.refused = False  # an answer that says it had no effect

    def __repr__(self):
        outcome = "acknowledged" if self.acknowledged else "refused" if self.refused else "unknown"
        covers = "anything" if self.covers is None else sorted(self.covers)
        return "%s=%s at %s over %s, %s [%.3f, %.3f]" % (
            self.key, self.value, self.node, covers, outcome, self.began, self.ended)


def may_cover(later, earlier):
    """Whether `later` may have overwritten `earlier`, another write of its key, having seen it."""
    if later is earlier or later.refused:
        return False
    if later.covers is not None:
        return earlier.value in later.covers
    return earlier.began < later.ended


def certainly_covers(later, earlier, present):
    """Whether `earlier` cannot be there any more; `present` are the values at the end."""
    if later is earlier or not (later.acknowledged or later.value in present):
        return False
    if later.covers is not None:
        return earlier.value in later.covers
    return earlier.acknowledged and earlier.node == later.node and earlier.ended < later.began


class History:
    """All writes, by document."""

    def __init__(self):
        self._lock = threading.Lock()
        self._writes = {}

    def add(self, write):
        with self._lock:
            self._writes.setdefault(write.key, []).append(write)

    def acknowledged(self, node=None):
        """How many writes were acknowledged, by the node of that name when one is given."""
        return sum(write.acknowledged and node in (None, write.node) for write in self._all())

    def unknown(self):
        return sum(not write.acknowledged and not write.refused for write in self._all())

    def _all(self):
        with self._lock:
            return [write for writes in self._writes.values() for write in writes]

    def violations(self, end):
        """Returns texts, one for each violation; `end` is {key: set of present values}.

        A deleted document is absent from `end` or has an empty set; its deletes may all be present.
        """
        found = []
        for key, writes in sorted(self._writes.items()):
            found += _judge(writes, end.get(key, set()))
        for key in sorted(set(end) - set(self._writes)):
            found.append("unwritten: nobody wrote %s" % key)
        return found


def _judge(writes, present):
    written = {write.value: write for write in writes}
    for value in sorted(present - set(written)):
        yield "unwritten: %s in %s" % (value, writes[0].key)
    for write in writes:
        if write.value in present:
            if write.refused:
                yield "unwritten: refused, yet there: %r" % write
            for later in writes:
                if certainly_covers(later, write, present):
                    yield "risen: %r, overwritten by %r" % (write, later)
    # Tombstones cannot be read back: any delete that may have had an effect may be at the end.
    reached = [write for write in writes
               if write.value in present or (write.deletes and not write.refused)]
    explained = set(reached)
    while reached:
        later = reached.pop()
        for earlier in writes:
            if earlier not in explained and may_cover(later, earlier):
                explained.add(earlier)
                reached.append(earlier)
    for write in writes:
        if write.acknowledged and write not in explained:
            yield "lost: %r; present: %s" % (write, sorted(present))
