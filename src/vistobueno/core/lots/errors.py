"""What all refusals about lots have in common."""

from ..errors import VistoBuenoError


class LotRefused(VistoBuenoError):
    """Something of a lot, its standard or its plan cannot be."""
