"""Sign-in through the identity provider that OIDC_ISSUER names: there, and back."""

from functools import cache
from typing import TYPE_CHECKING

from anyio import to_thread
from starlette.responses import Response
from starlette.routing import Route

from ...accounts import AccessRefused, Throttled
from ...settings import Settings
from ..middleware.guard import is_secure
from ..problems import problem
from .sign_in import Visit, come_in, extra, page, safe_next, sign_in_page, status

if TYPE_CHECKING:
    from ...accounts.provider import Provider

_NEXT = "vistobueno_next"


async def go(visit: Visit) -> Response:
    """Send the browser there."""
    if not visit.access.settings.oidc_issuer:
        return problem(visit.request, 404)
    visit.request.session[_NEXT] = visit.next
    try:
        return await provider(visit.access.settings).begin(visit.request, _back(visit))
    except AccessRefused as error:
        return await _failed(visit, error)


async def back(visit: Visit) -> Response:
    """The browser comes back: let the person in, or say why not."""
    if not visit.access.settings.oidc_issuer:
        return problem(visit.request, 404)
    try:
        subject = await provider(visit.access.settings).finish(visit.request)
        token, identity = await to_thread.run_sync(
            visit.access.authentication.sign_in_subject, subject, visit.address, visit.agent, visit.token
        )
    except AccessRefused as error:
        return await _failed(visit, error)
    return come_in(visit, token, identity, safe_next(visit.request.session.pop(_NEXT, "")))


@cache
def provider(settings: Settings) -> "Provider":
    """The provider of these settings; what it says of itself is asked once."""
    from ...accounts.provider import Provider  # Authlib and httpx: a tenth of the start, for those who use them

    return Provider(settings)


def _back(visit: Visit) -> str:
    own = f"{'https' if is_secure(visit.request) else 'http'}://{visit.request.headers.get('host', '')}"
    return f"{(visit.access.settings.public_url or own).rstrip('/')}/login/provider/back"


async def _failed(visit: Visit, error: AccessRefused) -> Response:
    if error.code != "not_invited":  # that one is in the audit log already, with the address
        try:
            await to_thread.run_sync(visit.access.authentication.note_provider_failure, error.code, visit.address)
        except Throttled as wait:
            return sign_in_page(visit, error=wait.message(visit.language), code=status(wait), more=extra(wait))
    code = 502 if error.code == "provider_away" else 403
    return sign_in_page(visit, error=error.message(visit.language), code=code)


routes = [
    Route("/login/provider", page(go), methods=["GET"]),
    Route("/login/provider/back", page(back), methods=["GET"]),
]
