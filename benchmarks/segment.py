"""Where the time of ``segment`` goes: seconds per megapixel, split into read, network, decode and write.

    python benchmarks/segment.py [IMAGE ...] [--repeat N] [--device D]

Without an image it takes the bundled CoNSeP tile. Each figure is the median of the runs, which follow one warm-up.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from PIL import Image as Picture

from napari_nucleus.inference import segment
from napari_nucleus.io import read_image, write_results
from napari_nucleus.io.samples import consep_tile


def once(path: Path, out: Path, device: str) -> dict[str, float]:
    """One run, from the file to the four written results."""
    start = time.perf_counter()
    image = read_image(path)
    read = time.perf_counter() - start
    result = segment(image, device=device, keep_maps=False, mpp=image.mpp or 0.25)
    start = time.perf_counter()
    write_results(out, image.name, result.nuclei, image.array)
    seconds = {**result.seconds, "write": time.perf_counter() - start}
    seconds["read"] += read
    megapixels = image.shape[0] * image.shape[1] / 1e6
    return {name: value / megapixels for name, value in seconds.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", type=Path, nargs="*")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--device", default="auto")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        images = arguments.images
        if not images:
            images = [out / "consep_tile.png"]
            Picture.fromarray(consep_tile()[0].array).save(images[0])
        columns = f"{'read':>7} {'network':>8} {'decode':>7} {'write':>7}"
        print(f"{'image':24} {columns}   s/megapixel; (decode + write) / network")
        for path in images:
            once(path, out, arguments.device)
            runs = [once(path, out, arguments.device) for _ in range(arguments.repeat)]
            median = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
            share = (median["decode"] + median["write"]) / median["network"]
            print(
                f"{path.name:24} {median['read']:7.3f} {median['network']:8.3f} {median['decode']:7.3f} "
                f"{median['write']:7.3f}   {share:.2f}"
            )


if __name__ == "__main__":
    main()
