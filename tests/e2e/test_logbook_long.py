#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How sessions end, each 60 s after its last activity: by themselves, tripped, stopped, cut by a kill -9; across midnight;
with the disk full, the file damaged, the sensor silent and the broker away. test_logbook.py has what is quick."""
import glob
import os
import stat
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Home, build_dir, now_us  # noqa: E402
from proxy import Proxy  # noqa: E402
from test_logbook import CONFIG, CRASH_MS, RIGHT_MS, RULE, Logbook  # noqa: E402

WALL_CLOCK = os.path.join(os.path.abspath(build_dir()), "tests", "e2e", "wall_clock.so")
GAP_MS = 60_000


class Ended(Logbook):
    def test_inversion_and_heat_end_by_themselves_and_are_kept_at_the_broker_where_asked(self):
        self.begin(CONFIG + "history = { retain = true; };\n")
        mark = self.client.mark()
        self.ask("pain_before", "5")  # of the next one
        self.course(lambda c: c["pain_before"] == 5, mark, "pain to be shown")
        began_us = self.tilt(15)  # heat is still permitted
        on_us = self.heat()
        self.runs("table", "pad", since=mark, timeout=8)
        sim_mark = self.sim.mark()
        self.assertEqual(self.home.request("pad", "heat", 0)["outcome"], "accepted")
        off_us = self.relay_off(sim_mark)
        over = self.client.mark()
        level_us = self.tilt(0)
        self.ask("pain_after", "1")
        heat, table = self.finished("pad", over), self.finished("table", over)
        self.assertGreater(now_us() - level_us, GAP_MS * 1000, "not over before 60 s near level")
        self.assertLess(now_us() - level_us, (GAP_MS + 5000) * 1000)
        self.assertEqual([self.end_of(r) for r in (heat, table)], ["ended", "ended"])
        self.assert_ms(table.active_ms, (level_us - began_us) / 1e3, RIGHT_MS, "inverted")
        self.assertEqual((table.unknown_ms, heat.unknown_ms), (0, 0))
        self.assertAlmostEqual(table.peak, 15, delta=0.5)
        self.assert_ms(heat.active_ms, (off_us - on_us) / 1e3, RIGHT_MS, "heated")
        self.assertEqual(table.pain_before, 5, "told before it: of the session that began first")
        self.assertFalse(heat.HasField("before"))
        rows = {row["device"]: row for row in self.sessions()}
        self.assertEqual([rows[d]["end"] for d in ("table", "pad")], ["ended", "ended"])
        self.assertEqual(rows["table"]["active_ms"], table.active_ms)
        self.assertEqual(rows["pad"]["kind"], "heat")
        today = self.course(lambda c: c["today"]["sessions"] == 2, over, "both in the totals of today")["today"]
        self.assertEqual((today["inversion"]["sessions"], today["heat"]["sessions"]), (1, 1))
        self.assertAlmostEqual(today["inversion"]["minutes"], table.active_ms / 60000, delta=0.1)
        # a client that comes only now
        self.assertEqual(len(self.fresh(f"{self.base}/course")), 1, "the course is retained where asked")
        self.assertEqual([m.payload for m in self.fresh(f"{self.base}/session")],
                         [self.client.latest[f"{self.base}/session"].payload], "and the last session")


class Tripped(Logbook):
    def test_heat_that_a_rule_ends_says_which(self):
        self.begin()
        self.heat()
        self.runs("pad")
        sim_mark, mark = self.sim.mark(), self.client.mark()
        self.sim.command("table tilt 40 now")
        self.relay_off(sim_mark)
        self.runs("table", since=mark)
        self.sim.command("table tilt 0 now")
        heat, table = self.finished("pad", mark), self.finished("table", mark)
        self.assertEqual((self.end_of(heat), heat.rule, heat.trips), ("tripped", RULE, 1))
        self.assertEqual((self.end_of(table), table.rule), ("ended", ""), "the rule ended heat, not the inversion")
        row = self.session(lambda s: s["device"] == "pad", "the session of heat")
        self.assertEqual((row["end"], row["rule"], row["trips"]), ("tripped", RULE, 1))
        self.assertEqual(len(self.fresh(f"{self.base}/session")), 0, "nothing is retained unless asked")


class Stopped(Logbook):
    def test_a_stop_ends_what_runs_as_stopped(self):
        self.begin()
        self.pull()
        self.heat()
        self.runs("belt", "pad", timeout=15)
        mark = self.client.mark()
        self.assertEqual(self.home.order("stop")["outcome"], "accepted")
        records = [self.finished(device, mark, 80) for device in ("pad", "belt")]
        self.assertEqual([self.end_of(r) for r in records], ["stopped", "stopped"])
        rows = self.sessions()
        self.assertEqual(sorted((row["device"], row["end"]) for row in rows), [("belt", "stopped"), ("pad", "stopped")])


class Cut(Logbook):
    def test_a_kill_whose_end_nobody_saw_is_cut(self):
        """The table is level when the gateway is back: the time off is active and not known, the rest is right."""
        self.begin()
        mark = self.client.mark()
        began_us = self.tilt(30)
        self.runs("table", since=mark)
        self.client.wait_for(lambda: now_us() - began_us > 6_000_000, "6 s of inversion", 7)
        self.home.gateway.kill()
        killed_us = now_us()
        self.sim.command("table tilt 0 now")  # nobody listens to it
        self.client.wait_for(lambda: now_us() - killed_us > 2_000_000, "2 s without a gateway", 3)
        self.again()
        heard = self.client.wait(f"{self.base}/table/state", lambda m: m.json.get("tilt") is not None, self.started)
        record = self.finished("table", self.started)
        self.assertEqual(self.end_of(record), "cut")
        self.assert_ms(record.active_ms - record.unknown_ms, (killed_us - began_us) / 1e3, CRASH_MS, "active and known")
        self.assert_ms(record.unknown_ms, (heard.us - killed_us) / 1e3, CRASH_MS, "not known")
        self.assertLessEqual(record.unknown_ms, GAP_MS)
        row, = self.sessions()
        self.assertEqual((row["id"], row["end"], row["unknown_ms"]), (record.session_id, "cut", record.unknown_ms))


class Midnight(Logbook):
    def zone(self, seconds_left):
        """A POSIX zone in which it is midnight so many seconds from now, and not one between Sunday and Monday."""
        for days in (0, -1):
            to_midnight = -(time.time() + seconds_left) % 86400
            ahead = to_midnight + 86400 * days  # seconds east of Greenwich
            after = time.gmtime(time.time() + seconds_left + ahead + 1)
            if after.tm_wday != 0:
                west = abs(int(-ahead))
                return f"XYZ{'-' if ahead > 0 else '+'}{west // 3600:02}:{west // 60 % 60:02}:{west % 60:02}"
        raise AssertionError("two days in a row are not both Monday")

    def test_a_session_counts_for_the_day_on_which_it_began(self):
        midnight_us = now_us() + 20_000_000
        self.begin(TZ=self.zone(20))
        mark = self.client.mark()
        self.tilt(30)
        self.assertTrue(self.order(do="log", what="stretching", minutes=0)["ok"])
        self.runs("table", since=mark)
        course = self.course(lambda c: c["today"] and c["today"]["sessions"] == 1, mark, "what was logged to count today")
        self.assertLess(now_us(), midnight_us - 1_000_000, "too slow: it is past midnight already")
        self.assertEqual(course["week"]["sessions"], 1)
        mark = self.client.mark()
        course = self.course(lambda c: c["today"]["sessions"] == 0, mark, "a new day to begin", 30)
        self.assertGreater(now_us(), midnight_us - 1_000_000)
        self.assertEqual(course["week"]["sessions"], 1)
        self.runs("table", since=mark)
        mark = self.client.mark()
        self.sim.command("table tilt 0 now")
        self.finished("table", mark)
        course = self.course(lambda c: c["week"]["sessions"] == 2, mark, "the week to count it")
        self.assertEqual(course["today"]["sessions"], 0, "it began yesterday")


class WrongClock(Logbook):
    def test_a_clock_that_is_set_later_moves_the_sessions_of_this_boot(self):
        """A machine without a battery begins in 1970: what it is told until its clock is right is placed then."""
        self.step_file = f"/tmp/therapy-e2e-step-{os.getpid()}"
        self.addCleanup(lambda: os.path.exists(self.step_file) and os.unlink(self.step_file))
        self.step(-int(time.time()) + 1000)
        # asan's own library wants to be the first of those that are loaded
        self.begin(LD_PRELOAD=WALL_CLOCK, WALL_CLOCK=self.step_file, ASAN_OPTIONS="verify_asan_link_order=0")
        mark = self.client.mark()
        began = time.time()
        self.tilt(30)
        self.assertTrue(self.order(do="log", what="stretching", minutes=1)["ok"])
        self.runs("table", since=mark)
        self.session(lambda s: s["device"] == "table", "the session")
        self.assertEqual({row["placed"] for row in self.sessions()}, {False}, "without a clock there is no time of day")
        self.assertIsNone(self.course(lambda c: True, None, "the course")["today"], "nor a today")
        self.step(0)
        course = self.course(lambda c: c["today"] and c["today"]["sessions"] == 1, mark, "today to be known")
        self.assertEqual(course["today"]["activity"]["sessions"], 1)
        rows = {row["what"] or row["device"]: row for row in self.sessions()}
        self.assertEqual({row["placed"] for row in rows.values()}, {True})
        self.assertAlmostEqual(rows["table"]["begun_ms"] / 1e3, began, delta=3)
        self.assertAlmostEqual(rows["stretching"]["begun_ms"] / 1e3, began - 60, delta=3)
        mark = self.client.mark()
        self.assertEqual(self.home.gateway.stop(), 0)
        self.assertTrue(self.finished("table", mark, 5).placed)

    def step(self, seconds):
        with open(self.step_file + ".new", "w") as f:
            f.write(str(seconds))
        os.rename(self.step_file + ".new", self.step_file)


class FullDisk(Logbook):
    def setUp(self):
        user = [] if os.geteuid() == 0 else ["-r"]
        self.prefix = ("unshare", "-m", *user, "sh", "-c", 'mkdir -p "$STATE_DIRECTORY" && mount -t tmpfs -o size=512k none '
                       '"$STATE_DIRECTORY" && exec "$@"', "sh")
        if os.system(" ".join(["unshare", "-m", *user, "mount -t tmpfs -o size=64k none /mnt 2>/dev/null"])) != 0:
            self.skipTest("a small file system cannot be mounted here: that needs root, or namespaces of users")

    def memory(self, name):
        return f"/proc/{self.home.gateway.child.pid}/root{self.home.directory}/memory/{name}"

    def test_safety_goes_on_and_nothing_that_waited_is_lost(self):
        self.begin()
        self.home.wait_device("pad", lambda s: s.get("heat_permitted") == "ON", "heat to be permitted", 20)
        self.assertTrue(self.order(do="log", what="before", minutes=1)["ok"])
        self.session(lambda s: s["what"] == "before", "what was logged")
        ballast = self.memory("ballast")
        with open(ballast, "wb", buffering=0) as f:
            for size in (4096, 512, 1):
                try:
                    while True:
                        f.write(bytes(size))
                except OSError:
                    pass
        mark = self.client.mark()
        for i in range(40):  # some fit into what SQLite has already
            self.assertTrue(self.order(do="log", what=f"waits {i}", minutes=1, note="n" * 400)["ok"])
        course = self.course(lambda c: c["problem"] == "ON", mark, "the full disk to be said")
        self.assertIn("the disk is full: sessions wait in memory", course["problem_why"])
        # heat is permitted or refused as ever, and what ends it still does
        sim_mark = self.sim.mark()
        result = self.home.request("pad", "heat", 1)
        print(f"heat on a full disk: {result['outcome']} {result['reason']}")
        if result["outcome"] == "accepted":
            self.sim.wait_event("relay", lambda e: e["on"], sim_mark)
            self.sim.command("table tilt 40 now")
            self.relay_off(sim_mark)
            self.sim.command("table tilt 0 now")
        self.assertTrue(self.home.gateway.child.alive())
        mark = self.client.mark()
        os.unlink(ballast)
        self.course(lambda c: c["problem"] == "OFF", mark, "the problem to be over", 25)
        what = [row["what"] for row in self.sessions()]
        self.assertEqual(sorted(w for w in what if w), sorted(["before"] + [f"waits {i}" for i in range(40)]))


class Line(Home):
    """The gateway's way to the broker can be cut; the client's cannot."""

    def environment(self):
        self.line = Proxy(self.broker.port)
        return super().environment() | {"MQTT_URL": f"mqtt://127.0.0.1:{self.line.port}"}

    def __exit__(self, *what):
        try:
            return super().__exit__(*what)
        finally:
            self.line.close()


class Silence(Logbook):
    kind = Line

    def test_a_silent_sensor_is_not_taken_for_rest_and_no_broker_loses_nothing(self):
        self.begin()
        mark = self.client.mark()
        self.tilt(30)
        self.runs("table", since=mark)
        mark = self.client.mark()
        self.sim.command("table unplug")
        course = self.course(lambda c: c["running"] and not c["running"][0]["active"], mark, "that nothing is known any more")
        self.assertRegex(course["guidance"], "not known whether it goes on, come up slowly")
        mark = self.client.mark()
        self.sim.command("table plug")
        self.runs("table", since=mark)
        # without a broker
        port = self.home.line.port
        self.home.line.close()
        for what in ("first", "second", "third"):
            self.assertTrue(self.order(do="log", what=what, minutes=1)["ok"])
        mark = self.client.mark()
        self.home.line = Proxy(self.home.broker.port, listen=port)

        def told():
            return [self.record(m).what for m in self.client.messages[mark:] if m.topic == f"{self.base}/session"]
        self.client.wait_for(lambda: len(told()) >= 3, "what was logged meanwhile", 15)
        self.assertEqual(told(), ["first", "second", "third"])


class Unreadable(Logbook):
    def test_a_history_that_cannot_be_opened_is_said_and_found_again(self):
        self.begin()
        self.assertTrue(self.order(do="log", what="stretching", minutes=10)["ok"])
        self.session(lambda s: s["what"] == "stretching", "what was logged")
        self.assertEqual(self.home.gateway.stop(), 0)
        os.rename(self.path("history.db"), self.path("kept"))
        os.mkdir(self.path("history.db"))  # also for root
        self.again()
        course = self.course(lambda c: c["problem"] == "ON", self.started, "the trouble to be said")
        self.assertRegex(course["problem_why"], "history.db: cannot be read or written .*: sessions wait in memory")
        answer = self.order(do="sessions")
        self.assertFalse(answer["ok"])
        self.assertRegex(answer["error"], "the history cannot be read: .*history.db: cannot be read or written")
        self.assertTrue(self.order(do="log", what="walking", minutes=5)["ok"])
        mark = self.client.mark()
        os.rmdir(self.path("history.db"))
        os.rename(self.path("kept"), self.path("history.db"))
        course = self.course(lambda c: c["problem"] == "OFF" and c["today"] and c["today"]["sessions"] == 2, mark,
                             "both to count when it can be read again", 20)
        self.assertEqual(course["problem_why"], "")
        self.assertEqual(sorted(row["what"] for row in self.sessions()), ["stretching", "walking"])


class Damage(Logbook):
    def test_a_damaged_file_is_set_aside_and_said(self):
        self.begin()
        self.assertTrue(self.order(do="log", what="stretching", minutes=10)["ok"])
        self.session(lambda s: s["what"] == "stretching", "what was logged")
        self.assertEqual(self.home.gateway.stop(), 0)
        with open(self.path("history.db"), "r+b") as f:
            size = f.seek(0, os.SEEK_END)
            f.seek(size // 3)
            f.write(os.urandom(size // 3))
            f.seek(0)
            damaged = f.read()
        self.again()
        course = self.course(lambda c: c["problem"] == "ON", self.started, "the damage to be said")
        self.assertRegex(course["problem_why"], r"history\.db was damaged .* a new history was begun")
        aside = glob.glob(self.path("history.db.damaged-*"))
        self.assertEqual(len(aside), 1, aside)
        with open(aside[0], "rb") as f:
            self.assertEqual(f.read(), damaged, "a byte of the damaged file was changed")
        self.assertEqual(stat.S_IMODE(os.stat(aside[0]).st_mode), 0o600)
        # the new one works
        self.assertTrue(self.order(do="log", what="walking", minutes=5)["ok"])
        self.session(lambda s: s["what"] == "walking", "what was logged in the new file")
        self.assertEqual(len(self.sessions()), 1)
        self.assertTrue(self.home.gateway.child.alive())


class PowerCut(Logbook):
    """The machine is off and on: another boot, and what lay in memory is gone."""

    def cut(self, extra):
        """Kills the gateway in the middle of an inversion and takes everything with it that a power cut would take."""
        self.begin(CONFIG + extra)
        mark = self.client.mark()
        began_us = self.tilt(30)
        self.runs("table", since=mark)
        self.client.wait_for(lambda: now_us() - began_us > 6_000_000, "6 s of inversion", 8)
        self.home.gateway.kill()
        killed_us = now_us()
        for path in glob.glob(f"{self.home.directory}/*.running"):
            os.unlink(path)  # memory
        for path in glob.glob(f"{self.home.directory}/memory/*/running"):
            with open(path, "rb") as file:
                note = self.home.schema().decode("RunningSessions", file.read())
            note.boot_id = "00000000-0000-0000-0000-000000000000"
            for one in note.sessions:
                one.record.boot_id = note.boot_id
            with open(path, "wb") as file:
                file.write(note.SerializeToString())
        self.home.sim.command("table tilt 0 now")
        self.again()
        row = self.session(lambda s: s["device"] == "table" and s["end"] == "cut", "the session to be cut")
        return row, (killed_us - began_us) / 1e3

    def test_noted_on_the_disk_a_power_cut_costs_no_more_than_a_second(self):
        row, active_ms = self.cut('history = { checkpoint = "disk"; };\n')
        self.assert_ms(row["active_ms"], active_ms, 1300, "active until the cut")  # a note a second, and its writing
        self.assertEqual(row["unknown_ms"], 0)

    def test_noted_in_memory_it_is_known_as_it_was_written_last(self):
        row, active_ms = self.cut("")
        self.assertLessEqual(row["active_ms"], active_ms + 300)
        self.assertTrue(row["placed"])


if __name__ == "__main__":
    unittest.main()
