"""The standards that lots are judged by: those that come with the program, and a station's own in their versions."""

from collections.abc import Sequence

from sqlalchemy import Engine

from ..core.clock import Clock, utc_now
from ..core.inspection import Actor
from ..core.lots.errors import LotRefused
from ..core.lots.lot import LotFacts
from ..core.lots.reading import read_standard, shipped_standards
from ..core.lots.standard import Standard
from ..store import lots
from ..store.database import reading, writing
from ..store.errors import NotFound


class Standards:
    """The standards of a station."""

    def __init__(self, engine: Engine, clock: Clock = utc_now) -> None:
        self._engine, self._clock = engine, clock

    def all(self) -> tuple[Standard, ...]:
        """Those that come with the program, and the newest version of each of one's own."""
        with reading(self._engine) as connection:
            own = lots.own_standards(connection)
        found = dict(shipped_standards())
        for each in own:
            if each.key not in found or found[each.key].version <= each.version:
                found[each.key] = each
        return tuple(sorted(found.values(), key=lambda each: each.key))

    def one(self, key: str) -> Standard:
        """The newest version of one.

        Raises:
            NotFound: ``no_standard``.
        """
        found = next((each for each in self.all() if each.key == key), None)
        if found is None:
            raise NotFound(
                "no_standard",
                es=f"No hay ninguna norma «{key}». Vuelva a cargar la lista de normas.",
                en=f"There is no standard “{key}”. Load the list of standards again.",
            )
        return found

    def keep(self, text: str | bytes, actor: Actor) -> Standard:
        """Keep a standard of one's own, or a new version of one; lots that are open go on with the version they have.

        Raises:
            StandardRefused: it is none. LotRefused: ``standard_version``: there is this version already, with other content.
        """
        standard = read_standard(text)
        newest = {each.key: each for each in self.all()}.get(standard.key)
        if newest is not None and newest.digest != standard.digest and standard.version <= newest.version:
            raise LotRefused(
                "standard_version",
                es=f"De la norma «{standard.key}» ya hay la versión {newest.version} con otro contenido. Ponga la versión "
                f"{newest.version + 1}, u otra clave.",
                en=f"The standard “{standard.key}” already has a version {newest.version} with other content. Make "
                f"this version {newest.version + 1}, or give it another key.",
            )
        with writing(self._engine) as connection:
            lots.keep_standard(connection, standard, self._clock(), actor)
        return standard

    def chosen(self, keys: Sequence[str], facts: LotFacts) -> list[Standard]:
        """Those that are asked for and know the class of a lot, in the order given; the first has to know it.

        Raises:
            LotRefused: ``standard_unknown`` or ``grade_unknown``.
        """
        known = {each.key: each for each in self.all()}
        of_product = {key: each for key, each in known.items() if facts.product in each.products}
        chosen = [of_product[each] for each in dict.fromkeys(keys) if each in of_product]
        if len(chosen) < max(1, len(set(keys))):
            listed = ", ".join(of_product) or ", ".join(known)
            raise LotRefused(
                "standard_unknown",
                es=f"Elija al menos una norma del producto, y ninguna de otro. Hay: {listed}.",
                en=f"Choose at least one standard, and only for this product. There are: {listed}.",
            )
        classes = [each.key for each in chosen[0].classes]
        if facts.grade not in classes:
            raise LotRefused(
                "grade_unknown",
                es=f"La norma «{chosen[0].key}» no tiene la categoría «{facts.grade}». Elija una: {', '.join(classes)}.",
                en=f"The standard “{chosen[0].key}” has no class “{facts.grade}”. Choose one: {', '.join(classes)}.",
            )
        return [each for each in chosen if facts.grade in {grade.key for grade in each.classes}]
