#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What happens while the broker is away is told afterwards: all of it, marked as history, beside what is live."""
import collections
import os
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Home, wait_until  # noqa: E402
from proxy import Proxy  # noqa: E402

STALLED_S = 1.0  # what is sent in this time is taken by a line that loses it
LATE_S = 10.5    # from HAPPENED_LATE_MS on nobody is to act on an event


class Line(Home):
    """The gateway's way to the broker can be cut; the client's cannot."""

    def environment(self):
        self.line = Proxy(self.broker.port)
        return super().environment() | {"MQTT_URL": f"mqtt://127.0.0.1:{self.line.port}"}

    def cut(self, for_s, meanwhile):
        self.line.hold()
        time.sleep(STALLED_S)  # the gateway cannot know: its writes succeed, and arrive nowhere
        port = self.line.port
        self.line.close()
        meanwhile()
        time.sleep(for_s)
        self.line = Proxy(self.broker.port, listen=port)

    def __exit__(self, *what):
        try:
            return super().__exit__(*what)
        finally:
            self.line.close()


class History(unittest.TestCase):
    def test_nothing_is_lost_nothing_live_comes_twice_and_what_is_late_says_so(self):
        with Line() as home:
            schema = home.schema()

            def status(predicate):
                return schema.decode("GatewayStatus", home.client.wait(
                    "therapy/demo/status", lambda m: predicate(schema.decode("GatewayStatus", m.payload)), mark, 30,
                    "the account").payload)

            for device in ("table", "pad"):
                home.client.wait(f"therapy/demo/{device}/availability", lambda m: m.text == "online", None)
            mark = home.client.mark()

            def meanwhile():
                home.sim.command("table unplug")
                wait_until(lambda: "device lost" in home.gateway.child.tail(), "the loss to be seen")
                home.sim.command("table plug")

            home.cut(LATE_S, meanwhile)
            back = home.client.mark()
            home.client.wait("therapy/demo/availability", lambda m: m.text == "online", back, 20)
            found = status(lambda s: s.broker_connects >= 2 and s.readings_historical > 0 and s.readings_queued < 50)
            self.assertEqual(found.readings_dropped_oldest, 0)
            self.assertEqual(found.readings_produced, found.readings_delivered + found.readings_queued)
            self.assertEqual(found.events_produced,
                             found.events_delivered + found.events_queued + found.events_dropped)
            self.check_readings(home, schema)
            self.check_events(home, schema, back)

    def check_readings(self, home, schema):
        live, history, came = collections.Counter(), collections.defaultdict(list), collections.defaultdict(set)
        for m in list(home.client.messages):
            if not m.topic.endswith("/telemetry"):
                continue
            batch = schema.batch(m.payload)
            source = (batch.device_id, batch.process_generation)
            numbers = range(batch.first_sequence, batch.first_sequence + len(batch.readings))
            came[source].update(numbers)
            if batch.historical:
                history[source] += numbers
            else:
                live.update((source, n) for n in numbers)
        self.assertEqual([n for n in live.items() if n[1] > 1], [])
        for source, numbers in came.items():
            self.assertEqual(sorted(numbers), list(range(1, max(numbers) + 1)), f"a gap in {source}")
        for source, numbers in history.items():
            self.assertEqual(numbers, sorted(numbers), f"the history of {source} is out of order")
        self.assertGreater(sum(map(len, history.values())), 50)

    def check_events(self, home, schema, back):
        events = [schema.decode("SafetyEvent", m.payload) for m in list(home.client.messages)
                  if m.topic == "therapy/demo/event"]
        # QoS 1: what the broker had, and whose PUBACK the line swallowed, comes once more. The first of each are in order.
        firsts = list(dict.fromkeys(e.sequence for e in events))
        self.assertEqual(firsts, sorted(firsts))
        late = [e for e in events if e.device_id == "table" and schema.event_name(e) == "device lost"]
        self.assertEqual({e.sequence: e.historical for e in late}, {late[0].sequence: True} if late else "a late event")
        told = [m.json["event_type"] for m in list(home.client.messages)[max(0, back - home.client.dropped):]
                if m.topic == "therapy/demo/happened"]
        self.assertNotIn("device_lost", told)
        home.client.wait("therapy/demo/pad/happened", lambda m: m.json["event_type"] == "device_back", back, 15,
                         "the return of the pad, which happens now")


if __name__ == "__main__":
    unittest.main(verbosity=2)
