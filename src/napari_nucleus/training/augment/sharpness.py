"""Augmentation of an image's sharpness."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def soften(image: NDArray[np.uint8], rng: np.random.Generator, chance: float = 0.3) -> NDArray[np.uint8]:
    """Sometimes an image loses sharpness, as a scan at half the resolution does, or gains sensor noise.

    Parameters
    ----------
    image : (H, W, 3) uint8
    chance : float
        Of going down by a factor of 1.3 to 2.2 and back up; noise comes half as often.
    """
    if rng.random() < chance:
        height, width = image.shape[:2]
        factor = rng.uniform(1.3, 2.2)
        small = cv2.resize(image, (round(width / factor), round(height / factor)), interpolation=cv2.INTER_AREA)
        image = np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)
    if rng.random() < chance / 2:
        grain = rng.integers(-10, 11, image.shape[:2], np.int16)[..., None]
        image = np.clip(image + grain, 0, 255).astype(np.uint8)
    return image


def blur_once(image: NDArray[np.uint8], rng: np.random.Generator, limit: int = 3) -> NDArray[np.uint8]:
    """One of Gaussian, median and motion blur, each as likely (Zhang et al. 2025, §4.2: never two of them).

    Parameters
    ----------
    image : (H, W, 3) uint8
    limit : int
        Largest side of the filter in pixels, from 3 (Zhang et al., §5.4: 3); sides are odd, each as likely.
    """
    image, side = np.ascontiguousarray(image), 2 * int(rng.integers(1, (limit + 1) // 2)) + 1
    kind = rng.integers(3)
    if kind == 0:
        blurred = cv2.GaussianBlur(image, (side, side), 0)
    elif kind == 1:
        blurred = cv2.medianBlur(image, side)
    else:
        blurred = cv2.filter2D(image, -1, _streak(side, rng.uniform(0, np.pi)))
    return np.asarray(blurred, np.uint8)


def _streak(side: int, angle: float) -> NDArray[np.float32]:
    """A line through the middle of a filter; it adds up to 1."""
    streak, middle = np.zeros((side, side), np.float32), side // 2
    x, y = round(middle * np.cos(angle)), round(middle * np.sin(angle))
    cv2.line(streak, (middle, middle), (middle + x, middle + y), 1.0)
    streak = np.maximum(streak, streak[::-1, ::-1])
    return np.asarray(streak / streak.sum(), np.float32)
