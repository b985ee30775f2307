"""What a person should be told of a training that went wrong: it learned nothing, it learned by heart, its teacher knew
less than its student. Said on validation; the test set is for the card's figures alone."""

from collections.abc import Callable, Mapping

from gen.data.examples import Examples, Splits
from gen.learn.objective import Metric, Objective
from gen.model.graph import Array

SEEN = 1000  # training examples that are looked at
GAP = 0.1  # of training over validation, beyond what either's interval explains

Outputs = Callable[[Array], Array]


def of_student(objective: Objective, splits: Splits, classes: tuple[str, ...], outputs: Outputs) -> list[str]:
    """Sentences on a student that gives outputs(x); none where all is well."""
    seen = Examples(splits.train.x[:SEEN], splits.train.y[:SEEN])
    training, validation = (objective.measure(outputs(part.x), part) for part in (seen, splits.validation))
    return [*objective.at_chance(validation, splits.validation, classes), *by_heart(training, validation)]


def by_heart(training: Metric, validation: Metric) -> list[str]:
    """Where it does so much better on what it learned from that the intervals do not meet."""
    if training.value - validation.value <= GAP or training.low_95 <= validation.high_95:
        return []
    return [
        f"the student's {training.name} is {training.value:.1%} on training and {validation.value:.1%} on validation: "
        "it has learned its examples by heart, so give more of them, from more people, days and places."
    ]


def choose(teacher: Metric, alone: Metric, int8: Mapping[str, Metric]) -> tuple[str, list[str]]:
    """Which student is kept, "distilled" or "alone", and why where that needs words. teacher, alone: of the float
    models on validation; int8: of both students, by name."""
    if teacher.value >= alone.value:
        return "distilled", []
    kept = "alone" if int8["alone"].value > int8["distilled"].value else "distilled"
    figures = f"as int8 {int8['alone'].value:.1%} alone and {int8['distilled'].value:.1%} distilled"
    return kept, [
        f"the teacher, {teacher.value:.1%} on validation, is worse than the student alone, {alone.value:.1%}, so it "
        f"has nothing to teach: kept is the student {kept} ({figures})."
    ]
