"""The built wheel is the whole app: packages and resources, running outside the checkout."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import pytest

from converge_desktop import __version__, paths
from converge_desktop.adapters.packs.pack import load_packs

ROOT = Path(__file__).parent.parent.parent


def run(*command: str | Path, cwd: Path) -> str:
    """Runs a program with an environment that says nothing about this checkout."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin", "HOME": str(cwd), "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without a network."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel in it; its dependencies are those of this one.

    They come by way of a path file, which does not read the path files it leads to, so that an
    editable install of the checkout is not among them.
    """
    venv = tmp_path_factory.mktemp("venv")
    run(sys.executable, "-m", "venv", "--without-pip", venv, cwd=venv)
    python = venv / "bin" / "python"
    run(
        *(sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check"),
        *("install", "--quiet", "--no-index", "--no-deps", wheel),
        cwd=venv,
    )
    [site] = venv.glob("lib/python3*/site-packages")
    ours = sorted({sysconfig.get_paths()["purelib"], sysconfig.get_paths()["platlib"]})
    (site / "dependencies.pth").write_text("\n".join(ours))
    return venv


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_holds_both_packages_and_nothing_else(wheel: Path) -> None:
    """No tests, no packaging, nothing of the repository beside what the app is made of."""
    tops = {name.partition("/")[0] for name in names(wheel)}

    assert {"converge_core", "converge_desktop"} == {
        top for top in tops if not top.endswith(".dist-info")
    }
    assert {"converge_core/engine.py", "converge_desktop/cli/__init__.py"} <= names(wheel)


def test_the_wheel_holds_every_resource(wheel: Path) -> None:
    """Whatever lies under resources in the checkout lies in the package."""
    resources = ROOT / "resources"
    expected = {
        f"converge_desktop/_resources/{path.relative_to(resources)}"
        for path in resources.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }

    assert set() == expected - names(wheel)
    assert any(name.endswith(".gguf") for name in expected)


def test_the_wheel_asks_for_what_the_project_declares(wheel: Path) -> None:
    """The run-time dependencies, and none of those for developing or training."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    with zipfile.ZipFile(wheel) as archive:
        [metadata] = [name for name in archive.namelist() if name.endswith("/METADATA")]
        lines = archive.read(metadata).decode().splitlines()
    wanted = [line.partition(": ")[2] for line in lines if line.startswith("Requires-Dist")]

    assert len(declared) == len(wanted)
    assert not [line for line in wanted if line.startswith(("pytest", "torch", "mypy"))]


def test_the_installed_program_says_its_version(installed: Path, tmp_path: Path) -> None:
    """From anywhere, by the name it was installed under."""
    assert __version__ in run(installed / "bin" / "converge-desktop", "--version", cwd=tmp_path)


def test_the_installed_program_finds_its_own_resources(installed: Path, tmp_path: Path) -> None:
    """Packs, model, themes and fonts come from the package and not from the checkout."""
    look = """
import converge_core, converge_desktop
from converge_desktop import paths
from converge_desktop.adapters.packs.pack import load_packs
for name, pack in load_packs(paths.packs()).items():
    print(name, pack.digest)
for place in (converge_core.__file__, converge_desktop.__file__, paths.resources()):
    print(place)
print(paths.default_model().is_file(), (paths.resources() / "themes" / "dark.toml").is_file())
"""
    *packs, core, desktop, resources, found = run(
        installed / "bin" / "python", "-I", "-c", look, cwd=tmp_path
    ).splitlines()

    assert [f"{name} {pack.digest}" for name, pack in load_packs(paths.packs()).items()] == packs
    assert [True] * 3 == [place.startswith(str(installed)) for place in (core, desktop, resources)]
    assert "True True" == found
