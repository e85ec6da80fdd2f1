#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The page in a real browser (Debian's Chromium, without a screen), with the simulator behind it: by mouse and by keyboard,
on a phone's width, in the dark, as a screen reader hears it. --pictures DIR draws those of docs/page.md."""
import os
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from chromium import Chromium, program  # noqa: E402
from harness import wait_until  # noqa: E402
from viewer import TOKEN, PageHome, TherapyHome, Uncalibrated  # noqa: E402

PERMITTED = "!!document.querySelector('[data-control=heat] .verdict.yes')"
REFUSED = "!!document.querySelector('[data-control=heat] .verdict.no')"
# The contrast of each visible text with what is behind it, by WCAG 2; what is below 4.5.
FAINT = """(() => {
    const rgb = (c) => (c.match(/[\\d.]+/g) || []).map(Number);
    const light = (c) => { const [r, g, b] = c.map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
    const behind = (e) => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor);
        if (c.length === 3 || c[3] > 0) return c.slice(0, 3); } return [255, 255, 255]; };
    const faint = [];
    for (const e of document.querySelectorAll("body *")) {
        if (![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()) || !e.getClientRects().length) continue;
        const style = getComputedStyle(e), svg = e.namespaceURI.endsWith("svg");
        const a = light(rgb(svg ? style.fill : style.color).slice(0, 3)), b = light(behind(e));
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < 4.5) faint.push(`${e.textContent.trim().slice(0, 40)}: ${ratio.toFixed(2)}`);
    }
    return faint; })()"""


@unittest.skipUnless(program(), "chromium is not installed (packaging/install-packages all installs it)")
class Browser(unittest.TestCase):
    settings = file = ""
    width, height = 1100, 900
    home_class = PageHome

    def setUp(self):
        self.home = self.enterContext(self.home_class(self.settings, self.file_of()))
        self.started = time.monotonic()
        self.url = f"http://127.0.0.1:{self.home.page_port}/"
        self.page = self.enterContext(Chromium(self.width, self.height))

    def file_of(self):
        return self.file

    def log_in(self):
        self.page.open(self.url)
        self.page.wait("!document.getElementById('login').hidden", "the login")
        self.page.click("#token")
        self.page.type(TOKEN)
        self.page.click("#login button")
        self.page.wait("document.querySelectorAll('.device').length >= 3 && !document.getElementById('home').hidden", "the devices")
        self.page.wait(PERMITTED, "heat to be permitted", 20)
        self.page.wait("!!document.querySelector('[data-control=tension] .verdict.yes')", "traction to be permitted", 20)

    def long_started(self):
        """Sooner than 2 s after the gateway's start a reset is refused, as one that is held."""
        wait_until(lambda: time.monotonic() - self.started > 2.1, "a reset to be taken")

    def heat(self):
        self.page.click("[data-control=heat] [data-key=on]")
        self.page.sees("RUNNING", "[data-control=heat]", 15)

    def no_complaints(self, but=()):
        """401 is how a browser that was never here learns it."""
        found = [c for c in self.page.complaints() if not any(b in c for b in ("401", *but))]
        self.assertEqual(found, [])
        foreign = [e["params"]["request"]["url"] for e in self.page.events if e["method"] == "Network.requestWillBeSent"
                   and not e["params"]["request"]["url"].startswith((self.url, "about:", "data:"))]
        self.assertEqual(foreign, [])


class Desk(Browser):
    def test_heat_is_switched_refused_and_said_why_while_somebody_hangs(self):
        self.log_in()
        self.heat()
        self.home.sim.command("table tilt 60 30")
        self.page.wait(REFUSED, "heat to be refused")
        self.page.sees("table.tilt is", "[data-control=heat] .why")
        self.page.sees("NOT permitted", "[data-control=heat]")
        self.page.sees("The session so far", "#plot-title")
        self.page.wait("/^\\d+:\\d\\d:\\d\\d/.test(document.querySelector('#events time').textContent)", "when it was, by whichever clock is right")
        self.page.sees("head down", "#device-table")
        self.page.wait("/rotate\\(-[3-9]\\d/.test(document.querySelector('#device-table g').getAttribute('transform'))", "the table drawn at its angle")
        self.page.click("[data-control=heat] [data-key=on]")
        self.page.sees("Refused", "[data-control=heat] .answer")
        self.home.sim.command("table tilt 0 now")
        self.page.sees("at the earliest", "[data-control=heat]")
        self.page.wait(PERMITTED, "heat to be permitted", 20)
        self.no_complaints(("409",))

    def test_a_force_is_typed_while_readings_come_and_drawn_on_its_scale(self):
        self.log_in()
        self.page.click("[data-control=tension] input")
        self.page.run("document.activeElement.select()")
        self.home.sim.command("table tilt 5 1")  # readings of every device come meanwhile
        for digit in "60":
            self.page.type(digit)
            self.page.wait("new Promise((r) => setTimeout(() => r(true), 300))")
        self.assertEqual(self.page.run("document.querySelector('[data-control=tension] input').value"), "60")
        self.page.enter()
        self.page.sees("RUNNING 60 N", "[data-control=tension]")
        self.page.wait("Number(document.querySelector('[data-metric=force]').dataset.text.split(' ')[0]) > 50", "50 N on the page", 30)
        self.page.sees("no-heat-under-load", "[data-control=heat]")
        self.page.wait("document.querySelector('#device-belt svg').getAttribute('aria-label').includes('asked for')", "what was asked for")
        self.page.click("[data-control=tension] [data-key=off]")
        self.home.sim.wait_state(lambda s: s["belt"]["force"] < 10, "the belt to be let go", 30)
        self.page.wait("document.querySelectorAll('#plots path.line').length > 2 && [...document.querySelectorAll('#plots path.line')]"
                       ".some((p) => p.getAttribute('d').length > 20)", "a plot")
        self.no_complaints()

    def test_stop_is_one_press_and_a_reset_two_others(self):
        self.log_in()
        self.heat()
        mark = self.home.sim.mark()
        self.page.click("#stop")
        self.home.sim.wait_event("relay", lambda e: not e["on"], mark)
        self.page.sees("Stopped", "#said")
        self.page.wait("!document.getElementById('latched').hidden", "what is latched")
        self.page.click("#reset")
        self.page.sees("A reset starts nothing", "#sure")
        self.assertEqual(self.page.focused(), "reset-not")  # who presses on has not agreed
        self.page.wait("document.querySelector('[data-control=heat] h4').innerText.includes('off')", "the pad at rest")
        self.long_started()
        self.page.click("#reset-now")
        self.page.wait("document.getElementById('latched').hidden", "the reset")
        self.assertFalse(self.home.sim.state()["pad"]["relay"])
        self.no_complaints()

    def test_stop_works_before_anybody_has_logged_in(self):
        self.page.open(self.url)
        self.page.wait("!document.getElementById('login').hidden", "the login")
        self.page.click("#stop")
        self.page.sees("Stopped", "#said")
        self.home.wait_safety_event("stopped", 0)

    def test_without_the_gateway_the_page_says_so_and_that_a_stop_did_not_arrive_and_comes_back_by_itself(self):
        self.log_in()
        self.home.gateway.kill()
        self.page.sees("NO CONNECTION", "#link", 10)
        self.page.click("#stop")
        self.page.sees("DID NOT ARRIVE", "#said", 5)
        self.home.start_gateway()
        self.page.wait("document.getElementById('link').className === '' && document.getElementById('login').hidden", "the page to be live", 20)

    def test_what_is_typed_or_measured_is_never_html(self):
        self.page.open(self.url)
        self.page.run("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.broken=1\"><script>window.broken=1</script>')")
        self.page.run("fetch('https://example.org/').catch(() => 0)")
        self.assertIsNone(self.page.run("window.broken || null"))
        refused = " ".join(self.page.complaints())
        self.assertIn("Content Security Policy", refused)


class Calibrated(Browser):
    home_class = Uncalibrated

    def test_a_table_is_calibrated_by_its_three_positions(self):
        self.log_in()
        card = "#device-table [data-key=adjust] "
        self.page.click(card + "summary")
        self.page.sees("Nobody is on the table", card)
        self.page.click(card + "[data-key=go]")
        for words, tilt in (("1 of 3", -80), ("2 of 3", 0), ("3 of 3", 20)):
            self.page.sees(words, card)
            self.home.sim.command(f"table tilt {tilt} now")
            self.home.sim.wait_state(lambda s, tilt=tilt: abs(s["table"]["tilt"] - tilt) < 0.1, "the table there")
            self.page.click(card + "[data-key=go]")
            self.page.wait(f"!document.querySelector('{card}[data-key=go]').hidden", "what was measured", 15)
        self.page.sees("Found:", card)
        self.page.click(card + "[data-key=go]")
        self.page.sees("Done.", card, 15)
        self.home.sim.command("table tilt -30 now")
        self.page.sees("head up", "#device-table", 20)
        self.no_complaints()


class Therapy(Browser):
    home_class = TherapyHome

    def test_somebody_is_chosen_told_what_remains_and_says_how_it_hurt(self):
        self.log_in()
        self.page.wait("!document.getElementById('who').hidden", "people to choose")
        self.assertIsNone(self.page.run("document.getElementById('bold')"))  # a name is text
        self.page.run("document.getElementById('person').focus()")
        self.page.key("A", number=65, text="A")
        self.page.click("#person-choose")
        self.page.sees("Active: Ada", "#active")
        self.page.click("#told summary")
        self.page.run("document.getElementById('pain-before').focus()")
        for _ in range(3):
            self.page.key("ArrowRight", number=39)
        self.page.sees("3", "#pain-before-number")
        self.page.sees("not told yet", "#pain-before-told")  # nothing is sent by moving it
        self.page.click("#pain-before-send")
        self.page.sees("told: 3 of 10", "#pain-before-told")
        self.page.click("#note")
        self.page.type("Felt a <b>pull</b>")
        self.home.sim.command("table tilt 30 now")
        self.page.wait("document.getElementById('guidance').className === 'runs'", "what remains", 15)
        self.page.wait("/^Inversion table: 1 min [0-5]\\d s left$/.test(document.getElementById('guidance').textContent)", "time that is left")
        self.page.sees("Inversion table", "#phase")
        spoken = self.page.run("document.getElementById('phase').textContent")
        self.page.click("#note-send")
        self.page.sees("Accepted", "#note-answer")
        self.assertEqual(self.page.run("document.getElementById('note').value"), "Felt a <b>pull</b>")  # what was typed stayed
        self.page.run("document.getElementById('person').focus()")
        self.page.key("N", number=78, text="N")
        self.page.click("#person-choose")
        self.page.sees("Refused: a session runs", "#person-answer")
        self.assertEqual(self.page.run("document.getElementById('person').value"), "Ada")
        self.assertEqual(self.page.run("document.getElementById('phase').textContent"), spoken)  # not read aloud as it counts
        self.no_complaints(("409",))

    def test_a_step_that_is_proposed_is_taken_by_one_of_two_buttons(self):
        self.home.order({"do": "person", "step": "choose", "name": "Ada"})
        self.home.order({"do": "plan", "step": "start", "plan": "gentle"})
        self.log_in()
        self.page.sees("<i>Gently</i>: step 1 of 2", "#plan-name")
        self.page.sees("Next: stretching", "#plan-next")
        self.page.click("#plan summary")
        self.page.sees("to do: stretching", "#plan-items")
        self.page.click("#told summary")
        self.page.click("#log-what")
        self.page.type("stretching")
        self.page.enter()
        self.page.sees("done: stretching", "#plan-items")
        self.page.sees("stop at once at pain", "#proposal")
        for scheme in ("light", "dark"):
            self.page.prefer(prefers_color_scheme=scheme)
            self.assertEqual(self.page.run(FAINT), [], scheme)
        self.page.click("#plan-agree")
        self.page.sees("step 2 of 2", "#plan-name")
        self.page.wait("document.getElementById('proposal').hidden", "the proposal to go")
        self.no_complaints()


class Named(Browser):
    def file_of(self):
        return 'language = "de";'

    def setUp(self):
        super().setUp()
        self.home.gateway.stop()
        self.home.config_text = self.home.config_text.replace('"Heat pad"', '"<b id=bold>Pad</b> & \\"Co\\""')
        self.home.start_gateway()

    def test_a_name_is_text_and_the_page_is_german(self):
        self.log_in()
        self.page.sees('<b id=bold>Pad</b> & "Co"', "#device-pad")
        self.assertIsNone(self.page.run("document.getElementById('bold')"))
        self.page.sees("freigegeben", "[data-control=heat]")
        self.assertEqual(self.page.run("document.documentElement.lang"), "de")
        self.assertNotIn("undefined", self.page.text())
        self.no_complaints()


class Phone(Browser):
    width, height = 360, 640

    def test_everything_fits_360_pixels_and_stop_is_large_and_stays(self):
        self.log_in()
        for tilt in (0, 60):
            self.home.sim.command(f"table tilt {tilt} now")
            self.page.wait(REFUSED if tilt else PERMITTED, "the permission", 20)
            self.page.run("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
            self.assertLessEqual(self.page.run("document.documentElement.scrollWidth"), 360)
            over = self.page.run("[...document.querySelectorAll('main *')].filter((e) => e.getClientRects().length && "
                                 "e.getBoundingClientRect().right > 361).map((e) => e.tagName + ' ' + e.textContent.slice(0, 30))")
            self.assertEqual(over, [])
        self.page.run("window.scrollTo(0, document.body.scrollHeight)")
        top, bottom, wide = self.page.run("(() => { const r = document.getElementById('stop').getBoundingClientRect(); return [r.top, r.bottom, r.width]; })()")
        self.assertTrue(0 <= top and bottom <= 640 and bottom - top >= 90 and wide >= 300, (top, bottom, wide))
        small = self.page.run("[...document.querySelectorAll('button, input')].filter((e) => e.getClientRects().length && "
                              "e.getBoundingClientRect().height < 43).map((e) => e.textContent)")
        self.assertEqual(small, [])
        self.no_complaints()


class Keyboard(Browser):
    def test_a_home_is_stopped_and_reset_by_keys_alone(self):
        self.page.open(self.url)
        self.page.wait("document.activeElement.id === 'token'", "the token to have the focus")
        self.page.type(TOKEN)
        self.page.enter()
        self.page.wait(PERMITTED, "heat to be permitted", 20)
        self.page.run("document.activeElement.blur()")
        self.reach("stop")
        self.assertIn("3px", self.page.run("getComputedStyle(document.activeElement).outline"))
        self.page.enter()
        self.page.wait("!document.getElementById('latched').hidden", "what is latched")
        self.page.sees("off", "[data-control=heat] h4")
        self.reach("reset")
        self.page.enter()
        self.page.wait("document.activeElement.id === 'reset-not'", "the focus")
        self.page.ask("Input.dispatchKeyEvent", type="keyDown", key="Tab", windowsVirtualKeyCode=9, modifiers=8)
        self.assertEqual(self.page.focused(), "reset-now")
        self.long_started()
        self.page.enter()
        self.page.wait("document.getElementById('latched').hidden", "the reset")
        self.no_complaints()

    def reach(self, name):
        for _ in range(60):
            self.page.tab()
            if self.page.focused() == name:
                return
        self.fail(f"{name} is not reached by the Tab key")


class Heard(Browser):
    def test_a_screen_reader_hears_each_state_in_words(self):
        self.log_in()
        self.home.sim.command("table tilt 60 now")
        self.page.wait(REFUSED, "heat to be refused")
        spoken = self.page.spoken()
        names = [name for role, name in spoken if role == "button"]
        self.assertTrue(all(names), spoken)
        self.assertTrue(any(n.startswith("STOP") for n in names), names)
        self.assertIn("Heat pad, Heat: Switch on", names)
        pictures = [name for role, name in spoken if role in ("image", "img", "graphics-document")]
        self.assertTrue(any("head down" in name for name in pictures), pictures)
        self.assertTrue(all(pictures), pictures)
        text = " ".join(name for _, name in spoken)
        for words in ("NOT permitted", "table.tilt is", "Why there is this rule"):
            self.assertIn(words, text)
        live = self.page.run("[...document.querySelectorAll('[role=alert], [role=status], [aria-live]')].length")
        self.assertGreaterEqual(live, 4)
        labelled = self.page.run("[...document.querySelectorAll('input')].every((i) => i.labels.length || i.getAttribute('aria-label'))")
        self.assertTrue(labelled)

    def test_each_text_can_be_read_in_the_light_and_in_the_dark(self):
        for scheme in ("light", "dark"):
            self.page.prefer(prefers_color_scheme=scheme)
            if scheme == "light":
                self.log_in()
            self.home.sim.command("table tilt 60 now")
            self.page.wait(REFUSED, "heat to be refused")
            self.assertEqual(self.page.run(FAINT), [], scheme)
        self.page.click("#stop")
        self.page.wait("!document.getElementById('latched').hidden", "what is latched")
        self.assertEqual(self.page.run(FAINT), [])


class Pictures(Browser):
    """Not a test: draws what docs/page.md shows."""
    directory = None
    width, height = 390, 844

    @unittest.skipUnless("--pictures" in sys.argv, "only asked for")
    def test_draw(self):
        def draw(name):
            self.page.picture(os.path.join(self.directory, f"page-{name}.png"))
        self.page.size(390, 760, 1)
        self.page.open(self.url)
        self.page.wait("!document.getElementById('login').hidden", "the login")
        draw("login")
        self.log_in()
        self.page.run("window.scrollTo(0, 0)")
        draw("phone")
        self.home.sim.command("table tilt 60 30")
        self.page.wait(REFUSED, "heat to be refused")
        self.page.run("document.getElementById('device-pad').scrollIntoView(); window.scrollBy(0, -140)")
        self.page.wait("!!document.querySelector('[data-control=heat] .rule')", "the rules")
        draw("refused")
        self.page.prefer(prefers_color_scheme="dark")
        self.home.sim.command("table tilt 0 now")
        self.page.click("#stop")
        self.page.wait("!document.getElementById('latched').hidden", "what is latched")
        self.page.click("#reset")
        self.page.run("window.scrollTo(0, 0)")
        draw("dark")


if __name__ == "__main__":
    if "--pictures" in sys.argv:
        Pictures.directory = sys.argv[sys.argv.index("--pictures") + 1]
        unittest.main(argv=[sys.argv[0], "Pictures"])
    unittest.main()
