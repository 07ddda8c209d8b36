"""What /metrics says, read by Prometheus' own parser, against what the clients counted."""

import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from harness import limits
from harness.messages import request
from harness.upstream import unused_port


def families(port) -> dict:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=limits.ANSWER) as response:
        text = response.read().decode()
    found = {family.name: family for family in text_string_to_metric_families(text)}
    assert len(found) == text.count("# TYPE "), "each family stands there once"
    return found


def value(families, name, **labels):
    """The sum of the samples with these labels."""
    family = next(families[prefix] for prefix in (name, name.removesuffix("_total"), name.removesuffix("_count"), name.removesuffix("_sum")) if prefix in families)
    samples = [sample for sample in family.samples if sample.name == name and labels.items() <= sample.labels.items()]
    return sum(sample.value for sample in samples)


@pytest.fixture(scope="module")
def upstream(make_upstream):
    return make_upstream()


@pytest.mark.parametrize("threads", [1, 2])
def test_the_counters_agree_with_what_the_clients_counted(make_proxy, route, upstream, threads):
    port = unused_port()
    proxy = make_proxy(route(upstream.port), admin={"listen": f"127.0.0.1:{port}"}, threads=threads)
    statuses, bytes_received = [], 0
    # Whoever waited for the start has connected, too.
    connected = value(families(port), "bearerproxy_client_connections_accepted_total")
    for _ in range(20):
        with proxy.client() as client:
            for _ in range(5):
                answer = client.ask(request("GET", "/a"))
                statuses.append(answer.status)
                bytes_received += len(answer.body)
    for _ in range(3):
        with proxy.client() as client:
            statuses.append(client.ask(request("GET", "/a", host="evil.example")).status)
    with proxy.client() as client:
        assert client.ask(b"GET / HTTP/1.1\r\nHost : x\r\n\r\n").status == 400
    counted = families(port)
    for status in set(statuses):
        assert value(counted, "bearerproxy_requests_total", code=str(status)) == statuses.count(status)
    assert statuses.count(200) == 100 and value(counted, "bearerproxy_requests_total") == 104
    assert value(counted, "bearerproxy_failures_total", cause="forbidden") == 3
    assert value(counted, "bearerproxy_failures_total", cause="bad_request", route="") == 1
    assert value(counted, "bearerproxy_response_content_bytes_total", route="up") >= bytes_received
    assert value(counted, "bearerproxy_requests_in_flight", route="up") == 0
    assert value(counted, "bearerproxy_client_connections_accepted_total") - connected == 24
    assert value(counted, "bearerproxy_upstream_duration_seconds_count", route="up") == 100
    assert 0 < value(counted, "bearerproxy_overhead_duration_seconds_sum", route="up") < value(
        counted, "bearerproxy_request_duration_seconds_sum", route="up")
    assert value(counted, "bearerproxy_bytes_total", side="client", direction="received") > 0
    assert value(counted, "bearerproxy_bytes_total", side="upstream", direction="sent") > 0
    assert value(counted, "bearerproxy_token_usable", credential="fixed") == 1
    assert len({sample.labels["loop"] for sample in counted["bearerproxy_loop_turn_seconds"].samples}) == threads


def test_the_process_is_told_of_although_it_is_confined(make_proxy, route, upstream):
    port = unused_port()
    make_proxy(route(upstream.port), admin={"listen": f"127.0.0.1:{port}"})
    counted = families(port)
    assert 1 << 20 < value(counted, "process_resident_memory_bytes") < 1 << 30
    assert value(counted, "process_max_fds") > 0 and value(counted, "process_cpu_seconds_total") > 0
    assert value(counted, "process_start_time_seconds") > 1_600_000_000
    assert value(counted, "bearerproxy_config_last_reload_successful") == 1
    assert value(counted, "bearerproxy_config_last_reload_success_timestamp_seconds") >= int(value(counted, "process_start_time_seconds"))
    [build] = counted["bearerproxy_build_info"].samples
    assert set(build.labels) == {"version", "commit", "openssl"}
    assert build.value == 1 and build.labels["version"] and build.labels["openssl"].startswith("OpenSSL 3")


def test_histograms_are_cumulative_and_end_with_all(make_proxy, route, upstream):
    port = unused_port()
    proxy = make_proxy(route(upstream.port), admin={"listen": f"127.0.0.1:{port}"})
    with proxy.client() as client:
        assert client.ask(request("GET", "/a")).status == 200
    for family in families(port).values():
        if family.type != "histogram":
            continue
        by_labels = {}
        for sample in family.samples:
            if sample.name.endswith("_bucket"):
                labels = tuple(sorted((name, text) for name, text in sample.labels.items() if name != "le"))
                by_labels.setdefault(labels, []).append((float(sample.labels["le"]), sample.value))
        assert by_labels
        for labels, buckets in by_labels.items():
            assert buckets == sorted(buckets) and [count for _, count in buckets] == sorted(count for _, count in buckets)
            assert buckets[-1][0] == float("inf")
            [count] = [sample.value for sample in family.samples if sample.name.endswith("_count") and labels == tuple(sorted(sample.labels.items()))]
            assert buckets[-1][1] == count
