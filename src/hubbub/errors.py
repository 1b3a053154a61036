"""What can go wrong, in the words of the product, each with the status it answers with.

Refusal                    a request that cannot be granted; carries a sentence for a person
├── Invalid          422   a field is wrong; `field` names it
│   └── Malformed    400   not even readable: encoding, JSON, NUL, lone surrogates
├── SignedOut        401   there is no session
├── Forbidden        403   may be seen, may not be done
├── Unconfirmed      403   may be done once the password was given again
├── NotFound         404   does not exist for this viewer
├── Conflict         409   clashes with what is there; `field` names it
├── Gone             410   was deleted; told only to those who knew it
├── TooLarge         413   the body is over its limit
├── TooMany          429   over a rate limit; `retry_after` in seconds
└── Unavailable      503   the database did not answer; `retry_after` in seconds
BadSetting                 a setting that stops the start
"""

from __future__ import annotations


class Refusal(Exception):
    """A request that is not granted. `message` is one sentence for a person."""

    status = 400

    def __init__(
        self, message: str, *, field: str | None = None, retry_after: int | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.retry_after = retry_after


class Invalid(Refusal):
    status = 422


class Malformed(Invalid):
    status = 400


class SignedOut(Refusal):
    status = 401


class Forbidden(Refusal):
    status = 403


class Unconfirmed(Refusal):
    status = 403


class NotFound(Refusal):
    status = 404


class Conflict(Refusal):
    status = 409


class Gone(Refusal):
    status = 410


class TooLarge(Refusal):
    status = 413


class TooMany(Refusal):
    status = 429


class Unavailable(Refusal):
    status = 503


class BadSetting(Exception):
    """A setting the program cannot start with; the text names it and says what it should be."""
