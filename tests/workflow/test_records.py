"""What a run keeps for its report."""

from selflearn import recipes
from selflearn.data import read
from selflearn.training import RunFolder
from selflearn.workflow.records import write_views


def test_a_view_of_several_tiles_is_shown_tile_by_tile(tmp_path):
    folder, digits = RunFolder.create(tmp_path / "run"), read("digits")
    write_views(folder, digits, recipes.load("jigsaw", "small", kind="image"), seed=0)
    cells = folder.read_table("views.parquet").to_pylist()
    names = list(dict.fromkeys(cell["name"] for cell in cells))
    assert names == ["sample", *(f"global view {tile}" for tile in range(1, 5))]
    assert {cell["row"] for cell in cells if cell["name"] == names[1]} == set(range(6))
