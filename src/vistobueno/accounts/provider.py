"""OpenID Connect: sends people to the identity provider, and believes its answer only after every check.

Authlib does the protocol: discovery, PKCE, state, nonce, signature, issuer, audience and times of the ID token. What
it leaves to us is here: the e-mail must be verified, and a provider that is away is said to be away.
"""

from typing import Any

import httpx
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.starlette_client import OAuth
from joserfc.errors import JoseError
from starlette.requests import Request
from starlette.responses import Response

from ..settings import Settings
from .authentication import Subject
from .errors import provider_refused

_PATIENCE = 10.0  # seconds
_LEEWAY = 60  # seconds that its clock may be off ours
_ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]  # signatures of a key pair; never `none`, never the client's secret


class Provider:
    """The identity provider that OIDC_ISSUER names."""

    def __init__(self, settings: Settings, *, verify: Any = True) -> None:
        self.issuer = settings.oidc_issuer.rstrip("/")
        self._client_id = settings.oidc_client_id
        self._client = OAuth().register(
            "provider",
            client_id=settings.oidc_client_id,
            client_secret=settings.oidc_client_secret,
            server_metadata_url=f"{self.issuer}/.well-known/openid-configuration",
            client_kwargs={
                "scope": "openid email profile",
                "code_challenge_method": "S256",
                "timeout": _PATIENCE,
                "verify": verify,
            },
        )

    async def begin(self, request: Request, back: str) -> Response:
        """Send the browser to the provider; it comes back to ``back``.

        Raises:
            ProviderRefused: ``provider_away`` or ``provider_disbelieved``.
        """
        try:
            await self._check_metadata()
            answer: Response = await self._client.authorize_redirect(request, back)
        except (httpx.HTTPError, OSError) as error:
            raise provider_refused("provider_away") from error
        except (ValueError, KeyError, RuntimeError) as error:
            raise provider_refused("provider_disbelieved") from error
        return answer

    async def finish(self, request: Request) -> Subject:
        """Who the provider vouches for.

        Raises:
            ProviderRefused: ``provider_away``, ``provider_disbelieved`` or ``provider_unverified``.
        """
        try:
            await self._check_metadata()
            told = await self._client.authorize_access_token(
                request,
                claims_options={
                    "iss": {"essential": True, "values": [self.issuer, f"{self.issuer}/"]},
                    "aud": {"essential": True, "value": self._client_id},  # Authlib alone asks for azp, not for aud
                },
                leeway=_LEEWAY,
            )
            claims = dict(told.get("userinfo") or {})
        except (httpx.HTTPError, OSError) as error:
            raise provider_refused("provider_away") from error
        except (AuthlibBaseError, JoseError, ValueError, KeyError, TypeError, RuntimeError) as error:
            raise provider_refused("provider_disbelieved") from error
        subject, email = claims.get("sub"), claims.get("email")
        if not isinstance(subject, str) or not subject or not isinstance(email, str) or not email:
            raise provider_refused("provider_disbelieved")
        if claims.get("email_verified") is not True:
            raise provider_refused("provider_unverified")
        name = claims.get("name")
        return Subject(self.issuer, subject, email.strip().lower(), name if isinstance(name, str) else "")

    async def _check_metadata(self) -> None:
        """Its description must name the issuer that was configured, and ask for signatures that we accept."""
        metadata = await self._client.load_server_metadata()
        if str(metadata.get("issuer", "")).rstrip("/") != self.issuer:
            raise ValueError("the provider calls itself by another name")
        offered = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
        metadata["id_token_signing_alg_values_supported"] = [each for each in offered if each in _ALGORITHMS]
        self._client.server_metadata.update(metadata)
