"""The study of a search, in a database that processes share: what it is of, its sampler, and who goes on with a trial
whose process was killed."""

import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gen.device.board import Board
from gen.errors import DiskFull, UsageError
from gen.learn.task import Task
from gen.search.budget import Budget

HEARTBEAT, GRACE = 5, 30  # seconds
LOCK_SECONDS = 60  # how long another process may hold an SQLite file
ATTEMPTS = 5  # to make the tables, where several processes do at once
RETRIES = 3  # of a trial whose process was killed, in case the trial kills it
STARTUP = 8  # trials at random before the sampler has something to learn from


@dataclass(frozen=True)
class SearchOptions:
    """What to search for."""

    task: Task
    board: Board
    engine: str
    level: str
    budget: Budget
    trials: int  # of the whole study, whoever runs them
    storage: str  # a URL for Optuna
    study: str  # its name there
    folder: Path  # of models and results

    @property
    def trial_folder(self) -> Path:
        return self.folder / "trials" / self.study

    @property
    def settings(self) -> dict[str, Any]:
        """What makes trials comparable."""
        return {
            "task": self.task.name,
            "board": self.board.id,
            "engine": self.engine,
            "optimize": self.level,
            **asdict(self.budget),
            "seed": self.task.seed,
            "training": asdict(self.task.student_training),
        }


def shown(url: str) -> str:
    """A storage's URL as others may read it: without its password."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        return str(make_url(url).render_as_string(hide_password=True))
    except ArgumentError:
        return url  # which is none


@contextmanager
def storage_errors(url: str, *more: type[Exception]) -> Iterator[None]:
    """What databases raise, and more, as UsageError in a sentence."""
    from optuna.exceptions import OptunaError
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (SQLAlchemyError, OptunaError, *more) as error:
        reason = str(getattr(error, "orig", None) or error.__cause__ or error).strip().splitlines()[0].rstrip(".")
        if "disk is full" in reason:
            raise DiskFull(
                f"the disk is full: the study's storage {shown(url)} could not be written; make room."
            ) from None
        raise UsageError(
            f"the study's storage {shown(url)} can't be used ({reason}): give an URL of a database with --storage, "
            f"such as sqlite:///search.db, or delete the file if it is damaged."
        ) from None


def open_study(options: SearchOptions) -> Any:
    """The Optuna study, made if it is new. Raises UsageError: unusable storage, or a study of other settings."""
    import optuna
    from sqlalchemy.exc import SQLAlchemyError

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    arguments = {"timeout": LOCK_SECONDS} if options.storage.startswith("sqlite") else {}
    # ImportError: the driver of a database; RuntimeError: tables of another version.
    with storage_errors(options.storage, ImportError, RuntimeError), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the heartbeat is called experimental
        for attempt in range(ATTEMPTS):
            try:
                storage = optuna.storages.RDBStorage(
                    options.storage,
                    engine_kwargs={"connect_args": arguments},
                    heartbeat_interval=HEARTBEAT,
                    grace_period=GRACE,
                    heartbeat_stale_trial_callback=again,
                )
                study = optuna.create_study(
                    storage=storage,
                    study_name=options.study,
                    directions=["maximize", "minimize"],
                    load_if_exists=True,
                    sampler=_sampler(options.task.seed),
                )
                break
            except SQLAlchemyError as error:
                if attempt == ATTEMPTS - 1 or not _met_another(error):
                    raise
                time.sleep(0.2 * (attempt + 1))
        known = study.user_attrs.get("settings")
        if known is None:
            study.set_user_attr("settings", options.settings)
    if known not in (None, options.settings):
        differing = [key for key, value in options.settings.items() if known.get(key) != value]
        was = ", ".join(f"{key} {known.get(key)}" for key in differing)
        raise UsageError(
            f"the study {options.study!r} in {shown(options.storage)} is of {was}: name another one with --study."
        )
    return study


def _met_another(error: Exception) -> bool:
    """Whether another process was making the same tables."""
    from sqlalchemy.exc import IntegrityError

    return isinstance(error, IntegrityError) or "already exists" in str(error)


def again(study: Any, trial: Any) -> None:
    """Put a trial that did not end back in line."""
    from optuna.storages import RetryHeartbeatStaleTrialCallback

    RetryHeartbeatStaleTrialCallback(max_retry=RETRIES)(study, trial)


def _sampler(seed: int) -> Any:
    """TPE drawing from a seed of each trial's own: what a trial is depends on those before it, not on which process
    runs it or how often it was started again; two processes never draw the same numbers."""
    from optuna.samplers import BaseSampler, TPESampler

    class Numbered(BaseSampler):  # type: ignore[misc]
        def __init__(self) -> None:
            self.inner = TPESampler(seed=seed)

        def before_trial(self, study: Any, trial: Any) -> None:
            self.inner = TPESampler(seed=1000 * seed + trial.number, n_startup_trials=STARTUP, constant_liar=True)

        def infer_relative_search_space(self, study: Any, trial: Any) -> Any:
            return self.inner.infer_relative_search_space(study, trial)

        def sample_relative(self, study: Any, trial: Any, search_space: Any) -> Any:
            return self.inner.sample_relative(study, trial, search_space)

        def sample_independent(self, study: Any, trial: Any, param_name: str, param_distribution: Any) -> Any:
            return self.inner.sample_independent(study, trial, param_name, param_distribution)

    return Numbered()


def ended(study: Any) -> list[Any]:
    """Optuna's trials that have their answer, in the order of their numbers."""
    from optuna.trial import TrialState

    return list(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED)))
