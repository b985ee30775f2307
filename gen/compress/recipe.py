"""What is done to a student, in words: a recipe is words joined by "+", each at most once, in this order.

narrow=S      the student with the share S of its channels left out from the start
distill       trained with the teacher's soft targets, too
features      trained to tell examples apart as the teacher's feature maps do, too
prune=S       structured: the least important S of the channels cut out, then fine-tuned
sparse=S      unstructured: the smallest S of the weights set to zero and kept there, then fine-tuned
ptq           int8 at the end by post-training quantization, also where no end is named
qat           int8 at the end after quantization-aware training

0 < S < 1. Fine-tuning has the loss of the training: who was distilled keeps the teacher."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from gen.errors import UsageError

SHARES = ("narrow", "prune", "sparse")
ENDS = ("ptq", "qat")
ORDER = ("narrow", "distill", "features", "prune", "sparse", *ENDS)
EXAMPLE = "distill+prune=0.5+qat"


@dataclass(frozen=True)
class Recipe:
    """One result on the way, too: a recipe without its last words."""

    narrow: float | None = None
    distill: bool = False
    features: bool = False
    prune: float | None = None
    sparse: float | None = None
    end: str = "ptq"

    def __str__(self) -> str:
        return "+".join((*self.words, self.end))

    @property
    def words(self) -> tuple[str, ...]:
        """All but the end."""
        named = []
        for name in ORDER[: -len(ENDS)]:
            value = getattr(self, name)
            if value:
                named.append(name if value is True else f"{name}={value!r}")
        return tuple(named)

    @property
    def methods(self) -> int:
        """How many words it takes beyond the plain student's."""
        return len(self.words) + (self.end == "qat")

    @property
    def slug(self) -> str:
        """The same as a file's or a C identifier's part: distill_prune05_qat."""
        return str(self).replace("+", "_").replace("=", "").replace(".", "").replace("-", "m")

    @property
    def needs_teacher(self) -> bool:
        """A teacher is in the loss."""
        return self.distill or self.features

    @property
    def stages(self) -> tuple["Recipe", ...]:
        """What is there after each step, each ending in int8, itself last: training, prune, sparse, qat."""
        trained = replace(self, prune=None, sparse=None, end="ptq")
        steps = (trained, replace(trained, prune=self.prune), replace(self, end="ptq"), self)
        return tuple(dict.fromkeys(steps))

    def without(self) -> list[tuple[str, "Recipe"]]:
        """Every word of it (qat among them) with the recipe that lacks just this one."""
        empty: dict[str, float | bool | None] = {name: None for name in SHARES}
        shorter = [
            (word, replace(self, **{word.partition("=")[0]: empty.get(word.partition("=")[0], False)}))  # type: ignore[arg-type]
            for word in self.words
        ]
        return [*shorter, ("qat", replace(self, end="ptq"))] if self.end == "qat" else shorter


def parse(text: str) -> Recipe:
    """Raises UsageError: unknown, doubled or misplaced word, a share that is none."""
    parsed: dict[str, float | bool | str] = {}
    for word in text.split("+"):
        name, value = _word(word, text)
        key = "end" if name in ENDS else name
        if key in parsed:
            raise UsageError(f"recipe {text!r} has {_both(name, parsed[key])}: leave one out.")
        parsed[key] = value
    recipe = Recipe(**parsed)  # type: ignore[arg-type]
    names = [word.partition("=")[0] for word in text.split("+")]
    if names != sorted(names, key=ORDER.index):
        raise UsageError(f"the words of recipe {text!r} are out of order: write {recipe}.")
    return recipe


def _word(word: str, text: str) -> tuple[str, float | bool | str]:
    """Its name and what it says: a share, True, or the end's name."""
    name, equals, value = word.partition("=")
    if name not in ORDER:
        near = get_close_matches(name, ORDER, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"the words are {', '.join(ORDER)}, such as {EXAMPLE}."
        raise UsageError(f"unknown word {word!r} in recipe {text!r}: {hint}")
    if name not in SHARES:
        if equals:
            raise UsageError(f"{name!r} in recipe {text!r} takes no number: write {name}.")
        return name, name if name in ENDS else True
    share = _share(value)
    if share is None:
        raise UsageError(
            f"{word!r} in recipe {text!r} wants a share between 0 and 1, both excluded: for example {name}=0.5."
        )
    return name, share


def _share(text: str) -> float | None:
    try:
        share = float(text)
    except ValueError:
        return None
    return share if 0.0 < share < 1.0 else None


def _both(name: str, before: object) -> str:
    return f"{before!r} and {name!r}" if name in ENDS and before != name else f"{name!r} twice"


def parse_all(texts: Sequence[str]) -> tuple[Recipe, ...]:
    """In the order given. Raises UsageError as parse() does, and for two that say the same."""
    recipes = tuple(parse(text) for text in texts)
    for number, recipe in enumerate(recipes):
        if recipe in recipes[:number]:
            raise UsageError(f"--recipe {texts[number]} says the same as one before: leave one out.")
    return recipes
