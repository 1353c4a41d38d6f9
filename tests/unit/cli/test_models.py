import re

import pytest
import torch
from safetensors.torch import save_file
from typer.testing import CliRunner

from napari_nucleus.cli import app
from napari_nucleus.core import NucleusError
from napari_nucleus.models import ModelCard, create_model, load_model, write_card

OPTIONS = {"encoder": "test_resnet", "widths": [16, 8]}


def run(*arguments):
    return CliRunner().invoke(app, ["models", *map(str, arguments)])


def refused(*arguments):
    """The message of a command that can't do what was asked."""
    done = run(*arguments)
    assert isinstance(done.exception, NucleusError)
    assert "\n" not in str(done.exception)
    return str(done.exception)


@pytest.fixture
def sent(tmp_path):
    """A small model as another user would send it."""
    network = create_model("hovernet_seresnext50", **OPTIONS)
    save_file(network.state_dict(), tmp_path / "sent.safetensors")
    write_card(tmp_path / "sent.json", ModelCard("sent", "hovernet_seresnext50", "consep", 0.25, options=OPTIONS))
    return tmp_path / "sent.safetensors"


def names(text):
    return [line.split()[0] for line in text.splitlines()]


def test_list_tells_what_needs_weights():
    lines = run("list").stdout.splitlines()
    assert lines[0].startswith("nucleus_small")
    assert {"hovernet", "msanet", "unetr_hoptimus0"} <= {x.split()[0] for x in lines if x.endswith("needs weights")}


def test_list_takes_part_of_a_name_or_a_pattern():
    assert names(run("list", "seresnext").stdout) == ["hovernet_seresnext101", "hovernet_seresnext50"]
    assert names(run("list", "hovernet*50").stdout) == ["hovernet_seresnext50"]
    assert run("list", "nothing").stdout == ""


def test_import_info_and_export(sent, tmp_path):
    done = run("import", sent, "--name", "mine")
    assert done.exit_code == 0, done.output
    assert names(done.stdout) == ["mine"]
    assert '"encoder": "test_resnet"' in run("info", "mine").stdout
    assert "memory_mb" in run("info", "mobilevit_unet").stdout
    assert "mine" in names(run("list").stdout)
    pytest.importorskip("onnxruntime")
    done = run("export", "mine", "--onnx", tmp_path / "mine.onnx", "--size", 64)
    assert done.exit_code == 0, done.output
    assert "image (batch, 3, 64, 64) -> np_logit, hv, type_logit" in done.stdout
    assert re.search(r"differ by at most \d\.\de-0\d ", done.stdout)
    assert (tmp_path / "mine.onnx").exists()


def test_only_models_with_weights_are_exported(tmp_path):
    assert "needs weights" in refused("export", "hovernet", "--onnx", tmp_path / "x.onnx")
    assert "only classifies" in refused("export", "cell_resnet50", "--onnx", tmp_path / "x.onnx")
    assert "Expected a model" in refused("export", "nothing", "--onnx", tmp_path / "x.onnx")
    assert list(tmp_path.iterdir()) == []


def test_import_of_an_encoder(tmp_path):
    import timm

    published = timm.create_model("resnet10t")
    torch.save(published.state_dict(), tmp_path / "pytorch_model.bin")
    done = run("import", tmp_path / "pytorch_model.bin", "--encoder", "resnet10t")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("resnet10t: kept as ")


def test_a_hostile_file_is_refused(tmp_path):
    torch.save({"w": print}, tmp_path / "bad.pt")
    assert "Expected weights alone" in refused("import", tmp_path / "bad.pt", "--encoder", "resnet10t")
    assert "weights alone" in refused("import", tmp_path / "bad.pt")


def test_a_broken_card_hides_no_other_model(sent, models_folder):
    run("import", sent)
    (models_folder / "bad.json").write_text("{")
    listed = run("list").stdout
    assert {"nucleus_small", "sent"} <= set(names(listed))
    assert "broken: Expected a model card" in listed
    assert "Expected a model card" in refused("info", "bad")
    assert load_model("sent")


def test_bench_is_a_table():
    done = run("list", "nucleus_small", "--bench")
    assert done.exit_code == 0, done.output
    header, rule, row = (line for line in done.stdout.splitlines() if line.startswith("|"))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert [cell.strip() for cell in header.strip("|").split("|")][:6] == [
        "model",
        "patch",
        "parameters",
        "GMAC",
        "MB",
        "CPU s",
    ]
    assert cells[:5] == ["nucleus_small", "256²", "4,448,657", "3.26", "8.9"]
    assert set(rule) <= set("|- ")
