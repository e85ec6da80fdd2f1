#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The pad of etc/esphome/heat-pad.yaml in simulated time: it goes off by itself when nobody renews, whoever switched it on; a renewal
never switches on; after a power cut it is off."""
import sys
import unittest

sys.dont_write_bytecode = True
from automation import Board  # noqa: E402
from board import FOLDER, load  # noqa: E402

S = 1000
TEXT = (FOLDER / "heat-pad.yaml").read_text()
COMMAND, RENEWAL, RELAY = "therapy-pad/switch/heater/command", "therapy-pad/button/keep_on/command", "therapy-pad/relay"


def pad(text=TEXT, **how):
    return Board(load(text), **how)


class DeadMan(unittest.TestCase):
    def off_after(self, board, at_most_ms=4000 * S):
        """When it went off, in ms; it is on now."""
        self.assertTrue(board.on["heater"])
        while board.on["heater"] and board.now_ms < at_most_ms:
            board.pass_to(board.now_ms + 100)
        return board.now_ms

    def test_off_by_itself_after_30_s(self):
        board = pad()
        board.pass_to(5 * S)
        board.message(COMMAND, "ON")
        self.assertEqual(self.off_after(board), 35 * S)

    def test_a_renewal_gives_another_30_s_and_saying_on_again_does_not(self):
        board = pad()
        board.message(COMMAND, "ON")
        board.pass_to(25 * S)
        board.message(RENEWAL, "PRESS")
        board.pass_to(50 * S)
        board.message(COMMAND, "ON")
        self.assertEqual(self.off_after(board), 55 * S)

    def test_a_renewal_never_switches_on(self):
        board = pad()
        board.message(RENEWAL, "PRESS")
        board.pass_to(2 * S)
        self.assertFalse(board.on["heater"])
        board.message(COMMAND, "ON")
        board.message(COMMAND, "OFF")
        board.message(RENEWAL, "PRESS")
        self.assertFalse(board.on["heater"])

    def test_what_was_off_in_between_has_its_whole_time(self):
        board = pad()
        board.message(COMMAND, "ON")
        board.pass_to(20 * S)
        board.message(COMMAND, "OFF")
        board.message(COMMAND, "ON")
        self.assertEqual(self.off_after(board), 50 * S)

    def test_half_an_hour_is_the_end_whoever_renews(self):
        board = pad()
        board.message(COMMAND, "ON")
        for s in range(5, 3600, 5):
            board.pass_to(s * S)
            if s <= 1795:
                self.assertTrue(board.on["heater"], s)
            board.message(RENEWAL, "PRESS")
        self.assertFalse(board.on["heater"])

    def test_off_after_a_power_cut_and_before_an_update(self):
        self.assertFalse(pad(was_on=True).on["heater"])
        self.assertTrue(pad(TEXT.replace("ALWAYS_OFF", "RESTORE_DEFAULT_OFF"), was_on=True).on["heater"])
        board = pad()
        board.message(COMMAND, "ON")
        board.update_begins()
        self.assertFalse(board.on["heater"])

    def test_what_came_on_without_its_timer_is_off_within_a_second(self):
        board = pad()
        board.on["heater"] = True
        self.assertLessEqual(self.off_after(board), 1 * S)

    def test_it_says_each_second_what_its_relay_does(self):
        board = pad()
        board.pass_to(3 * S)
        board.message(COMMAND, "ON")
        board.pass_to(34 * S)
        self.assertEqual([p for _, t, p in board.published if t == RELAY], ["OFF"] * 3 + ["ON"] * 29 + ["OFF"] * 2)

    def test_a_pad_without_its_dead_man_would_fail_here(self):
        for there, instead in (("      - script.execute: dead_man\n      - script.execute: longest", "      - script.execute: longest"),
                               ("      - delay: 30s", "      - delay: 30min"),
                               ("mode: restart\n    then:\n      - delay: 30s", "mode: single\n    then:\n      - delay: 30s")):
            self.assertIn(there, TEXT)
            board = pad(TEXT.replace(there, instead, 1))
            board.message(COMMAND, "ON")
            board.pass_to(25 * S)
            board.message(RENEWAL, "PRESS")
            self.assertNotEqual(self.off_after(board) if board.on["heater"] else 0, 55 * S, instead)


if __name__ == "__main__":
    unittest.main()
