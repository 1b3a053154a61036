"""The one place every sentence for people goes through, so that translation is only work.

There is one language now, hence the null translations; templates use these same functions.
"""

from __future__ import annotations

import gettext as _gettext

_translations = _gettext.NullTranslations()


def gettext(sentence: str) -> str:
    """The sentence in the reader's language; values are filled in afterwards, by name."""
    return _translations.gettext(sentence)


def ngettext(one: str, many: str, number: int) -> str:
    """The form of the sentence that fits `number`."""
    return _translations.ngettext(one, many, number)
