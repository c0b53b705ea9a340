"""What the API says of control charts, as the documentation shows it."""

from ...services.control import ControlView
from .derived import model_of
from .line_schemas import SHARE_EXAMPLE

_AVERAGE = {"value": 0.083, "low": 0.061, "high": 0.101, "beyond": False}
_GROUP = {"name": "2026-11-23", "n": 1180, "unfit": 131, "share": 0.111, "low": 0.057, "high": 0.105, "judged": True}
ControlOut = model_of(
    ControlView,
    "ControlOut",
    example={
        "chart": {
            "center": 0.081,
            "spread": 1.1,
            "restless": False,
            "points": [_GROUP | {"rules": ["beyond_limits"], "ewma": _AVERAGE}],
        },
        "defects": [{"defect": "bruise", "count": 61, "share": 0.61, "cumulative": 0.61}],
        "unnamed": 4,
        "lines": [
            {
                "line": "Packing table 2",
                "inspected": 1290,
                "periods": [
                    {
                        "period": "2026-11-23",
                        "review": SHARE_EXAMPLE | {"n": 1290},
                        "escapes": SHARE_EXAMPLE,
                        "overkill": SHARE_EXAMPLE | {"n": 241},
                        "kappa": {"share": 0.86, "low": 0.77, "high": 0.95, "n": 81},
                        "model": SHARE_EXAMPLE | {"n": 380},
                        "people": SHARE_EXAMPLE | {"n": 380},
                    }
                ],
                "agreement": {"fit": {"fit": 230, "unfit": 3}, "unfit": {"fit": 5, "unfit": 140}},
            }
        ],
    },
)
