"""Hubbub: chat rooms that are links."""

__version__ = "0.1.0"
