import errno
from pathlib import Path

import pytest

from vistobueno.accounts import tokens
from vistobueno.settings import Settings


def test_the_key_made_at_the_first_start_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    assert tokens.secret_key(settings) == tokens.secret_key(settings)
    (file,) = settings.data_dir.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_key_that_is_not_safe_on_disk_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        tokens.secret_key(Settings(data_dir=tmp_path / "data"))
    assert list((tmp_path / "data").iterdir()) == []
