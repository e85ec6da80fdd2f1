#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""docs/devices.md says of every model and definition that ships how far it was tested, and says nothing of others."""
import pathlib
import re
import sys
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
TESTED = re.compile(r"bytes|emulated|hardware \([^,()]+, \d{4}-\d{2}-\d{2}\)")


def rows():
    """(what is named in the second column, what was tested) of each device's row."""
    for line in (SOURCE / "docs" / "devices.md").read_text().splitlines():
        cells = [c.strip() for c in line.strip("|").split("|")]
        if len(cells) == 6 and not cells[0].startswith(("device", "---")):
            yield cells[1], cells[3]


def shipped():
    """What has a vector file: (plugin, model), and of definitions ("", name)."""
    for path in (SOURCE / "tests" / "codecs" / "vectors").glob("*.vec"):
        said = dict(re.findall(r"^(plugin|model) (\S+)", path.read_text(), re.M))
        if said.get("plugin") == "generic":
            yield "", said["model"]
        elif "plugin" in said:
            yield said["plugin"], said["model"]


def named(cell):
    plugin, _, rest = cell.partition(" ") if not cell.startswith("`") else ("", "", cell)
    for key in re.findall(r"`(\w+)`", rest or cell):
        is_definition = (SOURCE / "etc" / "devices.d" / f"{key}.cfg").exists()
        yield ("" if is_definition else plugin), key


class Devices(unittest.TestCase):
    def test_each_model_and_definition_has_its_row_and_no_row_is_of_anything_else(self):
        told = [n for cell, _ in rows() for n in named(cell)]
        self.assertEqual(sorted(told), sorted(set(told)), "a model has two rows")
        self.assertEqual(sorted(told), sorted(shipped()))

    def test_each_row_says_how_far_it_was_tested_in_the_words_of_the_page(self):
        for cell, tested in rows():
            self.assertTrue(TESTED.fullmatch(tested), f"{cell}: {tested}")

    def test_each_definition_has_vectors(self):
        definitions = {p.stem for p in (SOURCE / "etc" / "devices.d").glob("*.cfg")}
        self.assertEqual(definitions, {model for plugin, model in shipped() if plugin == ""})

    def test_what_discover_offers_without_code_ships(self):
        found = (SOURCE / "gateway" / "discover" / "announce.c").read_text()
        offered = set(re.findall(r'"generic", "(\w+)"', found))
        self.assertIn("zigbee2mqtt_plug", offered)
        self.assertEqual(set(), offered - {p.stem for p in (SOURCE / "etc" / "devices.d").glob("*.cfg")})


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    unittest.main()
