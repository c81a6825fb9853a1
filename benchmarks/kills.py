"""Kills real searches with SIGKILL, again and again, and looks for what was lost.

A program searches `chain_cnn` on some of scikit-learn's digits, one epoch a trial. It is killed
at a random moment: while it starts, trains, writes weights or the journal. What it left must open
and predict, as soon as one trial had finished; then it is started again, and killed again, until
the search is complete, and the next search begins. At the end each search is run once more
without being killed, and both must have tried the same architectures under the same numbers.
Prints a Markdown table, and ends with status 1 if anything was lost, doubled or left running.

    python benchmarks/kills.py --executor inline --kills 15
    python benchmarks/kills.py --executor process --kills 15
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from processes import children

from autokeras_nas.storage.journal import decode_line

_EXAMPLES = 200
_LONGEST_SECONDS = 15.0
_SHARE_IN_START = 0.2
"""Of the kills, so many strike at any moment from the start on, the others once trials run."""
_GRACE_SECONDS = 15.0


@dataclass
class Tally:
    """What all kills came to.

    Attributes:
        kills: How many there were.
        finished: Trials of all searches that were killed.
        lost: Those that had ended and later had not, or with another score.
        doubled: Those that ended twice.
        unopened: Projects with a finished trial that did not open and predict.
        orphans: Worker processes that outlived their parent.
        others: Trials of other architectures than in the search that was not killed.
    """

    kills: int = 0
    finished: int = 0
    lost: int = 0
    doubled: int = 0
    unopened: int = 0
    orphans: int = 0
    others: int = 0

    @property
    def is_clean(self) -> bool:
        """Whether nothing at all went wrong."""
        return not (self.lost + self.doubled + self.unopened + self.orphans + self.others)


def digits():
    """A few of scikit-learn's digits and their labels."""
    from sklearn.datasets import load_digits

    data = load_digits()
    return data.images[:_EXAMPLES].astype("float32"), data.target[:_EXAMPLES]


def search(folder: str, arguments: argparse.Namespace) -> None:
    """Begins a search, or goes on with it, to its end."""
    import autokeras_nas as nas

    model = nas.AutoModel(
        oracle=arguments.oracle,
        executor=arguments.executor,
        max_trials=arguments.trials,
        finalists=0,
        directory=folder,
        seed=arguments.seed,
    )
    model.fit(*digits(), epochs=1, time_budget=None, verbose=0)


def start(folder: Path, seed: int, arguments: argparse.Namespace) -> subprocess.Popen:
    """Starts a program that searches in a folder."""
    command = [sys.executable, __file__, "--child", str(folder), "--seed", str(seed)]
    command += ["--executor", arguments.executor, "--oracle", arguments.oracle]
    command += ["--trials", str(arguments.trials)]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet)


def records(folder: Path) -> list[dict]:
    """The journal of a project, without a torn end."""
    journal = folder / "auto_model" / "journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True) if journal.exists() else []
    return [record for record in map(decode_line, lines) if record]


def ends(folder: Path) -> list[tuple[str, str]]:
    """Each end of a trial, with all that its record tells."""
    return [(r["trial"], repr(sorted(r.items()))) for r in records(folder) if r["kind"] == "end"]


def proposals(folder: Path) -> dict[str, str]:
    """The last values that each trial was created with."""
    created = (r for r in records(folder) if r["kind"] == "create")
    return {r["trial"]: repr(r["values"]) for r in created}


def await_record(program: subprocess.Popen, folder: Path) -> None:
    """Waits until a program has written to the journal, or has ended."""
    before = len(records(folder))
    while program.poll() is None and len(records(folder)) == before:
        time.sleep(0.1)


def outlive(pids: set[int]) -> set[int]:
    """Those of some processes that do not end soon."""
    ending = time.monotonic() + _GRACE_SECONDS
    while time.monotonic() < ending:
        pids = {pid for pid in pids if Path(f"/proc/{pid}").exists()}
        if not pids:
            break
        time.sleep(0.2)
    return pids


def opens(folder: Path) -> bool:
    """Whether a project opens and predicts."""
    import numpy as np

    import autokeras_nas as nas

    try:
        model = nas.AutoModel.load(folder / "auto_model")
        return bool(np.isfinite(model.predict(digits()[0][:5], verbose=0)).all())
    except Exception as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return False


def killed_search(folder: Path, seed: int, tally: Tally, rng, arguments) -> None:
    """Searches, and kills, until the search is complete."""
    known: dict[str, str] = {}
    while tally.kills < arguments.kills:
        program = start(folder, seed, arguments)
        if rng.random() >= _SHARE_IN_START:
            await_record(program, folder)
        try:
            program.wait(rng.uniform(0.0, _LONGEST_SECONDS))
        except subprocess.TimeoutExpired:
            pass
        is_over = program.poll() is not None
        workers = set(children(program.pid))
        program.send_signal(signal.SIGKILL)
        program.wait()
        tally.orphans += len(outlive(workers))
        known = compared(folder, known, tally)
        if is_over:
            tally.finished += len(known)
            return
        tally.kills += 1
        if known and not opens(folder):
            tally.unopened += 1
        print(f"kill {tally.kills}: {len(known)} trials had ended", flush=True)
    start(folder, seed, arguments).wait()
    tally.finished += len(compared(folder, known, tally))


def compared(folder: Path, known: dict[str, str], tally: Tally) -> dict[str, str]:
    """The trials that have ended by now, after comparing them with those that had before."""
    ended = ends(folder)
    now = dict(ended)
    tally.lost += sum(now.get(trial) != record for trial, record in known.items())
    tally.doubled += sum(n - 1 for n in Counter(trial for trial, _ in ended).values())
    return now


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=15)
    parser.add_argument("--executor", default="inline", choices=["inline", "process"])
    parser.add_argument("--oracle", default="regularized_evolution")
    parser.add_argument("--trials", type=int, default=14, help="Of each search.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        search(arguments.child, arguments)
        return
    rng, tally, seed = random.Random(arguments.seed), Tally(), arguments.seed
    with tempfile.TemporaryDirectory() as root:
        while tally.kills < arguments.kills:
            broken, whole = Path(root) / f"broken_{seed}", Path(root) / f"whole_{seed}"
            killed_search(broken, seed, tally, rng, arguments)
            start(whole, seed, arguments).wait()
            expected = proposals(whole)
            tally.others += sum(proposals(broken).get(k) != v for k, v in expected.items())
            tally.others += len(expected) != arguments.trials
            seed += 1
    print("| kills | finished | lost | doubled | not opened | orphans | other proposals |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    print(
        f"| {tally.kills} | {tally.finished} | {tally.lost} | {tally.doubled} "
        f"| {tally.unopened} | {tally.orphans} | {tally.others} |"
    )
    sys.exit(0 if tally.is_clean else 1)


if __name__ == "__main__":
    main()
