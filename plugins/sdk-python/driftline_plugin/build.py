"""`python -m driftline_plugin build FILE`: a component of a module, by componentize-py."""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from .plugin import Plugin

#: The module that componentize-py is given; it must not have the name of an author's module.
ENTRY = "driftline_plugin_entry"

#: The interface, the world, and the resource of each kind.
KINDS = {
    "record-check": ("record_check", "record-check-plugin", "Checker"),
    "drift-test": ("drift_test", "drift-test-plugin", "Summary"),
    "metric": ("metric", "metric-plugin", "Accumulator"),
}


def load(source: Path) -> Plugin:
    """The one `Plugin` of a module, imported in plain CPython."""
    sys.path.insert(0, str(source.parent.resolve()))
    try:
        spec = importlib.util.spec_from_file_location(source.stem, source)
        if spec is None or spec.loader is None:
            raise SystemExit(f"{source}: not a Python module")
        module = importlib.util.module_from_spec(spec)
        sys.modules[source.stem] = module
        spec.loader.exec_module(module)
    finally:
        sys.path.pop(0)
    found = [it for it in vars(module).values() if isinstance(it, Plugin)]
    if len(found) != 1:
        raise SystemExit(f"{source}: expected one `Plugin(...)` at the top of the module, found {len(found)}")
    if not found[0].capabilities:
        raise SystemExit(f"{source}: the plugin offers nothing; put `@plugin.record_check(...)` or the like above a class")
    return found[0]


def build(source: Path, output: Path, wit: Path | None = None) -> Plugin:
    """Makes the component. `wit` is the folder with `plugin.wit`; by default the one that came with this package."""
    plugin = load(source)
    kinds = {it.kind for it in plugin.capabilities.values()}
    command = _componentize()
    with tempfile.TemporaryDirectory(prefix="driftline-plugin-") as folder:
        entry = Path(folder)
        shutil.copytree(
            source.parent, entry / "app", ignore=shutil.ignore_patterns("*.wasm", ".*", "__pycache__", "tests", "driftline_plugin")
        )
        # componentize-py wants each resource in a module that has the name of its interface.
        (entry / f"{ENTRY}.py").write_text(
            "import driftline_plugin.guest as _guest\n"
            f"import {source.stem} as _module\n"
            "from driftline_plugin import Plugin as _Plugin\n"
            "_plugin = next(it for it in vars(_module).values() if isinstance(it, _Plugin))\n"
            "globals().update(_guest.exports(_plugin))\n"
        )
        for kind in kinds:
            module, _, resource = KINDS[kind]
            (entry / f"{module}.py").write_text(f"from {ENTRY} import {resource}\n")
        shutil.copytree(Path(__file__).parent, entry / "driftline_plugin", ignore=shutil.ignore_patterns("__pycache__"))
        worlds = [part for kind in sorted(kinds) for part in ("-w", f"driftline:plugin/{KINDS[kind][1]}")]
        command += ["-d", str(wit or Path(__file__).parent / "wit"), *worlds]
        command += ["componentize", "--stub-wasi", "-p", folder, "-p", str(entry / "app"), "-o", str(output), ENTRY]
        # Without a fixed seed the order of sets would differ from build to build.
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=folder, env={**os.environ, "PYTHONHASHSEED": "0"}, check=False
        )
        if done.returncode != 0:
            said = (done.stdout + done.stderr).split("\nStack backtrace:")[0]
            raise SystemExit(f"{source}: componentize-py failed:\n{said}")
    return plugin


def _componentize() -> list[str]:
    beside = Path(sys.executable).with_name("componentize-py")
    found = str(beside) if beside.exists() else shutil.which("componentize-py")
    if found is None:
        raise SystemExit("componentize-py is not installed: python -m pip install componentize-py==0.25.1")
    return [found]


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m driftline_plugin", description="Driftline plugins in Python.")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("build", help="make a component of a module")
    command.add_argument("source", type=Path, help="the module that holds the Plugin: plugin.py")
    command.add_argument("-o", "--output", type=Path, help="the component; by default the plugin's name with .wasm")
    command.add_argument("--wit", type=Path, help="a folder with another plugin.wit")
    it = parser.parse_args(arguments)
    if not it.source.is_file():
        raise SystemExit(f"{it.source}: no such file")
    output = it.output or Path(f"{load(it.source).name}.wasm")
    plugin = build(it.source.resolve(), output.resolve(), it.wit.resolve() if it.wit else None)
    size = output.stat().st_size
    digest = hashlib.sha256(output.read_bytes()).hexdigest()
    print(f"{output}: {plugin.name} {plugin.version}, {size / 1e6:.1f} MB, sha256:{digest}")


if __name__ == "__main__":
    main()
