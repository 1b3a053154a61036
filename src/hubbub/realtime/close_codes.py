"""Why a socket is closed. A page comes back after 1013, and not after the codes above 4400."""

OVERLOADED = 1013
SIGNED_OUT, NOT_ALLOWED, ROOM_GONE = 4401, 4403, 4404
