"""The other server: LitServe with the same model and the same decoding; it judges, and keeps nothing."""

import io
import os
import sys
from pathlib import Path
from typing import Any

import litserve
from fastapi import UploadFile


class Judge(litserve.LitAPI):
    """One worker."""

    def setup(self, device: str) -> None:
        """Load the bundle as the bare loop does."""
        from clients import bare_cover, bare_way

        self.judge = bare_way(Path(sys.argv[1]), bare_cover(Path(sys.argv[1])))

    def decode_request(self, request: UploadFile) -> Any:
        """The file of the form."""
        return io.BytesIO(request.file.read())

    def predict(self, x: Any) -> Any:
        """Its logits."""
        return self.judge(x)

    def encode_response(self, output: Any) -> dict[str, list[float]]:
        """As JSON."""
        return {"logits": output.ravel().tolist()}


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    server = litserve.LitServer(Judge(), accelerator="cpu", workers_per_device=int(sys.argv[2]))
    server.run(host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning", generate_client_file=False)
