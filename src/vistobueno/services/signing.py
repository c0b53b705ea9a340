"""What signs webhooks: secrets made of the station's own key and an endpoint's salt, so that no database holds them."""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime

from standardwebhooks import Webhook

from ..core.events import WebhookRefused
from ..store.webhooks import Salts


def new_salts(key: bytes, before: Salts | None = None, until: datetime | None = None) -> Salts:
    """Of a new secret, and of the one before until that moment."""
    salt = secrets.token_hex(32)
    return Salts(salt, _check(_made(key, salt)), None if before is None else before.salt, until)


def secret_of(key: bytes, salts: Salts) -> str:
    """The present secret, as the receiver keeps it.

    Raises:
        WebhookRefused: ``webhook_secret_lost``: the station has another key than when it was made.
    """
    secret = _made(key, salts.salt)
    if not hmac.compare_digest(_check(secret), salts.check):
        raise WebhookRefused(
            "webhook_secret_lost",
            es="SECRET_KEY ya no es la de antes y el secreto de este webhook se perdió. Renueve el secreto y póngalo en el "
            "receptor.",
            en="SECRET_KEY has changed, and the secret of this webhook is lost. Rotate it and give the new one to the "
            "receiver.",
        )
    return f"whsec_{base64.b64encode(secret).decode()}"


def signatures(key: bytes, salts: Salts, message: str, at: datetime, payload: str) -> str:
    """The header `webhook-signature`: by the present secret, and by the one before while it counts.

    Raises:
        WebhookRefused: as `secret_of`.
    """
    signing = [Webhook(secret_of(key, salts))]
    if salts.previous is not None and salts.previous_until is not None and at < salts.previous_until:
        signing.append(Webhook(_made(key, salts.previous)))
    return " ".join(each.sign(message, at, payload) for each in signing)


def _made(key: bytes, salt: str) -> bytes:
    return hmac.new(key, f"webhook:{salt}".encode(), hashlib.sha256).digest()


def _check(secret: bytes) -> str:
    return hashlib.sha256(b"check:" + secret).hexdigest()[:16]
