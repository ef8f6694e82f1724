#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A process that outlives its stage is found and ended, wherever it hides."""

import os
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True

import leftovers  # pylint: disable=wrong-import-position

leftovers.adopt_orphans()


class LeftoversTest(unittest.TestCase):
    def test_a_clean_stage_leaves_nothing(self):
        before = leftovers.Before()
        subprocess.run(["true"], check=True)
        self.assertEqual(before.left_behind(), [])

    def test_a_daemon_without_environment_is_found_and_ended(self):
        before = leftovers.Before()
        script = "setsid env -i sleep 987 >/dev/null 2>&1 & echo $!"
        pid = int(subprocess.run(["sh", "-c", script], check=True, capture_output=True,
                                 text=True).stdout)
        self.assertIn("sleep 987", "".join(before.left_behind()))
        self.assertFalse(os.path.exists(f"/proc/{pid}"))

    def test_an_interface_that_was_not_there_is_named(self):
        before = leftovers.Before()
        before.interfaces.discard("lo")
        self.assertEqual(before.left_behind(), ["interface: lo"])

    def test_a_mount_that_was_not_there_is_named(self):
        before = leftovers.Before()
        before.mounts.discard("/proc")
        self.assertEqual(before.left_behind(), ["mount: /proc"])


if __name__ == "__main__":
    unittest.main()
