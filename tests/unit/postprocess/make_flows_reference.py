"""Makes `flows_reference.npz`: what Cellpose itself gives for a crop of the bundled tile.

Cellpose (BSD-3-Clause) is needed for this alone; the tests read the stored values.

    python tests/unit/postprocess/make_flows_reference.py
"""

from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np
from cellpose import dynamics

from napari_nucleus.io.samples import consep_tile

CROP = np.s_[300:428, 500:628]


def main():
    labels = np.unique(consep_tile()[1].labels[CROP], return_inverse=True)[1].reshape(128, 128).astype(np.int32)
    flow = dynamics.masks_to_flows_gpu(labels)[0]
    rng = np.random.default_rng(0)
    noise = np.stack([cv2.GaussianBlur(rng.standard_normal(labels.shape), (0, 0), 2) * 7 for _ in range(3)])
    prob = cv2.GaussianBlur((labels > 0).astype(float), (0, 0), 1) + 0.15 * noise[2]
    # As they are stored: in steps of 1/100 and 1/255.
    noisy = np.round(100 * np.clip(flow + 0.3 * noise[:2], -1.27, 1.27)).astype(np.int8)
    prob = np.round(255 * np.clip(prob, 0.01, 0.99)).astype(np.uint8)
    share = prob / 255
    found = dynamics.compute_masks(noisy / 20, np.log(share / (1 - share)), flow_threshold=0, min_size=15)
    np.savez_compressed(
        Path(__file__).with_name("flows_reference.npz"),
        cellpose=version("cellpose"),
        labels=labels.astype(np.uint8),
        flow=np.round(100 * flow).astype(np.int8),
        noisy_flow=noisy,
        noisy_prob=prob,
        found=np.asarray(found[0] if isinstance(found, tuple) else found, np.uint8),
    )


if __name__ == "__main__":
    main()
