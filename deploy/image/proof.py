"""What the image must still be able to do after it was made slim. Run while the image is built, nowhere else."""

import importlib
import io

NEEDED = (
    "ai_edge_litert.interpreter", "alembic", "argon2", "authlib.integrations.starlette_client", "cryptography.x509",
    "fastapi", "gdown", "httptools", "httpx", "numpy.random", "obstore", "prometheus_client", "psycopg",
    "psycopg_binary", "pydantic", "pyhanko.sign.signers", "pyhanko.sign.validation", "rich.table", "rich.progress",
    "segno", "sqlalchemy.dialects.postgresql", "sqlalchemy.dialects.sqlite", "streamlit.starlette", "typst", "uvicorn",
    "uvloop", "websockets", "xlsxwriter", "zxingcpp",
)  # fmt: skip

for name in NEEDED:
    importlib.import_module(name)

import numpy as np  # noqa: E402 the imports above are the proof
import pillow_heif  # noqa: E402
from PIL import Image  # noqa: E402

pillow_heif.register_heif_opener()
picture = Image.fromarray(np.full((64, 64, 3), 128, np.uint8))
for form in ("JPEG", "PNG", "WEBP", "HEIF", "AVIF"):
    packed = io.BytesIO()
    picture.save(packed, form)
    assert Image.open(io.BytesIO(packed.getvalue())).convert("RGB").size == (64, 64), form  # noqa: S101
assert np.allclose(np.eye(8) @ np.eye(8), np.eye(8))  # noqa: S101
print("proved")
