import numpy as np
import pytest
from napari.layers import Image

from napari_nucleus.core import FlowMaps, HoverMaps, NucleusMap, scheme
from napari_nucleus.graph import build_graph
from napari_nucleus.gui.layers import add_nuclei, add_result, nuclei_in
from napari_nucleus.gui.layers.nuclei import is_touched
from napari_nucleus.gui.layers.place import calibrate, read_mpp
from napari_nucleus.gui.layers.result import find_layer, hide_classes
from napari_nucleus.inference import SegmentResult

pytestmark = pytest.mark.window
ROLES = ["NP", "HoVer H", "HoVer V", "type", "edges", "nodes", "nuclei"]


def example(shift=0):
    labels = np.zeros((60, 80), np.int32)
    for label, (y, x) in enumerate([(5, 5), (5, 40), (30, 10), (40, 60)], 1):
        labels[y + shift : y + shift + 8, x : x + 8] = 10 * label
    numbers = {10: 1, 20: 3, 30: 3, 40: 0}
    nuclei = NucleusMap.from_labels(labels, mpp=0.5, classes="consep", class_of=numbers)
    kinds = np.eye(5, dtype=np.float32)[nuclei.type_map()]
    zero = np.zeros((2, 60, 80), np.float32)
    return SegmentResult(nuclei, HoverMaps(labels > 0, zero, np.moveaxis(kinds, -1, 0), mpp=0.5))


def flow_example():
    result = example()
    flow = np.stack([np.full((60, 80), 0.5), np.full((60, 80), -1)])
    return SegmentResult(result.nuclei, FlowMaps(flow, result.maps.np_prob, result.maps.type_prob, mpp=0.5))


def rgba(color):
    return [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)] + [1]


def test_nuclei_are_outlined_in_the_colour_of_their_class_and_named_in_the_status_bar(make_napari_viewer_proxy):
    viewer, nuclei = make_napari_viewer_proxy(), example().nuclei

    layer = add_nuclei(viewer, nuclei, name="truth")

    assert layer.contour > 0
    np.testing.assert_allclose(layer.scale, (0.5, 0.5))
    np.testing.assert_allclose(layer.colormap.map(20), rgba(scheme("consep").colors[2]), atol=1e-6)
    np.testing.assert_allclose(layer.colormap.map(40), (1, 1, 1, 1))
    assert "class: epithelial" in layer.get_status((4.0, 22.0), world=True)["value"]
    assert nuclei_in(layer).table.equals(nuclei.table)


def test_painting_changes_the_layer_alone(make_napari_viewer_proxy):
    viewer, nuclei = make_napari_viewer_proxy(), example().nuclei
    layer = add_nuclei(viewer, nuclei)
    assert not is_touched(layer)

    layer.fill((6, 6), 77)

    assert is_touched(layer)
    assert nuclei.labels[6, 6] == 10
    assert 77 in nuclei_in(layer).table["label"].tolist()


def test_layers_of_a_result_lie_on_its_image(make_napari_viewer_proxy):
    viewer, result = make_napari_viewer_proxy(), example()
    image = viewer.add_image(np.zeros((100, 100, 3), np.uint8), scale=(0.5, 0.5), translate=(7, 9), units="um")

    layers = add_result(viewer, result, image, offset=(10, 20))

    assert list(layers) == ROLES
    for layer in layers.values():
        np.testing.assert_allclose(layer.scale, image.scale)
        np.testing.assert_allclose(layer.translate, (12, 19))
        assert layer.units == image.units
    np.testing.assert_allclose(layers["nuclei"].data_to_world((0, 0)), image.data_to_world((10, 20)))
    assert [name for name, layer in layers.items() if layer.visible] == ["edges", "nodes", "nuclei"]
    assert tuple(layers["HoVer H"].contrast_limits) == (-1, 1)
    assert viewer.layers.selection.active.name == "nuclei"


def test_a_second_result_updates_the_layers_in_place(make_napari_viewer_proxy):
    viewer = make_napari_viewer_proxy()
    image = viewer.add_image(np.zeros((60, 80, 3), np.uint8))
    layers = add_result(viewer, example(), image)
    layers["nuclei"].name = "mine"
    layers["nuclei"].opacity = 0.3
    viewer.layers.remove(layers["NP"])
    viewer.layers.selection.active = image
    second = example(shift=3)

    again = add_result(viewer, second, image)

    assert len(viewer.layers) == 8
    assert again["nuclei"].unique_id == layers["nuclei"].unique_id
    assert (again["nuclei"].name, again["nuclei"].opacity) == ("mine", 0.3)
    np.testing.assert_array_equal(again["nuclei"].data, second.nuclei.labels)
    np.testing.assert_allclose(again["nodes"].data, second.nuclei.table[["y_px", "x_px"]])
    assert viewer.layers.selection.active.name == image.name


def test_undo_does_not_bring_back_strokes_on_former_nuclei(make_napari_viewer_proxy):
    viewer = make_napari_viewer_proxy()
    layer = add_result(viewer, example())["nuclei"]
    layer.fill((6, 6), 77)
    second = example(shift=3)
    add_result(viewer, second)

    layer.undo()

    np.testing.assert_array_equal(layer.data, second.nuclei.labels)


def test_two_images_have_layers_of_their_own(make_napari_viewer_proxy):
    viewer = make_napari_viewer_proxy()
    images = [viewer.add_image(np.zeros((60, 80, 3), np.uint8), name=name) for name in "ab"]
    for image in images:
        add_result(viewer, example(), image)

    assert len(viewer.layers) == 16
    assert find_layer(viewer, images[1], "nuclei").name == "nuclei · b"


def test_no_nuclei_and_no_maps(make_napari_viewer_proxy):
    viewer = make_napari_viewer_proxy()
    add_result(viewer, example())
    none = NucleusMap.from_labels(np.zeros((60, 80), int), mpp=0.5, classes="consep")

    layers = add_result(viewer, SegmentResult(none))

    assert [layer.name for layer in viewer.layers] == ["edges", "nodes", "nuclei"]
    assert (len(layers["nodes"].data), len(layers["edges"].data)) == (0, 0)
    add_result(viewer, example())
    assert len(layers["nodes"].data) == 4


def test_flows_are_shown_as_two_maps_beside_their_probability(make_napari_viewer_proxy):
    viewer = make_napari_viewer_proxy()

    layers = add_result(viewer, flow_example())

    assert list(layers) == ["prob", "flow Y", "flow X", "type", "edges", "nodes", "nuclei"]
    assert not any(layers[name].visible for name in ("prob", "flow Y", "flow X", "type"))
    assert tuple(layers["flow Y"].contrast_limits) == (-1, 1)
    assert (layers["flow Y"].data[0, 0], layers["flow X"].data[0, 0]) == (0.5, -1)
    layers["prob"].colormap = "gray"
    again = add_result(viewer, flow_example())
    assert again["prob"].unique_id == layers["prob"].unique_id
    assert again["prob"].colormap.name == "gray"
    assert len(viewer.layers) == 7


def test_maps_of_one_kind_take_the_place_of_those_of_the_other(make_napari_viewer_proxy):
    viewer = make_napari_viewer_proxy()
    kinds = add_result(viewer, example())["type"]

    add_result(viewer, flow_example())
    assert [layer.name for layer in viewer.layers] == ["prob", "flow Y", "flow X", "type", "edges", "nodes", "nuclei"]
    assert find_layer(viewer, None, "type").unique_id == kinds.unique_id

    add_result(viewer, example())
    assert [layer.name for layer in viewer.layers] == ROLES


def test_a_class_is_switched_off_and_on(make_napari_viewer_proxy):
    viewer, result = make_napari_viewer_proxy(), example()
    layers, graph = add_result(viewer, result), build_graph(result.nuclei)

    hide_classes(viewer, None, result.nuclei, {"epithelial"})
    assert layers["nuclei"].colormap.map(20)[3] == 0
    assert layers["nuclei"].colormap.map(10)[3] == 1
    assert layers["nodes"].shown.tolist() == [True, False, False, True]
    assert len(layers["edges"].data) == 1

    hide_classes(viewer, None, result.nuclei, set())
    assert layers["nuclei"].colormap.map(20)[3] == 1
    assert layers["nodes"].shown.all()
    assert len(layers["edges"].data) == len(graph) == 6


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, (0.25, "assumed")),
        ({"scale": (0.3, 0.3)}, (0.25, "assumed")),
        ({"scale": (0.5, 0.5), "units": "um"}, (0.5, "layer")),
        ({"scale": (500, 500), "units": "nm"}, (0.5, "layer")),
        ({"scale": (0.5, 0.5), "units": "um", "metadata": {"mpp": 0.23}}, (0.23, "file")),
        ({"metadata": {"mpp": 0}}, (0.25, "assumed")),
        ({"metadata": {"mpp": float("nan")}}, (0.25, "assumed")),
        ({"metadata": {"mpp": "0.5"}}, (0.25, "assumed")),
        ({"metadata": {"mpp": 0.4, "mpp_source": "user"}}, (0.4, "user")),
    ],
)
def test_where_the_pixel_size_comes_from(options, expected):
    layer = Image(np.zeros((40, 40, 3), np.uint8), **options)

    mpp, source = read_mpp(layer)

    assert (pytest.approx(mpp), source) == expected


def test_what_lies_on_an_image_is_scaled_with_it(make_napari_viewer_proxy):
    viewer = make_napari_viewer_proxy()
    image = viewer.add_image(np.zeros((50, 60, 3), np.uint8), translate=(4, 8))
    other = viewer.add_image(np.zeros((40, 40, 3), np.uint8))
    shapes = viewer.add_shapes([[[10, 10], [20, 30]]], shape_type="rectangle")
    before = image.world_to_data(shapes.data_to_world((10, 10)))

    calibrate(viewer, image, 0.5, "user")

    np.testing.assert_allclose(image.scale, (0.5, 0.5))
    np.testing.assert_allclose(image.translate, (2, 4))
    np.testing.assert_allclose(image.world_to_data(shapes.data_to_world((10, 10))), before)
    np.testing.assert_allclose(other.scale, (1, 1))
    assert read_mpp(image) == (0.5, "user")


def test_more_nuclei_than_sixteen_bits_can_number(make_napari_viewer_proxy):
    viewer = make_napari_viewer_proxy()
    labels = np.zeros((600, 600), np.int32)
    labels[::2, ::2] = np.arange(1, 90_001).reshape(300, 300)
    nuclei = NucleusMap.from_labels(labels, mpp=0.25)

    layer = add_nuclei(viewer, nuclei)

    assert len(nuclei_in(layer)) == 90_000
    assert np.allclose(layer.get_color(90_000), layer.get_color(1))
