"""A student taught by a teacher against the same student, trained equally long without one.

python benchmarks/distillation.py DATA [--recipe R] [--teacher A,B] [--runs RUNS] [--steps N] [--device D]
                                       [--only plain|distilled] [--test]

Both begin with the same weights, and learn at the same rates; where all images have labels, they see the same crops.
What RUNS holds already isn't trained again, and what was stopped goes on. They are scored on the tiles that the recipe
holds out; --test scores CoNSeP's test split in their place: once, when nothing is to be chosen any more.
"""

from __future__ import annotations

import argparse
from dataclasses import fields, replace
from pathlib import Path

from napari_nucleus.cli.training import follow_training
from napari_nucleus.core import drain
from napari_nucleus.evaluation import Case, Evaluation, compare, evaluate
from napari_nucleus.evaluation.scoring import TITLES
from napari_nucleus.evaluation.text import interval, number, probability
from napari_nucleus.inference import resolve_device
from napari_nucleus.models import load_segmenter, load_weights
from napari_nucleus.training import DataSource, DistillRecipe, Recipe, Run, distill, fit, read_recipe
from napari_nucleus.training.data import open_data
from napari_nucleus.training.distill import Ensemble, ScoredImage, scored_images

RECIPE = Path(__file__).parents[1] / "recipes" / "distil_nucleus_small.toml"
TEST = DataSource("consep", include="test_*", classes=True)
SCORES = ("pq", "dq", "sq", "aji", "dice", "f_d", "f_c", "mpq_plus", "r2")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--recipe", type=Path, default=RECIPE)
    parser.add_argument("--teacher", help="models of the list, with commas between; the recipe's by default")
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--steps", type=int)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--only", choices=["plain", "distilled"], help="train one of them, and compare nothing")
    parser.add_argument("--test", action="store_true")
    choice = parser.parse_args()
    recipe = read_recipe(choice.recipe, DistillRecipe)
    if choice.teacher:
        recipe = replace(recipe, teacher=tuple(choice.teacher.split(",")))
    options = {"device": resolve_device(choice.device), "steps": choice.steps, "resume": True}
    runs = {}
    if choice.only != "distilled":
        runs["plain"] = follow_training(fit(without_teacher(recipe), choice.data, choice.runs, **options))
    if choice.only != "plain":
        runs["distilled"] = follow_training(distill(recipe, choice.data, choice.runs, **options))
    if not choice.only:
        images = test_images(recipe, choice.data) if choice.test else held_out_images(recipe, choice.data)
        report(recipe, runs, images, options["device"])


def without_teacher(recipe: DistillRecipe) -> Recipe:
    """The same recipe for the student alone, which learns from the labels that there are."""
    shared = {field.name: getattr(recipe, field.name) for field in fields(Recipe)}
    return Recipe(**{**shared, "name": f"{recipe.name}_plain"})


def held_out_images(recipe: Recipe, data: Path) -> list[ScoredImage]:
    return scored_images(drain(open_data(recipe, data)).held_out, recipe)


def test_images(recipe: Recipe, data: Path) -> list[ScoredImage]:
    return scored_images(drain(open_data(replace(recipe, sources=(TEST,)), data)).training, recipe)


def report(recipe: DistillRecipe, runs: dict[str, Run], images: list[ScoredImage], device: str) -> None:
    """Teacher, plain and distilled student: costs, scores, and what the teacher brings, paired by image."""
    print((runs["distilled"].folder / "comparison.txt").read_text(encoding="utf-8"))
    models = {"teacher": Ensemble([load_segmenter(n) for n in recipe.teacher], views=recipe.views, device=device)}
    for name, run in runs.items():
        models[name] = Ensemble([load_weights(run.weights, run.card)], views=False, device=device)
    scored = {name: score(model, images) for name, model in models.items()}
    print(f"{len(images)} images: {', '.join(image.name for image in images)}\n")
    print_scores(scored)
    print_differences(scored["plain"], scored["distilled"])


def score(model: Ensemble, images: list[ScoredImage]) -> Evaluation:
    return evaluate(Case(i.name, i.truth, model.nuclei(i.image, i.truth.mpp, i.truth.scheme)) for i in images)


def print_scores(scored: dict[str, Evaluation]) -> None:
    tables = {name: found.table().set_index(["metric", "class"]) for name, found in scored.items()}
    print(f"| score | {' | '.join(scored)} |\n|---|{'---|' * len(scored)}")
    for key in rows(next(iter(scored.values()))):
        values = (table.loc[key, ["value", "low", "high"]] for table in tables.values())
        print(f"| {title(*key)} | {' | '.join(f'{number(v)} {interval(low, high)}' for v, low, high in values)} |")


def print_differences(plain: Evaluation, distilled: Evaluation) -> None:
    differences = compare(plain, distilled).set_index(["metric", "class"])
    print("\n| score | distilled − plain (paired, 95 %) | p |\n|---|---|---|")
    for key in rows(plain):
        change, low, high, p = differences.loc[key, ["difference", "low", "high", "p"]]
        sign = "+" if change > 0 else ""
        print(f"| {title(*key)} | {sign}{number(change)} {interval(low, high)} | {probability(p)} |")


def rows(found: Evaluation) -> list[tuple[str, str]]:
    by_class = [("f_c", name) for name in found.scheme.classes] + [("r2", name) for name in found.scheme.classes]
    return [*((key, "") for key in SCORES), *by_class]


def title(metric: str, name: str) -> str:
    return f"{TITLES[metric]}{': ' if name else ''}{name}"


if __name__ == "__main__":
    main()
