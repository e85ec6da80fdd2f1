#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""check_docs.py finds what is planted."""
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import check_docs  # noqa: E402


class Planted(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.root = pathlib.Path(place.name)
        for folder in ("docs", "gateway/core"):
            (self.root / folder).mkdir(parents=True)
        (self.root / "gateway/core/a.c").write_text('f(SAY(c, "%s.%s is unknown: its last reading is %s old, "\n\t"at most %s is allowed"));\n'
                                                    'g("the memory cannot be written");\n', encoding="utf-8")
        (self.root / "README.md").write_text("[docs](docs/troubleshooting.md)", encoding="utf-8")

    def faults(self, *said, more=""):
        rows = "".join(f"| `{sentence}` | a | b |\n" for sentence in said)
        (self.root / "docs/troubleshooting.md").write_text(f"| it says | that is | do |\n|---|---|---|\n{rows}\n{more}", encoding="utf-8")
        return list(check_docs.faults(self.root))

    def test_what_is_said_has_no_fault(self):
        self.assertEqual(self.faults("table.tilt is unknown: its last reading is 7 s old, at most 5 s is allowed",
                                     "table.tilt is unknown: its last", "the memory cannot be written", "memory cannot be"), [])

    def test_another_wording_is_found(self):
        found = self.faults("table.tilt is unknown: its last reading is 7 s old, at least 5 s is allowed", "the memory can be written",
                            "table.tilt was unknown: its last")
        self.assertEqual(len(found), 3, found)
        self.assertIn("docs/troubleshooting.md:3: nobody says", found[0])

    def test_a_dead_link_is_found(self):
        self.assertEqual(self.faults(more="[a](nowhere.md#here) [b](../README.md) [c](https://example.org/x)"),
                         ["docs/troubleshooting.md:4: there is no nowhere.md"])


if __name__ == "__main__":
    unittest.main()
