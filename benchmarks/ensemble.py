"""What an ensemble costs against a single pass: the default model, with flips, twice, and twice with flips.

python benchmarks/ensemble.py [--repeat N] [--device D]
"""

from __future__ import annotations

import argparse
import statistics
import time

from napari_nucleus.inference import resolve_device
from napari_nucleus.inference.network import Predictor
from napari_nucleus.io.samples import consep_tile
from napari_nucleus.models import load_model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--device", default="auto")
    choice = parser.parse_args()
    image, device = consep_tile()[0].array, resolve_device(choice.device)
    predictors = {
        f"{'two models' if models == 2 else 'one model'}{', three views' if tta else ''}": Predictor(
            [load_model().network for _ in range(models)], device, tta=tta
        )
        for models in (1, 2)
        for tta in (False, True)
    }
    seconds: dict[str, list[float]] = {name: [] for name in predictors}
    for _ in range(choice.repeat):  # in turn, so that what else the machine does falls on all alike
        for name, predictor in predictors.items():
            start = time.perf_counter()
            *_, _ = predictor.run(image)
            seconds[name].append(time.perf_counter() - start)
    single = statistics.median(seconds["one model"])
    print("| | passes | network, s | against one pass |\n|---|---|---|---|")
    for name, predictor in predictors.items():
        took = statistics.median(seconds[name])
        print(f"| {name} | {predictor.passes} | {took:.2f} | {took / single:.1f}× |")


if __name__ == "__main__":
    main()
