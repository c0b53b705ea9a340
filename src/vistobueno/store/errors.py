"""What the store refuses by name."""

from ..core.errors import VistoBuenoError


class NotFound(VistoBuenoError):
    """There is no such inspection, photograph or model."""


class Conflict(VistoBuenoError):
    """An idempotency key was used for other content."""
