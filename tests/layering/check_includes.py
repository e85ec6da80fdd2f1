#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Enforces who may include whom (gateway/README.md). Usage: check_includes.py SOURCE_DIR

Prints each violation as file:line: what, and what is allowed; exits 1 if there is one. A folder may include itself, what
FOLDERS lists and any library header that LIBRARIES does not keep to others.
"""
import pathlib
import re
import sys

# What the sources of a folder of gateway/ may include besides their own: folders, or single headers of them.
FOLDERS = {
    "base": ["therapy/plugin.h"],
    "loop": ["base"],
    "adjust": ["base", "therapy/plugin.h"],
    "sandbox": ["base"],
    "core": ["base", "therapy/plugin.h"],
    "therapyctl": ["base"],
    "console": ["base", "tell", "core/core.h", "core/explanation.h", "link/recording.h"],
    "page": ["base", "tell", "core/core.h", "core/explanation.h", "therapy/plugin.h"],
    "tell": ["base", "session/record.h", "core/core.h", "core/explanation.h", "proto", "therapy/plugin.h"],
    "verify": ["base", "core"],
    "store": ["base"],
    "device": ["base", "therapy/plugin.h"],
    "generic": ["base", "proto", "therapy/plugin.h", "json/json_frame.h"],
    "wire": ["base", "therapy/plugin.h", "proto"],
    "program": ["base", "wire", "proto", "sandbox/sandbox.h", "therapy/plugin.h"],
    "link": ["base", "therapy/plugin.h"],
    "broker": ["base"],
    "bluez": ["base", "link"],
    "mqtt": ["base", "broker", "proto", "tell", "core/core.h", "therapy/plugin.h"],
    "config": ["base", "link/address.h", "core/core.h", "plan/plan.h", "therapy/plugin.h", "therapy/v1/definition.pb-c.h", "generic/number.h"],
    "promise": ["base"],
    "store": ["base", "proto", "core/core.h", "therapy/plugin.h"],
    "discover": ["base", "link/address.h"],
    "begin": ["base", "config/config.h", "discover", "broker/url.h", "therapyctl/link.h", "therapyctl/fields.h", "therapy_plugin/places.h",
              "page/page.h"],
    "session": ["base", "therapy/plugin.h"],
    "plan": ["base", "therapy/plugin.h"],
    "history": ["base", "session/record.h", "therapy/plugin.h"],
    "kit": ["base", "device", "mqtt/discovery.h", "proto", "therapy/plugin.h"],
    "therapy_plugin": ["base", "bluez/bluez.h", "sandbox/sandbox.h", "device", "generic/generic.h", "config/definition_file.h", "config/config.h", "broker/broker.h", "discover", "kit", "link", "supervisor", "mqtt/discovery.h", "proto",
                       "description.h", "device_host.h", "therapy/plugin.h"],
    "supervisor": ["base", "wire", "proto", "link", "bluez/bluez.h", "sandbox/sandbox.h", "therapy/plugin.h"],
}
# Single files that may include more than their folder.
FILES = {
    "gateway/discover/listen.h": ["broker/broker.h"],
    "gateway/link/mqtt_link.h": ["broker/broker.h"],
    "gateway/link/mqtt_link.c": ["broker"],
    "gateway/link/mqtt_link_test.c": ["broker"],
    "gateway/program/program_test.c": ["device/plugin_file.h", "device/device.h"],
    "gateway/tell/tell_test.c": ["core"],
    "gateway/generic/generic_test.c": ["config", "device"],
    "gateway/console/console_test.c": ["core"],
}
# Sources that only test programs consist of.
TESTS = r".*_test\.[ch]|(.*/)?(test|testing|fake)_\w+\.[ch]"
# Headers that only some may include: (pattern of the header, patterns of the files that may, why).
LIBRARIES = [
    (r"libconfig\.h(\+\+)?", [r"gateway/config/read\.c"], "only gateway/config/read.c reads libconfig"),
    (r"openssl/.*", [r"gateway/broker/tls\.c", r"gateway/bluez/seal\.c", r"gateway/page/login\.c", TESTS],
     "only gateway/broker/tls.c listens to OpenSSL, only gateway/bluez/seal.c decrypts, only gateway/page/login.c signs"),
    (r"microhttpd\.h", [r"gateway/page/.*"], "only gateway/page serves HTTP"),
    (r"sqlite3\.h", [r"gateway/history/.*"], "only gateway/history talks to SQLite"),
    (r"dbus/.*", [r"gateway/bluez/.*"], "only gateway/bluez talks to D-Bus"),
    (r"MQTT\w+\.h", [r"gateway/broker/.*"], "only gateway/broker talks to Paho"),
    (r"picosat(/picosat)?\.h", [r"gateway/verify/sat\.c"], "only gateway/verify/sat.c talks to PicoSAT"),
    (r"seccomp\.h", [r"gateway/sandbox/filter\.c"], "only gateway/sandbox/filter.c writes filters"),
    (r"linux/landlock\.h", [r"gateway/sandbox/landlock\.c"], "only gateway/sandbox/landlock.c talks to Landlock"),
    (r"mosquitto\.h", [TESTS], "the gateway's only MQTT library is Paho, in gateway/broker"),
    (r"cmocka\.h|base/testing\.h|(.*/)?(test|testing|fake)_\w+\.h", [TESTS, r"gateway/base/testing\.h"], "only tests may"),
    (r".*\.c", [], "a source is compiled, not included"),
    (r"uv\.h|uv/.*",
     [r"gateway/(?!base/|core/|verify/|device/|session/|plan/)[^/]+/.*", r"gateway/device/plugin_file\.c", r"gateway/[^/]+", TESTS],
     "base, core, verify, session, plan and the device machine are pure: only device/plugin_file.c loads files"),
    (r"json-c/.*|json\.h", [r"gateway/(?!base/|core/|device/|session/|plan/)[^/]+/.*", r"gateway/[^/]+", r"plugins/.*"],
     "base, core, session, plan and device know no JSON"),
]
# The core has no clock, no files, no threads and no sockets: time is an argument, text goes through base/str.h.
CORE_NEVER = re.compile(r"time\.h|sys/time\.h|stdio\.h|unistd\.h|fcntl\.h|pthread\.h|threads\.h|signal\.h|sys/socket\.h|poll\.h")
C_HEADERS = {
    "assert.h", "ctype.h", "errno.h", "float.h", "inttypes.h", "limits.h", "math.h", "stdarg.h", "stdbool.h", "stddef.h",
    "stdint.h", "stdio.h", "stdlib.h", "string.h", "stdalign.h", "stdnoreturn.h",
}
# Folders of plugins/ that are compiled into several plugins.
SHARED_BY_PLUGINS = ["esphome", "firmware", "json", "bthome", "bluetooth_sig", "plug"]
PLUGIN_MAY = "therapy/plugin.h, its own files, the folders that plugins share, the C library and json-c"
INCLUDE = re.compile(r"^[ \t]*#[ \t]*include(?:_next)?\b[ \t]*(\S*)", re.M)
STRING_OR_COMMENT = re.compile(r'"(?:\\.|[^"\\\n])*"|/\*.*?\*/|//[^\n]*', re.S)


def includes(path):
    """(line, quoted, header) of each #include of a file. Comments are blanked first, so that one in them does not count."""
    def blank(match):
        text = match.group()
        return text if text[0] == '"' else re.sub(r"[^\n]", " ", text)

    text = STRING_OR_COMMENT.sub(blank, path.read_text(encoding="utf-8"))
    for match in INCLUDE.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, match.group(1)[:1] == '"', match.group(1).strip('<>"')


def folder_of(header, root):
    """The folder of this project that a header belongs to, or None for a library's."""
    if re.fullmatch(r"(therapy/v\d+/)?[\w.]+\.pb-c\.h", header):
        return "proto"
    first = header.split("/")[0]
    if header == "therapy/plugin.h" or first in FOLDERS:
        return first
    if "/" in header and (root / "gateway" / first).is_dir():
        return first
    return None


def check_header(file, header, is_test):
    """What is wrong with including that header at all from this file, whatever the folders."""
    if not re.search(r"\.\w+$", header):
        return "expected the name of a header, so that it can be checked"
    for pattern, may, why in LIBRARIES:
        if re.fullmatch(pattern, header) and not any(re.fullmatch(m, file) for m in may):
            return why
    if file.startswith("gateway/core/") and not is_test and CORE_NEVER.fullmatch(header):
        return "core has no clock, file or thread: time is an argument, text goes through base/str.h"
    return None


def check_gateway(root, path, file, quoted, header):
    folder = path.relative_to(root / "gateway").parts[0]
    refused = check_header(file, header, re.fullmatch(TESTS, file))
    if refused:
        return refused
    target = folder_of(header, root)
    if target is None:
        beside = quoted and path.parent != root / "gateway" and (path.parent / header).is_file()
        return f'expected "{folder}/{header}", the folder included' if beside else None
    if path.parent == root / "gateway":
        return None  # gateway.c, device_process.c, main.c: only they know all
    if folder == "include":
        return "the public header of plugins knows nothing of the gateway"
    allowed = FOLDERS.get(folder)
    if allowed is None:
        return f"gateway/{folder} is not in the table of {pathlib.Path(__file__).name}: say there whom it may include"
    allowed = allowed + FILES.get(file, [])
    if target == folder or target in allowed or header in allowed:
        return None
    return f"{folder} may include {', '.join([folder] + allowed)}"


def check_plugin(root, path, file, quoted, header):
    if header == "therapy/plugin.h" or header in C_HEADERS or header.startswith("json-c/"):
        return None
    own = path.relative_to(root / "plugins").parts[0]
    shared = SHARED_BY_PLUGINS + [own]
    if (path.parent / header).is_file() and "/" not in header and quoted:
        return None
    if header.split("/")[0] in shared and (root / "plugins" / header).is_file():
        return None
    if re.fullmatch(TESTS, file) and header in ("base/testing.h", "cmocka.h"):
        return None
    return f"a plugin may include {PLUGIN_MAY}"


def violations(root):
    for tree, check in (("gateway", check_gateway), ("plugins", check_plugin)):
        for path in sorted((root / tree).rglob("*.[ch]")):
            file = path.relative_to(root).as_posix()
            for line, quoted, header in includes(path):
                allowed = check(root, path, file, quoted, header)
                if allowed:
                    yield f"{file}:{line}: includes {header}; {allowed}"


def main():
    root = pathlib.Path(sys.argv[1])
    if not (root / "gateway/base").is_dir():
        sys.exit(f"check_includes: {root} is not the top of the sources")
    found = list(violations(root))
    print("\n".join(found) if found else "includes go where they may")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
