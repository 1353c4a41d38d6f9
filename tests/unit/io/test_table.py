import numpy as np
import pandas as pd
import pytest

from napari_nucleus.core import ClassScheme, NucleusError, NucleusMap
from napari_nucleus.io import read_csv, write_csv


def test_names_that_pandas_takes_for_missing(tmp_path):
    odd = ClassScheme("odd", ("NA", "null", 'a,"b"', "été\n"), ("#000000",) * 4)
    labels = np.arange(6, dtype=np.int32).reshape(2, 3)
    nuclei = NucleusMap.from_labels(labels, classes=odd, class_of={1: 1, 2: 2, 3: 3, 4: 4})
    write_csv(tmp_path / "a.csv", nuclei)
    pd.testing.assert_frame_equal(read_csv(tmp_path / "a.csv"), nuclei.table)


def test_further_columns_and_missing_values(tmp_path):
    nuclei = NucleusMap.from_labels(np.array([[1, 2]]))
    table = nuclei.table.assign(roundness=[0.1 + 0.2, np.nan], note=["good", "bad"], seen=[1, 2])
    write_csv(tmp_path / "a.csv", NucleusMap(nuclei.labels, table, nuclei.mpp, nuclei.scheme))
    pd.testing.assert_frame_equal(read_csv(tmp_path / "a.csv"), table)


def test_the_header_is_that_of_the_table(tmp_path):
    prob = np.full((5, 1, 2), 0.2, np.float32)
    write_csv(tmp_path / "a.csv", NucleusMap.from_labels(np.array([[1, 2]]), classes="consep", type_prob=prob))
    assert (tmp_path / "a.csv").read_text().splitlines()[0] == (
        "label,y_px,x_px,y_um,x_um,class,p_other,p_inflammatory,p_epithelial,p_spindle-shaped,area_um2"
    )


def test_no_nuclei(tmp_path):
    nuclei = NucleusMap.from_labels(np.zeros((3, 3), np.int32))
    write_csv(tmp_path / "a.csv", nuclei)
    assert list(read_csv(tmp_path / "a.csv").columns) == list(nuclei.table.columns)
    assert len(read_csv(tmp_path / "a.csv")) == 0


@pytest.mark.parametrize("content", ["a,b\n1,2\n", "label\nx\n", "label\n1.5\n", '"', "\0\1\2", "\xff\xfe"])
def test_other_tables_are_refused(content, tmp_path):
    (tmp_path / "a.csv").write_bytes(content.encode("latin1"))
    with pytest.raises(NucleusError, match=r"Expected .* File: .*a\.csv"):
        read_csv(tmp_path / "a.csv")
