#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What therapyctl makes of the sessions that a gateway tells: a table, CSV, JSON, and a month as one page."""
import csv
import html.parser
import io
import json
import os
import re
import stat
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

from harness import build_dir
from logbook import HOSTILE, PERSON, Logbook, month, ms, session

THERAPYCTL = os.path.join(build_dir(), "gateway", "therapyctl", "therapyctl")
SVG = "{http://www.w3.org/2000/svg}"
MAY_NOT_STAND_OPEN = {"br", "meta"}


class Asked(unittest.TestCase):
    maxDiff = None

    def run_ctl(self, book, *words, expect=0):
        done = subprocess.run([THERAPYCTL, "--socket", book.path, *words], capture_output=True, timeout=60,
                              env=dict(os.environ, TZ="Europe/Berlin"))
        self.assertEqual(done.returncode, expect, f"therapyctl {words}: {done.stdout[-500:]}{done.stderr}")
        return done.stdout.decode(), done.stderr.decode()


class Sessions(Asked):
    def test_three_pages_are_one_list_in_each_form(self):
        told = [session(i, ms(2026, 11, 1 + i // 20, 6 + i % 14, i % 60), peak=round(20 + i / 100, 2)) for i in range(450)]
        with Logbook(told) as book:
            out, _ = self.run_ctl(book, "sessions", "--json")
            self.assertEqual(json.loads(out), book.placed)
            self.assertEqual(len(book.asked), 3)
            self.assertNotIn("person", book.asked[0])
            out, _ = self.run_ctl(book, "sessions", "--csv", "--everybody")
            rows = list(csv.DictReader(io.StringIO(out, newline="")))
            self.assertEqual([row["id"] for row in rows], [s["id"] for s in book.placed])
            self.assertEqual([float(row["peak"]) for row in rows], [s["peak"] for s in book.placed])
            self.assertTrue(out.endswith("\r\n") and "\n" not in out.replace("\r\n", ""))
            out, _ = self.run_ctl(book, "sessions")
            self.assertEqual(len(re.findall(r"^  \d\d:\d\d  inversion", out, re.M)), 450)
            self.assertIn("in all: 450 sessions", out)

    def test_a_table_is_read_by_day_and_week(self):
        told = [session(1, ms(2026, 11, 27, 14, 5), pain_before=5, pain_after=3),
                session(2, ms(2026, 11, 27, 23, 58), kind="heat", device="pad", unit="degC", peak=41.3, dose_min=1.2),
                session(3, ms(2026, 11, 30, 7, 0), end="tripped", rule="max-inversion", trips=1, over_ms=2300, note=HOSTILE),
                session(4, None, kind="activity", what="stretching", device="", unit=None, peak=None)]
        with Logbook(told) as book:
            out, _ = self.run_ctl(book, "sessions")
        self.assertEqual(out, """
Time of day not known
  --:--  stretching  -        4 min 10 s   ended normally
  1 session, 4 min 10 s

Friday 27 November 2026
  14:05  inversion   table    4 min 10 s   peak 22.4°   ended normally  pain 5→3
  23:58  heat        pad      4 min 10 s   peak 41.3 °C  dose 1.2 min
         ended normally
  week of 23 Nov: 2 sessions, 8 min 20 s

Monday 30 November 2026
  07:00  inversion   table    4 min 10 s   peak 22.4°   over 25° for 2 s
         tripped by max-inversion
         <script>alert(1)</script> ]]> "q" 'a' & \ufffd \ufffd[31m
  week of 30 Nov: 1 session, 4 min 10 s, 1 trip

  in all: 4 sessions, 16 min 40 s, 1 trip
""")

    def test_what_is_asked_for_reaches_the_gateway(self):
        with Logbook(month(2026, 11)) as book:
            out, _ = self.run_ctl(book, "sessions", "--person", "Ada", "--since", "2026-11-02", "--until=2026-11-03", "--json")
            self.assertEqual(book.asked[0]["person"], "Ada")
            self.assertEqual((book.asked[0]["since_ms"], book.asked[0]["until_ms"]), (ms(2026, 11, 2, 0), ms(2026, 11, 4, 0)))
            self.assertEqual({s["begun"][:10] for s in json.loads(out)}, {"2026-11-02", "2026-11-03"})
            out, _ = self.run_ctl(book, "--json", "sessions", "--newest", "3")  # the newest, and still in their order
            self.assertEqual(json.loads(out), book.placed[-3:])
            self.assertEqual(len(book.asked), 2)
            self.run_ctl(book, "sessions", "--person", "")
            self.assertEqual(book.asked[2]["person"], "")

    def test_nothing_is_said_as_nothing(self):
        with Logbook([]) as book:
            out, _ = self.run_ctl(book, "sessions", "--since", "7d")
            self.assertIn("No sessions of whoever is chosen in that time", out)
            self.assertIn("writes one down by itself", out)
            self.assertEqual(self.run_ctl(book, "sessions", "--json")[0], "[]\n")
            self.assertEqual(self.run_ctl(book, "sessions", "--csv")[0].count("\r\n"), 1)

    def test_what_is_wrong_is_said_with_what_was_expected(self):
        with Logbook([]) as book:
            _, why = self.run_ctl(book, "sessions", "--since", "yesterday", expect=2)
            self.assertIn("found 'yesterday', expected a day like 2026-11-28", why)
            _, why = self.run_ctl(book, "sessions", "--since", "2026-11-03", "--until", "2026-11-02", expect=2)
            self.assertIn("--until is not after --since", why)
            _, why = self.run_ctl(book, "sessions", "--newest", "0", expect=2)
            self.assertIn("found '0', expected how many", why)
            for words in (["--what"], ["more"], ["--since"]):
                _, why = self.run_ctl(book, "sessions", *words, expect=2)
                self.assertIn(f"found '{words[0]}', expected [--person NAME | --everybody]", why)
            self.assertEqual(book.asked, [])
            book.refuse = "nobody is called Eve: expected Ada"
            out, why = self.run_ctl(book, "sessions", "--person", "Eve", "--csv", expect=1)
            self.assertEqual((out, why), ("", "therapyctl: nobody is called Eve: expected Ada\n"))

    def test_a_list_that_breaks_off_does_not_pass_for_a_whole_one(self):
        with Logbook(month(2026, 11), most=10) as book:
            book.leave_after = 2
            out, why = self.run_ctl(book, "sessions", "--json", expect=3)
            self.assertIn("the gateway has gone", why)
            with self.assertRaises(json.JSONDecodeError):
                json.loads(out)

    def test_a_page_that_comes_again_and_again_ends(self):
        with Logbook(month(2026, 11), most=10) as book:
            book.answer = lambda _: {"ok": True, "sessions": book.placed[:1], "next": "same"}
            _, why = self.run_ctl(book, "sessions", expect=1)
            self.assertIn("the same page twice", why)

    def test_a_full_disk_is_told(self):
        with Logbook(month(2026, 11)) as book, open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([THERAPYCTL, "--socket", book.path, "sessions", "--csv"], stdout=full, stderr=subprocess.PIPE,
                                  timeout=60, text=True)
            self.assertEqual(done.returncode, 1)
            self.assertIn("cannot be written: No space left on device", done.stderr)


class Open(html.parser.HTMLParser):
    """What HTML sees: every element is closed, no script, no handler, nothing from elsewhere."""

    def __init__(self):
        super().__init__()
        self.open, self.found, self.text = [], [], []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag

    def handle_data(self, data):
        self.text.append(data)


class Report(Asked):
    def page(self, sessions, *words, person=PERSON, course=None):
        with Logbook(sessions, person=person, course=course) as book:
            out, _ = self.run_ctl(book, "report", "--month", "2026-11", *words, "-o", "-")
            self.asked = book.asked
        tree = ElementTree.fromstring(out.removeprefix("<!DOCTYPE html>\n"))  # well-formed, or this fails
        parser = Open()
        parser.feed(out)
        self.assertEqual(parser.open, [])
        for tag, attrs in parser.found:
            self.assertNotIn(tag, ("script", "link", "img", "iframe", "object", "form", "base"))
            self.assertFalse([a for a in attrs if a.startswith("on") or a in ("src", "href", "style")], attrs)
        return out, tree, parser

    def test_a_month_is_one_page_that_stands_alone(self):
        course = {"planned": [{"day": f"2026-11-{day:02}", "sessions": 2} for day in range(1, 31) if day % 7]}
        out, tree, parser = self.page(month(2026, 11) + month(2026, 10, seed=2), course=course)
        self.assertEqual(len(self.asked), 2)  # the month; what has no time
        self.assertEqual(tree.get("lang"), "en")
        self.assertIn("default-src 'none'; style-src 'unsafe-inline'", out)
        self.assertNotIn("url(", out)
        text = "".join(parser.text)
        for part in ("Ada", "1 November 2026 to 30 November 2026", "beginner-inversion, step 4", "2 March 2026, Dr. Stein, Ulm",
                     "angle 45°, force 150 N, time 6 min", "vibration", "A logbook, not a medical device",
                     "tripped by max-inversion", "Sun 1, 08:"):
            self.assertIn(part, text)
        figures = list(tree.iter(f"{SVG}svg"))
        self.assertEqual([f.find(f"{SVG}title").text for f in figures],
                         ["Inversion: angle (°)", "Inversion: minutes", "Traction: force (N)", "Traction: minutes",
                          "Heat: temperature (°C)", "Heat: minutes", "Cold: temperature (°C)", "Cold: minutes",
                          "Activities: minutes", "Pain before and after, 0 to 10"])
        ids = [e.get("id") for e in tree.iter() if e.get("id")]
        self.assertEqual(len(ids), len(set(ids)))
        for figure in figures:
            self.assertEqual(figure.get("role"), "img")
            for name in figure.get("aria-labelledby").split():
                self.assertIn(name, ids)
            self.assertGreater(len(figure.find(f"{SVG}desc").text), 10)
        for cell in tree.iter("th"):
            self.assertIn(cell.get("scope"), ("col", "row"))
        self.assertEqual(len(list(tree.find(".//table[@class='list']/tbody"))), len(month(2026, 11)))

    def test_no_text_of_others_becomes_markup(self):
        told = [session(1, ms(2026, 11, 3), note=HOSTILE, device=HOSTILE, rule=HOSTILE, plan=HOSTILE, unit=HOSTILE),
                session(2, ms(2026, 11, 4), kind="activity", what=HOSTILE), session(3, ms(2026, 11, 4), kind=HOSTILE)]
        person = {"name": HOSTILE, "weight_kg": HOSTILE, "cleared_on": HOSTILE, "cleared_by": HOSTILE, "plan": HOSTILE,
                  "step": HOSTILE, "limits": {HOSTILE: HOSTILE}, "denies": [HOSTILE, None]}
        out, _, _ = self.page(told, person=person, course={"planned": [{"day": HOSTILE, "sessions": HOSTILE}]})
        self.assertNotIn("<script", out)
        self.assertIn("&lt;script&gt;alert(1)&lt;/script&gt; ]]&gt; &quot;q&quot;", out)
        self.assertFalse(re.search("[\x00-\x08\x0b-\x1f\x7f\u202e]", out))

    def test_nonsense_in_an_answer_ends_nothing(self):
        wild = session(1, ms(2026, 11, 3))
        for key in ("peak", "mean", "limit", "lasted_ms", "trips", "pain_before", "step", "kind", "note", "unit", "begun"):
            told = [{**wild, key: value} for value in (None, [], {}, "x", -5, 1e308, 10**18, True)]
            _, tree, _ = self.page(told, person=[], course=7)
            self.assertEqual(len(tree.find(".//table[@class='list']/tbody")), len(told))
            with Logbook(told) as book:
                self.assertEqual(self.run_ctl(book, "sessions", "--csv")[0].count("\r\n"), len(told) + 1)
                self.run_ctl(book, "sessions")

    def test_a_session_across_midnight_is_of_the_day_on_which_it_began(self):
        told = [session(1, ms(2026, 10, 31, 23, 59)), session(2, ms(2026, 11, 1, 0, 0)), session(3, ms(2026, 11, 30, 23, 59)),
                session(4, ms(2026, 12, 1, 0, 0))]
        _, tree, _ = self.page(told)
        days = [row.find("th").text for row in tree.find(".//table[@class='list']/tbody")]
        self.assertEqual(days, ["Sun 1, 00:00", "Mon 30, 23:59"])

    def test_what_has_no_time_is_listed_apart(self):
        told = [session(1, ms(2026, 11, 3)), *(session(n, None) for n in range(2, 104))]
        out, tree, _ = self.page(told)
        apart = tree.findall(".//table[@class='list']/tbody")[1]
        self.assertEqual(len(list(apart)), 100)
        self.assertIn("There are more of these", out)

    def test_an_empty_month_says_so(self):
        _, _, parser = self.page([], "--person", "Ada", person=None)
        text = "".join(parser.text)
        self.assertIn("None was written down in this month", text)
        self.assertIn("Ada", text)

    def test_the_file_is_written_whole_for_its_owner_alone(self):
        with Logbook(month(2026, 11)) as book, tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "report.html")
            with open(path, "w", encoding="utf-8") as old:
                old.write("old")
            os.chmod(path, 0o644)
            self.run_ctl(book, "report", "--month", "2026-11", "-o", path)
            with open(path, encoding="utf-8") as page:
                self.assertTrue(page.read().endswith("</html>\n"))
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
            book.refuse = "the history cannot be read"
            _, why = self.run_ctl(book, "report", "-o", path, expect=1)
            self.assertIn("the history cannot be read", why)
            self.assertEqual(os.listdir(directory), ["report.html"])  # and the page is still there
            self.assertGreater(os.path.getsize(path), 1000)

    def test_what_is_wrong_is_said(self):
        with Logbook([]) as book, tempfile.TemporaryDirectory() as directory:
            _, why = self.run_ctl(book, "report", "-o", os.path.join(directory, "no", "report.html"), expect=1)
            self.assertIn("cannot be written: No such file or directory; expected a file in a directory", why)
            _, why = self.run_ctl(book, "report", "-o", directory, expect=1)
            self.assertIn(f"{directory} cannot be written: Is a directory", why)
            self.assertEqual(os.listdir(directory), [])
            asked = len(book.asked)
            _, why = self.run_ctl(book, "report", "--month", "2026-13", "-o", "-", expect=2)
            self.assertIn("found '2026-13', expected a month like 2026-11", why)
            _, why = self.run_ctl(book, "report", "--month", "2026-11", expect=2)
            self.assertIn("expected -o and the file", why)
            _, why = self.run_ctl(book, "report", "-o", "-", "more", expect=2)
            self.assertIn("found 'more', expected [--month", why)
            self.assertEqual(len(book.asked), asked)


if __name__ == "__main__":
    unittest.main()
