#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`therapy-gateway verify` as a person calls it: the shipped rules and invariants about an ordinary home."""
import os
import pathlib
import subprocess
import tempfile
import unittest

from harness import build_dir

HOME = """
gateway = { id = "home"; };
mqtt = { url = "mqtt://127.0.0.1:1"; };
devices = (
  { id = "table"; plugin = "inversion_table"; model = "wt901"; link = "serial:/nowhere";
    options = { axis = "roll"; sign = "normal"; }; },
  { id = "belt"; plugin = "traction_belt"; model = "firmware"; link = "tcp://127.0.0.1:9"; },
  { id = "pad"; plugin = "heat_pad"; model = "tasmota"; link = "mqtt:pad_plug"; }
);
"""
LOOSE = "whenever permitted(kind:heat): all inversion.tilt <= 20 deg"
STRICT = "whenever permitted(kind:heat): all inversion.tilt <= 10 deg"


class Verify(unittest.TestCase):
    def verify(self, *invariants, home=HOME):
        with tempfile.TemporaryDirectory() as directory:
            file = pathlib.Path(directory, "home.cfg")
            file.write_text(home, encoding="utf-8")
            words = [word for text in invariants for word in ("--invariant", text)]
            return subprocess.run([os.path.join(build_dir(), "gateway/therapy-gateway"), "verify", "-c", file, *words],
                                  capture_output=True, text=True, timeout=60, check=False)

    def test_the_shipped_invariants_are_proved(self):
        done = self.verify()
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        self.assertIn(LOOSE, done.stdout)
        self.assertRegex(done.stdout, r"\n\d+ invariants: (\d+) proved, 0 refuted, 0 possible\n$")

    def test_what_grace_allows_is_refuted_with_a_sequence(self):
        done = self.verify(STRICT)
        self.assertEqual((done.returncode, done.stderr), (1, ""), done.stdout)
        self.assertIn("pad.heat still runs (rule no-heat-during-inversion gives a grace of", done.stdout)

    def test_faults_are_told_and_nothing_is_answered(self):
        done = self.verify("whenever permitted(kind:heat): all inversion.tilt <= 10 N")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("invariant, character 54: table.tilt needs a number in deg", done.stderr)
        done = self.verify(home=HOME.replace("wt901", "wt902"))
        self.assertEqual((done.returncode, done.stdout), (2, ""))


if __name__ == "__main__":
    unittest.main(verbosity=2)
