"""What earlier runs have left of a job: a finished result, a failure, or files that may be replaced."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

from streamcam.batch.jobs import Job, check
from streamcam.batch.leftovers import is_own
from streamcam.batch.manifest import Manifest
from streamcam.batch.outcome import Outcome
from streamcam.batch.storage import Storage
from streamcam.errors import OutputExistsError


class Past:
    """What is known of jobs before they are done.

    Args:
        manifest: of the folder of results, None where nothing is remembered.
        storage: elsewhere, where the jobs' files lie.
        overwrite: whether outputs that are not of this very work may be replaced.
        retry_failed: whether what failed before is tried again.
    """

    def __init__(
        self, manifest: Manifest | None, storage: Storage | None, *, overwrite: bool, retry_failed: bool
    ) -> None:
        self._manifest, self._storage = manifest, storage
        self._overwrite, self._retry_failed = overwrite, retry_failed

    def outcome(self, job: Job) -> Outcome | None:
        """What the manifest says of a job; None where nothing was noted, or it is to be done all the same.

        Raises:
            OutputExistsError: it says that the result is of other settings or of another input.
        """
        if self._manifest is None or not job.source.exists():
            return None
        entry = self._manifest.entry(job)
        if entry is None:
            return None
        if self._manifest.is_done(job, entry) and entry.result:
            lost = entry.result.lost > 0
            return None if self._retry_failed and lost else Outcome(str(job.source), "skipped", entry.result, job=job)
        if entry.state == "failed" and entry.key == self._manifest.key(job) and not self._retry_failed:
            return Outcome(str(job.source), "failed before", error=entry.reason, job=job)
        if entry.state == "done" and entry.key != self._manifest.key(job) and not self._overwrite:
            raise OutputExistsError(
                f"{job.outputs.media}: was made with other settings or of another {job.source.name}; "
                "use --overwrite to make it again"
            )
        return None

    def check(self, job: Job) -> bool:
        """Find out whether a job can be done, see ``jobs.check``; whether results that are there are replaced.

        Without ``overwrite`` only what streamcam itself has left of this very job is.
        """
        replaced = False

        def may_replace(path: Path) -> bool:
            nonlocal replaced
            replaced = self._overwrite or (self._is_half_done(job) and self._is_left(job, path))
            return replaced

        check(job, may_replace=may_replace)
        return replaced

    def _is_half_done(self, job: Job) -> bool:
        """Whether an earlier run has not come to the end of this job, or has lost frames of it that are tried again."""
        if self._manifest is None:
            return False
        entry = self._manifest.entry(job)
        lost = entry is not None and entry.result is not None and entry.result.lost > 0
        was_bad = entry is not None and (entry.state == "failed" or (self._retry_failed and lost))
        return self._manifest.has_begun(job) or was_bad

    def _is_left(self, job: Job, path: Path) -> bool:
        """Whether a file at the place of a result is what streamcam has left there."""
        manifest = self._manifest
        with self._storage.lent(path) if self._storage else nullcontext(path) as file:
            return is_own(file) or (manifest is not None and manifest.was_made(file, path, manifest.entry(job)))
