"""What came of each input of a call, and of all of them together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

from streamcam.batch.jobs import Job
from streamcam.batch.task import TaskResult

OutcomeState: TypeAlias = Literal["done", "skipped", "failed", "failed before", "refused"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an input.

    Attributes:
        source: the input, a path or a URL; as it was given where it stands for no file.
        state: ``skipped`` where it was done already, ``failed before`` where it has failed before and is not tried again,
            ``refused`` where there is a result of other settings.
        result: what was made, now or before; None where nothing was.
        error: why nothing was made, in one line.
        unforeseen: whether that is no error that streamcam raises on purpose.
        cause: the error itself, where it happened in this process.
        job: the files on this machine; None of an input that stands for no file.
        again: why something that was finished was made again, in words.

    Example: ``[outcome.error for outcome in annotate_all("archive/") if outcome.failed]``.
    """

    source: str
    state: OutcomeState
    result: TaskResult | None = None
    error: str = ""
    unforeseen: bool = False
    cause: Exception | None = None
    job: Job | None = None
    again: str = ""

    @property
    def failed(self) -> bool:
        """Whether the result is not all that was wanted. A refusal is no failure: nothing was tried."""
        return self.state != "refused" and (self.result is None or self.result.lost > 0)


@dataclass(frozen=True, slots=True)
class Summary:
    """What came of all inputs of a call.

    Attributes:
        total: inputs.
        done: of these, complete, now or before.
        skipped: of those done, before this call.
        failed: not or not completely done.
        not_begun: inputs that nothing is known of, since the call has not ended, or was interrupted or refused.
        frames: that were written in this call.
        seconds: that it took.
        refused: inputs of which there are results that were made with other settings.
    """

    total: int
    done: int
    skipped: int
    failed: int
    not_begun: int
    frames: int
    seconds: float
    refused: int = 0


def summary_json(outcomes: Iterable[Outcome], summary: Summary) -> dict[str, Any]:
    """What a call did, left out and refused, as data that JSON has, for programs."""
    files = [
        {
            "source": outcome.source,
            "state": outcome.state,
            "output": outcome.result.output if outcome.result else None,
            "frames": outcome.result.frames if outcome.result else None,
            "seconds": round(outcome.result.seconds, 3) if outcome.result else None,
            "lost": outcome.result.lost if outcome.result else None,
            "error": outcome.error or None,
            "again": outcome.again or None,
        }
        for outcome in outcomes
    ]
    return {**asdict(summary), "seconds": round(summary.seconds, 3), "files": files}


def summarize(outcomes: Iterable[Outcome], total: int, seconds: float) -> Summary:
    """Count the outcomes there are so far of ``total`` inputs."""
    outcomes = list(outcomes)
    failed = sum(outcome.failed for outcome in outcomes)
    refused = sum(outcome.state == "refused" for outcome in outcomes)
    done = len(outcomes) - failed - refused
    skipped = sum(outcome.state == "skipped" for outcome in outcomes)
    frames = sum(outcome.result.frames for outcome in outcomes if outcome.state == "done" and outcome.result)
    return Summary(total, done, skipped, failed, total - done - failed - refused, frames, seconds, refused)
