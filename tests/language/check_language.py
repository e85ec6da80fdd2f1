#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every English text that goes through language_say() is in the table of every other language, and nothing else is. Usage:
check_language.py SOURCE_DIR

The texts are the literals in language_say(...), SAY(...) and LANGUAGE_MARK(...) of gateway/, and the names of metrics and controls
in plugins/, and why a setting is changed. The tables are gateway/base/language_LANGUAGE*.c. Prints what is missing or not used any more; exits 1 if there is
anything.
"""
import pathlib
import re
import sys

CALL = re.compile(r"\b(?:language_say|SAY|LANGUAGE_MARK)\(")
LITERALS = re.compile(r'(?:"(?:\\.|[^"\\])*"\s*)+')
LITERAL = re.compile(r'"((?:\\.|[^"\\])*)"')
COMMENT = re.compile(r'("(?:\\.|[^"\\\n])*")|/\*.*?\*/|//[^\n]*', re.S)
SAYS = re.compile(r"\b(?:gate_conclude|explain_say)\(|\btell\(core,")
UNMARKED = re.compile(r'"([A-Z][a-z][^"\n]*)"')  # what looks like a name of an entity
NOT_SAID = {"Therapy Gateway", "Wh"}  # the product, a unit
NAME = re.compile(r'\.name\s*=\s*("[^"\n]+"),\s*(?:\\\s*)?(?:\.(?:unit|type)|[A-Z][A-Z_]+)\b')  # the rest of the row may be a macro
BECAUSE = re.compile(r'\.because\s*=\s*((?:"[^"]*"\s*)+)')  # of a setting that is changed on a device
TABLE = re.compile(r"language_([a-z]{2})(?:_\w+)?\.c")


def joined(literals):
    """One text of adjacent literals, as the compiler sees it."""
    return "".join(LITERAL.findall(literals))


def source(path):
    return COMMENT.sub(lambda m: m.group(1) or " ", path.read_text(encoding="utf-8"))


def argument(text, start):
    """What stands between the parenthesis before `start` and its partner."""
    depth, at = 1, start
    while depth and at < len(text):
        literal = LITERAL.match(text, at)
        if literal:
            at = literal.end()
            continue
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        at += 1
    return text[start:at - 1]


def said(root):
    """text -> where it is said."""
    found = {}
    for path in sorted((root / "gateway").rglob("*.c")):
        if path.name.endswith("_test.c") or path.name.startswith(("testing_", "language")):
            continue
        text = source(path)
        for call in CALL.finditer(text):
            for literals in LITERALS.findall(argument(text, call.end())):
                found.setdefault(joined(literals), path.relative_to(root))
    for path in sorted((root / "plugins").rglob("*.[ch]")):
        for name in NAME.findall(source(path)) + BECAUSE.findall(source(path)):
            found.setdefault(joined(name), path.relative_to(root))
    return found


def tables(root):
    """language -> its English texts."""
    found = {}
    for path in sorted((root / "gateway" / "base").glob("language_*.c")):
        match = TABLE.fullmatch(path.name)
        if match:
            entries = re.findall(r"\{\s*((?:\"(?:\\.|[^\"\\])*\"\s*)+),", source(path))
            found.setdefault(match.group(1), set()).update(joined(e) for e in entries)
    return found


def sentences(text):
    """What the core says without SAY."""
    said_at = [range(c.end(), c.end() + len(argument(text, c.end()))) for c in CALL.finditer(text)]
    for call in SAYS.finditer(text):
        for literals in LITERALS.finditer(argument(text, call.end())):
            if re.search("[a-z]{2}", re.sub(r"%[.\d*]*[a-z]+", "", literals[0])) and \
                    not any(call.end() + literals.start() in r for r in said_at):
                yield joined(literals[0])


def unmarked(root):
    """(file, text) of what people are told past the tables: names in discovery, sentences of the core."""
    for path in sorted((root / "gateway" / "core").glob("*.c")):
        if not path.name.endswith("_test.c"):
            yield from ((path.relative_to(root), text) for text in sentences(source(path)))
    for path in sorted((root / "gateway" / "mqtt").glob("discovery*.c")):
        text = source(path)
        inside = [range(c.end(), c.end() + len(argument(text, c.end()))) for c in CALL.finditer(text)]
        for name in UNMARKED.finditer(text):
            if name[1] not in NOT_SAID and not path.name.endswith("_test.c") and not any(name.start() in r for r in inside):
                yield path.relative_to(root), name[1]


def faults(root):
    texts = said(root)
    for path, name in unmarked(root):
        yield f'{path}: "{name}" is in no other language: expected it in SAY(), language_say() or LANGUAGE_MARK()'
    for language, table in tables(root).items():
        for text, path in sorted(texts.items()):
            if text not in table:
                yield f'{path}: no "{language}" for "{text}": expected an entry in gateway/base/language_{language}*.c'
        for text in sorted(table - set(texts)):
            yield f'gateway/base/language_{language}*.c: nobody says "{text}": take the entry out'


def main():
    root = pathlib.Path(sys.argv[1])
    found = list(faults(root))
    print("\n".join(found) or f"{len(said(root))} texts in {len(tables(root)) + 1} languages")
    return 1 if found or not tables(root) else 0


if __name__ == "__main__":
    sys.exit(main())
