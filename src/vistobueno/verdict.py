"""Scores → verdict: calibration, scope, thresholds, the three answers. Pure numpy; knows no files and no models."""

from dataclasses import dataclass
from typing import Literal

Answer = Literal["fit", "unfit", "review"]
Reason = Literal["uncertain", "out_of_scope", "poor_photo"]
