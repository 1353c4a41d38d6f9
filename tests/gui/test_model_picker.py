import pytest

from napari_nucleus.app.choices import Choices, ModelChoice
from napari_nucleus.app.segment_state import SegmentState
from napari_nucleus.gui.segment.model_picker import ModelPicker
from napari_nucleus.postprocess.thresholds import Thresholds

MODELS = (
    ModelChoice("small", "Small.", Thresholds(0.6), classes="consep"),
    ModelChoice("large", "Large.", Thresholds(0.4), classes="consep"),
    ModelChoice("other", classes="pannuke"),
    ModelChoice("coarse", classes="consep", mpp=0.5),
    ModelChoice("empty", lacks="needs weights"),
)


@pytest.fixture
def picker(qtbot):
    picker = ModelPicker()
    qtbot.addWidget(picker)
    picker.fill(MODELS)
    return picker


def offered(picker):
    return {action.text(): action for action in picker.menu.actions()}


def test_one_model_unless_others_are_added(picker, qtbot):
    assert picker.names() == ("small",)
    with qtbot.waitSignal(picker.changed):
        offered(picker)["large"].trigger()
    assert picker.names() == ("small", "large")
    assert picker.more.text() == "+ 1"
    assert not picker.more.isHidden()


def test_what_can_not_be_averaged_says_why(picker):
    actions = offered(picker)
    assert set(actions) == {"large", "other", "coarse"}
    assert not actions["other"].isEnabled()
    assert "pannuke" in actions["other"].toolTip()
    assert not actions["coarse"].isEnabled()
    assert "0.5 µm" in actions["coarse"].toolTip()


def test_another_model_starts_without_company(picker):
    offered(picker)["large"].trigger()
    picker.combo.setCurrentIndex(1)
    picker.combo.activated.emit(1)
    assert picker.names() == ("large",)


def test_a_new_model_is_offered_and_what_was_chosen_stays(picker):
    picker.combo.setCurrentIndex(1)
    picker.combo.activated.emit(1)
    offered(picker)["small"].trigger()
    picker.fill((MODELS[0], ModelChoice("imported", classes="consep"), *MODELS[1:]))
    assert picker.names() == ("large", "small")
    assert set(offered(picker)) == {"small", "imported", "other", "coarse"}


def test_a_chosen_model_that_is_gone_gives_way_to_the_first(picker):
    picker.combo.setCurrentIndex(1)
    picker.combo.activated.emit(1)
    offered(picker)["small"].trigger()
    picker.fill((MODELS[0], MODELS[2]))
    assert picker.names() == ("small",)


def test_without_a_usable_model(qtbot):
    picker = ModelPicker()
    qtbot.addWidget(picker)
    picker.fill(MODELS[-1:])
    assert picker.names() == ()
    assert picker.more.isHidden()


@pytest.mark.window
def test_the_form_says_what_an_ensemble_costs(make_napari_viewer_proxy):
    from napari_nucleus.gui.segment.form import SegmentForm

    state = SegmentState()
    form = SegmentForm(make_napari_viewer_proxy(), state)
    form.fill(Choices(MODELS, ("auto", "cpu")))
    assert state.models == ("small",)
    assert state.thresholds == Thresholds(0.6)
    state.thresholds = Thresholds(0.7)
    assert form.cost.isHidden()
    offered(form.model)["large"].trigger()
    form.tta.setChecked(True)
    assert state.models == ("small", "large")
    assert state.thresholds == Thresholds(0.7)  # what the user set for the first model stays
    assert "6 passes" in form.cost.text()
    assert not form.cost.isHidden()
    form.close()
