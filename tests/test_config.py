import re
from dataclasses import fields

import pytest
from typer.testing import CliRunner

from cases import for_each
from vistobueno.cli.config import markdown_lines
from vistobueno.cli.main import app
from vistobueno.core.errors import VistoBuenoError
from vistobueno.settings import Settings

NAMES = [each.name.upper() for each in fields(Settings)]
SECRETS = [each.name.upper() for each in fields(Settings) if each.metadata["secret"]]
CLEAN: dict[str, str | None] = {**dict.fromkeys(NAMES), "LANG": "es_PE.UTF-8", "LC_ALL": None, "COLUMNS": "200"}


def printed(*arguments: str, **environment: str) -> str:
    done = CliRunner().invoke(app, ["config", *arguments], env={**CLEAN, **environment}, catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def row(output: str, name: str) -> list[str]:
    rows = ([cell.strip() for cell in line.split("│")[1:-1]] for line in output.splitlines())
    return next(cells for cells in rows if cells[:1] == [name])


def test_every_variable_is_printed_once() -> None:
    output = printed()
    assert [name for name in NAMES if len(row(output, name)) != 4] == []
    assert sum(line.count("│") == 5 for line in output.splitlines()) >= len(NAMES)


def test_a_value_says_where_it_comes_from() -> None:
    output = printed(PORT="9000")
    assert row(output, "PORT")[1:3] == ["9000", "el entorno"]
    assert row(output, "BIND_ADDRESS")[1:3] == ["127.0.0.1", "el programa"]
    assert row(printed("-l", "en", PORT="9000"), "PORT")[1:3] == ["9000", "environment"]


def test_an_empty_variable_is_the_program_s() -> None:
    assert row(printed(PORT=" "), "PORT")[1:3] == ["8000", "el programa"]


@for_each("name", SECRETS)
def test_a_secret_is_masked_and_its_length_too(name: str) -> None:
    kind = "postgres://ana:{}@db.example/station" if name == "DATABASE_URL" else "{}"
    short, long = (printed(**{name: kind.format("hunter2" * times)}) for times in (1, 3))
    assert "hunter2" not in short + long
    assert row(short, name)[1] == row(long, name)[1] == "••••••"


@for_each(
    ("url", "shown"),
    [
        ("https://models.example/m.zip", "https://models.example/m.zip"),
        ("https://ana:hunter2@models.example:8443/m.zip", "https://••••••@models.example:8443/m.zip"),
        ("https://hunter2@models.example/m.zip", "https://••••••@models.example/m.zip"),
        ("https://models.example/m.zip?sig=hunter2&x=1", "https://models.example/m.zip?••••••"),
        ("https://models.example/m.zip#hunter2", "https://models.example/m.zip#••••••"),
        ("'https://models.example/m.zip' ", "https://models.example/m.zip"),
        ("/srv/models/m?.zip", "/srv/models/m?.zip"),
    ],
)
def test_an_address_is_printed_without_what_opens_it(url: str, shown: str) -> None:
    assert row(printed(MODEL_URL=url), "MODEL_URL")[1] == shown


@for_each(
    ("name", "value"),
    [
        ("PORT", "eight"),
        ("DATABASE_URL", "postgres://ana:hunter2@db.example:5x/station"),
        ("DATABASE_URL", "postgres://ana:hunter2@db.example/station?colour=red"),
        ("EVIDENCE_URL", "https://ana:hunter2@photos.example"),
        ("EVIDENCE_URL", "s3://"),
        ("BACKUP_URL", "https://[hunter2"),
        ("BACKUP_URL", "s3://bucket:x/"),
        ("MODEL_URL", "ftp://ana:hunter2@models.example/m.zip"),
        ("PUBLIC_URL", "quality.example.org"),
        ("PUBLIC_URL", "https://quality example.org"),
        ("OIDC_ISSUER", "https://issuer.example:99999"),
        ("S3_ENDPOINT", "minio:9000"),
        ("TRUSTED_PROXIES", "the proxy"),
    ],
)
def test_a_value_that_cannot_be_used_is_one_sentence_that_names_it(name: str, value: str) -> None:
    with pytest.raises(VistoBuenoError, match=name) as refusal:
        printed(**{name: value})
    assert "hunter2" not in refusal.value.es + refusal.value.en


def test_marks_of_rich_in_a_value_are_printed_as_they_are() -> None:
    assert row(printed(MODEL_PATH="[bold]x[/bold]"), "MODEL_PATH")[1] == "[bold]x[/bold]"


@pytest.mark.parametrize("language", ["es", "en"])
def test_the_documents_table_has_a_line_for_each_variable_and_no_secret(language: str) -> None:
    output = printed("--markdown", "--language", language, DATABASE_URL="hunter2", PORT="9000")
    assert output.splitlines() == markdown_lines(language)
    assert re.findall(r"^\| `([A-Z0-9_]+)` \|", output, re.MULTILINE) == NAMES
    assert {line.count("|") for line in output.splitlines()} == {4}
    assert "hunter2" not in output and "9000" not in output


def test_a_language_that_is_not_spoken_gets_the_spanish_table() -> None:
    assert printed("--markdown", "--language", "fr").splitlines() == markdown_lines("es")
