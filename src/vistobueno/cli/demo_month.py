"""A month of a packing house that does not exist: lines, lots, photographs, answers and decisions, in the order of time.

Each photograph is a view (turned, nearer or farther, lighter or darker) of one of some forty drawings, and each one is
judged by the model like any other. What people answer is what was drawn, but for the slips that people make.
"""

import heapq
import io
import json
import random
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, partial
from itertools import count
from zoneinfo import ZoneInfo

from PIL import Image, ImageDraw, ImageEnhance

from ..accounts.accounts import Accounts
from ..core.defects import Defect, Severity
from ..core.inspection import SYSTEM, Actor, Filter, Inspection, ReviewAnswer
from ..core.lots.gs1 import check_digit
from ..core.lots.lot import Lot, LotDecision, LotFacts
from ..i18n import say
from ..services import Station
from ..services.inspections import Judged
from ..services.lots import Place
from .drawn import draw_photo

_SIZE = (320, 240)
_SPARE = (288, 216)  # as it is drawn: a view of it is larger
_DRAWINGS = {
    "banana_fit": 10, "banana_unfit": 5, "apple_fit": 8, "apple_unfit": 7, "orange_fit": 7, "orange_unfit": 4, "other": 2,
}  # fmt: skip
_STANDARDS = {"banana": "codex-cxs-205", "apple": "unece-ffv-50", "orange": "unece-ffv-14"}
_CUSTOMER = "demo-customer"
_DEFECTS: dict[str, tuple[Defect, ...]] = {
    "banana": ("decay", "decay", "crown_rot", "bruise", "scarring"),
    "apple": ("decay", "decay", "bruise", "scab", "bitter_pit"),
    "orange": ("mould", "mould", "decay", "oleocellosis"),
}
_PEOPLE = (("Rosa Quispe (demo)", "supervisor"), ("Ivan Mora (demo)", "supervisor"), ("Lucia Paz (demo)", "inspector"))
_PACKERS = {
    "banana": ("El Guayabal (demo)", "Río Verde (demo)"),
    "apple": ("Valle Alto (demo)", "Los Manzanos (demo)"),
    "orange": ("Huerta Clara (demo)", "Santa Inés (demo)"),
}
_ORIGINS = {"banana": "Ecuador", "apple": "Chile", "orange": "Uruguay"}
_PACKAGE_FRUIT = {"banana": 100, "apple": 113, "orange": 88}
_VARIETIES = {"banana": "Cavendish", "apple": "Gala", "orange": "Valencia"}
_SEVERITIES: tuple[Severity, ...] = ("slight", "moderate", "moderate", "serious")
_BOXES, _FRUIT = 4, 4  # opened of each lot, and looked at in each
_COMMISSIONED, _WHEN = "apple", 12.5  # a line, and how many days ago
_SESSIONS = (24.2, 20.2, 16.2)  # days ago: photographs for that, all answered
_SLIPS, _LEFT = 0.03, 0.3  # of people's answers; of what they leave: answers beside the lots, how bad a defect is
_GS1 = "9521234"  # of the prefix 952, which GS1 keeps for demonstrations and examples


@dataclass(frozen=True)
class _Planned:
    """A lot of the month.

    Attributes:
        days: ago; packer: its place among those of the product; unfit: share of what is drawn for it.
        fate: ``decided`` by the standard or else by count; ``late``, an answer comes after that; ``sorted``, it is taken in a
            lower class; ``waiting``, nobody has decided; ``open``, half of it was looked at.
    """

    days: float
    product: str
    packer: int
    unfit: float
    fate: str = "decided"


_LOTS = (
    _Planned(29, "banana", 0, 0.0),
    _Planned(27, "apple", 0, 0.04),
    _Planned(25, "banana", 1, 0.2),
    _Planned(23, "orange", 0, 0.0),
    _Planned(21, "banana", 0, 0.0),
    _Planned(19, "apple", 1, 0.12, "sorted"),
    _Planned(17, "banana", 1, 0.16),
    _Planned(15, "orange", 1, 0.04),
    _Planned(14, "banana", 0, 0.04),
    _Planned(11, "apple", 0, 0.0),
    _Planned(9, "banana", 0, 0.0, "late"),
    _Planned(8, "orange", 0, 0.16),
    _Planned(6, "banana", 1, 0.08),
    _Planned(4, "apple", 1, 0.04),
    _Planned(2.5, "banana", 0, 0.0),
    _Planned(1, "orange", 1, 0.08, "waiting"),
    _Planned(0.1, "banana", 1, 0.08, "open"),
)


class Calendar:
    """A clock that shows the moment it is set to."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """The moment."""
        return self.now


class Month:
    """What happens in it, each deed at its moment; deeds that would come after its end are left for the visitor.

    Attributes:
        inspections, lots: how many were made.
    """

    def __init__(self, station: Station, access: Accounts, calendar: Calendar, seed: int, language: str) -> None:
        self._station, self._access, self._calendar, self._language = station, access, calendar, language
        self._end, self._random = calendar.now, random.Random(f"{seed} month")
        self._deeds: list[tuple[datetime, int, Callable[[], None]]] = []
        self._places = count()
        self._ahead: Executor
        self._drawing = cache(lambda key, number: draw_photo(key, seed * 1000 + number, _SPARE))
        self.inspections, self.lots = 0, 0

    def run(self) -> None:
        """Let the month pass."""
        self._calendar.now = self._end - timedelta(days=30)
        supervisor, second, inspector = (
            self._access.people.add(
                f"{name.partition(' ')[0].lower()}@demo.invalid",
                name,
                role,
                SYSTEM,
                password=secrets.token_urlsafe(24),  # which nobody knows: they are shown, and never come in
                language=self._language,
            )
            for name, role in _PEOPLE
        )
        key, _ = self._access.keys.make(self._say("sorter"), ["inspect"], inspector)
        self._supervisor, self._second, self._inspector = (
            Actor("person", each.id, each.name) for each in (supervisor, second, inspector)
        )
        self._sorter = Actor("key", key.id, key.name)
        for product in _STANDARDS:
            self._station.lines.add(self._line(product), [product], self._supervisor)
        self._keep_customer()
        for number, planned in enumerate(_LOTS, 1):
            self._at(planned.days, partial(self._open, number, planned))
        for day in range(0, 29, 3):
            for product in _STANDARDS:
                self._at(day + self._random.uniform(0.1, 0.4), partial(self._loose, product))
        for ago in _SESSIONS:
            self._at(ago, self._prepare)
        self._at(_WHEN, self._commission)
        with ThreadPoolExecutor(self._station.judging.threads) as self._ahead:
            while self._deeds:
                self._calendar.now, _, deed = heapq.heappop(self._deeds)
                deed()
        self._calendar.now = self._end

    def _at(self, days: float, deed: Callable[[], None]) -> None:
        """So many days ago, in the hours of work of the Americas; of today, as long ago as that."""
        moment = self._end - timedelta(days=days)
        if days >= 1:
            day = self._end.replace(hour=13, minute=0, second=0, microsecond=0) - timedelta(days=int(days))
            moment = day + timedelta(hours=8 * (days % 1))
        self._when(moment, deed)

    def _later(self, hours: float, deed: Callable[[], None]) -> None:
        self._when(self._calendar.now + timedelta(hours=hours), deed)

    def _when(self, moment: datetime, deed: Callable[[], None]) -> None:
        if moment <= self._end:
            heapq.heappush(self._deeds, (moment, next(self._places), deed))

    def _say(self, name: str, **values: object) -> str:
        return say(self._language, f"demo_{name}", **values)

    def _line(self, product: str) -> str:
        return self._say(f"line_{product}")

    def _keep_customer(self) -> None:
        """A customer's own standard: what a supervisor makes of one that is there."""
        document = self._station.lots.standards.one(_STANDARDS["banana"]).document()
        document |= {"key": _CUSTOMER, "name": {each: say(each, "demo_customer") for each in ("es", "en")}}
        for each in document["classes"]:
            each["figures"]["total"]["share"] /= 2
        self._station.lots.standards.keep(json.dumps(document), self._supervisor)

    def _open(self, number: int, planned: _Planned) -> None:
        product = planned.product
        facts = LotFacts(
            code=f"DEMO-{number:03d}",
            packer=_PACKERS[product][planned.packer],
            origin=_ORIGINS[product],
            product=product,
            grade="I",
            packages=self._random.randrange(60, 240, 12),
            variety=_VARIETIES[product],
            package_fruit=_PACKAGE_FRUIT[product],
            net_kg=round(self._random.uniform(800, 4000), 1),
            gtin=_checked(f"{_GS1}{1 + list(_STANDARDS).index(product):05d}"),
            gs1_lot=f"DEMO{number:03d}",
            sscc=_checked(f"0{_GS1}{number:09d}"),
        )
        standards = [_STANDARDS[product], *([_CUSTOMER] if product == "banana" else [])]
        lot, _ = self._station.lots.open(facts, standards, self._inspector, opened=_BOXES, fruit=_FRUIT, demo=True)
        self.lots += 1
        places = [Place(lot.number, package, fruit) for package in lot.draw.numbers for fruit in range(1, _FRUIT + 1)]
        if planned.fate == "open":
            places = places[: len(places) // 2 + 2]
        unfit = set(self._random.sample(range(len(places)), round(planned.unfit * len(places))))
        keys = [f"{product}_{'unfit' if place in unfit else 'fit'}" for place in range(len(places))]
        self._photograph(product, self._inspector, keys, places)
        if planned.fate in ("decided", "sorted", "late"):
            self._later(24, partial(self._decide, lot, planned.fate))

    def _loose(self, product: str) -> None:
        """What the sorter takes beside the lots; now and then none of the products."""
        kinds = self._random.choices((f"{product}_fit", f"{product}_unfit", "other"), (0.65, 0.3, 0.05), k=2)
        self._photograph(product, self._sorter, kinds, [None] * len(kinds))

    def _prepare(self) -> None:
        """Photographs that a supervisor takes and answers, all of them, before the line is put in service."""
        keys = [f"{_COMMISSIONED}_{condition}" for condition in ("unfit", "unfit", "fit") * 6]
        self._photograph(_COMMISSIONED, self._supervisor, keys, [None] * len(keys))

    def _photograph(self, product: str, actor: Actor, keys: Sequence[str], places: Sequence[Place | None]) -> None:
        """Some photographs, two minutes after each other; they are judged meanwhile, as the line is judged now."""
        line = self._line(product)
        for number, (key, place) in enumerate(zip(keys, places, strict=True)):
            view = partial(_view, self._drawing(key, self._random.randrange(_DRAWINGS[key])), self._random.random())
            judged = self._ahead.submit(lambda view: self._station.inspections.judge(view(), line), view)
            self._later(0.1 + number / 30, partial(self._keep, judged, key, actor, line, place))

    def _keep(self, judged: Future[Judged], key: str, actor: Actor, line: str, place: Place | None) -> None:
        self.inspections += 1
        found = self._station.inspections.keep(
            judged.result(),
            actor,
            source="api" if place is None else "page",
            line=line,
            place=place,
            filename=f"demo-{self.inspections:04d}.jpg",
        ).inspection
        asked = found.audit_people or (found.verdict.answer == "review" or actor is self._supervisor)
        if place is None and actor is self._sorter and self._random.random() < _LEFT:
            asked = 0
        people = [self._supervisor, self._second][:asked]
        for number, person in enumerate(people):
            hours = self._random.uniform(0.3, 6) + 3 * number
            if self._calendar.now > self._end - timedelta(days=1.5):  # some still wait
                hours *= 6
            self._later(hours, partial(self._answer, found, key, person))

    def _answer(self, found: Inspection, key: str, person: Actor) -> None:
        product, _, condition = key.partition("_")
        answer: ReviewAnswer = "other" if product == "other" else "unfit" if condition == "unfit" else "fit"
        if product != "other" and self._random.random() < _SLIPS:
            answer = "fit" if answer == "unfit" else "unfit"
        defects = (self._random.choice(_DEFECTS[product]),) if answer == "unfit" else ()
        blind = found.audit_people > 0
        bad = {each: self._random.choice(_SEVERITIES) for each in defects if self._random.random() > _LEFT}
        self._station.reviews.give(found.number, person, answer, defects=defects, severities=bad, blind=blind)

    def _commission(self) -> None:
        """Put a line in service, from what was answered so far."""
        kept, _ = self._station.calibrations.make(self._line(_COMMISSIONED), self._supervisor)
        self._station.calibrations.activate(kept.number, self._supervisor)

    def _decide(self, lot: Lot, fate: str) -> None:
        """As the first standard says; where it cannot say, by count, with the reason."""
        status = self._station.lots.status(lot.number)
        said = status.judgements[0].decision
        unfit, of = sum(len(each.unfit) for each in status.counts), sum(each.looked_at for each in status.counts)
        decision: LotDecision = "accepted" if unfit * 10 <= of else "refused"
        reason = self._say(f"reason_{decision}", unfit=unfit, of=of)
        if fate == "sorted":
            decision, reason = "lower_class", self._say("reason_sorted")
        elif said != "undecided":
            decision, reason = said, ""
        grade = "II" if decision == "lower_class" else None
        self._station.lots.decide(lot.number, decision, self._supervisor, reason=reason, grade=grade)
        if fate == "late" or lot.number % 8 == 1:
            self._later(5, partial(self._report, lot))
        if fate == "late":
            self._later(50, partial(self._regret, lot))

    def _report(self, lot: Lot) -> None:
        self._station.reports.issue(lot.number, self._language, self._supervisor, ZoneInfo("UTC"))

    def _regret(self, lot: Lot) -> None:
        """Somebody looks again at a fruit of a lot that is decided, and the lot is decided again."""
        page = self._station.inspections.page(Filter(lot=lot.number), None, 1)
        note = self._say("note_late")
        self._station.reviews.give(page.items[0].number, self._second, "unfit", note, defects=("decay",))
        self._later(3, partial(self._decide_again, lot))

    def _decide_again(self, lot: Lot) -> None:
        self._station.lots.decide(lot.number, "refused", self._supervisor, reason=self._say("reason_late"))
        self._later(5, partial(self._report, lot))


def _view(drawing: Image.Image, chance: float) -> bytes:
    """A photograph of a drawing, marked as one that was drawn, as JPEG; the same chance gives the same."""
    rng = random.Random(chance)
    turned = drawing.rotate(rng.uniform(-7, 7), Image.Resampling.BILINEAR)
    near = rng.uniform(1.18, 1.3)
    width, height = (side / near for side in turned.size)
    left, top = rng.uniform(0.35, 0.65) * (turned.width - width), rng.uniform(0.35, 0.65) * (turned.height - height)
    view = turned.resize(_SIZE, Image.Resampling.BILINEAR, (left, top, left + width, top + height))
    if rng.random() < 0.5:
        view = view.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    view = ImageEnhance.Brightness(view).enhance(rng.uniform(0.92, 1.06))
    ImageDraw.Draw(view).text((6, _SIZE[1] - 24), "DEMO", "white", font_size=16, stroke_width=1, stroke_fill="black")
    file = io.BytesIO()
    view.save(file, "JPEG", quality=88)
    return file.getvalue()


def _checked(digits: str) -> str:
    return f"{digits}{check_digit(digits)}"
