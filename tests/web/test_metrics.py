"""Numbers for Prometheus."""

from __future__ import annotations

from makers.needs import need_module


def test_numbers_for_prometheus_can_be_parsed(serving):
    parser = need_module("prometheus_client.parser", "reads them back")
    families = {f.name: f for f in parser.text_string_to_metric_families(serving.get("/metrics")[2].decode())}
    assert families["streamcam_frames"].samples[0].value > 0
    assert {s.labels["phase"]: s.value for s in families["streamcam_source_phase"].samples}["live"] == 1
    assert families["streamcam_delay_seconds"].samples
