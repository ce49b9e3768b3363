"""What the worker processes of one service tell each other about themselves, when somebody asks."""

from __future__ import annotations

from loopline.processes.neighbours import HERE, Neighbours
from loopline.processes.room import FOLDER_VARIABLE, Room

__all__ = ["FOLDER_VARIABLE", "HERE", "Neighbours", "Room"]
