"""NasOracle: from what a leaf proposes to trials, and back to what it learns from."""

import warnings

import keras_tuner
import numpy as np
import pytest
import toys

from autokeras_nas.architecture import Decision, Grammar, HyperParameterGrammar, Proposal, decode
from autokeras_nas.architecture.proposal import HONOURED, Budget
from autokeras_nas.oracles import NasOracle


class Digits(Grammar):
    """Numbers of so many places below a base.

    Args:
        places: Decisions `d0`, `d1` and so on.
        base: Choices of each, from 0.
        refuse: Says of digits whether they may not be built; None: all may.
    """

    def __init__(self, places=3, base=4, refuse=None):
        self.places, self.base, self.refuse = places, base, refuse

    def options(self, prefix, progress=1.0):
        for k in range(self.places):
            if f"d{k}" not in prefix:
                return Decision.among(f"d{k}", list(range(self.base)))
        return None

    def check(self, values):
        return "refused" if self.refuse and self.refuse(digits(values)) else None


class Stuck(Digits):
    """Digits of which only zeros are ever sampled."""

    def sample(self, rng, progress=1.0):
        return number(*[0] * self.places)


class Unwalked(Digits):
    """Digits that nobody may walk through."""

    def enumerate(self, prefix=None):
        raise AssertionError("the whole space was walked through")
        yield


class Leaf(NasOracle):
    """Remembers what it was told; proposes what was handed in, then nothing.

    Args:
        proposals: What to propose, each once.
        folder: Where the project `p` lies; None: nothing is written.
        **kwargs: Passed to `NasOracle`.
    """

    def __init__(self, proposals=(), folder=None, seed=0, **kwargs):
        settings = {"objective": "val_accuracy", "grammar": Digits(), **kwargs}
        super().__init__(seed=seed, **settings)
        self.verbose = 0
        self.idle_seconds = 0
        self.proposals = list(proposals)
        self.told = []
        if folder is not None:
            self._set_project_dir(str(folder), "p")

    def propose(self):
        self.next_rng()
        position = self._counter - 1
        return self.proposals[position] if position < len(self.proposals) else None

    def issued(self, proposal, trial_id):
        self.told.append(("issued", trial_id, proposal))

    def learn(self, trial):
        self.told.append(("learn", trial.trial_id, trial.score))


class Sampler(Leaf):
    """Draws from the grammar for ever."""

    def propose(self):
        return Proposal(self.grammar.sample(self.next_rng()))


class Obstinate(Leaf):
    """Proposes the same for ever."""

    def propose(self):
        self.next_rng()
        return self.proposals[0]


def number(*values):
    return {f"d{k}": value for k, value in enumerate(values)}


def digits(values):
    return tuple(values[f"d{k}"] for k in range(len(values)))


def run(oracle, trials=1000, tuner_id="tuner0", value=0.5, honoured=True):
    """Runs so many trials, as a tuner that does all that it is asked for.

    Returns:
        The digits of each.
    """
    tried = []
    for _ in range(trials):
        trial = oracle.create_trial(tuner_id)
        if trial.status != "RUNNING":
            break
        tried.append(digits(decode(trial.hyperparameters.values).values))
        end(oracle, trial, value, honoured)
    return tried


def end(oracle, trial, value=0.5, honoured=True, status="COMPLETED"):
    if status == "COMPLETED":
        metrics = {oracle.objective.name: value, **({HONOURED: 1.0} if honoured else {})}
        oracle.update_trial(trial.trial_id, metrics)
    trial.status = status
    oracle.end_trial(trial)


def listed(*numbers):
    return [Proposal(number(*n)) for n in numbers]


def reopened(cls, folder, **kwargs):
    oracle = cls(folder=folder, **kwargs)
    oracle.reload()
    return oracle


# ---- From proposals to trials ---------------------------------------------------------------


def test_proposals_become_trials_in_their_order():
    oracle = Leaf(listed((3, 1, 2), (0, 0, 0), (1, 2, 3)))
    assert run(oracle) == [(3, 1, 2), (0, 0, 0), (1, 2, 3)]
    assert oracle.create_trial("tuner0").status == "STOPPED"


def test_proposal_travels_whole():
    proposal = Proposal(
        number(1, 2, 3), Budget(epochs=9, initial_epoch=3), "continue", ("0000",), "Eve"
    )
    oracle = Leaf([*listed((0, 0, 0)), proposal])
    run(oracle)
    assert oracle.finished()[1].proposal == proposal
    assert oracle.trials["0001"].hyperparameters.values["tuner/epochs"] == 9


def test_refused_proposals_never_become_trials():
    grammar = Digits(refuse=lambda d: sum(d) % 2)
    oracle = Sampler(grammar=grammar)
    tried = run(oracle, 20)
    assert len(tried) == 20 == len(set(tried))
    assert not any(sum(d) % 2 for d in tried)
    assert len(oracle.trials) == 20


def test_refused_and_repeated_proposals_are_redrawn():
    oracle = Leaf(
        listed((0, 0, 0), (0, 0, 0), (0, 0, 1), (0, 0, 2), (0, 0, 0), (0, 1, 0)),
        grammar=Digits(refuse=lambda d: d == (0, 0, 1)),
    )
    assert run(oracle) == [(0, 0, 0), (0, 0, 2), (0, 1, 0)]


def test_running_trials_are_not_proposed_again():
    oracle = Leaf(listed((0, 0, 0), (0, 0, 0), (0, 0, 1)))
    trials = [oracle.create_trial(f"t{k}") for k in range(2)]
    assert [digits(t.hyperparameters.values) for t in trials] == [(0, 0, 0), (0, 0, 1)]


def test_same_architecture_at_another_budget_is_no_repetition():
    short, long = (Proposal(number(1, 1, 1), Budget(epochs=e)) for e in (1, 9))
    oracle = Leaf([short, long, short])
    assert run(oracle) == [(1, 1, 1), (1, 1, 1)]


def test_equal_networks_are_equal_proposals():
    class Unordered(Digits):
        def canonical(self, values):
            return str(sorted(digits(values)))

    oracle = Leaf(listed((0, 1, 2), (2, 1, 0), (1, 0, 2), (1, 1, 2)), grammar=Unordered())
    assert run(oracle) == [(0, 1, 2), (1, 1, 2)]


def test_leaf_that_repeats_itself_falls_back_to_samples():
    oracle = Obstinate(listed((7, 7, 7, 7)), grammar=Unwalked(places=4, base=10))
    tried = run(oracle, 20)
    assert tried[0] == (7, 7, 7, 7)
    assert len(tried) == 20 == len(set(tried))
    assert tried == run(Obstinate(listed((7, 7, 7, 7)), grammar=Digits(4, 10)), 20)


def test_samples_that_repeat_themselves_fall_back_to_a_walk_through_the_space():
    oracle = Obstinate(listed((0, 0, 0)), grammar=Stuck(refuse=lambda d: len(set(d)) > 1))
    assert run(oracle) == [(0, 0, 0), (1, 1, 1), (2, 2, 2), (3, 3, 3)]


def test_exhausted_space_ends_the_search_though_the_leaf_goes_on():
    grammar = Digits(refuse=lambda d: sum(d) != 3)
    oracle = Sampler(grammar=grammar)
    tried = run(oracle)
    assert sorted(tried) == sorted(d for d in map(digits, grammar.enumerate()) if sum(d) == 3)
    assert oracle.create_trial("tuner0").status == "STOPPED"
    assert len(oracle.trials) == 10


def test_exhausted_space_waits_for_trials_that_run():
    oracle = Sampler(grammar=Digits(1, 2))
    running = [oracle.create_trial(f"t{k}") for k in range(2)]
    assert oracle.create_trial("t2").status == "IDLE"
    for trial in running:
        end(oracle, trial)
    assert oracle.create_trial("t2").status == "STOPPED"


def test_space_that_refuses_everything_ends_at_once():
    oracle = Sampler(grammar=Digits(refuse=lambda d: True))
    assert oracle.create_trial("tuner0").status == "STOPPED"
    assert oracle.trials == {}


def test_leaf_without_a_proposal_gets_no_samples():
    oracle = Leaf(listed((0, 0, 0)), grammar=Unwalked())
    assert run(oracle) == [(0, 0, 0)]


# ---- Initial architectures ------------------------------------------------------------------


def test_initial_architectures_are_tried_in_their_order():
    wanted = [(3, 3, 3), (0, 1, 2), (2, 2, 2)]
    oracle = Leaf(listed((1, 1, 1)), initial_architectures=[number(*n) for n in wanted])
    assert run(oracle) == [*wanted, (1, 1, 1)]


PARTIAL = [{"d1": 3}, {"d0": 2, "d2": 1}, {"d1": 2}]


def test_partial_architecture_is_completed_with_what_it_says():
    first, second, third = run(Sampler(initial_architectures=PARTIAL), 3)
    assert first[1] == 3
    assert (second[0], second[2]) == (2, 1)
    assert third[1] == 2


def test_partial_architectures_are_completed_deterministically(tmp_path):
    grammar = Digits(3, 100)

    def oracle(folder, seed=0):
        return Sampler(folder=folder, seed=seed, grammar=grammar, initial_architectures=PARTIAL)

    unbroken = run(oracle(tmp_path / "a"), 5)
    assert run(oracle(tmp_path / "b"), 5) == unbroken
    assert run(oracle(tmp_path / "c", seed=1), 5) != unbroken
    # The project keeps its seed, and with it what is still to be completed.
    first = run(oracle(tmp_path / "d"), 1)
    assert first + run(oracle(tmp_path / "d", seed=99), 4) == unbroken


def test_illegal_architecture_is_repaired():
    initial = {"d0": 99, "d1": 3, "d2": "two", "unheard_of": 1}
    oracle = Leaf(initial_architectures=[initial])
    (tried,) = run(oracle)
    assert tried[1] == 3
    assert oracle.grammar.is_legal(oracle.finished()[0].values)


def test_initial_architecture_that_is_refused_is_passed_over():
    oracle = Leaf(
        listed((1, 1, 1)),
        grammar=Digits(refuse=lambda d: d == (0, 0, 0)),
        initial_architectures=[number(0, 0, 0), number(0, 0, 1), number(0, 0, 1)],
    )
    assert run(oracle) == [(0, 0, 1), (1, 1, 1)]


def test_initial_architecture_is_plain():
    oracle = Leaf(initial_architectures=[{f"d{k}": np.int64(k) for k in range(3)}])
    trial = oracle.create_trial("tuner0")
    assert trial.hyperparameters.values == number(0, 1, 2)
    assert {type(v) for v in trial.hyperparameters.values.values()} == {int}


def test_initial_architectures_are_not_tried_again_on_resume(tmp_path):
    settings = {"initial_architectures": [number(3, 3, 3), number(2, 2, 2)]}
    run(Leaf(folder=tmp_path, **settings), 2)
    resumed = Leaf(listed((1, 1, 1)), folder=tmp_path, **settings)
    assert run(resumed) == [(1, 1, 1)]


# ---- Nothing to propose ---------------------------------------------------------------------


class Waiting(Sampler):
    """Looks at its generator before it finds that it must wait for what runs."""

    def propose(self):
        rng = self.next_rng()
        if len(self.finished()) < len(self.trials):
            return None
        return Proposal(self.grammar.sample(rng))


def test_nothing_is_idle_while_a_trial_runs():
    oracle = Waiting()
    trial = oracle.create_trial("tuner0")
    assert oracle.create_trial("other").status == "IDLE"
    end(oracle, trial)
    assert oracle.create_trial("other").status == "RUNNING"


def test_nothing_with_none_running_ends_the_search():
    oracle = Leaf()
    assert oracle.create_trial("tuner0").status == "STOPPED"
    assert oracle.trials == {}
    assert oracle.tuner_ids == set()


def test_asking_in_vain_changes_nothing_that_comes():
    alone, asked = Waiting(grammar=Digits(5, 9)), Waiting(grammar=Digits(5, 9))
    expected = run(alone, 10)
    tried = []
    for _ in range(10):
        trial = asked.create_trial("tuner0")
        tried.append(digits(trial.hyperparameters.values))
        assert {asked.create_trial(f"other{k}").status for k in range(3)} == {"IDLE"}
        end(asked, trial)
    assert tried == expected


def test_exhaustion_leaves_the_seed_counter():
    asked_once, asked_often = Sampler(grammar=Digits(1, 2)), Sampler(grammar=Digits(1, 2))
    for oracle in (asked_once, asked_often):
        assert len(run(oracle)) == 2
    assert [asked_often.create_trial("tuner0").status for _ in range(3)] == ["STOPPED"] * 3
    assert asked_once.next_rng().random() == asked_often.next_rng().random()


# ---- Seeds ----------------------------------------------------------------------------------


def test_seed_zero_is_a_seed_of_its_own():
    tried = [run(Sampler(seed=seed, grammar=Digits(5, 9)), 5) for seed in (0, 1, 0)]
    assert tried[0] == tried[2] != tried[1]
    assert Sampler(seed=0).seed == 0


def test_no_seed_draws_one():
    seeds = {Sampler(seed=None).seed for _ in range(20)}
    assert len(seeds) > 15
    assert all(isinstance(seed, int) and 0 <= seed < 2**31 for seed in seeds)


def test_seed_that_was_drawn_is_kept_with_the_project(tmp_path):
    grammar = Digits(5, 9)
    oracle = Sampler(folder=tmp_path, seed=None, grammar=grammar)
    first = run(oracle, 3)
    resumed = Sampler(folder=tmp_path, seed=None, grammar=grammar)
    rest = run(resumed, 3)
    assert resumed.seed == oracle.seed
    assert first + rest == run(Sampler(seed=oracle.seed, grammar=grammar), 6)


def test_generators_follow_from_seed_and_counter():
    oracle = Sampler(seed=5)
    drawn = [oracle.next_rng().random() for _ in range(3)]
    assert drawn == [np.random.default_rng([5, k]).random() for k in (1, 2, 3)]


# ---- Grammars -------------------------------------------------------------------------------


def test_bound_grammar_is_the_grammar():
    oracle, grammar = Leaf(grammar=None), Digits()
    oracle.bind(grammar)
    assert oracle.grammar is grammar


def test_binding_does_not_override_a_given_grammar():
    given = Digits()
    oracle = Leaf(grammar=given)
    oracle.bind(Digits(9, 9))
    assert oracle.grammar is given


def test_unbound_grammar_is_that_of_the_hyperparameters():
    oracle = Leaf(grammar=None, hyperparameters=toys.ordinal_space(2, 3))
    assert isinstance(oracle.grammar, HyperParameterGrammar)
    assert oracle.grammar is oracle.grammar
    assert [len(d.choices) for d in oracle.grammar.decisions({"c0": 0, "c1": 0})] == [3, 3]


def test_grammar_of_the_hyperparameters_follows_late_entries():
    oracle = Leaf(grammar=None, hyperparameters=toys.ordinal_space(1, 3))
    late = keras_tuner.HyperParameters()
    late.Boolean("late")
    assert oracle.grammar.is_legal({"c0": 0})
    oracle.update_space(late)
    assert oracle.grammar.is_legal({"c0": 0, "late": True})


# ---- Once more, on purpose ------------------------------------------------------------------


def test_again_is_an_unused_repeat():
    oracle = Leaf(listed((1, 1, 1), (2, 2, 2)))
    run(oracle)
    first = oracle.completed()[0]
    proposal = oracle.again(first)
    assert proposal == Proposal(number(1, 1, 1), repeat=1)
    assert oracle.again(first) == proposal  # Asked alone, it uses nothing up.


def test_again_counts_repeats_that_run_or_ended(tmp_path):
    class Repeater(Leaf):
        def propose(self):
            self.next_rng()
            completed = self.completed()
            return self.again(completed[0]) if completed else self.proposals[0]

    oracle = Repeater(listed((1, 1, 1)), folder=tmp_path)
    run(oracle, 3)
    running = [oracle.create_trial(f"t{k}") for k in range(2)]
    repeats = [t.proposal.repeat for t in oracle.completed()]
    repeats += [decode(t.hyperparameters.values).repeat for t in running]
    assert repeats == [0, 1, 2, 3, 4]
    for source in (oracle, reopened(Repeater, tmp_path)):
        assert source.again(source.completed()[0]).repeat == 5
        assert source.again(source.completed()[2]).repeat == 5


def test_again_keeps_the_budget():
    proposal = Proposal(number(1, 1, 1), Budget(epochs=9), individual="Eve")
    oracle = Leaf([proposal])
    run(oracle)
    again = oracle.again(oracle.completed()[0])
    assert (again.budget, again.individual, again.repeat) == (Budget(epochs=9), "Eve", 1)


# ---- The result -----------------------------------------------------------------------------

BUDGETS_AND_SCORES = [(1, 0.9), (9, 0.5), (9, 0.6), (3, 0.99), (9, 0.1), (3, 0.05)]


def searched(budgets_and_scores, **kwargs):
    proposals = [
        Proposal(number(k // 16, k // 4 % 4, k % 4), Budget(epochs=epochs))
        for k, (epochs, _) in enumerate(budgets_and_scores)
    ]
    oracle = Leaf(proposals, **kwargs)
    for _, value in budgets_and_scores:
        trial = oracle.create_trial("tuner0")
        end(oracle, trial, value, status="FAILED" if value is None else "COMPLETED")
    return oracle


@pytest.mark.parametrize("objective, expected", [("val_accuracy", "0002"), ("val_loss", "0004")])
def test_incumbent_is_the_best_at_the_highest_budget(tmp_path, objective, expected):
    oracle = searched(BUDGETS_AND_SCORES, objective=objective, folder=tmp_path)
    assert oracle.incumbent() == expected
    assert reopened(Leaf, tmp_path, objective=objective).incumbent() == expected


def test_incumbent_at_equal_budgets_is_the_best_trial():
    oracle = searched([(0, 0.2), (0, 0.9), (0, 0.9)])
    assert oracle.incumbent() == "0001" == oracle.get_best_trials()[0].trial_id


def test_failed_trial_at_a_higher_budget_is_no_incumbent():
    assert searched([(1, 0.9), (9, None)]).incumbent() == "0000"


def test_without_a_completed_trial_there_is_no_incumbent():
    assert Leaf().incumbent() is None
    assert searched([(1, None)]).incumbent() is None


# ---- Sizes that follow the budget -----------------------------------------------------------


@pytest.mark.parametrize(
    "max_trials, expected", [(2000, 100), (1000, 100), (999, 99), (110, 11), (50, 10), (None, 10)]
)
def test_size_is_scaled_to_the_budget(max_trials, expected):
    assert Leaf(max_trials=max_trials).scaled_to_budget(100) == expected


def test_published_size_below_ten_is_kept():
    assert Leaf(max_trials=2000).scaled_to_budget(4) == 4


class Scaled(Sampler):
    """Uses a scaled size wherever it proposes."""

    def propose(self):
        self.size = self.scaled_to_budget(100)
        return super().propose()


def test_scaled_size_is_frozen_when_more_trials_are_asked_for(tmp_path):
    oracle = Scaled(folder=tmp_path, max_trials=50)
    run(oracle, 2)
    oracle.max_trials = 2000
    run(oracle, 2)
    assert oracle.size == 10
    for _ in range(3):
        again = reopened(Scaled, tmp_path, max_trials=2000)
        assert again.scaled_to_budget(100) == 10
        run(again, 1)
        assert again.size == 10


def test_size_is_the_same_in_every_hook(tmp_path):
    class Learner(Sampler):
        def learn(self, trial):
            self.sizes = [*getattr(self, "sizes", []), self.scaled_to_budget(100)]

    run(Learner(folder=tmp_path, max_trials=50), 5)
    again = reopened(Learner, tmp_path, max_trials=2000)
    again.reload()
    assert again.sizes == [10] * 5


# ---- What a leaf is told --------------------------------------------------------------------


def test_leaf_is_told_of_each_proposal_and_each_end_once(tmp_path):
    proposals = listed((0, 0, 0), (1, 1, 1), (2, 2, 2))
    oracle = Leaf(proposals, folder=tmp_path, max_retries_per_trial=1)
    first, second = oracle.create_trial("a"), oracle.create_trial("b")
    end(oracle, second, 0.25)
    end(oracle, first, status="INVALID")
    end(oracle, oracle.create_trial("a"), 0.75)
    oracle.end_trial(second)
    end(oracle, oracle.create_trial("a"), status="FAILED")
    assert oracle.told == [
        ("issued", "0000", proposals[0]),
        ("issued", "0001", proposals[1]),
        ("learn", "0001", 0.25),
        ("learn", "0000", 0.75),
        ("issued", "0002", proposals[2]),
        ("learn", "0002", None),
    ]
    assert reopened(Leaf, tmp_path).told == oracle.told


class Counting(Sampler):
    """Keeps a sum that does not follow from its trials."""

    seen = 0

    def learn(self, trial):
        super().learn(trial)
        self.seen += 1

    def get_state(self):
        return {"seen": self.seen}

    def set_state(self, state):
        self.seen = state["seen"]


@pytest.mark.parametrize("cuts", [(60,), (10, 55), (50, 60, 120)])
def test_resumed_leaf_learns_only_what_its_snapshot_does_not_know(tmp_path, cuts):
    settings = {"folder": tmp_path, "grammar": Digits(4, 9)}
    done = 0
    for cut in cuts:
        oracle = Counting(**settings)
        run(oracle, cut - done)
        done = cut
    again = reopened(Counting, **settings)
    assert again.seen == done == len(again.finished()) == len(again.completed())
    assert len([event for event in again.told if event[0] == "learn"]) == done % 50


def test_ended_trials_are_remembered_with_reward_and_metrics():
    oracle = Leaf(listed((0, 0, 0), (1, 1, 1)), objective="val_loss")
    end(oracle, oracle.create_trial("tuner0"), 0.25)
    failed = oracle.create_trial("tuner0")
    failed.message = "no such layer"
    end(oracle, failed, status="FAILED")
    good, bad = oracle.finished()
    assert (good.score, oracle.reward(good)) == (0.25, -0.25)
    assert good.metrics == {"val_loss": 0.25, HONOURED: 1.0}
    assert (bad.score, bad.message, bad.metrics) == (None, "no such layer", {})
    assert oracle.reward(bad) < -1e300
    assert oracle.completed() == [good]


def test_leaf_need_only_propose():
    class Least(NasOracle):
        def propose(self):
            return Proposal(self.grammar.sample(self.next_rng()))

    oracle = Least("val_accuracy", 5, Digits())
    oracle.verbose = 0
    assert len(run(oracle)) == 5
    assert (oracle.keep(), oracle.get_state(), oracle.explain()) == (set(), {}, {})


def test_base_alone_proposes_nothing():
    with pytest.raises(NotImplementedError):
        NasOracle("val_accuracy", grammar=Digits()).create_trial("tuner0")


# ---- A tuner that does less than it is asked for --------------------------------------------

DEMANDING = {
    "budget": {"budget": Budget(epochs=3)},
    "share of the data": {"budget": Budget(data_share=0.5)},
    "measure": {"measure": "supernet"},
    "payload": {"payload": "{}"},
}


def demanding(name, **kwargs):
    proposals = [Proposal(number(0, 0, k), **DEMANDING[name]) for k in range(3)]
    return Leaf(proposals, **kwargs)


@pytest.mark.parametrize("name", DEMANDING)
def test_tuner_that_does_not_say_it_honoured_ends_the_search(name):
    oracle = demanding(name)
    with pytest.warns(UserWarning, match="`Leaf` asked for.*need `autokeras_nas.NasTuner`"):
        assert len(run(oracle, honoured=False)) == 1
    assert oracle.create_trial("tuner0").status == "STOPPED"
    assert "NasTuner" in oracle.stop_reason
    assert len(oracle.completed()) == 1


@pytest.mark.parametrize("name", DEMANDING)
def test_tuner_that_says_it_honoured_goes_on(name):
    oracle = demanding(name)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(run(oracle)) == 3
    assert oracle.stop_reason is None


def test_any_tuner_will_do_for_plain_proposals():
    proposals = [Proposal(number(0, 0, 0)), Proposal(number(0, 0, 0), repeat=1, individual="Eve")]
    oracle = Leaf(proposals)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(run(oracle, honoured=False)) == 2


def test_failed_trial_need_not_be_honoured():
    oracle = demanding("budget")
    end(oracle, oracle.create_trial("tuner0"), status="FAILED")
    assert oracle.stop_reason is None
    assert len(run(oracle)) == 2


# ---- Progress -------------------------------------------------------------------------------


def test_progress_by_trials_counts_what_ended():
    oracle = Sampler(max_trials=4)
    seen = [oracle.progress()]
    for status in ("COMPLETED", "FAILED", "COMPLETED", "COMPLETED"):
        trial = oracle.create_trial("tuner0")
        assert oracle.progress() == seen[-1]
        end(oracle, trial, status=status)
        seen.append(oracle.progress())
    assert seen == [0.0, 0.25, 0.5, 0.75, 1.0]


def test_progress_by_time_follows_the_clock(tmp_path):
    now = [100.0]
    settings = {"folder": tmp_path, "time_budget": 40.0, "clock": lambda: now[0]}
    oracle = Sampler(**settings)
    assert oracle.progress() == 0.0
    trial = oracle.create_trial("tuner0")
    now[0] += 10.0
    assert oracle.progress() == 0.25
    end(oracle, trial)
    now[0] = 7.0
    again = reopened(Sampler, **settings)
    assert again.progress() == 0.25
    again.create_trial("tuner0")
    now[0] += 1000.0
    assert again.progress() == 1.0


def test_progress_is_whichever_is_further():
    now = [0.0]
    oracle = Sampler(max_trials=10, time_budget=100.0, clock=lambda: now[0])
    run(oracle, 2)
    assert oracle.progress() == 0.2
    now[0] = 60.0
    assert oracle.progress() == 0.6
    run(oracle, 6)
    assert oracle.progress() == 0.8


def test_progress_without_a_limit_is_none():
    oracle = Sampler()
    run(oracle, 5)
    assert oracle.progress() == 0.0


def test_progress_never_exceeds_one(tmp_path):
    run(Sampler(folder=tmp_path, max_trials=8), 8)
    assert reopened(Sampler, tmp_path, max_trials=4).progress() == 1.0


# ---- What a tuner must honour ---------------------------------------------------------------


def test_a_tuner_that_says_it_did_not_do_all_ends_the_search():
    oracle = Leaf([Proposal(number(0, 0, k), measure="supernet") for k in range(3)])
    with pytest.warns(UserWarning, match="supernet"):
        end(oracle, oracle.create_trial("t"), honoured=False)
    assert oracle.create_trial("t").status == "STOPPED"


def test_a_search_that_a_stock_tuner_could_not_do_goes_on_in_ours(tmp_path):
    proposals = [Proposal(number(0, 0, k), Budget(epochs=3)) for k in range(3)]
    oracle = Leaf(proposals, folder=tmp_path)
    with pytest.warns(UserWarning):
        end(oracle, oracle.create_trial("t"), honoured=False)
    again = Leaf(proposals, folder=tmp_path)
    assert again.create_trial("t").status == "RUNNING"


@pytest.mark.parametrize("seed", [-1, 0.5])
def test_a_seed_that_is_none_is_refused_at_once(seed):
    with pytest.raises(ValueError, match="seed"):
        Leaf(seed=seed)


def test_a_seed_of_numpy_is_plain():
    assert type(Leaf(seed=np.int64(3)).seed) is int
