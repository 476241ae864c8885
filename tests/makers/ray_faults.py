"""A cluster of two nodes that loses an actor, a process and a node while it works; what came of it, as JSON.

python tests/makers/ray_faults.py SOURCE OUT MODEL
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ |= {"RAY_worker_niceness": "0"}  # other tests run beside it

import ray
from ray.cluster_utils import Cluster

from streamcam.batch.driver import Batch
from streamcam.batch.jobs import plan
from streamcam.batch.manifest import Manifest
from streamcam.batch.ray_workers import RayWorkers
from streamcam.batch.settings import AnnotationSettings
from streamcam.settings import ModelSettings


def main() -> None:
    source, out, model = sys.argv[1:]
    settings = AnnotationSettings(model=ModelSettings(model=model))
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 2})
    second = cluster.add_node(num_cpus=2)
    workers = RayWorkers(settings, cluster.address)
    jobs = plan([source], Path(out)).jobs
    batch = Batch(jobs, Manifest(Path(out), settings), settings)
    faults: list[str] = []
    outcomes: list[tuple[str, str, str]] = []

    def until(done: int) -> None:
        while len(outcomes) < done:
            time.sleep(0.05)

    def disturb() -> None:
        while len(workers.actors) < 2:
            time.sleep(0.05)
        pids = ray.get([actor.pid.remote() for actor in workers.actors])
        until(2)
        ray.kill(workers.actors[0], no_restart=False)
        faults.append("actor killed")
        until(6)
        os.kill(pids[1], signal.SIGKILL)
        faults.append("process killed")
        until(10)
        cluster.remove_node(second)
        faults.append("node removed")

    thread = threading.Thread(target=disturb, daemon=True)
    thread.start()
    began = time.monotonic()
    for outcome in batch.run(workers, lambda progress: None):
        outcomes.append((str(outcome.job.source), outcome.state, outcome.error))
    thread.join(timeout=60)
    print(json.dumps({"faults": faults, "outcomes": outcomes, "seconds": time.monotonic() - began}))
    ray.shutdown()
    cluster.shutdown()


if __name__ == "__main__":
    main()
