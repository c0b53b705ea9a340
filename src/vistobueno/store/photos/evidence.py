"""Opens the store of photographs that EVIDENCE_URL names: a folder, S3-compatible storage, or the database."""

from pathlib import Path
from urllib.request import url2pathname

from sqlalchemy import Engine

from ...settings import SettingRefused, Settings, without_secrets
from .blobs import BlobEvidence
from .folder import FolderEvidence
from .protocol import KEY, Evidence, EvidenceMissing, Taken, new_key

__all__ = ["KEY", "Evidence", "EvidenceMissing", "Taken", "new_key", "open_evidence"]


def open_evidence(settings: Settings, engine: Engine) -> Evidence:
    """The store that EVIDENCE_URL names.

    Raises:
        SettingRefused: ``setting_invalid``.
        Unavailable: ``evidence_away``: the folder cannot be made.
    """
    url = settings.evidence_url
    scheme = url.partition(":")[0] if ":" in url else ""
    if url == "database:":
        return BlobEvidence(engine)
    if scheme == "s3" and (bucket := url.removeprefix("s3://").partition("/")[0]):
        from .objects import ObjectEvidence

        return ObjectEvidence(bucket, url.removeprefix("s3://").partition("/")[2].strip("/"), settings)
    if scheme == "file":
        return FolderEvidence(Path(url2pathname(url.removeprefix("file://"))))
    if len(scheme) > 1:  # one letter is a Windows drive
        raise SettingRefused(
            "setting_invalid",
            es=f"EVIDENCE_URL={without_secrets(url)} no se puede usar. Use una carpeta, s3://bucket/prefijo o database:.",
            en=f"EVIDENCE_URL={without_secrets(url)} cannot be used. Use a folder, s3://bucket/prefix or database:.",
        )
    return FolderEvidence(Path(url or settings.data_dir / "evidence"))
