"""Many photographs at once, on the cores of this machine."""
