# SPDX-License-Identifier: Apache-2.0
"""A gateway that does nothing but answer {"do":"sessions"} over a unix socket, page by page, from a list in memory: in the
real one's place for what therapyctl makes of the answers. docs/control-socket.md is the contract."""
import bisect
import datetime
import json
import os
import random
import socket
import tempfile
import threading
import zoneinfo

ZONE = zoneinfo.ZoneInfo("Europe/Berlin")
HOSTILE = "<script>alert(1)</script> ]]> \"q\" 'a' & \u202e \x1b[31m\x00 =1+1"


def ms(year, month, day, hour=12, minute=0):
    return int(datetime.datetime(year, month, day, hour, minute, tzinfo=ZONE).timestamp() * 1000)


def session(number, begun_ms, **members):
    """As the gateway tells one: an inversion that nothing happened in, unless said otherwise."""
    begun = None if begun_ms is None else datetime.datetime.fromtimestamp(begun_ms / 1000, ZONE).isoformat()
    whole = {"id": f"{number:032x}", "kind": "inversion", "what": "", "device": "table", "person": "Ada", "begun": begun,
             "begun_ms": begun_ms, "placed": begun_ms is not None, "lasted_ms": 260000, "active_ms": 250000, "unknown_ms": 0,
             "unit": "deg", "peak": 22.4, "mean": 18.1, "limit": 25, "over_ms": 0, "dose_min": None, "trips": 0, "alarms": 0,
             "end": "ended", "rule": "", "pain_before": None, "pain_after": None, "note": "", "plan": "", "step": 0}
    assert members.keys() <= whole.keys()
    return {**whole, **members}


def month(year, number, days=30, seed=1):
    """A life of inversion, heat, traction and stretching, with a bit of everything that can happen."""
    dice = random.Random(seed)
    found = []

    def add(day, hour, **members):
        found.append(session(len(found) + 1, ms(year, number, day, hour, dice.randrange(60)), **members))

    for day in range(1, days + 1):
        if day % 7 == 0:
            continue
        plan = {"plan": "beginner-inversion", "step": 1 + day // 8}
        limit = 20 + 5 * (day // 8)
        pain = max(0, 7 - day // 6 + dice.choice((-1, 0, 1)))
        heat = dice.uniform(8, 14)
        if day % 3:
            add(day, 7, kind="heat", device="pad", unit="degC", peak=40 + dice.random() * 3, mean=38 + dice.random(), limit=45,
                dose_min=dice.random() * 2, active_ms=int(heat * 60000), lasted_ms=int(heat * 60000) + 9000, **plan)
        peak = limit - dice.uniform(0, 6) if day != 12 else limit + 2.5
        add(day, 8, peak=peak, mean=peak - dice.uniform(2, 5), limit=limit, active_ms=dice.randrange(90, 400) * 1000,
            pain_before=pain, pain_after=max(0, pain - dice.choice((0, 1, 2, -1))) if day % 5 else None,
            note="Felt a pull on the left side, better after a minute." if day % 6 == 1 else "",
            **(dict(end="tripped", rule="max-inversion", trips=1, over_ms=2300) if day == 12 else {}), **plan)
        if day % 4 == 1:
            add(day, 18, kind="traction", device="belt", unit="N", peak=60 + day + dice.random() * 10, mean=55 + day,
                limit=120, active_ms=600000, **(dict(end="stopped") if day == 9 else {}))
        if day % 2:
            add(day, 20, kind="activity", what="stretching", device="", unit=None, peak=None, mean=None, limit=None,
                active_ms=900000, lasted_ms=900000)
        if day % 10 == 3:
            add(day, 21, kind="cold", device="pack", unit="degC", peak=14.5, mean=9.2, limit=None, active_ms=720000)
    return found


PERSON = {"name": "Ada", "weight_kg": 71.5, "cleared_on": "2026-03-02", "cleared_by": "Dr. Stein, Ulm",
          "plan": "beginner-inversion", "step": 4, "limits": {"angle_deg": 45, "force_n": 150, "time_min": 6},
          "denies": ["vibration"]}


class Logbook:
    """`with Logbook(sessions) as book`: book.path is where it listens, book.asked what was asked."""

    def __init__(self, sessions, person=None, course=None, most=200):
        self.placed = sorted((s for s in sessions if s["placed"]), key=lambda s: (s["begun_ms"], s["id"]))
        self.begun = [s["begun_ms"] for s in self.placed]
        self.unplaced = sorted((s for s in sessions if not s["placed"]), key=lambda s: s["id"])
        self.person, self.course, self.most = person, course, most
        self.refuse = None  # a sentence: every question is refused
        self.leave_after = None  # so many answers, then it is gone
        self.asked = []

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="logbook-")
        self.path = os.path.join(self.directory.name, "control.sock")
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(self.path)
        self.listener.listen(4)
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.listener.close()
        self.directory.cleanup()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rw", encoding="utf-8") as lines:
                for line in lines:
                    if self.leave_after is not None and len(self.asked) >= self.leave_after:
                        break
                    question = json.loads(line)
                    self.asked.append(question)
                    lines.write(json.dumps(self.answer(question)) + "\n")
                    lines.flush()

    def answer(self, question):
        if self.refuse:
            return {"ok": False, "why": self.refuse}
        if question["do"] != "sessions" or not 1 <= question["most"] <= 200:
            return {"ok": False, "error": f"found {question}"}
        timed = "since_ms" in question or "until_ms" in question
        rows = [] if timed else self.unplaced
        rows = rows + self.placed[bisect.bisect_left(self.begun, question.get("since_ms", 0)):
                                  bisect.bisect_left(self.begun, question.get("until_ms", 1 << 62))]
        if question.get("person", "*") != "*":
            rows = [s for s in rows if s["person"] == question["person"]]
        if question["newest"]:
            rows = rows[::-1]
        begin = int(question.get("after", "0"))
        end = begin + min(question["most"], self.most)
        return {"ok": True, "sessions": rows[begin:end], "next": str(end) if end < len(rows) else None, "person": self.person,
                "course": self.course}
