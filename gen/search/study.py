"""The board decides: a search for the best student within a board's flash, RAM and instructions.

A trial is a candidate of gen/search/space.py. First it is quantized without training and goes down the compiler's real
path (gen/search/budget.py): what does not fit costs seconds, and the sampler learns by how much it misses. What fits is
trained for a fifth of its epochs, and goes on only if no other candidate that costs no more was better at that point by
more than the noise of the validation set, and none at all was better by far. (Optuna's own pruners know one objective
only, and would stop small students for learning more slowly than large ones.) The rest is trained in full, quantized,
built and measured.

The sampler is Optuna's TPE with two objectives, the figure on validation and instructions (bytes of flash where nothing
counts instructions), since the whole front between them is wanted and not its far end alone; the limits are its
constraints (Ozaki et al., Multiobjective Tree-Structured Parzen Estimator, 2022).

Processes and machines share a study (gen/search/storage.py). A trial's files are there before it is told as
finished, so whatever kills a process, a finished trial is whole; an unfinished one is tried again as soon as its
heartbeat has been still for GRACE seconds."""

import tempfile
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from gen.errors import DoesNotFit, MissingTool, ModelError
from gen.files import check_folder, write_whole
from gen.learn import tensorflow
from gen.paths import install
from gen.progress import Say
from gen.search.budget import Evaluator, Needs
from gen.search.space import Candidate, from_json, own, suggest
from gen.search.storage import GRACE, SearchOptions, again, ended, open_study, storage_errors
from gen.search.trainer import Trainer

INSTALL = install("search")
# Of the metric: who is so far behind the best after the short training is not wanted, however small.
HOPELESS_MARGIN = 0.2


class Surplus(Exception):
    """A trial that another process has taken at the same moment: there are enough."""


def require_optuna() -> None:
    if find_spec("optuna") is None:
        raise MissingTool(f"searching needs the Python package optuna: run `{INSTALL}`.")


def run(options: SearchOptions, evaluator: Evaluator, say: Say) -> Any:
    """Trials until the study has as many as are asked for; returns it. Raises MissingTool, UsageError, BuildError,
    DeviceError; KeyboardInterrupt leaves the trial that it ends to be tried again."""
    require_optuna()
    from optuna.exceptions import UpdateFinishedTrialError

    tensorflow.require_train_extra()
    check_folder(options.trial_folder)
    study = open_study(options)
    with storage_errors(options.storage):
        before = len(ended(study))
    if before:
        say(f"study {options.study}: {before} trials are there")
    if before >= options.trials:
        return study
    splits = options.task.splits()
    tensorflow.start_tensorflow()
    trainer = Trainer(options.task, splits, options.trial_folder, say)
    with (
        tempfile.TemporaryDirectory(dir=options.trial_folder, prefix=".build-") as built,
        storage_errors(options.storage),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")  # heartbeat and constant_liar are called experimental
        worker = Worker(options, replace(evaluator, folder=Path(built)), trainer, study, say, before)
        while len(ended(study)) < options.trials:
            if not worker.free():
                time.sleep(1)  # the last ones are with other processes, which may be killed yet
                continue
            try:
                study.optimize(worker, n_trials=1, catch=(Surplus,))
            except UpdateFinishedTrialError:
                say("another process has taken over this trial, which was still for too long")
    return study


@dataclass(eq=False)
class Worker:
    """Runs trials in this process."""

    options: SearchOptions
    evaluator: Evaluator
    trainer: Trainer
    study: Any
    say: Say
    before: int
    started: float = field(default_factory=time.monotonic)
    waiting: bool = False

    def free(self) -> bool:
        """Whether there is a trial to run that no other process runs."""
        import optuna
        from optuna.trial import TrialState

        optuna.storages.fail_stale_trials(self.study)
        running = self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        is_free = len(ended(self.study)) + len(running) < self.options.trials
        if not is_free and not self.waiting:
            self.say(f"waiting for {len(running)} trials that other processes run, or ran {GRACE} seconds ago")
        self.waiting = not is_free
        return is_free

    def __call__(self, trial: Any) -> tuple[float, float]:
        """Optuna's objective: the figure on validation, and the cost."""
        import optuna

        self._require_place(trial)
        try:
            facts = self._facts(trial)
        except KeyboardInterrupt:
            again(self.study, self.study.get_trials(deepcopy=False)[trial.number])
            raise
        if facts.get("why"):
            raise optuna.TrialPruned
        return facts["figure"], facts["cost"]

    def _facts(self, trial: Any) -> dict[str, Any]:
        """Tries the trial's candidate, and leaves in the study what it found; the first is the task's own student."""
        start, task = time.monotonic(), self.options.task
        first = self._is_first(trial.number)
        candidate = own(task) if first else suggest(trial, task, self.trainer.shape)
        trial.set_user_attr("candidate", candidate.as_json())
        try:
            facts = self._same(candidate) or self._try(trial.number, candidate, always=first)
        except (ModelError, DoesNotFit) as error:
            facts = {"why": str(error)}
        for name, value in facts.items():
            trial.set_user_attr(name, value)
        for name, over in facts.get("over", {}).items():
            trial.set_constraint(name, over)
        self._tell(trial.number, candidate, facts, time.monotonic() - start)
        return facts

    def _is_first(self, number: int) -> bool:
        """Whether all before it failed, or it is the first one tried again."""
        from optuna.trial import TrialState

        trials = self.study.get_trials(deepcopy=False)
        failed = all(trial.state == TrialState.FAIL for trial in trials[:number])
        return failed or trials[number].system_attrs.get("failed_trial") == 0

    def _require_place(self, trial: Any) -> None:
        """Raises Surplus where processes have begun more trials at once than are wanted, this being a last one."""
        from optuna.trial import TrialState

        others = self.study.get_trials(deepcopy=False)
        counted = [t for t in others if t.state not in (TrialState.FAIL, TrialState.WAITING)]
        if sum(t.number < trial.number or t.state.is_finished() for t in counted) >= self.options.trials:
            raise Surplus

    def _same(self, candidate: Candidate) -> dict[str, Any] | None:
        """What an earlier trial of the same candidate found."""
        for trial in ended(self.study):
            if from_json(trial.user_attrs["candidate"]) == candidate:
                return {"same_as": trial.number, **trial.user_attrs}
        return None

    def _try(self, number: int, candidate: Candidate, always: bool) -> dict[str, Any]:
        """What a trial leaves for the others and the report. always: without stopping early."""
        needs = self.evaluator.needs(self.trainer.untrained(candidate))
        facts: dict[str, Any] = {"needs": needs.as_json(), "over": self.options.budget.over(needs)}
        missed = self.options.budget.misses(needs)
        if missed:
            return {**facts, "why": f"does not fit: {missed}"}
        cost = cost_of(needs, self.evaluator)
        short = self.trainer.short(candidate)
        facts |= {"short": short, "cost": cost, "predicted": needs.instructions}
        reason = None if always else self._dominated(short, cost)
        if reason:
            return {**facts, "why": reason}
        model, quantized = self.trainer.whole(candidate)
        figure = self.trainer.score_int8(candidate, quantized)
        needs = self.evaluator.measured(quantized)
        over, missed = self.options.budget.over(needs), self.options.budget.misses(needs)
        cost = cost_of(needs, self.evaluator)
        if cost is None:
            return {**facts, "why": f"nothing tells its instructions on {self.options.board.id}"}
        write_whole(model_file(self.options, number), quantized.content)
        return {
            **facts,
            "needs": needs.as_json(),
            "over": over,
            "cost": cost,
            "figure": figure,
            "float_figure": self.trainer.score(candidate, model),
            "tflite_bytes": len(quantized.content),
            "params": model.params,
            **({"why": f"does not fit once trained: {missed}"} if missed else {}),
        }

    def _dominated(self, short: float, cost: int | None) -> str | None:
        """Why it is not worth going on, if so. cost: None where it is not known yet."""
        noise = (short * (1.0 - short) / len(self.trainer.splits.validation.y)) ** 0.5
        finished = [trial for trial in ended(self.study) if trial.values]
        for margin, known, which in (
            (noise, [t for t in finished if cost and t.user_attrs["cost"] <= cost], ", which costs no more"),
            (HOPELESS_MARGIN, finished, ", too far behind to be of use"),
        ):
            best, number = max(((trial.user_attrs["short"], trial.number) for trial in known), default=(0.0, 0))
            if short < best - margin:
                return f"stopped early: {short:.2%} after the short training, {best:.2%} in trial {number}{which}"
        return None

    def _tell(self, number: int, candidate: Candidate, facts: Mapping[str, Any], seconds: float) -> None:
        """The trial's line, and how far the study is."""
        cost = cost_name(self.evaluator)
        outcome = facts.get("why") or f"{facts['figure']:.2%} on validation, {facts['cost']:,} {cost}"
        again = f"as trial {facts['same_as']}: " if "same_as" in facts else ""
        self.say(f"trial {number}: {candidate}: {again}{outcome} ({seconds:.1f} s)")
        done, passed = len(ended(self.study)) + 1, time.monotonic() - self.started
        left = passed / (done - self.before) * max(self.options.trials - done, 0)
        best = best_of(self.study)
        figures = [(best.values[0], best.number)] if best else []
        if not facts.get("why"):
            figures.append((facts["figure"], number))
        best_yet = "best so far {:.2%} in trial {}".format(*max(figures)) if figures else "nothing fits yet"
        times = f"{passed / 60:.1f} min, about {left / 60:.1f} min left"
        self.say(f"{done} of {self.options.trials} trials, {times}; {best_yet}")


def cost_name(evaluator: Evaluator) -> str:
    """What is to be small besides a good figure."""
    return "instructions" if evaluator.board.emulated or evaluator.costs is not None else "bytes of flash"


def cost_of(needs: Needs, evaluator: Evaluator) -> int | None:
    """How much of it; None where nothing tells, before the model runs."""
    return needs.instructions if cost_name(evaluator) == "instructions" else needs.flash_bytes


def best_of(study: Any) -> Any:
    """The finished trial with the best figure on validation, of equal ones the one that costs least; None: there is
    none."""
    finished = [trial for trial in ended(study) if trial.values]
    return min(finished, key=lambda t: (-t.values[0], t.values[1], t.number), default=None)


def model_file(options: SearchOptions, number: int) -> Path:
    """Where a finished trial's model lies."""
    return options.trial_folder / f"{number}.tflite"
