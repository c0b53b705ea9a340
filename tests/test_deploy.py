import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from cases import for_each
from later import later
from servers import PostgreSQL, free_port, until
from vistobueno.settings import Settings, read_settings

jsonschema = later("jsonschema")  # parses the grammar of an address at once, which takes a second

ROOT = Path(__file__).parents[1]
BLUEPRINTS = ("render.yaml", "deploy/render-free.yaml")
SCHEMA = json.loads((ROOT / "deploy" / "schema" / "render.json").read_text(encoding="utf-8"))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
KNOWN = {each.name.upper() for each in fields(Settings)}
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


def read(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def tool(name: str, *arguments: str) -> None:
    program = Path(sys.executable).with_name(name)
    if not program.exists():
        pytest.skip(f"{name} is not installed (pip install -r requirements/tools.txt)")
    done = subprocess.run([str(program), *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def variables(blueprint: Mapping[str, Any], service: Mapping[str, Any], database: str) -> dict[str, str]:
    """What Render would put into the environment of a service."""
    groups = {each["name"]: each["envVars"] for each in blueprint.get("envVarGroups", ())}
    found = {}
    for each in service["envVars"]:
        for one in groups[each["fromGroup"]] if "fromGroup" in each else [each]:
            value = one.get("value", "x" * 43 if one.get("generateValue") else database)
            found[one["key"]] = value
    return found


SERVICES = [
    pytest.param(name, service, id=f"{name}:{service['name']}")
    for name in BLUEPRINTS
    for service in read(name)["services"]
]
RUN = [each for each in SERVICES if each.values[1]["runtime"] != "static"]


@pytest.mark.parametrize("name", BLUEPRINTS)
def test_a_blueprint_keeps_to_what_render_knows(name: str) -> None:
    jsonschema.validate(read(name), SCHEMA)


@for_each(
    "broken",
    [
        lambda it: it["services"][0].update(healthcheckPath="/"),
        lambda it: it["services"][0].pop("healthCheckPath"),
        lambda it: it["services"][1].pop("schedule"),
        lambda it: it["services"][1].update(plan="free"),
        lambda it: it["services"][0]["envVars"].append({"key": "X", "value": 1}),
        lambda it: it["databases"][0].pop("plan"),
    ],
)
def test_the_schema_sees_a_mistake(broken: Any) -> None:
    blueprint = read("render.yaml")
    broken(blueprint)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(blueprint, SCHEMA)


@pytest.mark.parametrize(("name", "service"), SERVICES)
def test_nothing_is_deployed_that_did_not_pass_its_checks(name: str, service: dict[str, Any]) -> None:
    assert service["autoDeployTrigger"] == "checksPass"


@pytest.mark.parametrize(("name", "service"), RUN)
def test_what_render_is_told_names_what_is_there(name: str, service: dict[str, Any]) -> None:
    blueprint = read(name)
    given = variables(blueprint, service, "postgresql://u:p@h/d")
    assert given.keys() <= KNOWN
    settings = read_settings(given)
    assert settings.env == "production" and len(settings.secret_key) >= 32
    names = {each["name"] for each in blueprint["databases"]}
    assert {each["fromDatabase"]["name"] for each in service["envVars"] if "fromDatabase" in each} <= names
    if service["runtime"] == "docker":
        assert (ROOT / service["dockerfilePath"]).is_file()


@pytest.mark.parametrize(("name", "service"), RUN)
def test_on_render_nothing_is_kept_on_a_disk_that_vanishes(name: str, service: dict[str, Any], tmp_path: Path) -> None:
    from vistobueno.web.start_checks import vanishing

    given = variables(read(name), service, "postgresql://u:p@h/d")
    mounts = tmp_path / "mounts"
    mounts.write_text("overlay / overlay rw 0 0\n", encoding="utf-8")
    assert vanishing(read_settings({**given, "RENDER": "true"}), mounts) == ()


@pytest.mark.parametrize(("name", "service"), RUN)
def test_each_command_starts_with_the_variables_it_is_given(
    name: str, service: dict[str, Any], postgresql: PostgreSQL, tmp_path: Path
) -> None:
    command = service.get("startCommand") or service.get("dockerCommand") or shlex.join(docker_command())
    port = free_port()
    home = Path(sys.executable).parent
    environment = {
        "PATH": f"{home}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path), "PORT": str(port), "RENDER": "true",
        "DATA_DIR": str(tmp_path / "data"), "BIND_ADDRESS": "127.0.0.1", "LANG": "en_US.UTF-8",
        **variables(read(name), service, postgresql.new_database()),
    }  # fmt: skip
    with (
        (tmp_path / "log").open("w+") as log,
        subprocess.Popen(
            ["bash", "-c", f"exec {command}"], cwd=ROOT, env=environment, stdout=log, stderr=log
        ) as process,
    ):
        try:
            if service["type"] == "cron":
                assert process.wait(120) == 0, (tmp_path / "log").read_text()
                assert "BACKUP_URL is empty" in (tmp_path / "log").read_text()
                return
            address = f"http://127.0.0.1:{port}{service['healthCheckPath']}"
            until(lambda: process.poll() is not None or answers(address), (tmp_path / "log").read_text())
            assert answers(address), (tmp_path / "log").read_text()
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) is not None
    assert not (tmp_path / "data" / "vistobueno.sqlite").exists()


def answers(address: str) -> bool:
    try:
        return httpx.get(address, timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def docker_command() -> list[str]:
    words: list[str] = json.loads(re.findall(r"^CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)[-1])
    return words


def test_the_last_stage_is_the_station_not_root_and_says_how_it_is() -> None:
    station = DOCKERFILE.rpartition("\nFROM ")[2]
    assert station.startswith("scratch AS station")
    for line in ("USER 10001:10001", "STOPSIGNAL SIGTERM", 'VOLUME ["/data"]', "HEALTHCHECK "):
        assert line in station
    assert re.search(r"^FROM .* AS train$", DOCKERFILE, re.MULTILINE)


def test_every_install_of_the_image_is_held_to_hashes_or_to_what_was_built_here() -> None:
    installs = re.findall(r"pip (?:--python \S+ )?install [^\n&]*", DOCKERFILE)
    assert len(installs) == 5
    assert [each for each in installs if "--require-hashes" not in each and "--no-deps /wheels" not in each] == []


def test_the_context_of_the_image_holds_all_that_is_copied_and_little_else() -> None:
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[:1] == "!"}
    copied = {
        word for line in re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE, re.MULTILINE) for word in line.split()[:-1]
    }
    assert [each for each in copied if not any(each == one or each.startswith(f"{one}/") for one in let_in)] == []


def test_hadolint_has_nothing_to_say() -> None:
    tool("hadolint", "Dockerfile")


def test_zizmor_finds_no_weakness_in_the_workflows() -> None:
    tool("zizmor", "--offline", "--pedantic", "--no-progress", ".github")


@for_each(
    ("schema", "file"),
    [("vendor.compose-spec", "compose.yaml"), ("vendor.dependabot", ".github/dependabot.yml")]
    + [("vendor.github-workflows", each.relative_to(ROOT).as_posix()) for each in WORKFLOWS],
)
def test_a_file_keeps_to_its_schema(schema: str, file: str) -> None:
    tool("check-jsonschema", "--builtin-schema", schema, file)


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_every_action_is_pinned_to_a_commit_and_no_permission_is_given_to_all(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    used = re.findall(r"uses: (\S+)( # v[\d.]+)?", text)
    outside = [(action, version) for action, version in used if not action.startswith("./")]
    assert [each for each in outside if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", each[0]) or not each[1]] == []
    assert yaml.safe_load(text)["permissions"] == {}


def test_tests_run_on_every_python_that_is_promised() -> None:
    matrix = read(".github/workflows/tests.yml")["jobs"]["test"]["strategy"]["matrix"]["python"]
    classifiers = re.findall(r"Python :: (3\.\d+)", (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert matrix == classifiers


def test_compose_sets_only_what_the_station_knows_and_opens_only_caddy() -> None:
    services = read("compose.yaml")["services"]
    for name in ("station", "nightly"):
        assert services[name]["environment"].keys() <= KNOWN
        assert services[name]["read_only"] and services[name]["cap_drop"] == ["ALL"]
        assert services[name]["mem_limit"] == "512m"
    assert [name for name, each in services.items() if "ports" in each] == ["caddy"]
    assert [
        name for name, each in services.items() if ":latest" in each["image"] and "vistobueno" not in each["image"]
    ] == []


def test_the_example_names_every_variable_that_compose_asks_for() -> None:
    asked = set(re.findall(r"\$\{([A-Z0-9_]+)", (ROOT / "compose.yaml").read_text(encoding="utf-8")))
    example = set(re.findall(r"^([A-Z0-9_]+)=", (ROOT / "deploy" / "compose.env.example").read_text(), re.MULTILINE))
    assert asked - {"VISTOBUENO_VERSION"} == example


def test_requirements_for_hosts_lead_to_the_lock() -> None:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert lines[1:] == ["--require-hashes", "-r requirements/serve.txt"]
    assert (ROOT / ".python-version").read_text().strip() in (ROOT / ".github/workflows/tests.yml").read_text()


@pytest.fixture(autouse=True)
def _no_settings_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KNOWN:
        monkeypatch.delenv(name, raising=False)
