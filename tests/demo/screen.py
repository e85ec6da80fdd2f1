# SPDX-License-Identifier: Apache-2.0
"""The demo's live table: what anybody sees who listens to the gateway's topics. Plain ANSI, one write per picture, so
nothing flickers; fits 80 x 24 and uses more if there is more. Colour says nothing that a word does not say as well;
NO_COLOR in the environment leaves it away. Knows nothing of the story but its current lines."""
import collections
import os
import re
import shutil
import sys
import textwrap
import threading
import time

UNITS = {"tilt": "°", "rate": "°/s", "roll": "°", "pitch": "°", "force": "N", "setpoint": "N", "pressure": "kPa",
         "power": "W", "voltage": "V", "current": "A", "skin_temp": "°C", "temperature": "°C", "energy": "Wh"}
WORDS = {"relay": ("open", "closed"), "pain_button": ("released", "PRESSED"), "occupied": ("no", "yes")}
DEVICES = ("table", "belt", "pad")
FIRST = ("tilt", "force", "setpoint", "relay", "power", "skin_temp", "rate", "pressure")  # shown first when rows are few
COLOUR = not os.environ.get("NO_COLOR")
BOLD, DIM, RED, GREEN, YELLOW, PLAIN = (("\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[0m")
                                        if COLOUR else ("",) * 6)
QUALITY = {1: "unknown", 2: "", 3: "implausible"}


class Seen:
    """What came over MQTT, kept for showing. Filled on the client's thread."""

    def __init__(self, base):
        self.base = base
        self.schema = None
        self.readings = {}  # (device, key) -> Reading
        self.states = {}  # device -> JSON
        self.told = {}  # (device, control) -> (reason, when it was first told)
        self.available = {}
        self.events = collections.deque(maxlen=50)  # (wall time, SafetyEvent)
        self.batches = 0
        self.undecodable = 0

    def take(self, message):
        if not message.topic.startswith(self.base + "/"):
            return
        parts = message.topic[len(self.base) + 1:].split("/")
        try:
            self._take(parts, message)
        except Exception:  # a picture must not end the story; the story asserts on the count
            self.undecodable += 1

    def _take(self, parts, message):
        if parts == ["schema"] and message.payload:
            from harness import Schema
            self.schema = Schema(message.payload)
        elif parts == ["event"] and self.schema:
            event = self.schema.decode("SafetyEvent", message.payload)
            self.events.append((time.strftime("%H:%M:%S"), event))
        elif parts[1:] == ["telemetry"] and self.schema:
            batch = self.schema.batch(message.payload)
            self.batches += 1
            for reading in batch.readings:
                self.readings[parts[0], reading.key] = reading
        elif parts[1:] == ["state"] and message.payload:
            self.states[parts[0]] = message.json
            for device, control, state in self.controls(parts[0]):
                why = str(state.get(control + "_why") or "")
                if self.told.get((device, control), ("",))[0] != why:
                    self.told[device, control] = (why, time.monotonic())
        elif parts[1:] == ["availability"]:
            self.available[parts[0]] = message.text == "online"

    def reading(self, device, key):
        """(value or None, age in s) of the newest reading."""
        reading = self.readings.get((device, key))
        if reading is None:
            return None, None
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - reading.monotonic_ms / 1000
        good = reading.quality == 2 and reading.WhichOneof("presence") == "value"
        return (reading.value if good else None), max(0.0, age)

    def controls(self, only=None):
        """(device, control, state JSON) of everything that can be energised."""
        for device in sorted(self.states, key=lambda d: DEVICES.index(d) if d in DEVICES else 99):
            state = self.states[device]
            for key in state:
                if key.endswith("_permitted") and only in (None, device):
                    yield device, key[:-len("_permitted")], state

    def event_name(self, event):
        field = event.DESCRIPTOR.fields_by_name["type"]
        value = field.enum_type.values_by_number.get(event.type)
        return value.name.replace("SAFETY_EVENT_TYPE_", "").lower().replace("_", " ") if value else str(event.type)


class Screen:
    def __init__(self, seen, url):
        self.seen = seen
        self.url = url
        self.step = ""
        self.watch = ""
        self.note = ""  # a line that stays, at the top
        self.progress = ""
        self.done = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        sys.stdout.write("\x1b[?1049h\x1b[?25l\x1b[2J")
        self.thread.start()

    def stop(self):
        if self.thread.is_alive():
            self.done.set()
            self.thread.join()
            sys.stdout.write("\x1b[?25h\x1b[?1049l")
            sys.stdout.flush()

    def _run(self):
        while not self.done.wait(0.1):
            self.draw()

    def draw(self):
        columns, rows = shutil.get_terminal_size((80, 24))
        lines = self.lines(columns, rows)[:rows]
        picture = "\x1b[H" + "\x1b[K\r\n".join(lines) + "\x1b[K\x1b[J"
        sys.stdout.write(picture)
        sys.stdout.flush()

    def lines(self, columns, rows):
        progress = f"step {self.progress}" if self.progress else ""
        top = self._fit(f"Therapy Gateway demo   {self.url}", columns - len(progress) - 2)
        head = [BOLD + top.ljust(columns - len(progress) - 1) + PLAIN + progress,
                BOLD + GREEN + self._fit("> " + self.step, columns) + PLAIN,
                self._fit("  watch: " + self.watch, columns) if self.watch else "", ""]
        if self.note:
            head.insert(1, self._fit(self.note, columns))
        controls = self._controls(columns)
        wide = rows >= 34
        readings = self._list(columns) if wide else self._grid(columns, max(4, rows - len(head) - len(controls) - 7))
        left = rows - len(head) - len(readings) - len(controls) - 4
        events = self._events(columns, max(1, left))
        blank = [""] * (left - len(events) + 1)
        foot = DIM + self._fit("Ctrl-C ends the demo and everything it started", columns) + PLAIN
        return head + readings + [""] + controls + [""] + events + blank + [foot]

    @staticmethod
    def _fit(text, columns):
        return text if len(text) <= columns else text[:max(0, columns - 1)] + "…"

    # ---- readings ----

    def _keys(self, device):
        return sorted((k for d, k in list(self.seen.readings) if d == device),
                      key=lambda k: FIRST.index(k) if k in FIRST else 99)

    def _cell(self, device, key):
        """(text, whether it is known)."""
        value, age = self.seen.reading(device, key)
        if value is None:
            text = "unknown"
        elif key in WORDS:
            text = WORDS[key][value != 0]
        else:
            text = f"{value:.1f} {UNITS.get(key, '')}".rstrip()
        return f"{key:12}{text:>10}{age:7.1f} s", value is not None

    def _absent(self, device):
        return "" if self.seen.available.get(device) else "GONE"

    def _list(self, columns):
        """One reading a line."""
        out = [DIM + self._fit(f"{'DEVICE':9}{'READING':12}{'VALUE':>10}{'AGE':>9}", columns) + PLAIN]
        for device in DEVICES:
            keys, absent = self._keys(device), self._absent(device)
            if not keys:
                out.append(f"{device:9}{'not there' if absent else 'no readings yet'}")
            for i, key in enumerate(keys):
                text, known = self._cell(device, key)
                line = self._fit(f"{device if i == 0 else '':9}{text}  {absent}".rstrip(), columns)
                out.append(line if known and not absent else YELLOW + line + PLAIN)
        return out

    def _grid(self, columns, most):
        """Two readings a line; what comes first in FIRST stays when lines are few."""
        titles = f"{'READING':12}{'VALUE':>10}{'AGE':>9}"
        out = [DIM + self._fit(f"{'DEVICE':9}{titles}    {titles}", columns) + PLAIN]
        for device in DEVICES:
            keys, absent = self._keys(device), self._absent(device)
            keys = [k for k in keys if k in FIRST or k in WORDS][:4]
            if not keys:
                out.append(f"{device:9}{'not there' if absent else 'no readings yet'}")
            for i in range(0, len(keys), 2):
                cells = [self._cell(device, key) for key in keys[i:i + 2]]
                line = f"{device if i == 0 else '':9}" + "    ".join(text for text, _ in cells)
                line = self._fit(f"{line}  {absent}".rstrip(), columns)
                out.append(line if all(known for _, known in cells) and not absent else YELLOW + line + PLAIN)
        return out[:most]

    # ---- controls ----

    def _controls(self, columns):
        out = [DIM + self._fit(f"{'CONTROL':15}{'NOW':>8}  PERMITTED", columns) + PLAIN]
        for device, control, state in self.seen.controls():
            value = state.get(control)
            text = value if isinstance(value, str) else "unknown" if value is None else f"{value:g} N"
            line = f"{device + '.' + control:15}{text:>8}  "
            if state.get(control + "_permitted") == "ON":
                out += [line + GREEN + "yes" + PLAIN, "", ""]  # room for a reason, so that nothing jumps
            else:
                out += self._refused(line, device, control, columns)
        return out

    def _refused(self, line, device, control, columns):
        """Three lines: which rule and when it was told; what it saw; when it may be asked for again."""
        why, when = self.seen.told.get((device, control), ("not told yet", time.monotonic()))
        rule = re.search(r" \(rule ([^)]+)\)", why)
        # a reading's age within the text counts from when it was told
        why = re.sub(r" \([\d.]+ (?:ms|s|min|h) old\)", "", why.replace(rule.group(0), "") if rule else why)
        title = f"NO{', rule ' + rule.group(1) if rule else ''} (told {time.monotonic() - when:.1f} s ago)"
        parts = why.split("; ", 1)
        wrapped = [self._fit(part, columns - 3) for part in parts] if len(parts) > 1 else textwrap.wrap(why, columns - 3)
        if len(wrapped) > 2:
            wrapped = [wrapped[0], self._fit(" ".join(wrapped[1:]), columns - 3)]
        wrapped += [""] * (2 - len(wrapped))
        return [line + RED + self._fit(title, columns - len(line)) + PLAIN] + ["   " + RED + w + PLAIN for w in wrapped]

    # ---- events ----

    def _event_lines(self, at, event, columns):
        place = ".".join(p for p in (event.device_id, event.control) if p)
        about = "" if not place or event.text.startswith(place) else f"{place}: "
        text = f"{at} {self.seen.event_name(event).upper()}  {about}{event.text}"
        lines = textwrap.wrap(text, columns, subsequent_indent=" " * 9, break_on_hyphens=False) or [""]
        return lines if len(lines) <= 3 else lines[:2] + [self._fit(lines[2] + " " + lines[3].strip(), columns)]

    def _events(self, columns, most):
        out = []
        for at, event in reversed(list(self.seen.events)):
            lines = self._event_lines(at, event, columns)
            if out and len(out) + len(lines) > most:
                break
            out = lines[:most] + out
        return [DIM + "LAST EVENTS" + PLAIN] + (out or ["none yet"])
