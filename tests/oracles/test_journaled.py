"""JournaledOracle: what is written when, and what comes back when a project is opened."""

import errno
import json
import math

import keras_tuner
import numpy as np
import pytest
import toys
from keras_tuner.src.engine import trial as kt_trial

from autokeras_nas.errors import ProjectError, SearchFailedError
from autokeras_nas.oracles.journaled import JournaledOracle
from autokeras_nas.storage import Journal, write_snapshot
from autokeras_nas.storage.journal import encode_line

METRICS = {"max": "val_accuracy", "min": "val_loss"}


class Recorder(JournaledOracle):
    """Counts up, and remembers which hooks were called with what.

    Args:
        folder: Where the project `p` lies; None: nothing is written.
        stateful: Whether it has learned something that a snapshot must keep.
        **kwargs: Passed to `JournaledOracle`.
    """

    def __init__(self, folder=None, stateful=False, objective="val_accuracy", **kwargs):
        super().__init__(objective=objective, **kwargs)
        self.verbose = 0
        self.idle_seconds = 0
        self.stateful = stateful
        self.events, self.learned, self.restored = [], [], []
        self._values = {}
        if folder is not None:
            self._set_project_dir(str(folder), "p")

    def populate_space(self, trial_id):
        return {"status": "RUNNING", "values": {"x": len(self.trials)}}

    def note_values(self, trial_id, values):
        self._values[trial_id] = dict(values)
        self.events.append(("values", trial_id, dict(values)))

    def proposed_values(self, trial_id):
        return dict(self._values[trial_id])

    def note_created(self, trial_id):
        self.events.append(("created", trial_id))

    def note_ended(self, trial, learn):
        self.events.append(("ended", trial.trial_id, trial.status, trial.score, learn))
        if learn:
            self.learned.append(trial.trial_id)

    def creation_notes(self):
        self.events.append(("notes", len(self.trials)))
        return {"known": len(self.trials)}

    def take_notes(self, record):
        self.events.append(("notes", record["known"]))

    def get_state(self):
        return {"learned": list(self.learned)} if self.stateful else {}

    def set_state(self, state):
        self.restored.append(state)
        self.learned = list(state["learned"])

    def of(self, kind):
        """The events of one kind, without its name."""
        return [rest[0] if len(rest) == 1 else rest for k, *rest in self.events if k == kind]


def opened(folder, **kwargs):
    oracle = Recorder(folder, **kwargs)
    oracle.reload()
    return oracle


def end(oracle, trial, value=0.5, status="COMPLETED"):
    """Reports a trial as a tuner would."""
    if status == "COMPLETED":
        oracle.update_trial(trial.trial_id, {oracle.objective.name: value})
    trial.status = status
    oracle.end_trial(trial)


def run(oracle, trials, value=0.5):
    for _ in range(trials):
        end(oracle, oracle.create_trial("tuner0"), value)
    return oracle


def over_the_wire(trial):
    """The copy of a trial that a worker has of a chief's."""
    return kt_trial.Trial.from_proto(trial.to_proto())


def journal(folder):
    return list(Journal(folder / "p" / "journal.jsonl").read())


def files(folder):
    return {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def eventful(folder):
    """Trials that overlap, fail, are retried, bring an entry and never end."""
    oracle = Recorder(folder, max_retries_per_trial=1)
    first, second = oracle.create_trial("a"), oracle.create_trial("b")
    end(oracle, second, 0.25)
    end(oracle, first, status="INVALID")
    late = oracle.create_trial("b")
    assert late.trial_id == first.trial_id
    late.hyperparameters.Choice("late", [1, 2])
    end(oracle, late, 0.75)
    failed = oracle.create_trial("a")
    failed.message = "no such layer"
    end(oracle, failed, status="FAILED")
    oracle.create_trial("a")
    return oracle


# ---- What is written ------------------------------------------------------------------------


def test_journal_tells_of_all_that_happened_in_its_order(tmp_path):
    eventful(tmp_path)
    records = journal(tmp_path)
    assert [(r["kind"], r.get("trial")) for r in records] == [
        ("header", None),
        ("create", "0000"),
        ("create", "0001"),
        ("end", "0001"),
        ("retry", "0000"),
        ("end", "0000"),
        ("create", "0002"),
        ("end", "0002"),
        ("create", "0003"),
    ]
    assert [r["n"] for r in records] == list(range(1, 10))


def test_header_names_the_search(tmp_path):
    Recorder(tmp_path).create_trial("tuner0")
    header = journal(tmp_path)[0]
    assert header["oracle"] == "Recorder"
    assert header["objective"] == ["val_accuracy", "max"]
    assert header["known"] == 0 < header["schema"]


def test_creation_holds_the_values_and_the_leafs_notes(tmp_path):
    eventful(tmp_path)
    created = [r for r in journal(tmp_path) if r["kind"] == "create"]
    assert [r["values"] for r in created] == [{"x": k} for k in range(4)]
    assert [r["known"] for r in created] == [0, 1, 2, 3]


def test_end_holds_the_outcome(tmp_path):
    eventful(tmp_path)
    ends = {r["trial"]: r for r in journal(tmp_path) if r["kind"] == "end"}
    assert (ends["0001"]["status"], ends["0001"]["score"]) == ("COMPLETED", 0.25)
    assert ends["0001"]["metrics"] == {"val_accuracy": ["max", [[0, [0.25]]]]}
    assert (ends["0002"]["status"], ends["0002"]["score"]) == ("FAILED", None)
    assert ends["0002"]["message"] == "no such layer"
    assert "values" not in ends["0001"] and "space" not in ends["0001"]


def test_entry_that_building_adds_is_written_with_the_end(tmp_path):
    eventful(tmp_path)
    (record,) = (r for r in journal(tmp_path) if r["kind"] == "end" and "space" in r)
    assert (record["trial"], record["values"]) == ("0000", {"x": 0, "late": 1})
    assert [entry["config"]["name"] for entry in record["space"]] == ["late"]


def test_save_writes_nothing(tmp_path):
    oracle = run(Recorder(tmp_path, stateful=True), 3)
    before = files(tmp_path)
    oracle.save()
    assert files(tmp_path) == before != {}


def test_constructor_leaves_the_disk_alone(tmp_path):
    oracle = Recorder(tmp_path)
    assert oracle.get_best_trials() == [] and oracle.elapsed() == 0.0
    oracle.save()
    assert list(tmp_path.iterdir()) == []
    oracle.create_trial("tuner0")
    assert [p.name for p in (tmp_path / "p").iterdir()] == ["journal.jsonl"]


def test_oracle_without_a_folder_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    oracle = run(Recorder(stateful=True), 60)
    assert len(oracle.learned) == 60
    assert list(tmp_path.iterdir()) == []


def test_numpy_values_are_written_plainly(tmp_path):
    class Numpy(Recorder):
        def populate_space(self, trial_id):
            return {"status": "RUNNING", "values": {"x": np.int64(3), "y": np.float32(0.5)}}

    values = Numpy(tmp_path).create_trial("tuner0").hyperparameters.values
    assert values == {"x": 3, "y": 0.5}
    assert [type(v) for v in values.values()] == [int, float]
    assert journal(tmp_path)[1]["values"] == values


# ---- What comes back ------------------------------------------------------------------------


def test_replay_calls_the_hooks_as_the_search_did(tmp_path):
    oracle = eventful(tmp_path)
    assert oracle.events == [
        ("notes", 0),
        ("notes", 0),
        ("values", "0000", {"x": 0}),
        ("created", "0000"),
        ("notes", 1),
        ("values", "0001", {"x": 1}),
        ("created", "0001"),
        ("ended", "0001", "COMPLETED", 0.25, True),
        ("values", "0000", {"x": 0, "late": 1}),
        ("ended", "0000", "COMPLETED", 0.75, True),
        ("notes", 2),
        ("values", "0002", {"x": 2}),
        ("created", "0002"),
        ("ended", "0002", "FAILED", None, True),
        ("notes", 3),
        ("values", "0003", {"x": 3}),
        ("created", "0003"),
    ]
    assert opened(tmp_path).events == oracle.events


def test_replay_restores_trials_and_space(tmp_path):
    oracle, again = eventful(tmp_path), opened(tmp_path)
    assert again.start_order == oracle.start_order == ["0000", "0001", "0002", "0003"]
    assert again.end_order == oracle.end_order == ["0001", "0000", "0002"]
    for trial_id in oracle.end_order:
        assert again.trials[trial_id].get_state() == oracle.trials[trial_id].get_state()
    assert again.get_space().get_config()["space"] == oracle.get_space().get_config()["space"]


def test_space_of_a_new_project_is_kept_with_it(tmp_path):
    # KerasTuner builds the hypermodel once for a new project, and not for one that is there.
    oracle = Recorder(tmp_path, hyperparameters=toys.mixed_space())
    trial = oracle.create_trial("tuner0")
    again = opened(tmp_path)
    assert again.get_space().get_config()["space"] == toys.mixed_space().get_config()["space"]
    restored = again.trials["0000"].hyperparameters
    assert restored.get_config() == trial.hyperparameters.get_config()


def test_opening_writes_nothing_to_a_project_that_is_there(tmp_path):
    eventful(tmp_path)
    before = files(tmp_path)
    opened(tmp_path).reload()
    assert files(tmp_path) == before


def test_reloading_an_open_project_changes_nothing(tmp_path):
    oracle = eventful(tmp_path)
    events = list(oracle.events)
    oracle.reload()
    assert oracle.events == events
    assert len(oracle.trials) == 4


def test_trials_left_running_are_handed_out_oldest_first(tmp_path):
    oracle = Recorder(tmp_path)
    for k in range(4):
        oracle.create_trial(f"t{k}")
    end(oracle, oracle.trials["0001"])
    again = opened(tmp_path)
    handed = [again.create_trial(f"t{k}").trial_id for k in range(4)]
    assert handed == ["0000", "0002", "0003", "0004"]


def test_retries_already_spent_are_remembered(tmp_path):
    oracle = Recorder(tmp_path, max_retries_per_trial=1)
    end(oracle, oracle.create_trial("tuner0"), status="INVALID")
    assert oracle.end_order == []
    again = opened(tmp_path, max_retries_per_trial=1)
    end(again, again.create_trial("tuner0"), status="INVALID")
    assert again.trials["0000"].status == "FAILED"
    assert again.end_order == ["0000"]


# ---- Learning once --------------------------------------------------------------------------


def test_every_trial_is_learned_from_once(tmp_path):
    oracle = eventful(tmp_path)
    assert oracle.learned == ["0001", "0000", "0002"]
    again = opened(tmp_path)
    end(again, again.create_trial("tuner0"))
    assert again.learned == ["0001", "0000", "0002", "0003"]


def test_ending_a_trial_twice_is_harmless(tmp_path):
    oracle = Recorder(tmp_path)
    trial = oracle.create_trial("tuner0")
    copy = over_the_wire(trial)
    end(oracle, trial, 0.5)
    before = files(tmp_path)
    copy.status = "FAILED"
    for twin in (trial, copy):
        oracle.end_trial(twin)
    assert files(tmp_path) == before
    assert oracle.learned == ["0000"] == oracle.end_order
    assert oracle.trials["0000"].status == "COMPLETED"


def test_ending_a_trial_that_waits_for_its_retry_is_harmless():
    oracle = Recorder(max_retries_per_trial=1)
    trial = oracle.create_trial("tuner0")
    end(oracle, trial, status="INVALID")
    oracle.end_trial(trial)
    assert oracle.end_order == []
    assert oracle.create_trial("a").trial_id == "0000"
    assert oracle.create_trial("b").trial_id == "0001"


def test_workers_copy_ends_the_original(tmp_path):
    oracle = Recorder(tmp_path)
    copy = over_the_wire(oracle.create_trial("tuner0"))
    copy.hyperparameters.Int("late", 1, 9, default=4)
    end(oracle, copy, 0.5)
    trial = oracle.trials["0000"]
    assert (trial.status, trial.score) == ("COMPLETED", 0.5)
    assert trial.hyperparameters.values == {"x": 0, "late": 4}
    assert opened(tmp_path).trials["0000"].hyperparameters.values == {"x": 0, "late": 4}


@pytest.mark.parametrize("reported", [over_the_wire, lambda trial: trial], ids=["copy", "own"])
def test_building_does_not_change_what_was_proposed(reported):
    oracle = Recorder()
    trial = reported(oracle.create_trial("tuner0"))
    trial.hyperparameters.values["x"] = 99
    end(oracle, trial)
    assert oracle.trials["0000"].hyperparameters.values == {"x": 0}


@pytest.mark.parametrize("trials", [0, 1])
def test_trial_of_another_oracle_is_refused(trials):
    oracle, other = run(Recorder(), trials), run(Recorder(), 1)
    stranger = other.create_trial("tuner0")
    stranger.status = "COMPLETED"
    with pytest.raises(ValueError, match="Only trials that this oracle created.*'0001'.*create_"):
        oracle.end_trial(stranger)
    assert len(oracle.end_order) == trials


@pytest.mark.parametrize("status", ["RUNNING", "IDLE", "STOPPED", None, "done"])
def test_status_that_no_ended_trial_has_is_a_failure(tmp_path, status):
    oracle = Recorder(tmp_path)
    end(oracle, oracle.create_trial("tuner0"), status=status)
    trial = oracle.trials["0000"]
    assert (trial.status, trial.score) == ("FAILED", None)
    assert f"status {status}" in trial.message
    assert opened(tmp_path).trials["0000"].message == trial.message
    assert oracle.create_trial("tuner0").trial_id == "0001"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_score_that_is_not_finite_is_a_failure_that_says_so(value):
    oracle = Recorder()
    end(oracle, oracle.create_trial("tuner0"), value)
    trial = oracle.trials["0000"]
    assert (trial.status, trial.score) == ("FAILED", None)
    assert f"val_accuracy is not finite: {value}" in trial.message


def test_completed_trial_without_its_objective_is_a_failure():
    oracle = Recorder()
    trial = oracle.create_trial("tuner0")
    trial.status = "COMPLETED"
    oracle.end_trial(trial)
    assert (trial.status, trial.score) == ("FAILED", None)
    assert oracle.get_best_trials() == []


# ---- Snapshots ------------------------------------------------------------------------------


@pytest.mark.parametrize("ends, known", [(49, 0), (50, 50), (60, 50), (100, 100), (120, 100)])
def test_snapshot_is_written_every_fifty_ends(tmp_path, ends, known):
    run(Recorder(tmp_path, stateful=True), ends)
    again = opened(tmp_path, stateful=True)
    names = [f"{k:04d}" for k in range(ends)]
    assert (tmp_path / "p" / "oracle.snapshot").exists() == (known > 0)
    assert again.restored == ([{"learned": names[:known]}] if known else [])
    assert [e[3] for e in again.of("ended")] == [False] * known + [True] * (ends - known)
    assert again.learned == names


def test_oracle_without_state_writes_no_snapshot(tmp_path):
    run(Recorder(tmp_path), 50)
    assert [p.name for p in (tmp_path / "p").iterdir()] == ["journal.jsonl"]
    assert opened(tmp_path).learned == [f"{k:04d}" for k in range(50)]


def test_retry_is_no_end_for_the_snapshot(tmp_path):
    oracle = Recorder(tmp_path, stateful=True, max_retries_per_trial=1)
    end(oracle, oracle.create_trial("tuner0"), status="INVALID")
    run(oracle, 49)
    assert not (tmp_path / "p" / "oracle.snapshot").exists()
    run(oracle, 1)
    assert (tmp_path / "p" / "oracle.snapshot").exists()


def test_trial_across_a_snapshot_is_created_before_and_learned_after(tmp_path):
    oracle = Recorder(tmp_path, stateful=True)
    across = oracle.create_trial("slow")
    run(oracle, 50)
    end(oracle, across)
    again = opened(tmp_path, stateful=True)
    assert again.of("created") == []
    assert again.learned[-1] == "0000"
    assert len(again.learned) == 51 == len(set(again.learned))
    assert [e[0] for e in again.of("ended") if e[3]] == ["0000"]


def test_values_and_notes_come_back_for_trials_that_a_snapshot_knows(tmp_path):
    oracle = run(Recorder(tmp_path, stateful=True), 60)
    again = opened(tmp_path, stateful=True)
    assert again.of("values") == oracle.of("values")
    assert again.of("notes") == oracle.of("notes")
    assert again.of("created") == oracle.of("created")[50:]


def test_corrupt_snapshot_falls_back_to_the_whole_journal(tmp_path):
    oracle = run(Recorder(tmp_path, stateful=True), 60)
    path = tmp_path / "p" / "oracle.snapshot"
    path.write_bytes(path.read_bytes()[:-9] + b"########\n")
    again = opened(tmp_path, stateful=True)
    assert again.restored == []
    assert again.events == oracle.events
    assert again.learned == oracle.learned


def test_corrupt_snapshot_falls_back_to_the_one_before(tmp_path):
    oracle = run(Recorder(tmp_path, stateful=True), 110)
    (tmp_path / "p" / "oracle.snapshot").write_bytes(b"rubbish")
    again = opened(tmp_path, stateful=True)
    assert [e[3] for e in again.of("ended")] == [False] * 50 + [True] * 60
    assert again.learned == oracle.learned


def test_snapshot_counts_the_records_that_it_stands_for(tmp_path):
    run(Recorder(tmp_path, stateful=True), 50)
    path = tmp_path / "p" / "oracle.snapshot"
    records = journal(tmp_path)
    state = {"learned": [f"{k:04d}" for k in range(50)]}
    assert path.read_bytes() == encode_line({"n": records[-1]["n"], "state": state})
    # Of an older one, all that came after it is learned anew.
    tenth_end = [r["n"] for r in records if r["kind"] == "end"][9]
    write_snapshot(path, {"n": tenth_end, "state": {"learned": ["ten"]}})
    assert opened(tmp_path).learned == ["ten", *(f"{k:04d}" for k in range(10, 50))]


def test_resumed_search_goes_on_with_its_snapshots(tmp_path):
    run(Recorder(tmp_path, stateful=True), 45)
    run(Recorder(tmp_path, stateful=True), 10)
    again = opened(tmp_path, stateful=True)
    assert len(again.restored) == 1
    assert again.learned == [f"{k:04d}" for k in range(55)]


# ---- Time -----------------------------------------------------------------------------------


class Clock:
    """Simulated seconds."""

    def __init__(self, now=0.0):
        self.now = now

    def __call__(self):
        return self.now


def run_for(oracle, *seconds):
    for duration in seconds:
        trial = oracle.create_trial("tuner0")
        oracle.clock.now += duration
        end(oracle, trial)
    return oracle


def test_time_begins_with_the_first_trial():
    clock = Clock(1000.0)
    oracle = Recorder(clock=clock)
    clock.now += 50.0
    assert oracle.elapsed() == 0.0
    oracle.create_trial("tuner0")
    clock.now += 3.0
    assert oracle.elapsed() == 3.0


def test_time_adds_up_over_runs(tmp_path):
    run_for(Recorder(tmp_path, clock=Clock(1000.0)), 5.0, 6.0)
    # Another process, whose clock starts anywhere.
    second = opened(tmp_path, clock=Clock(-70.0))
    second.clock.now += 500.0
    assert second.elapsed() == 11.0
    assert run_for(second, 7.0).elapsed() == 18.0
    assert run_for(Recorder(tmp_path, clock=Clock()), 2.0).elapsed() == 20.0
    seconds = [r["seconds"] for r in journal(tmp_path) if r["kind"] == "end"]
    assert seconds == [5.0, 11.0, 18.0, 20.0]


def test_time_after_the_last_record_is_lost(tmp_path):
    oracle = run_for(Recorder(tmp_path, clock=Clock()), 5.0)
    oracle.create_trial("tuner0")
    oracle.clock.now += 100.0
    assert oracle.elapsed() == 105.0
    assert opened(tmp_path, clock=Clock()).elapsed() == 5.0


def test_a_clock_that_is_set_back_prolongs_nothing(tmp_path):
    oracle = run_for(Recorder(tmp_path, clock=Clock(1e6), time_budget=20.0), 6.0)
    trial = oracle.create_trial("tuner0")
    oracle.clock.now += 3.0
    assert oracle.elapsed() == 9.0
    oracle.clock.now -= 1e6
    assert oracle.elapsed() == 9.0
    oracle.clock.now += 4.0
    end(oracle, trial)
    assert oracle.elapsed() == 13.0
    assert opened(tmp_path, clock=Clock(-5.0)).elapsed() == 13.0
    oracle.clock.now += 7.0
    assert oracle.create_trial("tuner0").status == "STOPPED"


def test_trial_under_way_may_outlast_the_time_budget():
    oracle = run_for(Recorder(clock=Clock(), time_budget=10.0), 9.0)
    trial = oracle.create_trial("tuner0")
    oracle.clock.now += 5.0
    assert oracle.create_trial("other").status == "STOPPED"
    end(oracle, trial)
    assert oracle.end_order == ["0000", "0001"]
    assert oracle.create_trial("tuner0").status == "STOPPED"


# ---- Limits and ends ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["max_trials", "time_budget"])
@pytest.mark.parametrize("value", [0, -1, -0.5, math.nan])
def test_limit_that_is_not_positive_is_refused(name, value):
    with pytest.raises(ValueError, match=f"`{name}` must be positive.*Received: {value}.*None"):
        Recorder(**{name: value})


@pytest.mark.parametrize("limits", [{}, {"max_trials": 3}, {"time_budget": 0.5}])
def test_limit_may_be_left_open(limits):
    oracle = Recorder(**limits, clock=Clock())
    assert oracle.create_trial("tuner0").status == "RUNNING"


def test_failed_trials_count_among_the_trials():
    oracle = Recorder(max_trials=3)
    for status in ("FAILED", "COMPLETED", "FAILED"):
        end(oracle, oracle.create_trial("tuner0"), status=status)
    stopped = oracle.create_trial("tuner0")
    assert stopped.status == "STOPPED"
    assert oracle.start_order == ["0000", "0001", "0002"]
    assert oracle.tuner_ids == set()


def test_same_tuner_gets_its_running_trial_again():
    oracle = Recorder()
    trial = oracle.create_trial("tuner0")
    assert oracle.create_trial("tuner0") is trial
    assert len(oracle.trials) == 1


def fail(oracle, times):
    for _ in range(times):
        trial = oracle.create_trial("tuner0")
        trial.message = "no such layer"
        end(oracle, trial, status="FAILED")


def set_tuner(monkeypatch, tuner_id):
    monkeypatch.setenv("KERASTUNER_ORACLE_IP", "127.0.0.1")
    monkeypatch.setenv("KERASTUNER_ORACLE_PORT", "8000")
    monkeypatch.setenv("KERASTUNER_TUNER_ID", tuner_id)


def test_chief_stops_the_search_that_cannot_succeed(monkeypatch):
    # An error would end the chief's server and leave its workers waiting.
    set_tuner(monkeypatch, "chief")
    oracle = Recorder()
    other = oracle.create_trial("worker1")
    fail(oracle, 10)
    assert oracle.create_trial("tuner0").status == "STOPPED"
    assert "10 times: no such layer" in oracle.stop_reason
    end(oracle, other)
    assert oracle.end_order[-1] == "0000"
    assert oracle.create_trial("worker1").status == "STOPPED"


def test_without_a_chief_the_search_that_cannot_succeed_raises():
    oracle = Recorder()
    fail(oracle, 9)
    with pytest.raises(SearchFailedError, match="first 10 trials all failed"):
        fail(oracle, 1)
    assert oracle.ongoing_trials == {}
    assert oracle.learned == oracle.end_order == [f"{k:04d}" for k in range(10)]


def test_one_success_among_the_first_ten_keeps_the_search_alive():
    oracle = run(Recorder(), 1)
    fail(oracle, 30)
    assert oracle.stop_reason is None
    assert oracle.create_trial("tuner0").status == "RUNNING"


# ---- The best -------------------------------------------------------------------------------

SCORES = {"0002": 0.3, "0000": 0.9, "0004": 0.3, "0001": 0.5, "0003": 0.9}
"""In the order of their ends, which is not that of their starts."""


@pytest.mark.parametrize(
    "direction, expected",
    [
        ("max", ["0000", "0003", "0001", "0002", "0004"]),
        ("min", ["0002", "0004", "0001", "0000", "0003"]),
    ],
)
def test_best_trials_come_first_and_of_equals_the_earlier_end(tmp_path, direction, expected):
    objective = METRICS[direction]
    oracle = Recorder(tmp_path, objective=objective)
    trials = {t.trial_id: t for t in (oracle.create_trial(f"t{k}") for k in range(6))}
    for trial_id, value in SCORES.items():
        end(oracle, trials[trial_id], value)
    end(oracle, trials["0005"], status="FAILED")
    for searched in (oracle, opened(tmp_path, objective=objective)):
        for count in range(8):
            best = searched.get_best_trials(count)
            assert [t.trial_id for t in best] == expected[:count]


@pytest.mark.parametrize("direction, best", [("max", 0.8), ("min", 0.2)])
def test_score_is_the_best_step_in_the_objectives_direction(direction, best):
    name = METRICS[direction]
    oracle = Recorder(objective=name)
    trial = oracle.create_trial("tuner0")
    for step, value in enumerate([0.5, 0.8, 0.2, 0.4]):
        oracle.update_trial(trial.trial_id, {name: value}, step=step)
    trial.status = "COMPLETED"
    oracle.end_trial(trial)
    assert (trial.score, trial.best_step) == (best, 1 if direction == "max" else 2)
    assert oracle.reward_of(trial) == (best if direction == "max" else -best)


def test_failed_trial_has_the_least_reward():
    oracle = Recorder()
    end(oracle, oracle.create_trial("tuner0"), status="FAILED")
    assert oracle.reward_of(oracle.trials["0000"]) == -math.inf


def test_direction_that_was_given_is_kept_with_the_metric(tmp_path):
    objective = keras_tuner.Objective("surprise", "max")
    oracle = Recorder(tmp_path, objective=objective)
    trial = oracle.create_trial("tuner0")
    oracle.update_trial(trial.trial_id, {"surprise": 2.0, "val_auc": 0.5, "unheard_of": 1.0})
    trial.status = "COMPLETED"
    oracle.end_trial(trial)
    metrics = opened(tmp_path, objective=objective).trials["0000"].metrics
    directions = {name: metrics.get_direction(name) for name in metrics.metrics}
    assert directions == {"surprise": "max", "val_auc": "max", "unheard_of": "min"}


def test_space_given_out_is_a_copy():
    oracle = Recorder()
    oracle.get_space().Boolean("late")
    assert oracle.hyperparameters.space == []
    assert json.dumps(oracle.get_space().get_config()["space"]) == "[]"


# ---- What must not break a search -----------------------------------------------------------


def test_a_lost_creation_does_not_give_its_number_to_another(tmp_path):
    toys.run(Recorder(tmp_path, max_trials=30), 6)
    path = tmp_path / "p" / "journal.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    lost = next(k for k, line in enumerate(lines) if b'"create"' in line and b'"0002"' in line)
    lines[lost] = lines[lost][:-9] + b"########\n"
    path.write_bytes(b"".join(lines))
    with pytest.warns(UserWarning, match="damaged"):
        oracle = opened(tmp_path, max_trials=30)
    assert "0002" not in oracle.trials
    assert oracle.create_trial("t").trial_id == "0006"


@pytest.mark.parametrize("value", ["text", None, [1.0, 2.0]])
def test_a_metric_that_is_no_number_is_refused_and_leaves_nothing(tmp_path, value):
    oracle = Recorder(tmp_path)
    trial = oracle.create_trial("t")
    with pytest.raises(ValueError, match="note="):
        oracle.update_trial(trial.trial_id, {"val_accuracy": 0.5, "note": value})
    assert trial.metrics.metrics == {}
    toys.finish(oracle, trial, status="FAILED")
    assert opened(tmp_path).trials["0000"].status == "FAILED"


def test_a_step_of_numpy_is_written(tmp_path):
    oracle = Recorder(tmp_path)
    trial = oracle.create_trial("t")
    oracle.update_trial(trial.trial_id, {"val_accuracy": 0.5}, step=np.int64(3))
    toys.finish(oracle, trial, 0.4)
    assert opened(tmp_path).trials["0000"].best_step == 3


def test_a_retry_that_succeeds_forgets_why_the_first_failed():
    oracle = Recorder(max_retries_per_trial=1)
    toys.finish(oracle, oracle.create_trial("t"), math.nan)
    toys.finish(oracle, oracle.create_trial("t"), 0.5)
    trial = oracle.trials["0000"]
    assert (trial.status, trial.message) == ("COMPLETED", None)


def test_an_error_while_learning_leaves_no_trial_behind(tmp_path):
    class Fragile(Recorder):
        def note_ended(self, trial, learn):
            if trial.trial_id == "0000":
                raise RuntimeError("cannot learn")

    oracle = Fragile(tmp_path)
    trial = oracle.create_trial("t")
    with pytest.raises(RuntimeError, match="cannot learn"):
        toys.finish(oracle, trial)
    assert oracle.ongoing_trials == {}
    assert oracle.create_trial("t").trial_id == "0001"


def test_a_full_disk_stops_the_search_and_keeps_what_had_finished(tmp_path, monkeypatch):
    oracle = Recorder(tmp_path)
    toys.run(oracle, 2)

    def full(record):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(oracle._journal, "append", full)
        with pytest.raises(ProjectError, match=r"cannot be written: No space left .* is kept"):
            oracle.create_trial("t")
    assert list(oracle.trials) == ["0000", "0001"]
    toys.run(oracle, 1)
    assert list(opened(tmp_path).trials) == ["0000", "0001", "0002"]


@pytest.mark.parametrize("trial_id", ["../../elsewhere", "/etc", "", "a.b", 7, None])
def test_a_trial_that_is_no_folder_of_the_project_is_refused(tmp_path, trial_id):
    toys.run(Recorder(tmp_path), 1)
    Journal(tmp_path / "p" / "journal.jsonl").append(
        {"n": 4, "kind": "create", "trial": trial_id, "values": {"x": 1}}
    )
    with pytest.raises(ProjectError, match="Do not open this project"):
        opened(tmp_path)


def test_a_project_can_be_closed_and_gone_on_with(tmp_path):
    oracle = Recorder(tmp_path)
    toys.run(oracle, 1)
    oracle.close()
    toys.run(oracle, 1)
    assert list(opened(tmp_path).trials) == ["0000", "0001"]
