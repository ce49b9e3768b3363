"""The examples under deploy/: valid where they are read by others, their commands ours, their times in order."""

from __future__ import annotations

import configparser
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import compose_spec
import kubernetes_validate
import pytest
import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"
BIN = Path(sys.executable).parent
# Which Kubernetes there is where somebody uses these is not known: one that is old by now, and the newest.
VERSIONS = ("1.30", kubernetes_validate.latest_version())
CLOSING = 10  # seconds that a resource of lifespan(...) has to close

UNITS = sorted((DEPLOY / "systemd").iterdir())
MANIFESTS = {
    f"{path.stem} {manifest['kind']}": manifest
    for path in sorted((DEPLOY / "kubernetes").iterdir())
    for manifest in yaml.safe_load_all(path.read_text())
}
COMPOSE = yaml.safe_load((DEPLOY / "compose" / "compose.yaml").read_text())


def unit(path: Path) -> Any:
    parsed = configparser.ConfigParser(interpolation=None, strict=False, delimiters=("=",))
    parsed.optionxform = str  # type: ignore[assignment,method-assign] # as the documentation says
    parsed.read(path)
    return parsed


def commands() -> Iterator[tuple[str, list[str]]]:
    """All that the examples start."""
    for path in UNITS:
        yield path.name, shlex.split(unit(path)["Service"]["ExecStart"].replace("%i", "8001"))
    for name, manifest in MANIFESTS.items():
        for container in pods(manifest):
            yield f"kubernetes {name}", container["args"]
    for name, service in COMPOSE["services"].items():
        if "command" in service:
            yield f"compose {name}", service["command"]
    found = re.search(r"^CMD (\[.*\])$", (DEPLOY / "compose" / "Dockerfile").read_text(), re.MULTILINE)
    assert found
    yield "Dockerfile", json.loads(found[1])


def pods(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    if "template" not in manifest["spec"]:
        return []
    containers: list[dict[str, Any]] = manifest["spec"]["template"]["spec"]["containers"]
    return containers


COMMANDS = list(commands())


@pytest.mark.parametrize("command", [command for _, command in COMMANDS], ids=[name for name, _ in COMMANDS])
def test_a_command_is_one_of_ours_and_its_options_are_known(command: list[str]) -> None:
    program, *arguments = command
    assert program in (Path(program).name, f"/srv/loopline/.venv/bin/{Path(program).name}")
    # --help comes after what is unknown has been refused
    done = subprocess.run([BIN / Path(program).name, *arguments, "--help"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    if (application := "loopline.demo.app:app") not in command:
        assert arguments == ["migrate"], f"neither {application} nor a migration"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_is_what_kubernetes_reads(name: str, version: str) -> None:
    kubernetes_validate.validate(MANIFESTS[name], version, strict=True)


def test_a_manifest_with_a_mistake_would_be_found() -> None:
    manifest = json.loads(json.dumps(MANIFESTS["web Deployment"]))
    manifest["spec"]["template"]["spec"]["terminationGracePeriodSecond"] = 40
    with pytest.raises(kubernetes_validate.ValidationError, match="terminationGracePeriodSecond"):
        kubernetes_validate.validate(manifest, VERSIONS[-1], strict=True)


def test_the_compose_file_is_what_compose_reads() -> None:
    source = (DEPLOY / "compose" / "compose.yaml").read_text()
    read = compose_spec.PyCompose.from_yaml(source)
    assert sorted(read.service_names()) == ["database", "migrate", "web", "worker"]
    with pytest.raises(ValueError, match="restrt"):
        compose_spec.PyCompose.from_yaml(source.replace("restart:", "restrt:"))


@pytest.mark.parametrize("where", ["kubernetes", "compose"])
def test_the_probe_of_a_worker_tells_a_young_file_from_an_old_one(where: str, tmp_path: Path) -> None:
    container, service = pods(MANIFESTS["worker Deployment"])[0], COMPOSE["services"]["worker"]
    started: list[str] = container["args"] if where == "kubernetes" else service["command"]
    (path,) = [word.removeprefix("--alive-file=") for word in started if word.startswith("--alive-file=")]
    shell: str = (
        container["livenessProbe"]["exec"]["command"] if where == "kubernetes" else service["healthcheck"]["test"]
    )[-1]
    assert path in shell
    alive = tmp_path / "alive"

    def probed() -> int:
        done = subprocess.run(["sh", "-c", shell.replace(path, str(alive))], stderr=subprocess.DEVNULL, timeout=60)
        return done.returncode

    assert probed() != 0, "there is none"
    alive.touch()
    assert probed() == 0
    os.utime(alive, (0, time.time() - 130))
    assert probed() != 0


def test_systemd_has_nothing_against_the_units(tmp_path: Path) -> None:
    for path in UNITS:
        (tmp_path / path.name).write_text(path.read_text().replace("/srv/loopline/.venv/bin", str(BIN)))
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is missing: install the package systemd to see this one run")
    done = subprocess.run(
        [program, "verify", "--man=no", *sorted(tmp_path.iterdir())],
        capture_output=True,
        text=True,
        timeout=60,
        env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
    )
    ours = [line for line in done.stderr.splitlines() if "loopline" in line]
    assert (done.returncode, ours) == (0, []), done.stderr


def graceful(command: list[str]) -> int:
    """Seconds that a process may take to end what it does, as its command says it; a worker's are in the code."""
    said = re.search(r"--timeout-graceful-shutdown[= ](\d+)", " ".join(command))
    return int(said[1]) if said else 0


def test_whoever_stops_a_process_waits_for_longer_than_it_takes() -> None:
    known = dict(COMMANDS)
    for path in UNITS:
        service = unit(path)["Service"]
        if service["Type"] != "oneshot":
            assert int(service["TimeoutStopSec"]) > graceful(known[path.name]) + CLOSING
            assert service["KillMode"] == "mixed", (
                "or the processes of its lanes are told to stop before their calls end"
            )
    for name in ("web", "worker"):
        manifest = MANIFESTS[f"{name} Deployment"]
        pod, container = manifest["spec"]["template"]["spec"], pods(manifest)[0]
        before = int(
            container.get("lifecycle", {"preStop": {"exec": {"command": ["", "0"]}}})["preStop"]["exec"]["command"][1]
        )
        assert pod["terminationGracePeriodSeconds"] > before + graceful(container["args"]) + CLOSING
        service = COMPOSE["services"][name]
        assert int(service["stop_grace_period"].removesuffix("s")) > graceful(service["command"]) + CLOSING
