"""What may go wrong when somebody asks to be let in, in words. The web turns each into a status, once."""

from collections.abc import Iterable

from ..core.errors import VistoBuenoError
from ..i18n import counted, say


class AccessRefused(VistoBuenoError):
    """What was asked of people, sessions or keys cannot be done; base of all below."""


class SignInRefused(AccessRefused):
    """No such person with this password. Which of the two is wrong is never said."""


class Throttled(AccessRefused):
    """Too many attempts; ``retry_after`` seconds from now the next one is looked at."""

    def __init__(self, code: str, *, es: str, en: str, retry_after: int = 1) -> None:
        super().__init__(code, es=es, en=en)
        self.retry_after = retry_after


class LinkRefused(AccessRefused):
    """A one-time link is unknown, used or too old."""


class PasswordRefused(AccessRefused):
    """A new password does not do; ``reasons`` are keys of texts, one for each rule that it breaks."""

    def __init__(self, code: str, *, es: str, en: str, reasons: Iterable[str] = ()) -> None:
        super().__init__(code, es=es, en=en)
        self.reasons = tuple(reasons)


class ProviderRefused(AccessRefused):
    """The identity provider could not be asked, or what it said is not to be believed."""


def access_refused(code: str, **values: object) -> AccessRefused:
    """The refusal whose texts are ``access_CODE``."""
    return AccessRefused(code, es=say("es", f"access_{code}", **values), en=say("en", f"access_{code}", **values))


def sign_in_refused() -> SignInRefused:
    """One sentence for every wrong pair of e-mail and password."""
    return SignInRefused(
        "sign_in_refused", es=say("es", "access_sign_in_refused"), en=say("en", "access_sign_in_refused")
    )


def throttled(seconds: int) -> Throttled:
    """Too many attempts; the next one in ``seconds``."""
    es, en = (
        say(language, "access_throttled", seconds=counted(language, "seconds", seconds)) for language in ("es", "en")
    )
    return Throttled("too_many_attempts", es=es, en=en, retry_after=seconds)


def link_refused() -> LinkRefused:
    """One sentence for every link that does not open."""
    return LinkRefused("link_refused", es=say("es", "access_link_refused"), en=say("en", "access_link_refused"))


def password_refused(reasons: Iterable[str]) -> PasswordRefused:
    """Every rule that a new password breaks, in one sentence each."""
    reasons = tuple(reasons)
    es, en = (" ".join(say(language, reason) for reason in reasons) for language in ("es", "en"))
    return PasswordRefused("password_refused", es=es, en=en, reasons=reasons)


def provider_refused(code: str) -> ProviderRefused:
    """The refusal whose texts are ``access_CODE``."""
    return ProviderRefused(code, es=say("es", f"access_{code}"), en=say("en", f"access_{code}"))
