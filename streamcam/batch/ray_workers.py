"""Actors on a Ray cluster: one compiled explainer each; only paths and small results pass through the object store.

All machines of the cluster must see the inputs and the folder of results under the same paths.
"""

from __future__ import annotations

import logging
import os
import time
import warnings
from collections import Counter
from collections.abc import Callable, Generator
from typing import Any

from streamcam.batch.settings import Settings, Task
from streamcam.batch.workers import Finished, News, Tasks
from streamcam.errors import MissingLibraryError, OptionError, StreamcamError, StreamcamWarning, plain
from streamcam.system.wire import from_builtins, to_builtins

_CORES_EACH = 2  # one explains while the other decodes and encodes
_RETRIES = 3  # of a task whose actor, process or machine is gone
_ACTORS = 2  # that may be lost, after all retries, with one task
_STILLBORN = 4  # actors in a row that may fail to begin
_WAIT = 1.0  # seconds between looks at who has joined the cluster


class RayCrew:
    """Actors on a cluster, as many as its cores allow; machines that join are used, and those that leave are not missed.

    Args:
        settings: of all tasks.
        address: of the cluster, ``auto`` for the one that this machine is part of, or None to start one here.

    Attributes:
        actors: at work.

    Raises:
        MissingLibraryError: Ray is not installed.
        OptionError: there is no cluster at the address.
    """

    def __init__(self, settings: Settings, address: str | None) -> None:
        try:
            import ray
        except ImportError as error:
            raise MissingLibraryError(
                "--ray needs Ray, which is not installed; install it with: pip install 'streamcam[ray]'"
            ) from error
        self._ray, self._settings = ray, settings
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # no network unless the user names one
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        if not ray.is_initialized():
            try:
                ray.init(
                    address=address or "local",
                    include_dashboard=False if address is None else None,
                    logging_level=logging.ERROR,
                    log_to_driver=False,
                    runtime_env={"env_vars": {"PYTHONPATH": os.environ.get("PYTHONPATH", "")}},
                )
            except (ConnectionError, ValueError, RuntimeError) as error:
                raise OptionError(f"ray {address}: no cluster answers there ({plain(error)[:200]})") from error
        threads = settings.explain.threads or _CORES_EACH
        largest = max((int(node["Resources"].get("CPU", 1)) for node in ray.nodes() if node["Alive"]), default=1)
        cores = max(1, min(_CORES_EACH, largest))
        # A restarted actor begins with an empty memory, and a task that is done twice gives the same bytes.
        self._actor = ray.remote(
            num_cpus=cores, max_restarts=-1, max_task_retries=_RETRIES, scheduling_strategy="SPREAD"
        )(_Actor)
        self._cores, self._threads = cores, threads
        self.actors: list[Any] = []

    def work(self, tasks: Tasks, told: Callable[[News], object]) -> Generator[Finished, None, None]:
        """See ``Crew``."""
        ray, actors = self._ray, self.actors
        idle: list[Any] = []
        running: dict[Any, tuple[Any, Task]] = {}
        again: list[Task] = []
        lost: Counter[int] = Counter()
        stillborn = 0
        more = True
        try:
            while more or running or again:
                while more or again:
                    if not idle:
                        if len(actors) >= self._places():
                            break
                        actors.append(self._actor.remote(to_builtins(self._settings.absolute()), self._threads))
                        idle.append(actors[-1])
                    task = again.pop() if again else next(tasks, self)
                    if not isinstance(task, Task):
                        more = task is None
                        break
                    actor = idle.pop()
                    running[actor.do.remote(task.absolute().to_json())] = actor, task
                    told(News(actors.index(actor), task))
                while idle and not (more or again):  # makes room for an actor that waits to be restarted elsewhere
                    actor = idle.pop()
                    ray.kill(actor)
                    actors.remove(actor)
                if not running:
                    time.sleep(_WAIT if more else 0)
                    continue
                done, _ = ray.wait(list(running), timeout=_WAIT)
                for reference in done:
                    actor, task = running.pop(reference)
                    try:
                        answer = ray.get(reference)
                    except ray.exceptions.RayError as error:
                        # Perhaps the actor could not even begin, on a machine that lacks something: another tries.
                        ray.kill(actor)
                        actors.remove(actor)
                        lost[task.id] += 1
                        stillborn += getattr(error, "actor_init_failed", False)
                        if stillborn >= _STILLBORN:
                            raise StreamcamError(f"ray: no actor can begin ({plain(error)[-300:]})") from error
                        if lost[task.id] < _ACTORS:
                            again.append(task)
                        else:
                            name = type(error).__name__
                            yield Finished(task, error=f"{task.source}: {_ACTORS} actors were lost with it ({name})")
                        continue
                    stillborn = 0
                    idle.append(actor)
                    for warning in answer["warnings"]:
                        told(News(actors.index(actor), task, warning=warning))
                    yield Finished.answered(task, answer)
        finally:
            for actor in actors:
                ray.kill(actor)
            actors.clear()

    def _places(self) -> int:
        """How many actors the cluster has place for now; none reaches over two machines."""
        machines = (node["Resources"].get("CPU", 0) for node in self._ray.nodes() if node["Alive"])
        return max(1, sum(int(cores // self._cores) for cores in machines))


class _Actor:
    """One of them."""

    def __init__(self, settings: dict[str, Any], threads: int) -> None:
        import cv2

        from streamcam.batch.task import Workshop

        cv2.setNumThreads(threads)
        self._shop = Workshop(from_builtins(settings, Settings), threads=threads)

    def pid(self) -> int:
        """Of its process."""
        return os.getpid()

    def do(self, task: dict[str, Any]) -> dict[str, Any]:
        """Do one task; what came of it, and what there was to say."""
        from streamcam.batch.workers import attempt

        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", StreamcamWarning)
            answer = attempt(self._shop, Task.from_json(task))
        said = [str(one.message) for one in caught if issubclass(one.category, StreamcamWarning)]
        return answer | {"warnings": said}
