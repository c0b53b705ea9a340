"""Standards out of JSON: those that come with the program, and a person's own, by one reader that names the field that is wrong."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NoReturn, TypeVar, cast, get_args

from ..defects import ALL, Severity
from .errors import LotRefused
from .standard import Counted, DefectRule, Figure, Grade, GradeClass, Kind, Limit, Standard, Words

T = TypeVar("T")

LONGEST = 200_000  # bytes of a standard
_MOST = 200  # entries of a list
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")


class StandardRefused(LotRefused):
    """A file is no standard; the sentence names the field that is wrong."""


def shipped_standards() -> Mapping[str, Standard]:
    """Those that come with the program, by key."""
    return dict(_shipped())


def read_standard(text: str | bytes) -> Standard:
    """A standard of a JSON file.

    Raises:
        StandardRefused: ``standard_not_json``, ``standard_field``.
    """
    try:
        if len(text) > LONGEST:
            raise ValueError("too long")
        document = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise StandardRefused(
            "standard_not_json",
            es=f"La norma debe ser un archivo JSON de {LONGEST // 1000} kB como máximo. Empiece por una copia de una que ya "
            f"funcione. El lector dice: {problem}.",
            en=f"The standard must be a JSON file of at most {LONGEST // 1000} kB. Start from a copy of one that works. "
            f"The reader says: {problem}.",
        ) from problem
    return standard_of(document)


def standard_of(document: object) -> Standard:
    """A standard of what `Standard.document` gives.

    Raises:
        StandardRefused: ``standard_field``.
    """
    root = _Field(document, "")
    limits = root.list("limits", _limit)
    classes = root.list("classes", lambda each: _grade_class(each, [limit.key for limit in limits]))
    defects = root.list("defects", lambda each: _defect(each, [grade.key for grade in classes]), fewest=0)
    standard = Standard(
        key=root.key(),
        version=root.whole("version", least=1),
        products=root.list("products", _Field.as_key),
        name=root.words("name"),
        source=root.text("source"),
        limits=limits,
        classes=classes,
        defects=defects,
        edition=root.optional("edition", root.text) or "",
        note=root.optional("note", root.words),
        fewest_fruit=root.optional("fewest_fruit", root.whole) or 0,
    )
    root.finish()
    listed = {each.key for each in defects}
    for place, each in enumerate(limits):
        for unlisted in set(each.defects) - listed:
            _refuse(
                f"limits[{place}].defects", f"«{unlisted}» no está en «defects»", f"“{unlisted}” is not in “defects”"
            )
    return standard


@cache
def _shipped() -> tuple[tuple[str, Standard], ...]:
    folder = Path(__file__).parents[2] / "standards"
    read = (read_standard(file.read_bytes()) for file in sorted(folder.glob("*.json")))
    return tuple((each.key, each) for each in read)


def _refuse(path: str, es: str, en: str) -> NoReturn:
    raise StandardRefused(
        "standard_field",
        es=f"En la norma, el campo «{path}»: {es}. Corríjalo y vuelva a subirla.",
        en=f"In the standard, the field “{path}”: {en}. Correct it and upload it again.",
    )


class _Field:
    """A value and where it stands; an object keeps count of the fields that were read."""

    def __init__(self, value: object, path: str) -> None:
        self.value, self.path = value, path
        self._read: set[str] = set()

    def _at(self, name: str) -> "_Field":
        if not isinstance(self.value, dict):
            _refuse(self.path or "(…)", "debe ser un objeto", "must be an object")
        path = f"{self.path}.{name}".lstrip(".")
        if name not in self.value:
            _refuse(path, "falta", "is missing")
        self._read.add(name)
        return _Field(self.value[name], path)

    def optional(self, name: str, read: Callable[[str], T]) -> T | None:
        if isinstance(self.value, dict) and self.value.get(name) is None:
            self._read.add(name)
            return None
        return read(name)

    def finish(self) -> None:
        """Refuse the fields that nobody asked for: a name with a slip would say nothing otherwise."""
        for name in sorted(set(cast(dict[str, Any], self.value)) - self._read):
            _refuse(f"{self.path}.{name}".lstrip("."), "no se conoce", "is not known")

    def text(self, name: str, longest: int = 300) -> str:
        field = self._at(name)
        value = field.value
        if not isinstance(value, str) or not 0 < len(value.strip()) <= longest or not value.isprintable():
            _refuse(
                field.path,
                f"debe ser un texto de 1 a {longest} caracteres, sin saltos de línea",
                f"must be text of 1 to {longest} characters, without line breaks",
            )
        return value.strip()

    def words(self, name: str) -> Words:
        field = self._at(name)
        found = Words(field.text("es", 1_000), field.text("en", 1_000))
        field.finish()
        return found

    def key(self) -> str:
        return self._at("key").as_key()

    def as_key(self) -> str:
        if not isinstance(self.value, str) or not _KEY.fullmatch(self.value):
            _refuse(
                self.path,
                "debe tener de 1 a 60 letras sin tilde, cifras, guiones o guiones bajos",
                "must have 1 to 60 letters without accents, digits, hyphens or underscores",
            )
        return self.value

    def as_choice(self, choices: tuple[str, ...]) -> str:
        if self.value not in choices:
            listed = ", ".join(choices)
            _refuse(self.path, f"debe ser uno de: {listed}", f"must be one of: {listed}")
        return str(self.value)

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        return self._at(name).as_choice(choices)

    def flag(self, name: str) -> bool:
        field = self._at(name)
        if not isinstance(field.value, bool):
            _refuse(field.path, "debe ser true o false", "must be true or false")
        return field.value

    def whole(self, name: str, least: int = 0) -> int:
        field = self._at(name)
        value = field.value
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= 1_000_000:
            _refuse(field.path, f"debe ser un entero, {least} o más", f"must be a whole number, {least} or more")
        return value

    def number(self, name: str, most: float = 1.0) -> float:
        field = self._at(name)
        value = field.value
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value <= most:
            _refuse(field.path, f"debe ser un número de 0 a {most:g}", f"must be a number from 0 to {most:g}")
        return float(value)

    def list(self, name: str, read: Callable[["_Field"], T], fewest: int = 1) -> tuple[T, ...]:
        """The entries of a list, none twice (by value or by key)."""
        field = self._at(name)
        if not isinstance(field.value, list) or not fewest <= len(field.value) <= _MOST:
            _refuse(field.path, f"debe ser una lista de {fewest} a {_MOST}", f"must be a list of {fewest} to {_MOST}")
        found = tuple(read(_Field(each, f"{field.path}[{place}]")) for place, each in enumerate(field.value))
        names = [getattr(each, "key", each) for each in found]
        for place, each in enumerate(names):
            if each in names[:place]:
                _refuse(f"{field.path}[{place}]", f"repite «{each}»", f"repeats “{each}”")
        return found

    def entries(self, name: str, known: tuple[str, ...]) -> Iterator[tuple[str, "_Field"]]:
        """The fields of an object whose names are all ``known``, at least one."""
        field = self._at(name)
        given = [each for each in known if isinstance(field.value, dict) and each in field.value]
        if not given:
            listed = ", ".join(known)
            _refuse(field.path, f"debe tener al menos uno de: {listed}", f"must have at least one of: {listed}")
        for each in given:
            yield each, field._at(each)
        field.finish()


def _limit(field: _Field) -> Limit:
    kind = field.optional("kind", lambda name: field.choice(name, get_args(Kind)))
    found = Limit(
        key=field.key(),
        name=field.words("name"),
        of=tuple(cast(Counted, each) for each in field.list("of", lambda each: each.as_choice(get_args(Counted)))),
        kind=cast(Kind | None, kind),
        defects=field.optional("defects", lambda name: field.list(name, _Field.as_key)) or (),
        severities=cast(
            tuple[Severity, ...], field.optional("severities", lambda name: field.list(name, _severity)) or ()
        ),
    )
    if "size" in found.of and (len(found.of) > 1 or found.kind or found.defects or found.severities):
        _refuse(
            f"{field.path}.of",
            "«size» se cuenta aparte, sin nada más",
            "“size” is counted on its own, with nothing else",
        )
    field.finish()
    return found


def _severity(field: _Field) -> str:
    return field.as_choice(get_args(Severity))


def _grade_class(field: _Field, limits: list[str]) -> GradeClass:
    found = GradeClass(
        field.key(), field.words("name"), {key: _figure(each) for key, each in field.entries("figures", tuple(limits))}
    )
    field.finish()
    return found


def _figure(field: _Field) -> Figure:
    found = Figure(
        share=field.number("share"),
        confirmed=field.flag("confirmed"),
        package=field.optional("package", field.number),
        package_fruit=field.optional("package_fruit", field.whole) or 0,
    )
    field.finish()
    return found


def _defect(field: _Field, classes: list[str]) -> DefectRule:
    key = field.key()
    grades = {cast(Severity, name): _grade(each, classes) for name, each in field.entries("grades", get_args(Severity))}
    found = DefectRule(
        key=key,
        kind=cast(Kind, field.choice("kind", get_args(Kind))),
        grades=grades,
        decay=field.optional("decay", field.flag) or False,
        name=field.optional("name", field.words) if key in ALL else field.words("name"),
    )
    field.finish()
    return found


def _grade(field: _Field, classes: list[str]) -> Grade:
    found = Grade(
        best=field.optional("best", lambda name: field.choice(name, tuple(classes))),
        confirmed=field.flag("confirmed"),
        cm=field.optional("cm", lambda name: field.number(name, 1_000)),
        cm2=field.optional("cm2", lambda name: field.number(name, 1_000)),
    )
    field.finish()
    return found
