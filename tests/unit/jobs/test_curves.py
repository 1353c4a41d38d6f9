from napari_nucleus.jobs.curves import Curves


def rows(start, stop, loss=1.0):
    return "".join(f"{step},{loss + step},\n" for step in range(start, stop))


def test_only_whole_rows_of_a_growing_log(tmp_path):
    path = tmp_path / "log.csv"
    curves = Curves(path)
    assert curves.table().empty
    path.write_text("step,lo")
    assert curves.table().empty
    path.write_text("step,loss,val_loss\n" + rows(1, 4) + "4,1")
    assert curves.table()["step"].tolist() == [1, 2, 3]
    with path.open("a") as file:
        file.write("2.5,0.25\n" + rows(5, 7))
    table = curves.table()
    assert table["step"].tolist() == [1, 2, 3, 4, 5, 6]
    assert table["loss"][3] == 12.5
    assert table["val_loss"].dropna().tolist() == [0.25]
    assert curves.table() is table
    path.unlink()
    assert len(curves.table()) == 6


def test_a_log_that_was_cut_back_to_a_checkpoint_is_read_anew(tmp_path):
    path = tmp_path / "log.csv"
    head = "step,loss,val_loss\n"
    path.write_text(head + rows(1, 9))
    curves = Curves(path)
    assert len(curves.table()) == 8
    path.write_text(head + rows(1, 5) + rows(5, 15, loss=2.0))
    assert curves.table()["loss"].tolist() == [step + (1.0 if step < 5 else 2.0) for step in range(1, 15)]
    path.write_text(head.replace("loss", "np") + rows(1, 3))
    assert list(curves.table()) == ["step", "np", "val_np"]
