"""How does time jump for whole processes? By the seconds in a file that their clock reads."""

from __future__ import annotations

from pathlib import Path


class JumpingClock(dict[str, str]):
    """The environment of processes whose clock is so many seconds off. (faketime would also break their sleep.)"""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "offset"
        super().__init__(WEBHOOKS_CLOCK_OFFSET_FILE=str(self._file))
        self.set_to(0)

    def set_to(self, seconds: int) -> None:
        """Jump."""
        written = self._file.with_suffix(".new")
        written.write_text(str(seconds))
        written.rename(self._file)
