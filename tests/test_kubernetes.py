"""The manifests: what Kubernetes would take, and what the station really is."""

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from vistobueno import __version__
from vistobueno.settings import Settings, read_settings
from vistobueno.web.metrics import REGISTRY, STATION
from vistobueno.web.rules import rule_for

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "deploy" / "kubernetes"
VERSIONS = ("1.30", "1.37")  # the oldest that a pod may sleep in before it ends, and a new one
SETTINGS = {each.name.upper(): each.metadata["secret"] for each in fields(Settings)}
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
Manifest = dict[str, Any]


def read(name: str) -> Manifest:
    document: Manifest = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
    return document


BASE = {each: read(f"base/{each}") for each in read("base/kustomization.yaml")["resources"]}
DEPLOYMENT, SERVICE = BASE["deployment.yaml"], BASE["service.yaml"]
INFERENCE = read("kserve/inference.yaml")
VARIABLES = dict(
    line.split("=", 1) for line in (FOLDER / "base" / "settings.env").read_text(encoding="utf-8").splitlines()
)
OF_KSERVE = ("minReplicas", "maxReplicas", "scaleMetric", "scaleTarget", "labels")  # beside what a pod's spec has


def pods() -> Iterator[tuple[str, Manifest]]:
    """The spec of every pod that is made."""
    yield "station", DEPLOYMENT["spec"]["template"]["spec"]
    yield "nightly", BASE["nightly.yaml"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    predictor = INFERENCE["spec"]["predictor"]
    yield "inference", {name: value for name, value in predictor.items() if name not in OF_KSERVE}


PODS = dict(pods())


def valid(manifest: Manifest) -> None:
    for version in VERSIONS:
        kubernetes_validate.validate(manifest, version, strict=True)


def test_kubernetes_takes_every_manifest() -> None:
    assert {each["kind"] for each in BASE.values()} == {
        "Deployment", "Service", "PodDisruptionBudget", "HorizontalPodAutoscaler", "CronJob"}  # fmt: skip
    for manifest in (*BASE.values(), read("example/namespace.yaml")):
        valid(manifest)
    for name, spec in PODS.items():
        valid({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec})


def test_a_mistake_is_seen() -> None:
    for break_it in (
        lambda it: it["spec"].pop("selector"),
        lambda it: it["spec"]["template"]["spec"]["containers"][0].update(readynessProbe={}),
        lambda it: it["spec"]["template"]["spec"]["containers"][0]["lifecycle"]["preStop"].update(sleep={"s": 5}),
    ):
        manifest = read("base/deployment.yaml")
        break_it(manifest)
        with pytest.raises(kubernetes_validate.ValidationError):
            valid(manifest)


def rendered(folder: Path) -> list[Manifest]:
    done = subprocess.run(["kubectl", "kustomize", str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def test_kustomize_puts_the_example_together(tmp_path: Path) -> None:
    """Where kubectl is there; what it would put together is looked at piece by piece elsewhere."""
    if shutil.which("kubectl") is None:
        return
    shutil.copytree(FOLDER, tmp_path / "kubernetes")
    example = tmp_path / "kubernetes" / "example" / "kustomization.yaml"
    text = example.read_text(encoding="utf-8")
    example.write_text(re.sub(r"^# (components: \[.*?\]).*", r"\1", text, flags=re.MULTILINE), encoding="utf-8")
    found = {each["kind"]: each for each in rendered(example.parent)}
    (named,) = {each["configMapRef"]["name"] for kind in ("Deployment", "InferenceService")
                for each in container(pod_of(found[kind]))["envFrom"]}  # fmt: skip
    assert named == found["ConfigMap"]["metadata"]["name"] != "vistobueno"
    for kind, manifest in found.items():
        assert manifest["metadata"].get("namespace", "vistobueno") == "vistobueno"
        if kind != "InferenceService":
            valid(manifest)
    for kind in ("Deployment", "InferenceService"):
        assert container(pod_of(found[kind]))["image"] == f"vistobueno:{__version__}"


def pod_of(manifest: Manifest) -> Manifest:
    spec: Manifest = manifest["spec"]
    return spec["predictor"] if "predictor" in spec else spec["template"]["spec"]  # type: ignore[no-any-return]


def container(spec: Manifest) -> Manifest:
    (only,) = spec["containers"]
    return only  # type: ignore[no-any-return]


def test_variables_are_settings_and_secrets_are_named_never_written() -> None:
    written = dict(VARIABLES)
    for each in read("example/kustomization.yaml")["configMapGenerator"][0]["literals"]:
        written |= dict([each.split("=", 1)])
    assert written.keys() <= SETTINGS.keys()
    assert [name for name in written if SETTINGS[name]] == []
    for name, spec in PODS.items():
        only = container(spec)
        assert only["envFrom"] == [{"configMapRef": {"name": "vistobueno"}}], name
        for each in only["env"]:
            told = each["valueFrom"]["secretKeyRef"]
            assert each["name"] in SETTINGS and each.keys() == {"name", "valueFrom"}, name
            assert (told["name"], told["key"]) == ("vistobueno", each["name"]), name
    kinds = [yaml.safe_load(each.read_text(encoding="utf-8"))["kind"] for each in FOLDER.rglob("*.yaml")
             if "kind:" in each.read_text(encoding="utf-8") and each.name != "references.yaml"]  # fmt: skip
    assert "Secret" not in kinds


def test_the_station_starts_with_what_it_is_given() -> None:
    for name, spec in PODS.items():
        secret = {each["name"]: "x" * 43 for each in container(spec)["env"]}
        settings = read_settings({**VARIABLES, **secret, "DATABASE_URL": "postgresql://u:p@h/d"})
        assert settings.env == "production" and settings.judging_threads > 0, "cores of the node are not the pod's"
        assert settings.evidence_url.startswith("s3://") and settings.backup_url.startswith("s3://"), name
    seal = Path(VARIABLES["SEAL_PKCS12"])
    assert str(seal.parent) in {each["mountPath"] for each in container(PODS["station"])["volumeMounts"]}


def test_ports_and_paths_are_the_station_s() -> None:
    exposed = int(re.findall(r"^EXPOSE (\d+)$", DOCKERFILE, re.MULTILINE)[-1])
    for name in ("station", "inference"):
        only = container(PODS[name])
        (port,) = only["ports"]
        assert port["containerPort"] == exposed
        for probe, path in (("startupProbe", "/healthz"), ("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")):
            asked = only[probe]["httpGet"]
            assert asked["path"] == path and rule_for("GET", path).who == "all"
            assert asked["port"] in (port.get("name"), exposed)
    (served,) = SERVICE["spec"]["ports"]
    assert served["targetPort"] == container(PODS["station"])["ports"][0]["name"]
    assert container(PODS["nightly"])["command"] == ["vistobueno", "nightly"]


def test_no_pod_has_more_rights_than_the_image_needs() -> None:
    user = int(re.findall(r"^USER (\d+):", DOCKERFILE, re.MULTILINE)[-1])
    for name, spec in PODS.items():
        only = container(spec)
        who, may = spec["securityContext"], only["securityContext"]
        assert who["runAsNonRoot"] and {who["runAsUser"], who["runAsGroup"], who["fsGroup"]} == {user}, name
        assert may["readOnlyRootFilesystem"] and not may["allowPrivilegeEscalation"], name
        assert may["capabilities"] == {"drop": ["ALL"]} and who["seccompProfile"]["type"] == "RuntimeDefault", name
        assert not spec["automountServiceAccountToken"] and not spec["enableServiceLinks"], name
        assert only["resources"]["limits"]["memory"] == "512Mi", name
        assert {"/data", "/tmp"} <= {each["mountPath"] for each in only["volumeMounts"]}, name  # noqa: S108
        assert {each["name"] for each in only["volumeMounts"]} == {each["name"] for each in spec["volumes"]}, name


def test_a_pod_ends_after_the_station_has() -> None:
    from vistobueno.web.server import ENDED_WITHIN

    waits = container(PODS["station"])["lifecycle"]["preStop"]["sleep"]["seconds"]
    for name in ("station", "inference"):
        assert PODS[name]["terminationGracePeriodSeconds"] >= ENDED_WITHIN + waits


def matches(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    return selector.items() <= labels.items()


def test_selectors_find_the_station_and_nothing_else() -> None:
    template = DEPLOYMENT["spec"]["template"]
    others = (
        BASE["nightly.yaml"]["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["labels"],
        INFERENCE["spec"]["predictor"]["labels"],
    )
    for selector in (
        DEPLOYMENT["spec"]["selector"]["matchLabels"],
        SERVICE["spec"]["selector"],
        BASE["disruption.yaml"]["spec"]["selector"]["matchLabels"],
        template["spec"]["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"],
    ):
        assert matches(selector, template["metadata"]["labels"])
        assert not any(matches(selector, labels) for labels in others)


def test_it_grows_by_what_the_station_exports_and_one_replica_always_stays() -> None:
    spec = BASE["autoscaler.yaml"]["spec"]
    target = spec["scaleTargetRef"]
    assert (target["kind"], target["name"]) == (DEPLOYMENT["kind"], DEPLOYMENT["metadata"]["name"])
    assert "replicas" not in DEPLOYMENT["spec"], "or every apply would undo what the autoscaler did"
    pods_metric, processor = spec["metrics"]
    exported = {each.name for each in (*REGISTRY.collect(), *STATION.describe())}
    assert pods_metric["pods"]["metric"]["name"] in exported
    fits = int(VARIABLES["JUDGING_THREADS"]) + int(VARIABLES["JUDGING_QUEUE"])
    assert 1 < int(pods_metric["pods"]["target"]["averageValue"]) < fits
    assert processor["resource"]["name"] == "cpu"
    assert spec["minReplicas"] > BASE["disruption.yaml"]["spec"]["maxUnavailable"]


def test_no_registry_is_named_and_the_tag_is_the_version() -> None:
    for spec in PODS.values():
        assert container(spec)["image"] == "vistobueno"
    for name in ("base", "kserve"):
        assert read(f"{name}/kustomization.yaml")["images"] == [{"name": "vistobueno", "newTag": __version__}]


def test_kserve_serves_the_container_under_the_name_that_it_looks_for() -> None:
    assert INFERENCE["apiVersion"] == "serving.kserve.io/v1beta1" and INFERENCE["kind"] == "InferenceService"
    assert container(PODS["inference"])["name"] == "kserve-container"
    assert rule_for("POST", "/v2/models/any/infer").permission == "infer"
    predictor = INFERENCE["spec"]["predictor"]
    assert 0 < predictor["minReplicas"] <= predictor["maxReplicas"]
