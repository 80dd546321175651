"""Reads a BUILD file by running it: its Starlark is a subset of Python, so stubs record the rules."""

import ast


class Rule:
    """One call in a BUILD file that has a name, such as cc_library(name = "clock", ...)."""

    def __init__(self, kind, line, arguments):
        self.kind = kind
        self.line = line
        self.name = arguments["name"]
        self.deps = [label for label in _flat(arguments.get("deps", []))]
        self.visibility = list(_flat(arguments.get("visibility", [])))
        self.testonly = kind.endswith("_test") or bool(arguments.get("testonly", False))


class BuildFile:
    """Rules and default visibility of one BUILD file."""

    def __init__(self, text, path="BUILD.bazel"):
        self.rules = []
        self.default_visibility = []
        tree = ast.parse(text, path)
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        for statement in tree.body:
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
                names.update(argument.value for argument in statement.value.args
                             if isinstance(argument, ast.Constant))
        scope = {name: self._stub(name) for name in names if isinstance(name, str)}
        scope.update({
            "glob": lambda *args, **kwargs: [],
            "len": len,
            "load": lambda *args, **kwargs: None,
            "package": self._package,
            "range": range,
            "select": lambda choices: [label for value in choices.values() for label in _flat(value)],
            "True": True,
            "False": False,
        })
        for statement in tree.body:
            self._line = statement.lineno
            exec(compile(ast.Module([statement], []), path, "exec"), scope)

    def _package(self, default_visibility=(), **_):
        self.default_visibility = list(default_visibility)

    def _stub(self, kind):
        def record(*args, **arguments):
            if "name" in arguments:
                self.rules.append(Rule(kind, self._line, arguments))
            return []

        return record


def _flat(value):
    """Yields the strings in a list that may hold lists."""
    if isinstance(value, str):
        yield value
    else:
        for part in value:
            yield from _flat(part)


def absolute(label, package):
    """Returns `label`, written in `package`, as //package:name or @repository//package:name."""
    if label.startswith(":"):
        return "//%s%s" % (package, label)
    if not label.startswith(("//", "@")):
        return "//%s:%s" % (package, label)
    if ":" not in label:
        return "%s:%s" % (label, label.rsplit("/", 1)[-1])
    return label
