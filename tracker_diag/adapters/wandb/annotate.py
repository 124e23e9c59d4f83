"""A further segment of an offline run, which ``wandb sync`` carries to the server with a diagnosis.

The user's log stays as it is. The server replaces a run's summary and tags by those of the segment that is synced last,
so the segment repeats the run's own beside the diagnosis.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from wandb.proto import wandb_internal_pb2 as pb

from tracker_diag.adapters.base import Diagnosis
from tracker_diag.adapters.wandb.folder import ANNOTATION_MARK, RunFolder
from tracker_diag.adapters.wandb.log import write_log
from tracker_diag.adapters.wandb.names import FINGERPRINT, Names
from tracker_diag.adapters.wandb.segment import Segment


def annotate(folder: RunFolder, segment: Segment, diagnosis: Diagnosis, names: Names) -> Path:
    """Write the segment, whole or not at all.

    Parameters
    ----------
    folder : RunFolder
    segment : Segment
        All of the run's segments, joined.
    diagnosis : Diagnosis
    names : Names

    Returns
    -------
    Path
        Of the new folder, beside the run's own.
    """
    place = _free_place(folder)
    # wandb sync looks for offline-run-*: what is not finished has another name.
    draft = place.with_name(f".{place.name}")
    shutil.rmtree(draft, ignore_errors=True)
    files = draft / "files" / "diagnosis"
    files.mkdir(parents=True)
    for name, content in diagnosis.artifacts.items():
        (files / name).write_bytes(content)
    (draft / ANNOTATION_MARK).write_text(json.dumps({"run": folder.id, "fingerprint": diagnosis.fingerprint}))
    write_log(draft / f"run-{folder.id}.wandb", _numbered(_records(segment, diagnosis, names)))
    draft.rename(place)
    return place


def _free_place(folder: RunFolder) -> Path:
    home = folder.home.parent
    at = time.time()
    while True:
        stamp = time.strftime("%Y%m%d_%H%M%S", time.localtime(at))
        place = home / f"offline-run-{stamp}-{folder.id}"
        if not place.exists():
            return place
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
    run.tags.extend(names.replace_words(segment.run.tags, diagnosis.tags))
    yield pb.Record(run=run)

    summary = pb.SummaryRecord()
    for path, text in segment.summary.items():
        if not names.is_own_key(path[0]):
            summary.update.add(nested_key=path, value_json=text)
    for key, value in names.keys({**diagnosis.tags, FINGERPRINT: diagnosis.fingerprint}).items():
        summary.update.add(key=key, value_json=json.dumps(value))
    yield pb.Record(summary=summary)

    if diagnosis.artifacts:
        files = pb.FilesRecord()
        for name in diagnosis.artifacts:
            files.files.add(path=f"diagnosis/{name}", policy=pb.FilesItem.PolicyType.END)
        yield pb.Record(files=files)

    # A run that was killed is not made a success by its diagnosis.
    ended = segment.exit if segment.exit is not None else pb.RunExitRecord(exit_code=1)
    yield pb.Record(exit=pb.RunExitRecord(exit_code=ended.exit_code, runtime=ended.runtime))
