#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""check_language.py finds what is planted."""
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import check_language  # noqa: E402


class Planted(unittest.TestCase):
    def setUp(self):
        self.place = tempfile.TemporaryDirectory()
        self.addCleanup(self.place.cleanup)
        self.root = pathlib.Path(self.place.name)
        self.write("gateway/core/a.c", 'f(SAY(core, "one %s " /* "no" */ "two"));\ng(language_say(l, x ? "yes" : "a (\\"b)"));\n')
        self.write("plugins/p/p.c", '{.key = "k", .name = "Tilt", .unit = U}, {.name = "WT901", .key = "w"}\n'
                   '#define ROW .key = "c", .name = "Cold", PLUG_SWITCH\n')
        self.table('{"one %s two", "eins"}, {"yes",\n "ja"}, {"a (\\"b)", "c"}, {"Tilt", "Neigung"}, {"Cold", "Kälte"}')

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def table(self, entries):
        self.write("gateway/base/language_de.c", f"static const struct language_entry entries[] = {{ {entries} }};\n")

    def faults(self):
        return "\n".join(check_language.faults(self.root))

    def test_complete_tables_have_no_fault(self):
        self.assertEqual(self.faults(), "")

    def test_each_missing_text_is_told_with_its_place(self):
        self.table('{"yes", "ja"}, {"a (\\"b)", "c"}, {"Cold", "Kälte"}')
        self.assertIn('gateway/core/a.c: no "de" for "one %s two"', self.faults())
        self.assertIn('plugins/p/p.c: no "de" for "Tilt"', self.faults())
        self.assertEqual(len(self.faults().splitlines()), 2)

    def test_an_entry_that_nobody_says_is_told(self):
        self.write("gateway/core/a.c", 'g(language_say(l, x ? "yes" : "a (\\"b)"));\n')
        self.assertIn('nobody says "one %s two"', self.faults())

    def test_a_name_in_discovery_that_goes_past_the_tables_is_told(self):
        self.write("gateway/mqtt/discovery_x.c", 'f("on", "Latched", language_say(l, "yes"), "%s");\n')
        self.assertIn('gateway/mqtt/discovery_x.c: "Latched" is in no other language', self.faults())
        self.assertEqual(len(self.faults().splitlines()), 1)

    def test_a_sentence_of_the_core_that_goes_past_the_tables_is_told(self):
        self.write("gateway/core/b.c", 'gate_conclude(d, X, "%s.%s is off", a, b);\ngate_conclude(d, X, "%.1f %s", SAY(core, "yes"));\n')
        self.assertIn('gateway/core/b.c: "%s.%s is off" is in no other language', self.faults())
        self.assertEqual(len(self.faults().splitlines()), 1)

    def test_tests_and_comments_say_nothing(self):
        self.write("gateway/core/a_test.c", 'f(language_say(l, "only in a test"));\n')
        self.write("gateway/core/b.c", '/* f(language_say(l, "in a comment")); */\n// language_say(l, "in another")\n')
        self.assertEqual(self.faults(), "")


if __name__ == "__main__":
    unittest.main()
