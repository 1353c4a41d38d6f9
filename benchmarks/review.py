"""Learning while correcting and the review queue: seconds of a lesson, milliseconds of a decision.

    python benchmarks/review.py [--nuclei 1000 10000 100000] [--features 48]

Made-up nuclei in images of 2,500. "first" is the first lesson, which prepares the features; "lesson" is any later one
with so many corrections. "decision" is taking note of one and finding the next nucleus, the median of 200.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import pandas as pd

from napari_nucleus.app.review import ReviewItems, ReviewSession

CORRECTIONS = (100, 1000, 5000)


def made_up(n: int, n_features: int) -> tuple[ReviewItems, np.ndarray]:
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(4), n)
    y, x = rng.uniform(0, 500, (2, n))
    items = ReviewItems(np.arange(n) // 2500, np.arange(1, n + 1, dtype=np.int32), y, x, p.argmax(1) + 1, p)
    return items, rng.normal(size=(n, n_features)).astype(np.float32)


def measure(n: int, n_features: int) -> dict[str, str]:
    items, features = made_up(n, n_features)
    session = ReviewSession(items, features, every=10**9)
    row: dict[str, str] = {"nuclei": f"{n:,}"}
    rng = np.random.default_rng(1)
    for taught in (count for count in CORRECTIONS if count <= n):
        rows = rng.choice(n, taught, replace=False)
        classes = rng.integers(1, 5, taught)
        if taught == CORRECTIONS[0]:
            row["first, s"] = f"{session.learner.fit(rows, classes).seconds:.2f}"
        row[f"lesson of {taught:,}, s"] = f"{session.learner.fit(rows, classes).seconds:.2f}"
    times = []
    for _ in range(200):
        start = time.perf_counter()
        at = session.queue.next()
        assert at is not None
        session.decide(at, 1)
        times.append(time.perf_counter() - start)
    row["decision, ms"] = f"{1000 * np.median(times):.2f}"
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nuclei", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("--features", type=int, default=48)
    arguments = parser.parse_args()
    print(pd.DataFrame([measure(n, arguments.features) for n in arguments.nuclei]).to_string(index=False))


if __name__ == "__main__":
    main()
