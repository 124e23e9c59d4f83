"""A further segment of an offline run, which ``wandb sync`` carries to the server with a diagnosis.

The user's log stays as it is. The server replaces a run's summary, tags and notes by those of the segment that is
synced last, so the segment repeats the run's own beside the diagnosis.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from wandb.proto import wandb_internal_pb2 as pb

from tracker_diag.adapters import disk
from tracker_diag.adapters.base import Diagnosis
from tracker_diag.adapters.wandb.folder import ANNOTATION_MARK, RunFolder, annotation_files, is_synced
from tracker_diag.adapters.wandb.log import write_log
from tracker_diag.adapters.wandb.names import Names
from tracker_diag.adapters.wandb.notes import noted
from tracker_diag.adapters.wandb.segment import Segment, nest
from tracker_diag.core import own


def annotate(folder: RunFolder, segment: Segment, diagnosis: Diagnosis, names: Names) -> Path:
    """Write the segment, whole or not at all.

    Parameters
    ----------
    folder : RunFolder
        The run's.
    segment : Segment
        All of the run's segments, joined.
    diagnosis : Diagnosis
        What the segment says of it.
    names : Names
        How that is written on W&B.

    Returns
    -------
    Path
        Of the new folder, beside the run's own.

    Raises
    ------
    OSError
    """
    home = folder.home.parent
    # wandb sync looks for offline-run-*: what is not finished has another name.
    with disk.draft_folder(home) as drafts:
        draft = drafts / folder.id
        files = draft / "files" / own.FOLDER
        files.mkdir(parents=True)
        for name, content in diagnosis.artifacts.items():
            (files / name).write_bytes(content)
        (draft / ANNOTATION_MARK).write_text(json.dumps({"run": folder.id, "fingerprint": diagnosis.fingerprint}))
        write_log(draft / f"run-{folder.id}.wandb", _numbered(_records(segment, diagnosis, names)))
        return _put_in_place(draft, home, folder.id)


def remove_annotations(folder: RunFolder) -> tuple[int, bool]:
    """Remove the segments that carry a diagnosis; says how many, and whether one had been synced.

    Raises
    ------
    TrackerError
        If a link has come into one.
    OSError
    """
    removed, synced = 0, False
    for segment in folder.annotations:
        # It may be gone: another process sweeps here at the same time.
        with disk.draft_folder(segment.parent) as drafts, contextlib.suppress(FileNotFoundError):
            # Away in one step: what is left of a segment halfway would be taken for training.
            moved = segment.rename(drafts / segment.name)
            synced |= is_synced(moved, folder.id)
            removed += 1
            disk.delete_files(drafts, [f"{moved.name}/{name}" for name in annotation_files(folder.id)])
    return removed, synced


def _put_in_place(draft: Path, home: Path, run_id: str) -> Path:
    at = time.time()
    while True:
        stamp = time.strftime("%Y%m%d_%H%M%S", time.localtime(at))
        place = home / f"offline-run-{stamp}-{run_id}"
        try:
            if not os.path.lexists(place):
                return draft.rename(place)
        except OSError as error:
            # Another process was faster to take the place; it is not empty, so it was not replaced.
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                raise
        at += 1


def _numbered(records: Iterable[pb.Record]) -> Iterator[bytes]:
    for number, record in enumerate(records, 1):
        record.num = number
        yield record.SerializeToString()


def _records(segment: Segment, diagnosis: Diagnosis, names: Names) -> Iterator[pb.Record]:
    yield pb.Record(header=segment.header)

    run = pb.RunRecord.FromString(segment.run.SerializeToString())
    for name in ("config", "summary", "telemetry", "settings"):
        run.ClearField(name)
    run.start_time.GetCurrentTime()
    run.resume = True
    run.ClearField("tags")
    run.tags.extend(names.replace_words(segment.run.tags, diagnosis.tags, nest(segment.summary)))
    run.notes = noted(segment.run.notes, diagnosis)
    yield pb.Record(run=run)

    summary = pb.SummaryRecord()
    for path, text in segment.summary.items():
        if not names.is_own_key(path[0]):
            summary.update.add(nested_key=path, value_json=text)
    for key, value in names.keys({**diagnosis.tags, own.FINGERPRINT: diagnosis.fingerprint}).items():
        summary.update.add(key=key, value_json=json.dumps(value))
    yield pb.Record(summary=summary)

    if diagnosis.artifacts:
        files = pb.FilesRecord()
        for name in diagnosis.artifacts:
            files.files.add(path=f"{own.FOLDER}/{name}", policy=pb.FilesItem.PolicyType.END)
        yield pb.Record(files=files)

    # A run that was killed is not made a success by its diagnosis.
    ended = segment.exit if segment.exit is not None else pb.RunExitRecord(exit_code=1)
    yield pb.Record(exit=pb.RunExitRecord(exit_code=ended.exit_code, runtime=ended.runtime))
