import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_nucleus.inference.tiles import blocks, tile_grid

sizes = st.tuples(st.integers(1, 150), st.integers(1, 150))


@given(sizes, st.sampled_from([64, 96, 128]), st.sampled_from([0, 16]))
@settings(deadline=None)
def test_tiled_equals_whole(shape, side, margin):
    """Cutting and pasting gives every pixel back once."""
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    pasted = np.full((3, *shape), np.nan, np.float32)
    for tile in tile_grid(shape, side, margin, 16):
        cut = tile.cut(image)
        assert cut.shape == (tile.side, tile.side, 3)
        assert tile.side % 16 == 0
        tile.paste(cut.transpose(2, 0, 1).astype(np.float32), pasted)
    np.testing.assert_array_equal(pasted.transpose(1, 2, 0), image)


@given(sizes, st.integers(16, 80), st.integers(0, 20))
def test_blocks_cover_once(shape, side, halo):
    seen = np.zeros(shape, int)
    for b in blocks(shape, side, halo):
        seen[b.y : b.y + b.height, b.x : b.x + b.width] += 1
        assert 0 <= b.top <= b.y
        assert b.y + b.height <= b.bottom <= shape[0]
        assert b.x + b.width <= b.right <= shape[1]
    assert (seen == 1).all()
