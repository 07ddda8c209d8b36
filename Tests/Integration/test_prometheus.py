"""deploy/prometheus: the alert rules and the dashboard speak of metrics that there are, with labels that they have."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from harness import limits
from harness.messages import request
from harness.upstream import unused_port

FILES = Path(__file__).parents[2] / "deploy" / "prometheus"
#: What Prometheus itself adds.
TARGET_LABELS = {"instance", "job"}
TARGET_METRICS = {"up": dict.fromkeys(TARGET_LABELS, set())}
#: Whose values a scrape has only as far as they have come up.
OPEN_LABELS = {"code": {"none", *map(str, range(100, 600))}}


def alerts() -> list[str]:
    groups = yaml.safe_load((FILES / "alerts.yaml").read_text())["groups"]
    return [rule["expr"] for group in groups for rule in group["rules"]]


def panels() -> list[str]:
    dashboard = json.loads((FILES / "dashboard.json").read_text())
    return [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]


@pytest.fixture(scope="module")
def labels(make_proxy, route, nginx) -> dict[str, dict[str, set[str]]]:
    """The labels of each metric with their values, by the name that an expression has for it."""
    port = unused_port()
    proxy = make_proxy(route(nginx.port), admin={"listen": f"127.0.0.1:{port}"})
    with proxy.client() as client:
        assert client.ask(request()).status
    with proxy.client(port) as client:
        text = client.ask(request(target="/metrics")).body.decode()
    found: dict[str, dict[str, set[str]]] = dict(TARGET_METRICS)
    for family in text_string_to_metric_families(text):
        # A metric without a sample has no labels to look at.
        found.setdefault(family.name + ("_total" if family.type == "counter" else ""), {})
        for sample in family.samples:
            known = found.setdefault(sample.name, {})
            for label, value in sample.labels.items():
                known.setdefault(label, set()).add(value)
    return found


@pytest.mark.parametrize("expression", [*alerts(), *panels()])
def test_an_expression_names_metrics_and_labels_that_there_are(expression, labels):
    named = re.findall(r"\b((?:bearerproxy|process)_\w+|up\b)(?:\{([^}]*)\})?", expression)
    assert named
    for metric, selectors in named:
        assert metric in labels, metric
        if not labels[metric]:
            continue
        selected = re.findall(r'(\w+)\s*(=~|!=|!~|=)\s*"([^"]*)"', selectors)
        assert len(selected) == len(re.findall(r"=~|!=|!~|=", selectors)), selectors
        for label, operator, text in selected:
            assert label in labels[metric].keys() | TARGET_LABELS, f"{metric} has no label {label}"
            if label in TARGET_LABELS or "$" in text:
                continue
            there = OPEN_LABELS.get(label, labels[metric][label])
            # Each alternative counts: one that is misspelled would be missed in silence.
            for pattern in text.split("|") if "~" in operator else [re.escape(text)]:
                assert any(re.fullmatch(pattern, value) for value in there), f"{metric} has no {label} of {pattern}: {there}"


@pytest.mark.skipif(not shutil.which("promtool"), reason="there is no promtool")
def test_prometheus_takes_the_rules_and_the_expressions_of_the_dashboard(tmp_path):
    texts = [expression.replace("$__rate_interval", "5m").replace("$instance", ".*").replace("$route", ".*") for expression in panels()]
    rules = [{"record": f"panel:{number}", "expr": text} for number, text in enumerate(texts)]
    (tmp_path / "panels.yaml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    command = ["promtool", "check", "rules", str(FILES / "alerts.yaml"), str(tmp_path / "panels.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=limits.TEST)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_two_panels_lie_over_one_another():
    taken = set()
    for panel in json.loads((FILES / "dashboard.json").read_text())["panels"]:
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        assert not cells & taken and place["x"] + place["w"] <= 24, panel["title"]
        taken |= cells


def test_replicas_are_told_apart_by_the_name_of_their_pod():
    """Each collector asks the same address, on its own loopback."""
    [recipe] = [block for block in re.findall(r"```yaml\n(.*?)```", (FILES.parents[1] / "README.md").read_text(), re.S) if "scrape_configs" in block]
    [job] = yaml.safe_load(recipe)["receivers"]["prometheus"]["config"]["scrape_configs"]
    assert job["job_name"] == "bearerproxy"
    [targets] = job["static_configs"]
    [variable] = re.findall(r"\$\{env:(\w+)\}", targets["labels"]["instance"])
    [environment] = yaml.safe_load(re.search(r"\benv: (\[.*\])", recipe).group(1))
    assert environment == {"name": variable, "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}
