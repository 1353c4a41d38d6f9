import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_nucleus.inference.tiles import blocks, tile_grid

sizes = st.tuples(st.integers(1, 150), st.integers(1, 150))


@given(sizes, st.sampled_from([32, 48, 64]), st.sampled_from([0, 16, 32]))
@settings(deadline=None)
def test_tiled_equals_whole(shape, core, margin):
    """Cutting and pasting gives every pixel back once."""
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    pasted = np.full((3, *shape), np.nan, np.float32)
    for tile in tile_grid(shape, core, margin, 16):
        cut = tile.cut(image)
        tile.paste(cut.transpose(2, 0, 1).astype(np.float32), pasted)
    np.testing.assert_array_equal(pasted.transpose(1, 2, 0), image)


@given(sizes, st.sampled_from([32, 48, 64]), st.sampled_from([0, 16, 32]))
def test_tiles_are_alike_and_see_their_surroundings(shape, core, margin):
    tiles = tile_grid(shape, core, margin, 16)
    assert len({(tile.y.size, tile.x.size) for tile in tiles}) == 1
    for span, length in [(t.y, shape[0]) for t in tiles] + [(t.x, shape[1]) for t in tiles]:
        assert span.start % 16 == span.size % 16 == 0
        assert span.end - span.first <= core
        assert span.start <= max(0, span.first - margin)
        assert span.start + span.size >= min(length, span.end + margin)


def test_a_small_image_is_one_tile_of_its_size():
    (tile,) = tile_grid((1000, 700), 1024, 96, 16)
    assert (tile.y.size, tile.x.size) == (1008, 704)


@given(sizes, st.integers(16, 80), st.integers(0, 20))
def test_blocks_cover_once(shape, side, halo):
    seen = np.zeros(shape, int)
    for b in blocks(shape, side, halo):
        seen[b.y : b.y + b.height, b.x : b.x + b.width] += 1
        assert 0 <= b.top <= b.y
        assert b.y + b.height <= b.bottom <= shape[0]
        assert b.x + b.width <= b.right <= shape[1]
    assert (seen == 1).all()
