"""Start citylab from a checkout: `python3 run.py up`; check it: `python3 run.py test [--slow]`.

Needs Python 3.11 or newer with pip and venv. Makes `.venv`, installs the locked dependencies, then passes
its arguments to `citylab`.
"""

import hashlib
import os
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
SUFFIX = ".exe" if os.name == "nt" else ""
LOCKS = {"use": ROOT / "requirements.lock", "test": ROOT / "requirements-dev.lock"}
CHECKS = (
    ("lint", ["ruff", "check", "."]),
    ("format", ["ruff", "format", "--check", "."]),
    ("layers", ["lint-imports"]),
    ("types", ["mypy"]),
    ("tests", ["pytest", "-q", "-n", "2", "--dist", "loadfile"]),
)
BESIDE = {"types"}
"""Run while the tests run; shown after them."""


def fail(sentence: str) -> "None":
    """End with one sentence that names the remedy."""
    sys.exit(f"run.py: {sentence}")


def stamp(purpose: str) -> str:
    """What the environment must have been made from."""
    digest = hashlib.sha256(f"{sys.version} {ROOT}".encode())
    for path in (LOCKS[purpose], ROOT / "pyproject.toml"):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def make_environment() -> None:
    """Make `.venv`."""
    try:
        import ensurepip  # noqa: F401 - only asked whether it is there
        import venv
    except ImportError:
        fail("Python's venv and pip are missing; on Debian and Ubuntu: sudo apt install python3-venv python3-pip")
    print("Making the environment in .venv ...", flush=True)
    try:
        venv.EnvBuilder(clear=True, with_pip=True).create(VENV)
    except (OSError, subprocess.CalledProcessError) as error:
        fail(f"could not make .venv ({error}); check free space and write permission in {ROOT}")


def install(arguments: "list[str]") -> float:
    """Run pip, show what it fetches, and return the size of the downloads [MB]."""
    command = [str(BIN / f"python{SUFFIX}"), "-m", "pip", "--disable-pip-version-check", "install", *arguments]
    megabytes, tail = 0.0, []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as pip:
        for line in pip.stdout or ():
            tail = [*tail[-14:], line.rstrip()]
            found = re.search(r"Downloading (\S+).*\(([\d.]+) ([kM]?)B\)", line)
            if found:
                size = float(found[2]) * {"k": 1e-3, "M": 1.0, "": 1e-6}[found[3]]
                megabytes += size
                name = found[1].rsplit("/", 1)[-1].split("-")[0]
                print(f"  {name:<24} {size:6.1f} MB   {megabytes:6.1f} MB so far", flush=True)
    if pip.returncode:
        print("\n".join(tail), file=sys.stderr)
        fail(
            "the installation failed; see the lines above. Without internet, copy .venv from a machine of the same kind"
        )
    return megabytes


def prepare(purpose: str) -> None:
    """Bring `.venv` to the locked state, unless it is there already."""
    mark = VENV / "citylab.stamp"
    wanted = [stamp("use"), stamp("test")]
    have = mark.read_text().split() if mark.exists() else []
    if wanted[purpose == "test"] in have:
        return
    began = time.monotonic()
    if not have or not (BIN / f"python{SUFFIX}").exists() or not set(have) <= set(wanted):
        make_environment()
    print("Installing the locked dependencies ...", flush=True)
    megabytes = install(["--require-hashes", "--only-binary", ":all:", "-r", str(LOCKS[purpose])])
    install(["--no-deps", "--no-build-isolation", "--editable", str(ROOT)])
    mark.write_text("\n".join([stamp("use")] + ([stamp("test")] if purpose == "test" else [])))
    print(f"Installed: {megabytes:.0f} MB downloaded, {time.monotonic() - began:.0f} s.", flush=True)


def test(arguments: "list[str]") -> int:
    """Run every check, even after one failed; the exit code tells whether all passed."""
    # the tests start many processes, which would compile every module again
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    if "--slow" in arguments:
        arguments = ["-n", "0", *arguments]  # some of the slow tests measure
    failed, beside = [], []
    for name, command in CHECKS:
        line = [*command, *(arguments if name == "tests" else [])]
        started = subprocess.Popen(
            [str(BIN / f"{line[0]}{SUFFIX}"), *line[1:]],
            cwd=ROOT,
            env=environment,
            text=True,
            stdout=subprocess.PIPE if name in BESIDE else None,
            stderr=subprocess.STDOUT if name in BESIDE else None,
        )
        if name in BESIDE:
            beside.append((name, line, started))
            continue
        print(f"== {name}: {' '.join(line)}", flush=True)
        began = time.monotonic()
        failed += [name] if started.wait() else []
        print(f"== {name}: {'FAILED' if name in failed else 'passed'} in {time.monotonic() - began:.0f} s", flush=True)
    for name, line, started in beside:
        print(f"== {name}: {' '.join(line)}\n{started.communicate()[0].rstrip()}")
        failed += [name] if started.returncode else []
        print(f"== {name}: {'FAILED' if name in failed else 'passed'}", flush=True)
    if failed:
        print(f"Failed: {', '.join(failed)}", file=sys.stderr)
    return len(failed)


def main() -> int:
    """Prepare, then hand over."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this file is what an old Python runs first
        found = ".".join(map(str, sys.version_info[:2]))
        fail(f"Python {found} is too old; citylab needs 3.11 or newer (start this file with a newer python3)")
    arguments = sys.argv[1:] or ["--help"]
    if arguments[0] == "test":
        prepare("test")
        return test(arguments[1:])
    prepare("use")
    os.environ.setdefault("CITYLAB_DATA", str(ROOT / ".citylab"))
    program = str(BIN / f"citylab{SUFFIX}")
    if os.name != "nt":
        os.execv(program, [program, *arguments])  # noqa: S606 - so that signals reach citylab itself
    try:
        return subprocess.run([program, *arguments], check=False).returncode
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
