"""Before Streamlit's own uploads, which it holds in memory: as bounded as every body, and few at a time."""

from collections import OrderedDict

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..api.context import owner_of
from ..api.request_body import BODIES, MOST_PHOTO, MULTIPART_OVERHEAD, chunks

WHERE = "/_stcore/upload_file/"
MOST_HELD = 4  # files of all people together, each of at most `MOST_PHOTO`; for one more the oldest is taken away


class Uploads:
    """Takes in what a page's uploader sends: with bounds on bytes and time, and never more files than `MOST_HELD`."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._held: OrderedDict[str, None] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on."""
        if scope["type"] != "http" or scope["method"] != "PUT" or not scope["path"].startswith(WHERE):
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        with BODIES.share(owner_of(request)) as share:
            pieces = chunks(request, MOST_PHOTO, share, MULTIPART_OVERHEAD)

            async def bounded() -> Message:
                piece = await anext(pieces, None)
                return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

            self._held.pop(scope["path"], None)
            while len(self._held) >= MOST_HELD:
                await self._remove(scope, self._held.popitem(last=False)[0])
            self._held[scope["path"]] = None
            await self.app(scope, bounded, send)

    async def _remove(self, scope: Scope, path: str) -> None:
        """Have Streamlit forget a file, as its page would ask it to."""

        async def empty() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def unheard(_: Message) -> None:
            return

        headers = [each for each in scope["headers"] if each[0] not in (b"content-length", b"content-type")]
        asked = {**scope, "method": "DELETE", "path": path, "raw_path": path.encode(), "headers": headers}
        await self.app(asked, empty, unheard)
