"""Tasks on a Ray cluster: one actor with one compiled explainer each; only paths and small results travel.

All machines of the cluster must see the inputs and the folder of results under the same paths.
"""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import time
import warnings
from collections.abc import Generator, Iterator, Sequence
from contextlib import chdir, contextmanager
from dataclasses import replace
from tempfile import mkdtemp
from typing import Any

from streamcam.batch.dispatch import Event, Progress, Tasks, WorkerLost, dispatch
from streamcam.batch.settings import AnnotationSettings
from streamcam.batch.task import Task, TaskOutcome, TaskProgress, WorkerOrder, WorkerReport
from streamcam.errors import MissingLibraryError, OptionError, StreamcamWarning, plain
from streamcam.system.child import isolated
from streamcam.system.wire import from_json, to_json

_CORES_EACH = 2  # one explains while the other decodes and encodes
_RETRIES = 3  # of a task whose actor, process or machine is gone
_WAIT = 1.0  # seconds between looks at who has joined the cluster


class RayWorkers:
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

    noun = "Ray actors"
    most_unready = 4
    advice = ""

    def __init__(self, settings: AnnotationSettings, address: str | None) -> None:
        self._ray = ray = _connected(address)
        largest = max((int(node["Resources"].get("CPU", 1)) for node in ray.nodes() if node["Alive"]), default=1)
        self._cores = max(1, min(_CORES_EACH, largest))
        self._order = to_json(WorkerOrder(settings.absolute(), settings.explain.threads or _CORES_EACH))
        # A restarted actor begins with an empty memory, and a task that is done twice gives the same bytes.
        self._actor = ray.remote(
            num_cpus=self._cores, max_restarts=-1, max_task_retries=_RETRIES, scheduling_strategy="SPREAD"
        )(_Actor)
        self.actors: list[Any] = []
        self._idle: list[Any] = []
        self._running: dict[Any, tuple[Any, Task]] = {}  # by the reference of a result: the actor and its task
        self._news: list[Event] = []

    def work(self, tasks: Tasks, progress: Progress) -> Generator[TaskOutcome, None, None]:
        """See ``Workers``."""
        return dispatch(tasks, self, progress)

    @property
    def is_busy(self) -> bool:
        """See ``Pool``."""
        return bool(self._running)

    def has_place(self) -> bool:
        """See ``Pool``."""
        return bool(self._idle) or len(self.actors) < self._places()

    def _places(self) -> int:
        """How many actors the cluster has place for now; none reaches over two machines."""
        machines = (node["Resources"].get("CPU", 0) for node in self._ray.nodes() if node["Alive"])
        return max(1, sum(int(cores // self._cores) for cores in machines))

    def give(self, task: Task) -> None:
        """See ``Pool``. Actors are started as they are needed."""
        if not self._idle:
            self.actors.append(self._actor.remote(self._order))
            self._idle.append(self.actors[-1])
        actor = self._idle.pop()
        self._running[actor.do.remote(to_json(replace(task.absolute(), again=True)))] = actor, task
        self._news.append(TaskProgress(self.actors.index(actor), task))

    def rest(self) -> None:
        """See ``Pool``. It makes room for an actor that waits to be restarted on another machine."""
        while self._idle:
            self._dismiss(self._idle.pop())

    def events(self) -> Sequence[Event]:
        """See ``Pool``."""
        if not self._running:
            time.sleep(_WAIT)
        else:
            done, _ = self._ray.wait(list(self._running), timeout=_WAIT)
            for reference in done:
                self._news += self._over(reference, *self._running.pop(reference))
        news, self._news = self._news, []
        return news

    def _over(self, reference: Any, actor: Any, task: Task) -> Sequence[Event]:
        """What came of a task."""
        try:
            reports = [from_json(line, WorkerReport) for line in self._ray.get(reference)]
        except self._ray.exceptions.RayError as error:
            # Perhaps the actor could not even begin, on a machine that lacks something: another tries.
            self._dismiss(actor)
            why = plain(error)[-300:]
            return (WorkerLost(task, why, had_begun=not getattr(error, "actor_init_failed", False)),)
        self._idle.append(actor)
        *said, last = reports
        number = self.actors.index(actor)
        warned = [TaskProgress(number, task, warning=report.warning) for report in said]
        return (*warned, TaskOutcome(task, last.result, last.failure))

    def _dismiss(self, actor: Any) -> None:
        self._ray.kill(actor)
        self.actors.remove(actor)

    def close(self) -> None:
        """See ``Pool``."""
        for actor in self.actors:
            self._ray.kill(actor)
        self.actors.clear()
        self._idle.clear()
        self._running.clear()


def _connected(address: str | None) -> Any:
    """Ray, as part of a cluster."""
    try:
        import ray
    except ImportError as error:
        raise MissingLibraryError(
            "--ray needs Ray, which is not installed; install it with: pip install 'streamcam[ray]'"
        ) from error
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # no network unless the user names one
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    if not ray.is_initialized():
        ours = isolated(os.environ)
        try:
            with _in_empty_folder():
                ray.init(
                    address=address or "local",
                    include_dashboard=False if address is None else None,
                    logging_level=logging.ERROR,
                    log_to_driver=False,
                    runtime_env={"env_vars": {name: ours.get(name, "") for name in ("PYTHONPATH", "PYTHONSAFEPATH")}},
                )
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise OptionError(f"ray {address}: no cluster answers there ({plain(error)[:200]})") from error
    return ray


@contextmanager
def _in_empty_folder() -> Iterator[None]:
    """Be in a folder without files: Ray puts the current one first on the module path of all actors."""
    empty = mkdtemp(prefix="streamcam-ray-")
    atexit.register(shutil.rmtree, empty, ignore_errors=True)
    with chdir(empty):
        yield


class _Actor:
    """A worker on a machine of the cluster. What comes and goes is JSON, as for worker processes."""

    def __init__(self, order: str) -> None:
        import cv2

        from streamcam.batch.runner import TaskRunner

        given = from_json(order, WorkerOrder)
        cv2.setNumThreads(given.threads)
        self._runner = TaskRunner(given.settings, threads=given.threads)

    def pid(self) -> int:
        """Of its process."""
        return os.getpid()

    def do(self, task: str) -> list[str]:
        """Do one task: a report for each warning, and at last one of what came of it."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", StreamcamWarning)
            outcome = self._runner.attempt(from_json(task, Task))
        said = [WorkerReport(warning=str(one.message)) for one in caught if issubclass(one.category, StreamcamWarning)]
        return [to_json(report) for report in (*said, WorkerReport(result=outcome.result, failure=outcome.failure))]
