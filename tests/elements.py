"""A page or a live frame as a small tree, read with the standard library's tolerant parser."""

from __future__ import annotations

import dataclasses
import functools
import html.parser
from collections.abc import Iterator

VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"]
)


@dataclasses.dataclass(slots=True)
class Element:
    """One element: its name, its attributes, and what it holds."""

    tag: str
    attributes: dict[str, str]
    content: list[Element | str] = dataclasses.field(default_factory=list)

    def get(self, name: str, default: str = "") -> str:
        return self.attributes.get(name, default)

    @property
    def id(self) -> str:
        return self.get("id")

    @property
    def classes(self) -> list[str]:
        return self.get("class").split()

    @property
    def elements(self) -> list[Element]:
        """The elements directly in it."""
        return [part for part in self.content if isinstance(part, Element)]

    def every(self) -> Iterator[Element]:
        """All elements in it, in the order of the page."""
        for element in self.elements:
            yield element
            yield from element.every()

    def named(self, tag: str) -> list[Element]:
        return [element for element in self.every() if element.tag == tag]

    def of_class(self, name: str) -> list[Element]:
        return [element for element in self.every() if name in element.classes]

    def find(self, identity: str) -> Element | None:
        """The element with this id; more than one is a broken page."""
        found = [element for element in self.every() if element.id == identity]
        assert len(found) <= 1, f"the id {identity!r} is there {len(found)} times"
        return found[0] if found else None

    def one(self, identity: str) -> Element:
        """The element with this id, which must be there."""
        found = self.find(identity)
        assert found is not None, f"there is no element with the id {identity!r}"
        return found

    @property
    def text(self) -> str:
        """The text in it, with line breaks where the page breaks lines."""
        parts = (
            part if isinstance(part, str) else "\n" if part.tag == "br" else part.text
            for part in self.content
        )
        return "".join(parts)


class _Builder(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].content.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        places = [at for at, element in enumerate(self._open) if element.tag == tag]
        if places:
            del self._open[places[-1] :]

    def handle_data(self, data: str) -> None:
        self._open[-1].content.append(data)


@functools.lru_cache(maxsize=512)
def parse(markup: str) -> Element:
    """The tree of a page or fragment. Cached: a live frame is the same text for every page."""
    builder = _Builder()
    builder.feed(markup)
    builder.close()
    return builder.root
