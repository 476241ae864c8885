"""The rules by which tasks are given to workers, with workers that a test makes end."""

from __future__ import annotations

from pathlib import Path

import pytest

from streamcam.annotation.outputs import Outputs
from streamcam.batch.dispatch import WorkerLost, WorkerReady, dispatch
from streamcam.batch.task import Task, TaskOutcome, TaskProgress, TaskResult
from streamcam.errors import StreamcamError


class Pool:
    """One worker. What happens to each attempt is a script: ``done``, ``warns``, ``lost``, ``not ready``."""

    noun, most_unready, advice = "workers", 3, "; have a rest"

    def __init__(self, *script):
        self.script = list(script)
        self.task = None
        self.given, self.rested, self.closed = [], 0, False

    @property
    def is_busy(self):
        return self.task is not None

    def has_place(self):
        return self.task is None

    def give(self, task):
        self.task = task
        self.given.append(task.id)

    def rest(self):
        self.rested += 1

    def events(self):
        if self.task is None:
            return ()
        task, self.task = self.task, None
        what = self.script.pop(0) if self.script else "done"
        if what == "warns":
            said = [TaskProgress(0, task, warning="guessed"), TaskProgress(0, task, frames=7)]
            return *said, *said, TaskOutcome(task, TaskResult("out.mp4", 1, 1.0, 0, "model", None))
        if what == "done":
            return WorkerReady(), TaskOutcome(task, TaskResult("out.mp4", 1, 1.0, 0, "model", None))
        return (WorkerLost(task, "exit code -9", had_begun=what == "lost"),)

    def close(self):
        self.closed = True


def tasks(count):
    return iter([Task(number, Path(f"{number}.mp4"), Outputs(Path("out.mp4"))) for number in range(count)])


def test_a_task_whose_worker_is_lost_is_done_once_more():
    pool = Pool("done", "lost", "done", "done")
    outcomes = list(dispatch(tasks(3), pool, print))
    assert [outcome.task.id for outcome in outcomes] == [0, 1, 2]
    assert all(outcome.result for outcome in outcomes)
    assert pool.given == [0, 1, 1, 2]
    assert pool.closed
    assert pool.rested


def test_a_task_that_loses_two_workers_has_failed_and_the_others_are_done():
    pool = Pool("lost", "lost", "done")
    first, second = dispatch(tasks(2), pool, print)
    assert first.failure.reason == "0.mp4: 2 workers ended while they were at it (exit code -9)"
    assert not first.failure.is_of_settings
    assert second.result


def test_workers_that_cannot_begin_are_no_tasks_fault():
    pool = Pool("not ready", "not ready", "done", "not ready", "not ready", "done")
    assert all(outcome.result for outcome in dispatch(tasks(2), pool, print))
    pool = Pool("not ready", "not ready", "not ready")
    with pytest.raises(StreamcamError, match=r"3 workers ended before they could begin \(exit code -9\); have a rest"):
        list(dispatch(tasks(2), pool, print))
    assert pool.closed


def test_none_is_no_task_for_the_moment():
    waiting = [None, None, *tasks(1), None]
    pool = Pool()
    assert [outcome.task.id for outcome in dispatch(iter(waiting), pool, print)] == [0]


def test_whoever_leaves_early_closes_the_pool():
    pool = Pool()
    work = dispatch(tasks(5), pool, print)
    next(work)
    work.close()
    assert pool.closed


def test_what_several_workers_warn_of_is_said_once():
    heard = []
    list(dispatch(tasks(2), Pool("warns", "warns"), heard.append))
    assert [(told.warning, told.frames) for told in heard].count(("guessed", 0)) == 1
    assert sum(told.frames for told in heard) == 4 * 7
