"""A set of files is whole or told to be cut short, whenever its writer stops."""

from __future__ import annotations

import errno
import os
import subprocess
import sys

import pytest

from kpilab.core.files import put
from kpilab.errors import BadInput

NAMES = ("review.html", "review.md", "review.json")
# Kills itself just before, or just after, its n-th step on the disk.
WRITER = """
import os, signal, sys
from pathlib import Path
from kpilab.core.files import put
folder, content, number = Path(sys.argv[1]), sys.argv[2].encode(), int(sys.argv[3])
after = sys.argv[4] == "after"
done = [0]
def dying(step):
    def counted(*given):
        done[0] += 1
        if done[0] == number and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        try:
            return step(*given)
        finally:
            if done[0] == number:
                os.kill(os.getpid(), signal.SIGKILL)
    return counted
os.replace, os.fsync, os.mkdir = dying(os.replace), dying(os.fsync), dying(os.mkdir)
put(folder, {name: content for name in sys.argv[5:]})
"""


def held(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}


def written(content, names=NAMES):
    return dict.fromkeys(names, content)


@pytest.mark.skipif(os.name != "posix", reason="kills by signal")
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_at_any_step_leaves_no_mixture(tmp_path, when):
    """Run as many writers at once as there are steps, each killed at another one."""
    folders = [tmp_path / str(k) for k in range(1, 17)]
    running = []
    for k, folder in enumerate(folders, 1):
        put(folder, written(b"old"))
        arguments = [str(folder), "new", str(k), when, *NAMES]
        running.append(subprocess.Popen([sys.executable, "-c", WRITER, *arguments]))
    codes = [process.wait(60) for process in running]
    assert codes[0] == -9
    assert codes[-1] == 0, "there are fewer steps than writers, so all steps are covered"
    for folder in folders:
        left = held(folder)
        assert set(left.values()) <= {b"old", b"new"}
        if "review.json" in left:
            assert left in (written(b"old"), written(b"new"))
        put(folder, written(b"again"))
        assert held(folder) == written(b"again")
        assert {p.name for p in folder.iterdir()} == set(NAMES), (
            "the rerun sweeps what the killed one left"
        )


def test_what_a_running_program_is_writing_is_not_swept(tmp_path):
    other = tmp_path / f".kpilab-{os.getppid()}.part"
    other.mkdir()
    put(tmp_path, written(b"x"))
    assert other.exists() == (os.name == "posix")


@pytest.mark.parametrize("step", range(1, 8))
def test_a_move_that_fails_is_undone(tmp_path, monkeypatch, step):
    put(tmp_path, written(b"old"))
    real, done = os.replace, []

    def failing(start, end):
        done.append(start)
        if len(done) == step:
            raise OSError(errno.EACCES, "in use by another program", str(end))
        real(start, end)

    monkeypatch.setattr(os, "replace", failing)
    if step <= 2 * len(NAMES):
        with pytest.raises(BadInput, match="Permission denied"):
            put(tmp_path, written(b"new"))
    else:
        put(tmp_path, written(b"new"))
    assert held(tmp_path) == written(b"old" if step <= 2 * len(NAMES) else b"new")
    assert {p.name for p in tmp_path.iterdir()} == set(NAMES)


def test_a_folder_of_the_name_of_a_file_is_left_alone(tmp_path):
    (tmp_path / "review.md").mkdir()
    (tmp_path / "review.md" / "mine").write_text("mine")
    with pytest.raises(BadInput, match="directory") as told:
        put(tmp_path, written(b"new"))
    assert told.value.where == str(tmp_path / "review.md")
    assert [p.name for p in tmp_path.iterdir()] == ["review.md"]
    assert (tmp_path / "review.md" / "mine").read_text() == "mine"


@pytest.mark.parametrize(
    ("number", "mend"),
    [
        (errno.ENOSPC, "make room on that disk"),
        (errno.EROFS, "that you may write"),
        (errno.EIO, "has space"),
    ],
)
@pytest.mark.parametrize("step", ["fsync", "mkdir"])
def test_a_disk_that_refuses_is_named_with_the_mend(tmp_path, monkeypatch, step, number, mend):
    put(tmp_path, written(b"old"))

    def refusing(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, step, refusing)
    with pytest.raises(BadInput, match=os.strerror(number)) as told:
        put(tmp_path, written(b"new"))
    monkeypatch.undo()
    assert mend in told.value.hint
    assert told.value.where == str(tmp_path)
    assert held(tmp_path) == written(b"old")
    assert {p.name for p in tmp_path.iterdir()} == set(NAMES)
