"""Exports the live page's counts and delays to Prometheus."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from streamcam.web.health import CONDITIONS
from streamcam.web.live_page import LivePage


class Metrics(Collector):
    """Reads the counts when Prometheus asks for them.

    Args:
        page: whose counts they are.
    """

    def __init__(self, page: LivePage) -> None:
        self._page = page
        self._registry = CollectorRegistry(auto_describe=True)
        self._registry.register(self)
        ProcessCollector(registry=self._registry)
        GCCollector(registry=self._registry)

    def text(self) -> bytes:
        """In Prometheus' text format."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Called by the library."""
        page, state, audience = self._page, self._page.state, self._page.audience
        for name, what, value in (
            ("viewers", "Pages and streams that are connected.", audience.connected),
            ("viewers_came", "Viewers so far.", audience.admitted),
            ("viewers_refused", "Viewers for whom there was no place.", audience.refused),
            (
                "connections_turned_away",
                "Connections that said nothing, of addresses with too many.",
                page.doors.turned_away,
            ),
            ("messages_malformed", "Messages that no page of ours sends.", page.malformed),
            ("frames", "Frames that reached the page's sink.", page.count("received")),
            ("frames_encoded", "Frames encoded for pages, once for all of them.", page.count("encoded")),
            (
                "pictures_encoded",
                "Annotated pictures encoded for MJPEG, once for all viewers.",
                page.count("encoded_mjpeg"),
            ),
            ("idle_resets", "Returns to the curator's settings.", state.resets),
            ("restarts", "Sessions begun again because staff said so.", state.restarts),
            ("failures", "Sessions begun again after an error.", state.failures),
        ):
            metric = GaugeMetricFamily if name == "viewers" else CounterMetricFamily
            yield metric(f"streamcam_{name}", what, value=value)
        how = GaugeMetricFamily("streamcam_health", "1 for how the page does.", labels=["status"])
        for condition in CONDITIONS:
            how.add_metric([condition], float(condition == page.condition))
        yield how
        yield GaugeMetricFamily(
            "streamcam_camera_silent_seconds", "Since the camera gives none.", value=page.camera.silent
        )
        if not (state.stats and state.source):
            return
        stats, counts = state.stats, state.source.counts
        yield CounterMetricFamily("streamcam_explanations", "Maps made.", value=stats.explained)
        yield CounterMetricFamily("streamcam_source_stalls", "Silences of the source.", value=counts.stalls)
        yield CounterMetricFamily("streamcam_source_reconnects", "Returns of the source.", value=counts.reconnects)
        live = GaugeMetricFamily("streamcam_source_phase", "1 for the phase that the source is in.", labels=["phase"])
        for phase in ("connecting", "live", "retrying", "ended", "attracting", "closed"):
            live.add_metric([phase], float(state.source.state.phase == phase))
        yield live
        delays = GaugeMetricFamily(
            "streamcam_delay_seconds",
            "Since the frame came from the source, of the session.",
            labels=["at", "quantile"],
        )
        for at in ("delay", "page", "map_age"):
            for share in (0.5, 0.95, 0.99):
                seconds = stats.stages[at].percentile(share)
                if seconds is not None:
                    delays.add_metric([{"delay": "sink"}.get(at, at), str(share)], seconds)
        yield delays
