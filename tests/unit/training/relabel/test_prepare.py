import numpy as np
import pytest

from napari_nucleus.core import NucleusError, drain
from napari_nucleus.io import open_patches
from napari_nucleus.training.relabel.prepare import prepare_tiles

OUTLINE = (
    '<Region><Vertices><Vertex X="{x}" Y="{y}"/><Vertex X="{r}" Y="{y}"/><Vertex X="{r}" Y="{b}"/>'
    '<Vertex X="{x}" Y="{b}"/></Vertices></Region>'
)


def slide(folder, name, size, boxes):
    """An image of MoNuSAC with its XML: class and (x, y, side) of each nucleus."""
    import cv2

    (folder / name).mkdir(parents=True)
    pixels = np.random.default_rng(len(name)).integers(0, 255, (*size, 3), np.uint8)
    cv2.imwrite(str(folder / name / f"{name}_1.tif"), pixels)
    annotations = "".join(
        f'<Annotation><Attributes><Attribute Name="{kind}"/></Attributes><Regions>'
        + OUTLINE.format(x=x, y=y, r=x + side, b=y + side)
        + "</Regions></Annotation>"
        for kind, (x, y, side) in boxes
    )
    (folder / name / f"{name}_1.xml").write_text(f"<Annotations MicronsPerPixel='0.25'>{annotations}</Annotations>")


def test_monusac_as_published_becomes_tiles_that_are_read_again(tmp_path):
    source = tmp_path / "monusac"
    slide(source, "TCGA-55-1594-01Z-00-DX1", (300, 512), [("Epithelial", (30, 30, 20)), ("Lymphocyte", (400, 40, 12))])
    slide(source, "TCGA-69-7760-01Z-00-DX1", (150, 150), [("Neutrophil", (60, 60, 14))])
    slide(source, "TCGA-69-A59K-01Z-00-DX1", (100, 400), [("Macrophage", (20, 20, 30))])
    steps = prepare_tiles(open_patches(source), tmp_path / "tiles")
    told = [next(steps).values for _ in range(3)]
    assert drain(steps) == 5
    assert told[-1] == {"tiles": 5, "dropped": 1}
    tiles = open_patches(tmp_path / "tiles")
    assert len(tiles) == 5
    found = [tiles.patch(i) for i in range(5)]
    assert {patch.image.array.shape for patch in found} == {(256, 256, 3)}
    assert all(patch.truth.scheme.name == "monusac" for patch in found)
    counted = {patch.name[5:12] + patch.name[-4:]: patch.truth.counts() for patch in found}
    assert counted["55-1594_0_0"]["epithelial"] == 1
    assert counted["55-1594_0_1"]["lymphocyte"] == 1
    assert counted["69-7760_0_0"]["neutrophil"] == 1
    assert all(counts["macrophage"] == 0 for counts in counted.values())


def test_a_folder_of_small_images_alone_is_one_line(tmp_path):
    np.savez(tmp_path / "a.npz", image=np.zeros((64, 64, 3), np.uint8), inst=np.zeros((64, 64), np.int32))
    with pytest.raises(NucleusError, match=r"image of at least 128 pixels.*Lower least"):
        drain(prepare_tiles(open_patches(tmp_path), tmp_path / "tiles"))
