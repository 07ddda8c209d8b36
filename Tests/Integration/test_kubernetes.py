"""deploy/kubernetes: each object against the schemas of the Kubernetes API, and each configuration against the executable's check."""

import json
import re
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from harness.certificates import Authority
from harness.processes import bearerproxy
from harness.upstream import unused_port

MANIFESTS = sorted((Path(__file__).parents[2] / "deploy" / "kubernetes").glob("*.yaml"))
#: The oldest that has what they use: an init container that goes on.
VERSIONS = ["1.29", "1.34"]


def objects(manifest: Path) -> list[dict]:
    return [document for document in yaml.safe_load_all(manifest.read_text()) if document]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda path: path.name)
def test_each_object_is_what_the_api_takes(manifest, version):
    for document in objects(manifest):
        kubernetes_validate.validate(document, version, strict=True)


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda path: path.name)
def test_each_pod_can_do_no_more_than_it_has_to(manifest):
    deployment = next(document for document in objects(manifest) if document["kind"] == "Deployment")
    pod = deployment["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] and not pod["automountServiceAccountToken"]
    for container in pod.get("initContainers", []) + pod["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}
        }  # fmt: skip
        assert container["resources"]["limits"]["memory"]


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda path: path.name)
def test_each_configuration_is_valid(manifest, tmp_path):
    text = next(document for document in objects(manifest) if document["kind"] == "ConfigMap")["data"]["proxy.json"]
    # What the volumes bring, here.
    leaf = Authority(tmp_path).leaf("bearerproxy", ["bearerproxy"])
    files = {"tls.crt": leaf.certificate, "tls.key": leaf.key, "clients.pem": leaf.certificate}
    for name in ("client-id", "client-secret"):
        (tmp_path / name).write_text("0123456789abcdef0123456789abcdef01234567")
        (tmp_path / name).chmod(0o600)
        files[name] = tmp_path / name
    configuration = json.loads(text, object_hook=lambda entries: {key: placed(value, files) for key, value in entries.items()})
    (tmp_path / "proxy.json").write_text(json.dumps(configuration))
    done = bearerproxy("check", "--config", tmp_path / "proxy.json")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda path: path.name)
def test_each_probe_asks_where_the_proxy_tells(manifest):
    told = next(document for document in objects(manifest) if document["kind"] == "ConfigMap")["data"]["proxy.json"]
    deployment = next(document for document in objects(manifest) if document["kind"] == "Deployment")
    pod = deployment["spec"]["template"]["spec"]
    [proxy] = [container for container in pod.get("initContainers", []) + pod["containers"] if container["name"] == "bearerproxy"]
    commands = {probe: settings["exec"]["command"] for probe, settings in proxy.items() if probe.endswith("Probe")}
    # A proxy whose provider is away is not ready. It is not to be started again for that.
    assert {probe: "--alive" in command for probe, command in commands.items()} == dict.fromkeys(commands, True) | {"readinessProbe": False}
    assert "livenessProbe" in proxy and proxy["livenessProbe"]["failureThreshold"] * proxy["livenessProbe"]["periodSeconds"] >= 60
    for command in commands.values():
        assert command[-2:] == ["--admin", json.loads(told)["admin"]["listen"]]
        # Nobody listens there now: it is understood, and says so.
        assert bearerproxy(*command[1:]).returncode == 1


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda path: path.name)
def test_the_proxy_s_memory_has_room_for_what_it_may_keep(manifest):
    limits = (MANIFESTS[0].parents[2] / "Sources" / "Proxy" / "Limits.swift").read_text()
    kept = int(re.search(r"let replayBytesMax = (\d+) \* 1024 \* 1024$", limits, re.M).group(1))
    deployment = next(document for document in objects(manifest) if document["kind"] == "Deployment")
    pod = deployment["spec"]["template"]["spec"]
    [proxy] = [container for container in pod.get("initContainers", []) + pod["containers"] if container["name"] == "bearerproxy"]
    assert int(proxy["resources"]["limits"]["memory"].removesuffix("Mi")) >= 2 * kept


def test_nodes_can_be_emptied_while_no_proxy_is_ready():
    budgets = [document for manifest in MANIFESTS for document in objects(manifest) if document["kind"] == "PodDisruptionBudget"]
    assert budgets and all(budget["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow" for budget in budgets)


def test_an_unhealthy_container_is_one_that_does_not_answer():
    """Whatever the provider does."""
    text = (MANIFESTS[0].parents[1] / "Dockerfile").read_text()
    [command] = re.findall(r"^HEALTHCHECK .*\\\n\s+CMD (\[.*\])$", text, re.M)
    arguments = json.loads(command)
    assert arguments[:2] == ["bearerproxy", "status"] and "--alive" in arguments
    assert bearerproxy("status", "--alive", "--admin", f"127.0.0.1:{unused_port()}").returncode == 1


def placed(value, files: dict[str, Path]):
    is_mounted = isinstance(value, str) and value.startswith("/run/secrets/")
    return str(files[value.rpartition("/")[2]]) if is_mounted else value
