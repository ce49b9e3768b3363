"""Cancel the work for a client that has left: a route's, or a whole application's."""

from __future__ import annotations

from loopline.disconnect.marker import cancel_on_disconnect
from loopline.disconnect.middleware import CancelOnDisconnect

__all__ = ["CancelOnDisconnect", "cancel_on_disconnect"]
