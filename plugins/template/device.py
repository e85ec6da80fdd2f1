#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Plays the pad of template.c, to try everything without one: device.py [PORT] listens on 127.0.0.1, port 7000.

Prints when it goes on and off. As a real one it goes off by itself when its time is over, whoever has died.
"""
import socket
import sys
import time

REPORT, TELL, OFF, ON = 0xA5, 0x5A, 0, 1


def summed(*octets):
    return bytes(octets) + bytes([sum(octets) % 256])


class Pad:
    def __init__(self):
        self.temp, self.until, self.was_on = 30.0, 0.0, False

    def on(self):
        return time.monotonic() < self.until

    def told(self, what, seconds):
        if what == OFF:
            self.until = 0.0
        elif what == ON or self.on():
            self.until = time.monotonic() + seconds

    def report(self):
        self.temp += 0.02 * ((45 if self.on() else 30) - self.temp)
        if self.on() != self.was_on:
            self.was_on = self.on()
            print("on" if self.was_on else "off", flush=True)
        return summed(REPORT, *round(self.temp * 100).to_bytes(2, "little", signed=True), self.was_on)


def serve(connection, pad):
    heard, due = b"", time.monotonic()
    while True:
        if time.monotonic() >= due:
            connection.sendall(pad.report())
            due += 1
        connection.settimeout(max(0.001, due - time.monotonic()))
        try:
            more = connection.recv(64)
        except socket.timeout:
            continue
        if not more:
            return
        heard += more
        while len(heard) >= 4:
            whole = heard[:4] == summed(TELL, heard[1], heard[2])
            if whole:
                pad.told(heard[1], heard[2])
            heard = heard[4 if whole else 1:]


def main():
    pad = Pad()
    with socket.create_server(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 7000)) as server:
        print(f"listens on tcp://127.0.0.1:{server.getsockname()[1]}", flush=True)
        while True:
            connection, _ = server.accept()
            with connection:
                try:
                    serve(connection, pad)
                except OSError:
                    pass  # gone; whoever comes next is served


if __name__ == "__main__":
    main()
