"""Reads C++ text just far enough for the lint: what is code, and where functions begin and end."""

import re

# A brace that opens one of these holds declarations, so functions are looked for inside it.
_SCOPE = re.compile(r"\b(?:namespace|class|struct|union|enum)\b|\bextern\s*$")
_TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<delimiter>[^()\\\s]{0,16})\(.*?\)(?P=delimiter)"'
    r'|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\'',
    re.DOTALL)


def code_of(text):
    """Returns `text` with comments and the insides of literals blanked; lines stay where they are."""

    def blank(match):
        found = match.group(0)
        if found.startswith('"') and _is_include(text, match.start()):
            return found
        return re.sub(r"[^\n]", " ", found)

    return _TOKEN.sub(blank, text)


def _is_include(text, position):
    line_start = text.rfind("\n", 0, position) + 1
    return re.match(r"\s*#\s*include\s", text[line_start:position]) is not None


def includes(text):
    """Returns [(line, header)] of all #include directives, comments left out."""
    found = []
    for number, line in enumerate(code_of(text).split("\n"), 1):
        match = re.match(r'\s*#\s*include\s*(?:<([^>]+)>|"([^"]+)")', line)
        if match:
            found.append((number, match.group(1) or match.group(2)))
    return found


def functions(text):
    """Returns [(head, first line, last line)] of every function at namespace or class scope.

    A lambda or a local class belongs to the function around it.
    """
    code = re.sub(r"(?m)^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", _blank_lines, code_of(text))
    found = []
    stack = []  # of "scope", "other", or (head, first line) for a function
    head_start = 0
    inside = 0  # parentheses and braces opened within a head: arguments, initializers
    for match in re.finditer(r"[{}();]", code):
        mark, at = match.group(0), match.start()
        if mark in "()":
            inside += 1 if mark == "(" else -1
        elif mark == "{" and (inside or not code[at - 1:at].isspace()):
            inside += 1
        elif mark == "}" and inside:
            inside -= 1
        elif mark == "{":
            stack.append(_opened(code, head_start, at, stack))
            head_start = at + 1
        elif mark == "}" and stack:
            top = stack.pop()
            if isinstance(top, tuple):
                found.append((top[0], top[1], code.count("\n", 0, at) + 1))
            head_start = at + 1
        elif mark == ";" and not inside:
            head_start = at + 1
    return sorted(found, key=lambda function: function[1])


def _blank_lines(match):
    return re.sub(r"[^\n]", " ", match.group(0))


def _opened(code, start, at, stack):
    """Says what the brace at `at` opens, given the text since the last statement."""
    if any(entry != "scope" for entry in stack):
        return "other"
    head = re.sub(r"\b(?:public|private|protected)\s*:", " ", code[start:at])
    without_templates = re.sub(r"template\s*<[^{}]*?>\s*(?=\w)", "", head)
    if _SCOPE.search(without_templates) and "(" not in without_templates.split("=")[0]:
        return "scope"
    if "(" in head and not re.search(r"=\s*$", head):
        offset = len(code[start:at]) - len(code[start:at].lstrip())
        return (" ".join(head.split()), code.count("\n", 0, start + offset) + 1)
    return "other"
