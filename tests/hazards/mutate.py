#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Breaks the shipped rules one by one, and looks which test sees it.

Usage: mutate.py RULES_DIR HAZARDS_TEST BUILD_DIR [--verbose]

Each rule is taken out; each of its comparisons turned round; each of its constants, and each of the limits and derived
metrics that it rests on, moved a tenth towards danger; each of its latches, stops and controls taken away. Every one of
these mutants must make a test of tests/hazards fail, or be refused when it is read. Prints the table hazard -> rule ->
tests, then the mechanisms that have no rule with the tests that hold them, which must exist in the build. Exit status 1
if a mutant survives, a hazard has neither rule nor mechanism, or a test does not exist.
"""
import collections
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HAZARDS = range(1, 31)
# Hazards that a mechanism holds, alone or beside a rule: what it is, and the tests (names of ctest) that prove it.
MECHANISMS = {
    17: ("each reading has an age beyond which it is not known", ["core_logic_test", "core_rule_test"]),
    19: ("checksum, range and rate of change in the device process; NaN is an error",
         ["device_decode_test", "codecs_inversion_table_test", "codecs_firmware_test", "core_values_test"]),
    20: ("last will or age, whichever is first: unknown, pause", ["core_grant_test", "e2e_deadman", "e2e_matrix"]),
    21: ("no renewal: the lease ends", ["core_grant_test", "device_rest_test", "e2e_matrix"]),
    22: ("watchdog and lease; starts at rest, nothing resumes", ["loop_test", "device_rest_test", "e2e_deadman", "e2e_recovery"]),
    23: ("boot-time clock; a gap counts as elapsed", ["core_grant_test", "loop_test", "core_property_test"]),
    24: ("rest must be proved by readings, else it is repeated, alarmed, latched", ["device_rest_test", "core_obey_test"]),
    25: ("power after off; the off-test, also before a session",
         ["core_obey_test", "core_proof_test", "core_proof_session_test", "device_off_test_test", "e2e_off_test"]),
    26: ("own process, heartbeat, respawn", ["supervisor_process_test", "e2e_recovery"]),
    27: ("what others switch on is adopted or switched off", ["device_foreign_test", "core_latch_test"]),
    28: ("each metric that stops becomes a rule of its own", ["hazards_test", "core_stop_test"]),
}

UNIT = r"[A-Za-z/%]*"
COMPARISON = re.compile(r"(<=|>=|==|!=|<|>)\s*(?:(-?\d+(?:\.\d+)?)(\s*" + UNIT + r")?|(limit\.\w+))")
SINCE = re.compile(r"(\d+(?:\.\d+)?)(\s*)(ms|s|min|h|d)(\s+since\b)")
FOR = re.compile(r"(\bfor\s+)(\d+(?:\.\d+)?)(\s*)(ms|s|min|h|d)\b")
FLIP = {"<=": ">=", ">=": "<=", "<": ">", ">": "<", "==": "!=", "!=": "=="}
Mutant = collections.namedtuple("Mutant", "section id what file text")
Item = collections.namedtuple("Item", "section file start end settings")


def blank_comments(text):
    """The same length, without comments; strings stay."""
    def blank(match):
        return match.group() if match.group()[0] == '"' else " " * len(match.group())
    return re.sub(r'"(?:\\.|[^"\\])*"|#[^\n]*', blank, text)


def items(path, text):
    """The groups of each list of a rule file, with the places of their settings' values."""
    code = blank_comments(text)
    for section in re.finditer(r"^(\w+)\s*=\s*\(", code, re.M):
        depth, at, start = 1, section.end(), None
        while depth:
            char = code[at]
            if char == '"':
                at = code.index('"', at + 1)
            elif char in "({[":
                depth += 1
                if char == "{" and depth == 2:
                    start = at
            elif char in ")}]":
                depth -= 1
                if char == "}" and depth == 1:
                    settings = {m.group(1): (start + m.start(2), start + m.end(2)) for m in re.finditer(
                        r'(\w+)\s*=\s*("(?:\\.|[^"\\])*"|\[[^\]]*\]|[^;]+?)\s*;', code[start:at + 1])}
                    yield Item(section.group(1), path, start, at + 1, settings)
            at += 1


class Rules:
    def __init__(self, directory):
        self.texts = {p.name: p.read_text(encoding="utf-8") for p in sorted(pathlib.Path(directory).glob("*.cfg"))}
        self.items = [i for name, text in self.texts.items() for i in items(name, text)]

    def value(self, item, key):
        if key not in item.settings:
            return ""
        start, end = item.settings[key]
        return self.texts[item.file][start:end].strip('"')

    def replaced(self, item, start, end, new):
        text = self.texts[item.file]
        return text[:start] + new + text[end:]

    def without(self, item):
        text, end, start = self.texts[item.file], item.end, item.start
        after = re.match(r"\s*,", blank_comments(text)[end:])
        if after:
            return text[:start] + text[end + after.end():]
        before = blank_comments(text)[:start].rstrip()
        return (text[:len(before) - 1] if before.endswith(",") else text[:start]) + text[end:]

    def uses(self, name):
        """The rules whose conditions name it, or a derived metric that does."""
        found, names = [], {name}
        for item in self.items:
            if item.section == "derived" and any(re.search(r"\bself\." + n + r"\b", self.value(item, "of")) for n in list(names)):
                names.add(self.value(item, "id"))
        for item in self.items:
            if item.section == "rules" and any(re.search(r"\." + n + r"\b", self.value(item, key))
                                               for n in names for key in ("only_while", "hard", "rearms")):
                found.append(item)
        if name in ("force", "pressure"):  # their caps bound the request as well
            found += [i for i in self.items if i.section == "rules" and self.value(i, "hazard") in ("4", "7")]
        return found


def number(value, factor):
    return f"{value * factor:.10g}"


def expression_mutants(text, permissive):
    """(what, mutated text) of a condition. `permissive`: to be TRUE more often is danger."""
    for m in COMPARISON.finditer(text):
        before = text[:m.start()]
        negated = bool(re.search(r"\b(?:since|not)\s+\(?\s*(?:all|any)?\s*[\w.]+\s*$", before))
        yield f"{m.group()} turned round", before + FLIP[m.group(1)] + text[m.end(1):]
        if m.group(2) is None or m.group(1) in ("==", "!=") or float(m.group(2)) == 0:
            continue
        value = float(m.group(2))
        up = (m.group(1)[0] == "<") == (permissive != negated)
        moved = value + (abs(value) / 10 if up else -abs(value) / 10)
        yield f"{m.group()} -> {moved:g}", text[:m.start(2)] + f"{moved:.10g}" + text[m.end(2):]
    for pattern, group in ((SINCE, 1), (FOR, 2)):
        for m in pattern.finditer(text):
            moved = number(float(m.group(group)), 0.9 if permissive else 1.1)
            yield f"{m.group()} -> {moved}", text[:m.start(group)] + moved + text[m.end(group):]


def amount(text, factor):
    m = re.match(r"(-?[\d.]+)(.*)", text)
    return number(float(m.group(1)), factor) + m.group(2)


def mutants_of(rules, item):
    def one(what, key, new):
        start, end = item.settings[key]
        return Mutant(item.section, rules.value(item, "id"), f"{key}: {what}", item.file,
                      rules.replaced(item, start, end, new))

    texts = {"rules": ("only_while", "hard", "rearms"), "conditions": ("when",), "derived": ("of",)}
    for key in texts.get(item.section, ()):
        for what, text in expression_mutants(rules.value(item, key), item.section != "derived"):
            yield one(what, key, f'"{text}"')
    if item.section == "rules":
        yield Mutant("rules", rules.value(item, "id"), "taken out", item.file, rules.without(item))
        for key in ("latch", "stop"):
            if rules.value(item, key) == "true":
                yield one("taken away", key, "false")
        governed = re.findall(r'"[^"]*"', rules.value(item, "permits"))
        for name in governed if len(governed) > 1 else ():
            yield one(f"without {name}", "permits", "[ " + ", ".join(g for g in governed if g != name) + " ]")
    counts = rules.value(item, "type") == "count"
    for key, factor in (("grace", 1.1), ("max_age", 1.1), ("within", 0.9), ("gap", 1.1 if counts else 0.9),
                        ("default", 0.9 if rules.value(item, "minimum") == "true" else 1.1)):
        value = rules.value(item, key)
        if not value:
            continue
        if key == "default" and not rules.value(item, "unit"):  # a count: one more
            yield one(f"{value} -> {int(value) + 1}", key, f'"{int(value) + 1}"')
        else:
            yield one(f"{value} -> {amount(value, factor)}", key, f'"{amount(value, factor)}"')


def run(program, rules, pattern):
    """(passes, tests that failed, was it refused when it was read)"""
    env = dict(os.environ, THERAPY_RULES=str(rules), ASAN_OPTIONS="detect_leaks=0")
    done = subprocess.run([program, pattern], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                          timeout=120, check=False)
    failed = sorted(set(re.findall(r"^\[  FAILED  \] (\w+)$", done.stdout, re.M)))
    refused = re.search(r"^\S*\.cfg:\d+: ", done.stdout, re.M) is not None
    return done.returncode == 0, failed, refused


def kill(mutant, rules, program, hazards):
    """The tests that see it; "" if it is refused when it is read; None if nobody sees it."""
    with tempfile.TemporaryDirectory(prefix="therapy-mutant-") as directory:
        for name, text in rules.texts.items():
            pathlib.Path(directory, name).write_text(mutant.text if name == mutant.file else text, encoding="utf-8")
        for pattern in [f"h{h:02}_*" for h in hazards] + ["*"]:
            passes, failed, refused = run(program, directory, pattern)
            if not passes:
                return "" if refused else failed
    return None


def check_mechanisms(build):
    listed = subprocess.run(["ctest", "--test-dir", build, "-N"], stdout=subprocess.PIPE, text=True, check=True).stdout
    known = set(re.findall(r"Test +#\d+: (\S+)", listed))
    return [f"hazard {h}: there is no test '{t}'" for h, (_, tests) in MECHANISMS.items() for t in tests if t not in known]


def main():
    directory, program, build = (os.path.abspath(a) for a in sys.argv[1:4])
    rules = Rules(directory)
    passes, failed, _ = run(program, directory, "*")
    if not passes:
        sys.exit(f"the rules as they are do not pass: {' '.join(failed)}")
    work = []
    for item in rules.items:
        users = [item] if item.section == "rules" else rules.uses(rules.value(item, "id"))
        hazards = sorted({int(rules.value(u, "hazard")) for u in users})
        if item.section != "rules" and not users:
            sys.exit(f"{item.file}: nothing uses {item.section} '{rules.value(item, 'id')}'")
        work += [(m, users, hazards) for m in mutants_of(rules, item)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        killers = list(pool.map(lambda w: kill(w[0], rules, program, w[2]), work))

    table = collections.defaultdict(lambda: [0, 0, set()])
    wrong = []
    for (mutant, users, hazards), tests in zip(work, killers):
        if "--verbose" in sys.argv:
            print(f"{mutant.section[:-1]} {mutant.id}: {mutant.what}: "
                  f"{'SURVIVES' if tests is None else 'refused' if tests == '' else ' '.join(tests)}")
        if tests is None:
            wrong.append(f"nobody sees it: {mutant.section} {mutant.id}: {mutant.what} ({mutant.file})")
        for user in users:
            row = table[int(rules.value(user, "hazard")), rules.value(user, "id")]
            row[0] += 1
            row[1] += tests == ""
            row[2].update(tests or ())
    for (hazard, rule), (n, refused, tests) in sorted(table.items()):
        tests = sorted(t for t in tests if t.startswith(f"h{hazard:02}_")) or sorted(tests)
        print(f"{hazard:2}  {rule}: {n} mutants, {refused} of them refused when read")
        for test in tests:
            print(f"      {test}")
    for hazard, (what, tests) in sorted(MECHANISMS.items()):
        print(f"{hazard:2}  {what}: {' '.join(tests)}")
    wrong += check_mechanisms(build)
    wrong += [f"hazard {h} has neither rule nor mechanism" for h in HAZARDS
              if h not in MECHANISMS and not any(key[0] == h for key in table)]
    print(f"{len(work)} mutants of {sum(i.section == 'rules' for i in rules.items)} rules, "
          f"{sum(t is None for t in killers)} alive")
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
