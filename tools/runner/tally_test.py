#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The sum at the end of tools/test hides no failure."""

import sys
import unittest

sys.dont_write_bytecode = True

from tally import Tally, report  # pylint: disable=wrong-import-position


class TallyTest(unittest.TestCase):
    def check(self, expected, *arguments):
        tally = Tally("run")
        tally.add("name", *arguments)
        self.assertEqual(str(tally), expected)
        self.assertEqual(len(tally.failures), min(tally.failed, 1))

    def test_counts_each_case(self):
        self.check("2 passed, 0 failed", "OK", "1..2\nok 1 - a\nok 2 - b\n")

    def test_counts_a_failed_case(self):
        self.check("1 passed, 1 failed", "ERROR", "1..2\nok 1 - a\nnot ok 2 - b\n")

    def test_counts_a_skipped_case(self):
        self.check("1 passed, 0 failed, 1 skipped", "OK", "ok 1 - a\nok 2 - b # SKIP no net\n")

    def test_counts_a_crash_after_good_cases(self):
        self.check("1 passed, 1 failed", "ERROR", "1..2\nok 1 - a\n")

    def test_counts_a_timeout(self):
        self.check("0 passed, 1 failed", "TIMEOUT", "")

    def test_counts_a_program_without_tap(self):
        self.check("1 passed, 0 failed", "OK", "working\n")

    def test_counts_a_skipped_program(self):
        self.check("0 passed, 0 failed, 1 skipped", "SKIP", "1..0 # SKIP no namespaces\n")

    def test_says_why_a_case_was_skipped(self):
        tally = Tally("run")
        tally.add("name", "OK", "ok 1 - b # SKIP no net\n")
        self.assertEqual(tally.skips, ["name: no net"])

    def test_counts_a_mutant_that_failed_as_it_should(self):
        self.check("1 passed, 0 failed", "EXPECTEDFAIL", "not ok 1 - caught\n")

    def test_counts_a_mutant_that_passed(self):
        self.check("0 passed, 1 failed", "UNEXPECTEDPASS", "")

    def test_the_end_adds_up_the_stages_and_says_what_to_run_again(self):
        good, bad = Tally("plain"), Tally("san")
        good.add("a", "OK", "ok 1 - x\nok 2 - y\n")
        bad.add("b", "TIMEOUT", again="meson test -C build-san b")
        lines = report([good, bad]).splitlines()
        self.assertEqual(lines[-1], "2 passed, 1 failed")
        self.assertIn("b (TIMEOUT): meson test -C build-san b", lines)


if __name__ == "__main__":
    unittest.main()
