"""Code in colours: Pygments reads it, a handful of short classes is all that reaches the page."""

from __future__ import annotations

import functools
import html
import itertools
import re
from typing import Any

import pygments.lexers
from pygments.lexer import Lexer, RegexLexer
from pygments.token import Token, _TokenType

# Regular expressions of lexers go over the same text again and again. Within these bounds the worst
# of some three hundred repeated patterns took 30 ms, in the slowest of the languages below.
MOST = 2000  # characters of a message that are coloured
_LONGEST_LINE = 400
_BACKSLASHES = 100
_GAP = re.compile(r"\s{80}")
_SLOW_RULE = r"\s+)+?)"  # the words before the name of a function, over any number of lines

_CLASSES = {
    Token.Comment: "c",
    Token.Comment.Preproc: "k",
    Token.Keyword: "k",
    Token.Operator.Word: "k",
    Token.Name.Tag: "k",
    Token.Literal.String: "s",
    Token.Literal.Number: "m",
    Token.Keyword.Constant: "m",
    Token.Name.Function: "n",
    Token.Name.Class: "n",
    Token.Name.Decorator: "n",
    Token.Name.Builtin: "n",
    Token.Name.Attribute: "n",
    Token.Generic.Heading: "n",
    Token.Generic.Subheading: "n",
    Token.Generic.Inserted: "i",
    Token.Generic.Deleted: "d",
}
CLASSES = frozenset(_CLASSES.values())

# By every name people use, Pygments' own.
_LANGUAGES = {
    alias: name
    for name, aliases in {
        "bash": "sh shell zsh console",
        "c": "h",
        "clojure": "clj",
        "cmake": "",
        "cpp": "c++ cc hpp cxx",
        "csharp": "c# cs",
        "css": "",
        "dart": "",
        "diff": "patch",
        "docker": "dockerfile",
        "elixir": "ex exs",
        "erlang": "erl",
        "fsharp": "f# fs",
        "go": "golang",
        "graphql": "gql",
        "groovy": "gradle",
        "haskell": "hs",
        "html": "htm",
        "ini": "cfg conf",
        "java": "",
        "javascript": "js mjs jsx node",
        "json": "jsonc json5",
        "kotlin": "kt kts",
        "lua": "",
        "make": "makefile mk",
        "nginx": "",
        "nix": "",
        "ocaml": "ml",
        "php": "",
        "powershell": "ps1 pwsh",
        "python": "py python3 py3",
        "ruby": "rb",
        "rust": "rs",
        "scss": "sass",
        "sql": "postgresql postgres mysql sqlite",
        "swift": "",
        "toml": "",
        "typescript": "ts tsx",
        "xml": "svg",
        "yaml": "yml",
        "zig": "",
    }.items()
    for alias in (name, *aliases.split())
}


def highlighted(text: str, language: str) -> str:
    """The code as HTML; plain when it is too much, or in no language known here."""
    name = _LANGUAGES.get(language.lower())
    if name is None or _is_too_much(text):
        return html.escape(text)
    pieces = []
    for kind, run in itertools.groupby(_lexer(name).get_tokens(text), lambda pair: _class(pair[0])):
        piece = html.escape("".join(value for _, value in run))
        pieces.append(f'<span class="{kind}">{piece}</span>' if kind and piece.strip() else piece)
    return "".join(pieces).removesuffix("\n")


def _is_too_much(text: str) -> bool:
    return (
        len(text) > MOST
        or text.count("\\") > _BACKSLASHES
        or max(map(len, text.split("\n"))) > _LONGEST_LINE
        or _GAP.search(text) is not None
    )


@functools.cache
def _lexer(name: str) -> Lexer:
    made = pygments.lexers.get_lexer_by_name(name, stripnl=False)
    if isinstance(made, RegexLexer):
        _quicken(made)
    return made


def _quicken(lexer: RegexLexer) -> None:
    """Leave out the rules that are too slow: some names of functions lose their colour."""
    states: dict[str, list[tuple[Any, ...]]] = lexer._tokens  # type: ignore[attr-defined]
    lexer._tokens = {  # type: ignore[attr-defined]
        state: [rule for rule in rules if _SLOW_RULE not in _pattern(rule)]
        for state, rules in states.items()
    }


def _pattern(rule: tuple[Any, ...]) -> str:
    """Of a rule as Pygments keeps it: the method that matches, and what to do then."""
    return str(rule[0].__self__.pattern)


@functools.cache
def _class(kind: _TokenType) -> str | None:
    while kind not in _CLASSES:
        if kind.parent is None:
            return None
        kind = kind.parent
    return _CLASSES[kind]
