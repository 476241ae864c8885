"""What earlier runs have left of a job: a finished result, a failure, or files that may be replaced."""

from __future__ import annotations

import os
from contextlib import nullcontext
from pathlib import Path

from streamcam.batch.jobs import Job, check
from streamcam.batch.leftovers import is_own
from streamcam.batch.manifest import Manifest, ManifestEntry
from streamcam.batch.outcome import Outcome
from streamcam.batch.storage import Storage
from streamcam.errors import OtherSettingsError, OutputExistsError


class Past:
    """What is known of jobs before they are done.

    Args:
        manifest: of the folder of results, None where nothing is remembered.
        storage: elsewhere, where the jobs' files lie.
        overwrite: whether outputs that are not of this very work may be replaced.
        retry_failed: whether what failed before is tried again.
        repair: whether each result that is there is read, to see that it is what was made.
    """

    def __init__(
        self,
        manifest: Manifest | None,
        storage: Storage | None,
        *,
        overwrite: bool,
        retry_failed: bool,
        repair: bool = False,
    ) -> None:
        self._manifest, self._storage = manifest, storage
        self._overwrite, self._retry_failed, self._repair = overwrite, retry_failed, repair

    def outcome(self, job: Job) -> Outcome | None:
        """What the manifest says of a job; None where nothing was noted, or something is to be done.

        Raises:
            OtherSettingsError: it says that the result is of other settings.
            OutputExistsError: it says that the result is of another input, or, with ``repair``, holds something else now.
        """
        if self._manifest is None or not job.source.exists():
            return None
        entry = self._manifest.entry(job)
        if entry is None:
            return None
        if entry.key == self._manifest.key(job):
            return self._of_this_call(job, entry, self._manifest)
        is_there = any(os.path.lexists(path) for path in job.outputs.files)
        if entry.state == "done" and is_there and not self._overwrite:
            if self._manifest.has_other_settings(job, entry):
                raise OtherSettingsError(f"{job.outputs.media}: was made with other settings")
            raise OutputExistsError(
                f"{job.outputs.media}: was made of another {job.source.name}; use --overwrite to make it again"
            )
        return None

    def _of_this_call(self, job: Job, entry: ManifestEntry, manifest: Manifest) -> Outcome | None:
        if entry.state == "failed":
            if self._retry_failed:
                return None
            return Outcome(str(job.source), "failed before", error=entry.reason, job=job)
        if entry.result is None or manifest.lacks(job, entry) or (self._retry_failed and entry.result.lost):
            return None
        if self._repair and (changed := manifest.changed(job, entry)):
            if self._overwrite:
                return None
            raise OutputExistsError(
                f"{changed[0]}: holds something else than what was made; use --overwrite to make it again"
            )
        return Outcome(str(job.source), "skipped", entry.result, job=job)

    def why(self, job: Job) -> str:
        """Why a job that was finished is to be done again, in words; nothing for one that was not."""
        entry = self._manifest.entry(job) if self._manifest else None
        if self._manifest is None or entry is None or entry.state != "done" or entry.key != self._manifest.key(job):
            return ""
        return ", ".join(self._manifest.lacks(job, entry))

    def check(self, job: Job) -> bool:
        """Find out whether a job can be done, see ``jobs.check``; whether results that are there are replaced.

        Without ``overwrite`` only what streamcam itself has left of this very job is.
        """
        replaced = False

        def may_replace(path: Path) -> bool:
            nonlocal replaced
            may = self._overwrite or (self._is_half_done(job) and self._is_left(job, path)) or self._is_made(job, path)
            replaced = replaced or may
            return may

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

    def _is_made(self, job: Job, path: Path) -> bool:
        """Whether a file at the place of a result is what this very work has made, or the beginning of it."""
        entry = self._manifest.entry(job) if self._manifest else None
        if self._manifest is None or entry is None or entry.key != self._manifest.key(job):
            return False
        with self._storage.lent(path) if self._storage else nullcontext(path) as file:
            return self._manifest.was_made(file, path, entry) or self._manifest.was_cut_short(file, path, entry)

    def _is_left(self, job: Job, path: Path) -> bool:
        """Whether a file at the place of a result is what streamcam has left there."""
        manifest = self._manifest
        with self._storage.lent(path) if self._storage else nullcontext(path) as file:
            return is_own(file) or (manifest is not None and manifest.was_made(file, path, manifest.entry(job)))
