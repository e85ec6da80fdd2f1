#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The set-up on the page of a home that runs, over HTTP, with a real broker and emulated devices."""
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Failure, Gateway, free_port, wait_until  # noqa: E402
from test_setup import READ, WARM, AtHome  # noqa: E402
from viewer import Viewer  # noqa: E402

THESE, WRITE_ANEW = "These belong to it:", "Write that, start anew"


class Asked(AtHome):
    """What both have."""

    def look(self, port, token):
        viewer = Viewer(port)
        self.addCleanup(viewer.close)
        self.assertEqual(wait_until(lambda: self.try_login(viewer, token), "the page"), 200)
        return viewer.watch()

    def try_login(self, viewer, token):
        try:
            return viewer.log_in(token).status
        except ConnectionError:
            return None

    def expect(self, question, timeout=60):
        """Until that is asked; its number."""
        def is_asked(s):
            if not s["running"]:
                raise Failure(f"{question} was not asked; said: {self.said(s)}")
            return s["ask"] and question in s["ask"]["question"]
        return self.viewer.wait("setup", is_asked, timeout)["number"]

    def answer(self, question, text):
        number = self.expect(question)
        self.assertEqual(self.viewer.post("/setup", {"do": "answer", "number": number, "text": text}).status, 200)
        self.viewer.wait("setup", lambda s: s["number"] > number or not s["ask"] or not s["running"])

    def begin(self):
        self.assertEqual(self.viewer.post("/setup", {"do": "begin"}).status, 200)
        self.viewer.wait("setup", lambda s: s["running"])

    def row(self, what):
        """The number of the row that says that; the question for them is there."""
        self.expect(THESE)
        rows = [e["row"] for e in self.viewer.told["setup"]["said"] if "row" in e]
        return next(str(r["number"]) for r in rows if what in r["label"])

    def over(self, timeout=90):
        return self.said(self.viewer.wait("setup", lambda s: not s["running"] and s["said"], timeout))

    @staticmethod
    def said(s):
        return "\n".join(str(next(iter(e.values()))) for e in s["said"])


class Running(Asked):
    """A home that runs with a page, and gets another device."""

    def setUp(self):
        super().setUp()
        self.port = free_port()
        self.page = ("--page", f"127.0.0.1:{self.port}")
        self.script(self.number(self.script(status=1), "wt901"), "y")
        with open(os.path.join(self.place, "page-token")) as f:
            self.token = f.read().strip()
        self.gateway = Gateway(self.directory, self.file, self.env)
        self.addCleanup(self.gateway.stop)
        self.viewer = self.look(self.port, self.token)
        self.viewer.wait("device table", lambda d: d["present"], 20)

    def to_the_last(self):
        self.begin()
        self.answer(THESE, self.row("pad_plug"))
        self.answer(WARM, "y")
        self.answer(READ, "y")
        self.expect(WRITE_ANEW)

    def test_a_plug_is_added_the_gateway_starts_anew_with_it_and_it_proves_itself_there(self):
        before, pid = self.text(), self.gateway.child.pid
        self.to_the_last()
        self.assertEqual(self.text(), before)
        self.assertIn("nobody is in therapy now", self.said(self.viewer.told["setup"]))
        self.answer(WRITE_ANEW, "y")
        self.viewer.wait("setup", lambda s: "starts anew now" in self.said(s))
        wait_until(lambda: self.viewer.ended, "the stream to end with the gateway", 30)
        self.assertIn("the off-test on this page, of pad.heat", self.said(self.viewer.told["setup"]))
        cookie = self.viewer.cookie
        self.viewer.close()
        self.viewer = Viewer(self.port)
        self.addCleanup(self.viewer.close)
        self.viewer.cookie = cookie
        wait_until(lambda: self.answers(), "the gateway to be back", 20)
        self.viewer.watch()
        self.viewer.control("pad", "heat", lambda c: not c["permitted"] and c["has_timer"], 30)
        wait_until(lambda: self.viewer.order("off_test", device="pad", control="heat").status == 200, "the off-test to begin", 20)
        self.viewer.control("pad", "heat", lambda c: c["permitted"], 60)
        self.assertTrue(self.gateway.child.alive())
        self.assertEqual(self.gateway.child.pid, pid)  # whoever watches it sees the same process
        with open(self.file + ".before") as f:
            self.assertEqual(f.read(), before)

    def answers(self):
        try:
            return self.viewer.get("/session").status == 200
        except OSError:
            return False

    def test_no_at_the_last_question_leaves_the_home_as_it_is_and_it_goes_on(self):
        before = self.text()
        self.to_the_last()
        self.answer(WRITE_ANEW, "n")
        self.assertIn("Nothing was written or changed", self.over())
        self.assertEqual(self.text(), before)
        self.viewer.wait("device table", lambda d: d["present"])
        self.assertEqual(sorted(os.listdir(self.place)), ["home.cfg", "page-token"])

    def test_a_gateway_that_ends_meanwhile_takes_the_set_up_along(self):
        self.to_the_last()
        self.gateway.stop()
        wait_until(lambda: sorted(os.listdir(self.place)) == ["home.cfg", "page-token"], "what was begun to be gone")


if __name__ == "__main__":
    unittest.main(verbosity=2)
