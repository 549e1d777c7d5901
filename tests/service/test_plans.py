"""Which files of a folder a service takes for plans."""

from __future__ import annotations

from pathlib import Path

from planrunner.app.service.plans import Plans
from tests.service.served import SITE, plan


def test_plans_are_files_of_the_folder_and_links_within_it(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "plans", tmp_path / "elsewhere.yaml"
    (folder / "..data").mkdir(parents=True)
    elsewhere.write_text(plan(1))
    (folder / "..data" / "plan.yaml").write_text(plan(2))  # as a mounted configuration has it
    (folder / "mounted.yaml").symlink_to("..data/plan.yaml")
    (folder / "out.yaml").symlink_to(elsewhere)
    (folder / "broken.yaml").write_text("planrunner: 1\nplan: None of it\n")
    (folder / "notes.yaml").write_text("- milk\n")
    (folder / "blueprint.yaml").write_text("planrunner: 1\nblueprint: What several have in common\n")
    (folder / "planrunner.yaml").write_text(SITE.format(exposure="100.00"))
    plans = Plans(folder)
    assert plans.look()
    assert {name: bool(file.problem) for name, file in plans.files.items()} == {"broken.yaml": True, "mounted.yaml": False}
    assert not plans.look(), "nothing has changed"
    (folder / "planrunner.yaml").write_text(SITE.format(exposure="15.00"))
    assert plans.look()
    assert "max_open_exposure" in plans.files["mounted.yaml"].problem
