#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The set-up in a real browser (Debian's Chromium, without a screen): from nothing to a home that runs on one and the same page,
by keyboard alone, on a phone's width, as a screen reader hears it. --pictures DIR draws those of docs/getting-started.md."""
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from chromium import Chromium, program  # noqa: E402
from harness import free_port  # noqa: E402
from test_page_browser import FAINT  # noqa: E402
from test_setup import SECRET  # noqa: E402
from test_setup_page import First  # noqa: E402

QUESTION = "#setup-ask"


@unittest.skipUnless(program(), "chromium is not installed (packaging/install-packages all installs it)")
class Phone(First):
    boards = "table,belt"
    directory_of_pictures = None

    def setUp(self):
        super().setUp()
        for board in ("table", "belt"):
            self.client.wait(f"esphome/discover/therapy-{board}", since=None)
        self.sit_down(broker=f"mqtt://127.0.0.1:{free_port()}")
        self.viewer.close()
        self.page = self.enterContext(Chromium(360, 640))

    def draw(self, name):
        if self.directory_of_pictures:
            self.page.size(390, 760)
            self.page.run("document.querySelector('#setup-ask, #home').scrollIntoView({block: 'end'})")
            self.page.picture(os.path.join(self.directory_of_pictures, f"setup-{name}.png"))
            self.page.size(360, 640)

    def focus(self, words):
        """Tab until that is reached."""
        for _ in range(60):
            if words in (self.page.run("document.activeElement !== document.body") and self.page.focused() or ""):
                return
            self.page.tab()
        self.fail(f"no Tab reaches {words}; the focus is on {self.page.focused()}")

    def asked(self, words):
        self.page.sees(words, QUESTION, 60)
        self.assertLessEqual(self.page.run("document.documentElement.scrollWidth"), 360)
        small = self.page.run("[...document.querySelectorAll('#setup-ask button, #setup-ask [type=text]')].filter((e) => "
                              "e.getBoundingClientRect().height < 43).map((e) => e.textContent)")
        self.assertEqual(small, [])
        named = [(role, name) for role, name in self.page.spoken() if role in ("textbox", "checkbox", "button")]
        self.assertEqual([n for n in named if not n[1]], [])
        self.assertEqual(self.page.run(FAINT), [])

    def line(self, words, text):
        self.asked(words)
        self.page.run("document.getElementById('setup-line').select()")
        self.assertEqual(self.page.focused(), "setup-line")  # whoever types goes on typing
        self.page.type(text)
        self.page.enter()

    def yes(self, words):
        self.asked(words)
        self.focus("Yes")
        self.page.enter()

    def test_from_nothing_to_a_home_that_runs_by_keys_alone_on_a_phones_width(self):
        self.page.open(f"http://127.0.0.1:{self.port}/")
        self.page.wait("!document.getElementById('login').hidden", "the login")
        self.focus("token")
        self.page.type(self.token)
        self.page.enter()
        self.page.sees("Begin the set-up")
        self.assertNotIn("Last events", self.page.text())  # there is nothing yet
        self.focus("setup-begin")
        self.page.enter()
        self.page.sees("Listening at the broker", "#setup-said")
        self.line("Where is the MQTT broker?", f"me@127.0.0.1:{self.broker.port}")
        self.line("Password of me there", SECRET)
        self.asked("These belong to it:")
        chosen = "[...document.querySelectorAll('#setup-ask [data-number]:checked')].map((e) => e.labels[0].textContent)"
        self.assertTrue(all("therapy-" in text for text in self.page.run(chosen)))  # sensors, and no plug
        self.assertEqual(len(self.page.run(chosen)), 2)
        pad = self.page.run("[...document.querySelectorAll('#setup-ask [data-number]')].find((e) => "
                            "e.labels[0].textContent.includes('pad_plug')).id")
        self.focus(pad)
        self.page.key(" ", "Space", 32, " ")
        self.assertEqual(len(self.page.run(chosen)), 3)
        self.draw("choose")
        self.focus("Answer")
        self.page.enter()
        self.yes("Warm as soon as it has power")
        self.yes("I have read that")
        self.asked("Write that, change the plug, run the off-test")
        self.page.sees("PulseTime1 = 130", "#setup-said")
        self.draw("write")
        self.yes("Write that")
        self.page.sees("passed: ", "#setup-said", 60)
        self.page.wait("document.querySelectorAll('.device').length >= 3", "the home on the same page", 60)
        self.page.sees("It starts now", "#setup-said")  # and what was said can still be read
        self.page.wait("!!document.querySelector('[data-control=heat] .verdict')", "what is permitted", 30)
        self.assertLessEqual(self.page.run("document.documentElement.scrollWidth"), 360)
        self.assertNotIn(SECRET, self.page.run("document.documentElement.outerHTML"))
        found = [c for c in self.page.complaints() if not any(known in c for known in ("401", "ERR_CONNECTION", "ERR_INCOMPLETE"))]
        self.assertEqual(found, [])


if __name__ == "__main__":
    if "--pictures" in sys.argv:
        Phone.directory_of_pictures = sys.argv[sys.argv.index("--pictures") + 1]
        unittest.main(argv=[sys.argv[0], "Phone"])
    unittest.main(verbosity=2)
