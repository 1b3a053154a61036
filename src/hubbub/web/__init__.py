"""How Hubbub looks from outside: addresses, pages, answers."""
