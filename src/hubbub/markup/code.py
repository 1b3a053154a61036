"""Code in colours: Pygments reads it, a handful of short classes is all that reaches the page."""

from __future__ import annotations

import functools
import html
import itertools

import pygments.lexers
from pygments.lexer import Lexer
from pygments.token import Token, _TokenType

MOST = 4000  # characters that are coloured

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

# By every name people use, Pygments' own. Lexers that are slow on hostile code are not here.
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
        "julia": "jl",
        "kotlin": "kt kts",
        "lua": "",
        "make": "makefile mk",
        "nginx": "",
        "nix": "",
        "ocaml": "ml",
        "perl": "pl",
        "php": "",
        "powershell": "ps1 pwsh",
        "python": "py python3 py3",
        "r": "",
        "ruby": "rb",
        "rust": "rs",
        "scala": "",
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


def highlighted(text: str, info: str) -> str:
    """The code as HTML; plain when nobody knows the language that `info` names."""
    name = _LANGUAGES.get(info.strip().partition(" ")[0].lower())
    if name is None or len(text) > MOST:
        return html.escape(text)
    pieces = []
    for kind, run in itertools.groupby(_lexer(name).get_tokens(text), lambda pair: _class(pair[0])):
        piece = html.escape("".join(value for _, value in run))
        pieces.append(f'<span class="{kind}">{piece}</span>' if kind and piece.strip() else piece)
    return "".join(pieces)


@functools.cache
def _lexer(name: str) -> Lexer:
    return pygments.lexers.get_lexer_by_name(name, stripnl=False, ensurenl=False)


@functools.cache
def _class(kind: _TokenType) -> str | None:
    while kind not in _CLASSES:
        if kind.parent is None:
            return None
        kind = kind.parent
    return _CLASSES[kind]
