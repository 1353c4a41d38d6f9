"""MoNuSAC, Lizard, CoNIC and CoNSeP in the layouts in which they are published."""

import numpy as np
import pytest
from PIL import Image as Picture
from scipy.io import savemat

from napari_nucleus.core import NucleusError
from napari_nucleus.io import open_patches
from napari_nucleus.io.patches.layouts import LAYOUTS, Layout, find_layout, register_layout

PIXELS = np.random.default_rng(0).integers(0, 256, (40, 60, 3)).astype(np.uint8)
INST = np.zeros((40, 60), np.int32)
INST[5:12, 5:12], INST[20:30, 30:45] = 4, 9  # with gaps, as published
XML = """<?xml version="1.0" encoding="UTF-8"?>
<Annotations MicronsPerPixel="0.252000">
  <Annotation Id="1" Name="" ReadOnly="0" LineColor="65280" Type="4">
    <Attributes><Attribute Name="Neutrophil" Id="0" Value=""/></Attributes>
    <Regions><RegionAttributeHeaders/>
      <Region Id="1" Type="0"><Attributes/><Vertices>
        <Vertex X="5" Y="10" Z="0"/><Vertex X="25" Y="10" Z="0"/>
        <Vertex X="25" Y="20" Z="0"/><Vertex X="5" Y="20" Z="0"/>
      </Vertices></Region>
      <Region Id="2" Type="0"><Vertices><Vertex X="1" Y="1"/><Vertex X="2" Y="2"/></Vertices></Region>
    </Regions>
  </Annotation>
  <Annotation Id="2"><Attributes><Attribute Name="Epithelial" Id="0" Value=""/></Attributes>
    <Regions><Region Id="3"><Vertices>
      <Vertex X="40.5" Y="25"/><Vertex X="50.5" Y="25"/><Vertex X="50.5" Y="39"/><Vertex X="40.5" Y="39"/>
    </Vertices></Region></Regions>
  </Annotation>
  <Annotation Id="3"><Attributes><Attribute Name="Ambiguous" Id="0" Value=""/></Attributes>
    <Regions><Region Id="4"><Vertices>
      <Vertex X="0" Y="30"/><Vertex X="20" Y="30"/><Vertex X="20" Y="39"/>
    </Vertices></Region></Regions>
  </Annotation>
</Annotations>
"""
SLIDE = "TCGA-5P-A9K0-01Z-00-DX1"


@pytest.fixture
def monusac(tmp_path):
    folder = tmp_path / "MoNuSAC_images_and_annotations" / SLIDE
    folder.mkdir(parents=True)
    for i in (1, 2, 10):
        Picture.fromarray(PIXELS).save(folder / f"{SLIDE}_{i}.tif")
        (folder / f"{SLIDE}_{i}.xml").write_text(XML)
    return tmp_path


@pytest.fixture
def lizard(tmp_path):
    labels = tmp_path / "Lizard_Labels" / "Labels"
    labels.mkdir(parents=True)
    for name, images in (("consep_1", "Lizard_Images1"), ("glas_2", "Lizard_Images2")):
        (tmp_path / images).mkdir()
        Picture.fromarray(PIXELS).save(tmp_path / images / f"{name}.png")
        arrays = {"id": [[9], [4]], "class": [[6], [1]], "bbox": np.zeros((2, 4)), "centroid": np.zeros((2, 2))}
        savemat(labels / f"{name}.mat", {"inst_map": INST, **arrays})
    (tmp_path / "Lizard_Labels" / "info.csv").write_text("Filename,Source,Split\nconsep_1,consep,1\nglas_2,GlaS,3\n")
    return tmp_path


@pytest.fixture
def conic(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3)).astype(np.uint8)
    labels = np.zeros((3, 32, 32, 2), np.uint16)
    labels[:, 3:9, 3:9], labels[:, 20:28, 20:28] = (7, 2), (9, 6)
    np.save(tmp_path / "images.npy", images)
    np.save(tmp_path / "labels.npy", labels)
    (tmp_path / "patch_info.csv").write_text("patch_info\nconsep_1-0000\nconsep_1-0001\nglas_2-0000\n")
    (tmp_path / "counts.csv").write_text("neutrophil,epithelial,lymphocyte,plasma,eosinophil,connective\n")
    return tmp_path


@pytest.fixture
def consep(tmp_path):
    types = np.where(INST == 4, 7, np.where(INST == 9, 3, 0))
    for part, stem in (("Train", "train_2"), ("Train", "train_10"), ("Test", "test_1")):
        for name in ("Images", "Labels", "Overlay"):
            (tmp_path / "CoNSeP" / part / name).mkdir(parents=True, exist_ok=True)
        Picture.fromarray(PIXELS).save(tmp_path / "CoNSeP" / part / "Images" / f"{stem}.png")
        arrays = {"inst_type": np.zeros((2, 1)), "inst_centroid": np.zeros((2, 2))}
        maps = {"inst_map": INST.astype(float), "type_map": types.astype(float)}
        savemat(tmp_path / "CoNSeP" / part / "Labels" / f"{stem}.mat", maps | arrays)
    return tmp_path / "CoNSeP"


@pytest.mark.parametrize("place", ["", "MoNuSAC_images_and_annotations", f"MoNuSAC_images_and_annotations/{SLIDE}"])
def test_monusac(monusac, place):
    patches = open_patches(monusac / place)
    assert patches.names == tuple(f"{SLIDE}_{i}" for i in (1, 2, 10))
    assert set(patches.groups["patient"]) == {"TCGA-5P-A9K0"}
    assert set(patches.groups["slide"]) == {SLIDE}
    patch = patches.patch(0)
    assert patch.image.mpp == patch.truth.mpp == 0.252
    np.testing.assert_array_equal(patch.image.array, PIXELS)
    assert patch.truth.counts() == {"epithelial": 1, "lymphocyte": 0, "neutrophil": 1, "macrophage": 0}
    neutrophil = patch.truth.type_map() == patch.truth.scheme.number_of("neutrophil")
    assert neutrophil[12:18, 8:22].all()
    assert not neutrophil[:9].any()
    assert not patch.truth.labels[33:, :20].any()  # ambiguous


def test_a_class_that_monusac_lacks_is_one_line(monusac):
    file = next(monusac.glob("*/*/*_1.xml"))
    file.write_text(XML.replace("Neutrophil", "Plasma"))
    with pytest.raises(NucleusError, match=r"'Plasma'.*_1\.xml"):
        open_patches(monusac).patch(0)


def test_monusac_without_an_image_or_with_broken_xml(monusac):
    file = next(monusac.glob("*/*/*_2.xml"))
    file.write_text(XML[:300])
    with pytest.raises(NucleusError, match=r"broken.*_2\.xml") as error:
        open_patches(monusac).patch(1)
    assert "\n" not in str(error.value)
    file.with_suffix(".tif").unlink()
    with pytest.raises(NucleusError, match=r"image for each of 3 annotations, got none for 1.*_2\.svs"):
        open_patches(monusac)


def test_lizard(lizard):
    patches = open_patches(lizard)
    assert patches.names == ("consep_1", "glas_2")
    assert patches.groups == {"source": ("consep", "glas"), "fold": ("1", "3")}
    patch = patches.patch(0)
    assert patch.image.mpp == 0.5
    assert (patch.truth.counts()["neutrophil"], patch.truth.counts()["connective"]) == (1, 1)
    assert patch.truth.type_map()[8, 8] == 1  # id 4, in the second row
    (lizard / "Lizard_Labels" / "info.csv").unlink()
    assert open_patches(lizard).groups == {"source": ("consep", "glas")}


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"inst_map": INST, "id": [[4], [9]]}, "no class"),
        ({"inst_map": INST, "id": [[4], [9]], "class": [[1]]}, "each of 2 nuclei, got 1"),
        ({"inst_map": INST, "id": [[4], [9]], "class": [[1], [7]]}, "class from 1 to 6"),
        ({"inst_map": INST[:9], "id": [[4], [9]], "class": [[1], [6]]}, r"annotation of \(40, 60\)"),
        ({"inst_map": INST - 1, "id": [[4], [9]], "class": [[1], [6]]}, "labels from 0"),
        ({"inst_map": INST + 0.5, "id": [[4], [9]], "class": [[1], [6]]}, "whole numbers"),
    ],
)
def test_a_spoilt_mat_file_is_one_line(lizard, arrays, message):
    savemat(lizard / "Lizard_Labels" / "Labels" / "consep_1.mat", arrays)
    with pytest.raises(NucleusError, match=rf"{message}.*consep_1\.mat") as error:
        open_patches(lizard).patch(0)
    assert "\n" not in str(error.value)


def test_conic(conic):
    patches = open_patches(conic)
    assert patches.names == ("consep_1-0000", "consep_1-0001", "glas_2-0000")
    assert patches.groups == {"source": ("consep", "consep", "glas"), "patient": ("consep_1", "consep_1", "glas_2")}
    patch = patches.patch(2)
    assert patch.image.mpp == 0.5
    assert (patch.truth.counts()["epithelial"], patch.truth.counts()["connective"]) == (1, 1)
    np.save(conic / "labels.npy", np.zeros((2, 32, 32, 2), int))
    with pytest.raises(NucleusError, match="published files"):
        open_patches(conic)


def test_consep(consep):
    patches = open_patches(consep)
    assert patches.names == ("test_1", "train_2", "train_10")
    assert patches.groups["fold"] == ("test", "train", "train")
    truth = patches.patch(1).truth
    assert truth.counts()["endothelial"] == truth.counts()["healthy epithelial"] == 1
    assert truth.scheme.crosswalks["consep"]["endothelial"] == "spindle-shaped"
    np.testing.assert_array_equal(truth.labels, INST)


def test_a_layout_is_found_by_its_name_and_enrolled_by_one_call(tmp_path, lizard, monkeypatch):
    assert open_patches(lizard, layout="lizard").names == ("consep_1", "glas_2")
    with pytest.raises(NucleusError, match=r"layout \(.*pannuke.*\), got 'lizzard'"):
        open_patches(tmp_path, layout="lizzard")
    monkeypatch.setattr("napari_nucleus.io.patches.layouts.LAYOUTS", dict(LAYOUTS))
    register_layout(Layout("mine", lambda folder: False, find_layout("lizard").open))
    assert open_patches(lizard, layout="mine").names == ("consep_1", "glas_2")
