#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A plugin that is a program: an infrared lamp that speaks lines over a serial port or TCP.

    lamp -> us   "31.5 0"   four times a second: degrees at the skin, and whether its relay is on
    us -> lamp   "ON", "OFF", "KEEP": the lamp goes off by itself 3 s after the last ON or KEEP

The gateway runs it (exec = "/path/infrared_lamp.py") and asks it on standard input; it answers on standard output. What is
for people goes to standard error. docs/wire.md, "A program as a plugin", says it all; `therapy/v1` beside this file is made
by protoc from program.proto.
"""
import struct
import sys

from therapy.v1 import device_pb2 as device
from therapy.v1 import program_pb2 as wire
from therapy.v1 import reading_pb2 as reading

SWITCH_ON, SWITCH_OFF, KEEP_ON = "on", "off", "keep"
LINES = {SWITCH_ON: b"ON\n", SWITCH_OFF: b"OFF\n", KEEP_ON: b"KEEP\n"}

DESCRIPTION = wire.ProgramDescription(
    protocol=1, key="infrared_lamp", kind="heat", version="1.0",
    models=[wire.ProgramModel(
        key="lines", name="Infrared lamp", manufacturer="Example",
        links=[wire.PROGRAM_LINK_SERIAL, wire.PROGRAM_LINK_TCP], baud=9600,
        end_with=ord("\n"),  # so that a frame is a line, and we are not asked where one ends
        metrics=[
            # what skin can have under a lamp; beyond that the sensor is broken, and nothing is permitted
            device.MetricDescription(key="skin_temp", name="Skin temperature", unit=reading.UNIT_CELSIUS, min=5, max=60,
                                     max_rate_per_s=5, interval_ms=250, deadband=0.1, precision=1,
                                     device_class="temperature"),
            device.MetricDescription(key="relay", name="Relay", unit=reading.UNIT_BOOL, max=1, interval_ms=250),
        ],
        verbs=[
            wire.ProgramVerb(key=SWITCH_ON, effect=wire.VERB_EFFECT_ACT),
            wire.ProgramVerb(key=SWITCH_OFF, effect=wire.VERB_EFFECT_STOP),
            wire.ProgramVerb(key=KEEP_ON, effect=wire.VERB_EFFECT_RENEW),
        ],
        controls=[wire.ProgramControl(
            key="heat", name="Heat", type=device.CONTROL_TYPE_SWITCH, unit=reading.UNIT_BOOL, max=1, step=1,
            set=SWITCH_ON, renew=KEEP_ON, renew_ms=1000, device_timer_ms=3000,
            confirm="relay", confirm_ms=1000, resumes=True,
            rest=[wire.ProgramStep(verb=SWITCH_OFF)])],  # one step suffices; there is no faster way
        options=[wire.ProgramOption(key="zero", type=wire.PROGRAM_OPTION_TYPE_NUMBER, min=-3, max=3,
                                    help="What its sensor says too much, in degC")],
    )])


class Lamp:
    """Answers one question each. It keeps what `init` gave it, and nothing else."""
    zero = 0.0

    def init(self, ask, answer):
        self.zero = next((option.number for option in ask.options if option.key == "zero"), 0.0)
        answer.ready.SetInParent()

    def decode(self, ask, answer):
        decoded = answer.decoded
        decoded.SetInParent()  # an answer without readings is one, too
        try:
            temperature, relay = ask.data.split()
            readings = [wire.ProgramReading(metric="skin_temp", value=float(temperature) - self.zero),
                        wire.ProgramReading(metric="relay", value=int(relay))]
        except ValueError:
            decoded.refused = wire.REFUSAL_FORMAT  # counted, and never a reading
            return
        decoded.readings.extend(readings)

    def encode(self, ask, answer):
        encoded = answer.encoded
        if ask.verb in LINES:
            encoded.frames.add(data=LINES[ask.verb])
        else:
            encoded.refused = True

    def describe(self, _ask, answer):
        answer.description.CopyFrom(DESCRIPTION)

    def ping(self, _ask, answer):
        answer.pong.SetInParent()


def read(size):
    """Exactly that many bytes, or the end: the gateway closes our standard input when it needs us no more."""
    data = sys.stdin.buffer.read(size)
    if len(data) < size:
        sys.exit(0)
    return data


def main():
    lamp = Lamp()
    while True:
        size, = struct.unpack("<I", read(4))
        asked = wire.ToProgram.FromString(read(size))
        kind = asked.WhichOneof("ask")  # "describe", "init", "decode", "encode" or "ping"
        answer = wire.FromProgram(call=asked.call)
        getattr(lamp, kind)(getattr(asked, kind), answer)
        data = answer.SerializeToString()
        sys.stdout.buffer.write(struct.pack("<I", len(data)) + data)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
