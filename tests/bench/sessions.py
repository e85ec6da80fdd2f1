#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What looking back at ten years costs, three sessions a day, told by the fake gateway of tests/e2e/logbook.py: a month as a
page, and all of them as JSON, as CSV and as a table. Seconds from the start of therapyctl to its end, the median of five,
beside the floor in the same run: the same questions, and the answers thrown away. Prints, judges nothing.

    THERAPY_BUILD_DIR=build/release tests/bench/sessions.py
"""
import datetime
import json
import os
import pathlib
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from harness import build_dir  # noqa: E402
from logbook import PERSON, ZONE, Logbook, session  # noqa: E402

YEARS, REPEAT = 10, 5
MONTH = "2026-11"
COURSE = {"planned": [{"day": f"{MONTH}-{day:02}", "sessions": 3} for day in range(1, 31)]}


def decade():
    begin = datetime.datetime(2026, 12, 1, tzinfo=ZONE) - datetime.timedelta(days=365 * YEARS)
    kinds = ({}, {"kind": "heat", "device": "pad", "unit": "degC", "peak": 41.2, "mean": 39.0, "limit": 45, "dose_min": 1.2},
             {"kind": "traction", "device": "belt", "unit": "N", "peak": 81.5, "mean": 74.0, "limit": 120})
    return [session(i, int((begin + datetime.timedelta(days=i // 3, hours=7 + i % 3 * 5)).timestamp() * 1000), pain_before=5,
                    pain_after=3, plan="beginner-inversion", step=1, note="as on every day", **kinds[i % 3])
            for i in range(365 * YEARS * 3)]


def floor(book):
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(book.path)
        after, answers = {}, line.makefile("rw", encoding="utf-8")
        while True:
            answers.write(json.dumps({"do": "sessions", "newest": False, "most": 200, **after}) + "\n")
            answers.flush()
            answer = answers.readline()
            following = answer[answer.rindex('"next": ') + 8:].split(",")[0]
            if following == "null":
                return
            after = {"after": following.strip('"')}


def measure(book, *words):
    took = []
    for _ in range(REPEAT):
        begun = time.monotonic()
        subprocess.run([os.path.join(build_dir(), "gateway/therapyctl/therapyctl"), "--socket", book.path, *words],
                       stdout=subprocess.DEVNULL, check=True)
        took.append(time.monotonic() - begun)
    return round(sorted(took)[REPEAT // 2], 3)


def main():
    with Logbook(decade(), person=PERSON, course=COURSE) as book:
        begun = time.monotonic()
        floor(book)
        print(json.dumps({
            "sessions": len(book.placed),
            "floor_all_answers_s": round(time.monotonic() - begun, 3),
            "report_of_a_month_s": measure(book, "report", "--month", MONTH, "-o", "-"),
            "all_as_json_s": measure(book, "sessions", "--json"),
            "all_as_csv_s": measure(book, "sessions", "--csv"),
            "all_as_table_s": measure(book, "sessions"),
        }, indent=1))


if __name__ == "__main__":
    main()
