#!/usr/bin/python3
"""The checker of histories, on histories made by hand: each rule passing and failing."""

import unittest

from history import History, PENDING, Write


def write(value, node="a", began=0.0, ended=PENDING, covers=None, deletes=False):
    """An acknowledged write when it has ended, else one with an unknown outcome."""
    made = Write("k", value, node, began, covers)
    made.ended = ended
    made.acknowledged = ended != PENDING
    made.deletes = deletes
    return made


def violations(writes, present):
    history = History()
    for each in writes:
        history.add(each)
    return [text.split(":")[0] for text in history.violations({"k": set(present)})]


class HistoryTest(unittest.TestCase):

    def test_present_writes_are_fine(self):
        self.assertEqual(violations([write("1", ended=1.0), write("2", "b", 0.5, 1.5, {"0"})],
                                    {"1", "2"}), [])

    def test_acknowledged_write_that_is_gone(self):
        self.assertEqual(violations([write("1", ended=1.0)], set()), ["lost"])

    def test_unknown_write_may_be_gone(self):
        self.assertEqual(violations([write("1")], set()), [])
        self.assertEqual(violations([write("1")], {"1"}), [])

    def test_overwritten_by_a_write_that_named_it(self):
        first, second = write("1", ended=1.0), write("2", "b", 2.0, 3.0, {"1"})
        self.assertEqual(violations([first, second], {"2"}), [])
        self.assertEqual(violations([first, second], {"1", "2"}), ["risen"])

    def test_gone_under_a_write_that_named_another(self):
        first, second = write("1", ended=1.0), write("2", "b", 2.0, 3.0, {"0"})
        self.assertEqual(violations([first, second], {"2"}), ["lost"])

    def test_overwritten_over_two_steps(self):
        chain = [write("1", ended=1.0), write("2", "b", 2.0, PENDING, {"1"}),
                 write("3", "c", 4.0, 5.0, {"2"})]
        self.assertEqual(violations(chain, {"3"}), [])
        # Nobody overwrote 3: what it overwrote does not explain its absence.
        self.assertEqual(violations(chain, {"2"}), ["risen", "lost"])
        self.assertEqual(violations(chain, set()), ["lost", "lost"])

    def test_overwrite_at_the_same_node(self):
        first, second = write("1", ended=1.0), write("2", "a", 2.0, 3.0)
        self.assertEqual(violations([first, second], {"2"}), [])
        self.assertEqual(violations([first, second], {"1"}), ["risen", "lost"])
        self.assertEqual(violations([first, second], {"1", "2"}), ["risen"])

    def test_overwrite_at_another_node_may_have_seen_it(self):
        first, second = write("1", ended=1.0), write("2", "b", 0.5, 3.0)
        self.assertEqual(violations([first, second], {"2"}), [])
        self.assertEqual(violations([first, second], {"1", "2"}), [])

    def test_overwrite_that_was_over_before(self):
        first, second = write("1", began=2.0, ended=3.0), write("2", "b", 0.5, 1.0)
        self.assertEqual(violations([first, second], {"2"}), ["lost"])

    def test_refused_write(self):
        first, second = write("1", ended=1.0), write("2", "a", 2.0, 3.0, {"1"})
        second.acknowledged, second.refused = False, True
        self.assertEqual(violations([first, second], {"1"}), [])
        self.assertEqual(violations([first, second], {"2"}), ["unwritten", "lost"])

    def test_deleted_document(self):
        first, second = write("1", ended=1.0), write("d", "b", 2.0, 3.0, {"1"}, deletes=True)
        self.assertEqual(violations([first, second], set()), [])
        self.assertEqual(violations([first, second], {"1"}), ["risen"])
        other = write("2", "c", 2.0, 3.0, {"1"})
        self.assertEqual(violations([first, second, other], set()), ["lost"])

    def test_version_that_nobody_wrote(self):
        self.assertEqual(violations([write("1", ended=1.0)], {"1", "9"}), ["unwritten"])
        self.assertEqual(History().violations({"x": {"9"}}), ["unwritten: nobody wrote x"])


if __name__ == "__main__":
    unittest.main()
