"""Recipes: what is one, what it means, and how one that is none is refused."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.compress.recipe import ENDS, ORDER, SHARES, Recipe, parse, parse_all
from gen.compress.run import RECIPES
from gen.errors import UsageError

shares = st.none() | st.floats(0.0, 1.0, exclude_min=True, exclude_max=True)
recipes = st.builds(
    Recipe, narrow=shares, distill=st.booleans(), features=st.booleans(), prune=shares, sparse=shares,
    end=st.sampled_from(ENDS),
)  # fmt: skip


@settings(derandomize=True, deadline=None, max_examples=200)
@given(recipes)
def test_a_recipe_is_read_as_it_is_written(recipe: Recipe) -> None:
    assert parse(str(recipe)) == recipe
    assert parse(str(recipe)).slug.isidentifier()
    if recipe.end == "ptq" and recipe.words:
        assert parse("+".join(recipe.words)) == recipe


@settings(derandomize=True, deadline=None, max_examples=200)
@given(recipes)
def test_stages_add_a_step_each_and_words_can_be_left_out(recipe: Recipe) -> None:
    stages = recipe.stages
    assert stages[-1] == recipe and len(set(stages)) == len(stages)
    assert stages[0].prune is stages[0].sparse is None and stages[0].end == "ptq"
    for before, after in pairwise(stages):
        assert before in [other for _, other in after.without()]
        assert after.stages[:-1] == stages[: stages.index(after)]
    assert len(recipe.without()) == recipe.methods
    assert all(other.methods == recipe.methods - 1 for _, other in recipe.without())


@settings(derandomize=True, deadline=None, max_examples=100)
@given(recipes, st.randoms(use_true_random=False))
def test_words_out_of_order_are_told_in_order(recipe: Recipe, random: object) -> None:
    words = str(recipe).split("+")
    random.shuffle(words)  # type: ignore[attr-defined]
    if "+".join(words) == str(recipe):
        assert parse("+".join(words)) == recipe
    else:
        with pytest.raises(UsageError, match="out of order") as error:
            parse("+".join(words))
        assert str(error.value).endswith(f"write {recipe}.")


@settings(derandomize=True, deadline=None, max_examples=200)
@given(st.text(alphabet="dpqtasrune=+.05-", max_size=14))
def test_any_other_text_is_refused_in_one_sentence(text: str) -> None:
    try:
        recipe = parse(text)
    except UsageError as error:
        assert repr(text)[1:-1] in str(error) and "\n" not in str(error)
    else:
        assert parse(str(recipe)) == recipe


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("distil+ptq", "unknown word 'distil' in recipe 'distil+ptq': did you mean 'distill'?"),
        ("zzzz", "the words are narrow, distill,"),
        ("", "unknown word ''"),
        ("prune", "'prune' in recipe 'prune' wants a share"),
        ("prune=0", "wants a share between 0 and 1"),
        ("sparse=1.0", "for example sparse=0.5"),
        ("narrow=nan", "wants a share"),
        ("prune=half", "wants a share"),
        ("distill=2+ptq", "'distill' in recipe 'distill=2+ptq' takes no number: write distill."),
        ("qat=1", "takes no number"),
        ("distill+distill", "has 'distill' twice: leave one out."),
        ("prune=0.5+prune=0.2", "has 'prune' twice"),
        ("ptq+qat", "has 'ptq' and 'qat': leave one out."),
        ("ptq+distill", "out of order: write distill+ptq."),
    ],
)
def test_refusals_say_what_to_write(text: str, says: str) -> None:
    with pytest.raises(UsageError) as error:
        parse(text)
    assert says in str(error.value)


def test_two_that_say_the_same_are_refused() -> None:
    assert parse_all(("ptq", "qat")) == (Recipe(), Recipe(end="qat"))
    with pytest.raises(UsageError, match=r"prune=0\.50 says the same"):
        parse_all(("prune=0.5+ptq", "prune=0.50"))


def test_names() -> None:
    assert parse("distill+prune=0.5+qat").slug == "distill_prune05_qat"
    assert parse("sparse=0.05").slug != parse("sparse=0.5").slug
    assert len({recipe.slug for recipe in parse_all(RECIPES)}) == len(RECIPES)
    assert set(SHARES) | set(ENDS) < set(ORDER)
    assert parse("features").needs_teacher and not parse("prune=0.5").needs_teacher
