"""Wrong configurations and morphologies: one sentence that names key, value and what is valid, exit code 2."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from dendplast import cli
from dendplast.errors import ParameterError
from dendplast.quantity import under
from dendplast.release import Patch

CELL = "1 1 0 0 0 6 -1\n2 3 10 0 0 1 1\n3 3 80 0 0 1 2\n4 3 120 30 0 1 3\n5 3 120 -30 0 1 3\n"
BASE = """
preset = "passive"
morphology = "cell.swc"
until = "1 ms"
numerics = { settle = 1, d_lambda = 1 }
"""
PAIR = '[[protocol]]\nkind = "pairing"\ndt = 5\nn = 1\n'
SITE = '[[protocol]]\nkind = "release"\n'

# name: (TOML put in place of, or after, the lines of BASE; what the sentence says after the file's name)
CONFIGURATIONS = {
    "unknown key": ('presett = "ca1"', "presett: unknown key; did you mean 'preset'?"),
    "unknown key, nothing near": ("zzz = 1", "zzz: unknown key; known keys are preset, morphology,"),
    "unknown key in a group": ("[spines]\nraduis = 3", "spines.raduis: unknown key; did you mean 'radius'?"),
    "unknown key in a protocol": (PAIR + "hzz = 1", "protocol.0.hzz: unknown key; did you mean 'hz'?"),
    "unknown key in a selection": (
        PAIR + "spines = {regoin = 'basal'}", "protocol.0.spines.regoin: unknown key; did you mean 'region'?"),
    "unknown key in a site": (
        SITE + "site = {modulator = 'dopamine', at = [0, 0, 0], q = 1}",
        "protocol.0.site.q: unknown key; known keys are modulator, p, molecules, pool, refill, feedback, at"),
    "unknown key in a drug": (
        "[[drugs]]\nagent = 'AP5'\nconc = 1\nbegin = 3",
        "drugs.0.begin: unknown key; known keys are agent, conc,"),
    "unknown modulator in the tone": (
        "[tone]\nserotonin = 1", "tone.serotonin: unknown key; known keys are dopamine"),
    "number for a name": ("preset = 5", "preset = 5: must be text"),
    "list for a name": ("morphology = [1]", "morphology = [1]: must be text"),
    "number for a group": ("numerics = 3", "numerics = 3: must be a table"),
    "text for a whole number": ("seed = 'x'", "seed = 'x': must be a whole number"),
    "share of a spine": ("[spines]\nn = 2.5", "spines.n = 2.5: must be a whole number"),
    "truth for a number": ("seed = true", "seed = true: true and false are not valid here"),
    "number for truth": ("numerics = {full = 'maybe'}", "numerics.full = 'maybe': must be true or false"),
    "list for a number": ("numerics = {dt = [1]}", "numerics.dt = [1]: must be a number in ms"),
    "text for a point": ("[spines]\ncenter = 'soma'", "spines.center = 'soma': must be a list of 3 numbers"),
    "point in a plane": ("[spines]\ncenter = [1, 2]", "spines.center = [1, 2]: must be a list of 3 numbers"),
    "point in four dimensions": ("[spines]\ncenter = [1, 2, 3, 4]", "must be a list of 3 numbers"),
    "one protocol as a table": (
        "[protocol]\nkind = 'pairing'\ndt = 5", "must be a list of tables, each written [[protocol]]"),
    "protocol as text": ("protocol = ['pairing']", "protocol.0 = 'pairing': must be a table"),
    "unit of something else": (
        "[spines]\nradius = '3 mV'",
        "spines.radius: '3 mV' is a voltage, not a length; valid units here are nm, um, mm"),
    "no unit": ("numerics = {dt = '0.05'}", "numerics.dt: '0.05' has no unit; valid units here are us, ms,"),
    "unknown unit": (
        "[[drugs]]\nagent = 'AP5'\nconc = '5 uL'", "drugs.0.conc: '5 uL' is not a number with a unit"),
    "unit of something else in a site": (
        SITE + "site = {modulator = 'dopamine', center = [0, 0, 0], radius = '5 ms'}",
        "protocol.0.site.radius: '5 ms' is a time, not a length"),
    "negative number of spines": ("[spines]\nn = -1", "spines.n = -1: must be at least 1"),
    "negative seed": ("seed = -1", "seed = -1: must be at least 0"),
    "negative concentration": (
        "[[drugs]]\nagent = 'AP5'\nconc = '-5 uM'", "drugs.0.conc = -0.005: must be at least 0 mM"),
    "not a number": ("numerics = {dt = nan}", "numerics.dt = nan: must be a finite number in ms"),
    "infinite": ("[spines]\npath_max = inf", "spines.path_max = inf: must be a finite number in um"),
    "point that is not finite": (
        "[spines]\ncenter = [0, 0, nan]", "spines.center.2 = nan: must be a finite number"),
    "step too long": ("numerics = {dt = 1}", "numerics.dt = 1: must be at most 0.2 ms"),
    "step that does not divide": ("numerics = {dt = 0.03}", "numerics.dt = 0.03 ms: must divide 0.1 ms"),
    "unknown preset": ("preset = 'passiv'", "preset 'passiv' is not known; did you mean 'passive'?"),
    "preset file that is not there": ("preset = 'no.toml'", "no.toml: no such preset file"),
    "unknown protocol": (
        "[[protocol]]\nkind = 'pairring'\ndt = 5",
        "protocol.0.kind = 'pairring': did you mean 'pairing'? valid are"),
    "protocol without kind": (
        "[[protocol]]\ndt = 5", "protocol.0.kind: is required; valid are pairing, theta_burst,"),
    "second protocol wrong": (
        PAIR + "[[protocol]]\nkind = 'plateau'", "protocol.1.amplitude: is required, a number in nA"),
    "unknown drug": (
        "[[drugs]]\nagent = 'AP-5'\nconc = 1", "drugs.0.agent: agent 'AP-5' is not known; did you mean 'AP5'?"),
    "drug without concentration": ("[[drugs]]\nagent = 'AP5'", "drugs.0.conc: is required, a number in mM"),
    "drug that stops before it starts": (
        "[[drugs]]\nagent = 'AP5'\nconc = 1\nstart = 5\nstop = 2",
        "drugs.0: stop = 2 ms must be after start = 5 ms"),
    "unknown modulator": (
        SITE + "site = {modulator = 'dopamin', at = [0, 0, 0]}",
        "protocol.0.site.modulator = 'dopamin': must be 'dopamine', 'acetylcholine' or 'noradrenaline'"),
    "site nowhere": (
        SITE + "site = {modulator = 'dopamine'}", "protocol.0.site.at: is required, a list of 3 numbers"),
    "patch without radius": (
        SITE + "site = {modulator = 'dopamine', center = [0, 0, 0]}",
        "protocol.0.site.radius: is required, a number in um"),
    "varicosity with a radius": (
        SITE + "site = {modulator = 'dopamine', at = [0, 0, 0], radius = 3}",
        "protocol.0.site.radius: unknown key"),
    "unknown parameter": (
        "[parameters]\nkon_D7 = 1", "parameters.kon_D7: parameter 'kon_D7' is not known; did you mean"),
    "unknown parameter in its group": (
        "[parameters.readout]\nKP = 3", "parameters.readout.KP: unknown key; did you mean 'K_P'?"),
    "parameter in a wrong unit": ("[parameters]\nK_P = '3 mV'", "parameters.readout.K_P: '3 mV' is a voltage"),
    "parameter out of bounds": ("[parameters]\nx_D1 = 2", "parameters.receptors.x_D1 = 2: must be at most 1"),
    "unknown record": (
        "[record]\nnames = ['caii']", "record.names: 'caii' is nothing a spine has; valid names are"),
    "record twice": (
        "[record]\nnames = ['cai', 'cai']", "record.names = ['cai', 'cai']: each name may be given once"),
    "record as text": ("[record]\nnames = 'cai'", "record.names = 'cai': must be a list"),
    "record at no time": ("[record]\nat = ['soon']", "'soon' is not a number with a unit"),
    "until tomorrow": (
        "until = 'tomorrow'", "until: 'tomorrow' is not a number with a unit; valid units here are us"),
    "until in the past": ("until = -5", "until: -5.0 is not valid; valid is a time from 0 ms on, or 'end + 30 s'"),
    "until before the start": (
        "until = 'end - 1 h'", "until: 'end - 1 h' is not valid; valid is a time from 0 ms on"),
    "start that is no time": (PAIR + "start = 'later'", "protocol.0.start: 'later' is not a number with a unit"),
    "start before the start": (
        PAIR + "start = 'end - 1 s'", "protocol.0.start: 'end - 1 s' is not valid; valid is"),
    "spines by a wrong word": (
        PAIR + "spines = 'some'", "protocol.0.spines = 'some': must be 'all', a list of spine"),
    "spine that does not exist": (
        PAIR + "spines = [5000]", "protocol.0.spines: there is no spine 5000; spines are 0 to"),
    "spine number below 0": (PAIR + "spines = [-1]", "protocol.0.spines: there is no spine -1; spines are 0 to"),
    "plateau under no spine": (
        "[[protocol]]\nkind = 'plateau'\namplitude = 1\nat = 5000", "protocol.0.at: there is no spine 5000"),
    "empty selection": (
        PAIR + "spines = {path_min = 5000}",
        "protocol.0.spines: none of 441 spines is where region, path_min and path_max ask"),
    "selection of too many": (PAIR + "spines = {n = 50000}", "protocol.0.spines: n = 50000 is too many:"),
    "no spine there": ("[spines]\npath_min = 5000", "spines: none of this cell's"),
    "more spines than there are": ("[spines]\nn = 50000", "spines.n = 50000: only"),
    "radius without center": ("[spines]\nradius = 5", "spines.radius: needs spines.center"),
    "not TOML": ("preset = ", "is no valid TOML:"),
    "key given twice": ("seed = 1\nseed = 2", "is no valid TOML:"),
}  # fmt: skip

# name: (SWC text, what the sentence says after the file's name)
MORPHOLOGIES = {
    "empty": ("", "the file has no SWC row"),
    "remarks only": ("# nothing here\n", "the file has no SWC row"),
    "words": (
        "this is no reconstruction\n",
        ":1: 'this is no reconstruction' is not an SWC row; valid is 'id type x y z"),
    "six columns": ("1 1 0 0 0 6\n", ":1: '1 1 0 0 0 6' is not an SWC row"),
    "not a number": (CELL.replace("10 0 0", "nan 0 0"), ":2: '2 3 nan 0 0 1 1' is not an SWC row"),
    "identity in pieces": (CELL.replace("2 3", "2.5 3", 1), ":2: '2.5 3 10 0 0 1 1' is not an SWC row"),
    "sample twice": (CELL + "5 3 130 0 0 1 3\n", "sample 5 is defined more than once (lines 5, 6)"),
    "missing parent": (CELL + "6 3 130 0 0 1 77\n", "parent 77 does not exist (line 6)"),
    "cycle": (CELL + "6 3 130 0 0 1 7\n7 3 140 0 0 1 6\n", "2 samples hang on a cycle of parents (lines 6, 7)"),
    "no soma": (
        CELL.replace("1 1 0 0 0", "1 3 0 0 0"),
        "the file has no soma (no row of type 1); repair=True can repair this"),
    "two somata": (
        CELL + "6 1 300 0 0 6 -1\n7 3 310 0 0 1 6\n",
        "the file has 2 somata that are not joined (lines 1, 6); repair=True can repair this"),
    "soma alone": ("1 1 0 0 0 6 -1\n", "the file has a soma but no neurite"),
    "unknown type": (CELL.replace("3 3 80", "3 42 80"), "type 42 is not one of 1 soma, 2 axon, 3 basal dendrite"),
    "zero diameter": (
        CELL.replace("120 30 0 1", "120 30 0 0"), "1 diameters are zero or negative (first: line 4)"),
    "piece apart": (
        CELL + "6 3 500 0 0 1 -1\n7 3 510 0 0 1 6\n",
        "1 pieces are not joined to the soma (line 6); repair=True can repair this"),
    "nanometres": (
        "1 1 0 0 0 6000 -1\n2 3 1e6 0 0 900 1\n3 3 9e6 0 0 900 2\n", "look like nanometres; scale by 0.001"),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return an empty working folder with a small cell in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cell.swc").write_text(CELL)
    return tmp_path


def configuration(text):
    """Return BASE without the keys that `text` sets at its top, and `text` after it."""
    top = {line.split("=")[0].strip() for line in text.split("[")[0].splitlines() if "=" in line}
    top |= {text[1:].split("]")[0]} if text.startswith("[") else set()
    return "\n".join(line for line in BASE.splitlines() if line.split("=")[0].strip() not in top) + f"\n{text}\n"


def refused(capsys, folder, arguments):
    """Run the command; return the one sentence it ends with, having left nothing behind."""
    before = sorted(p.name for p in folder.rglob("*"))
    assert cli.main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("dendplast: error: ") and shown.err.count("\n") == 1, shown.err
    assert len(shown.err) < 500 and "Traceback" not in shown.err
    assert sorted(p.name for p in folder.rglob("*")) == before
    return shown.err.removeprefix("dendplast: error: ")


def test_the_base_is_right(loaded, folder, capsys):
    # else every wrong configuration could be refused for something else
    (folder / "exp.toml").write_text(configuration(PAIR))
    assert cli.main(["run", "exp.toml"]) == 0, capsys.readouterr().err


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_configuration(loaded, folder, capsys, name):
    text, says = CONFIGURATIONS[name]
    (folder / "exp.toml").write_text(configuration(text))
    sentence = refused(capsys, folder, ["run", "exp.toml"])
    assert sentence.startswith("exp.toml: ") and says in sentence
    assert "in " + str(folder) not in sentence


@pytest.mark.parametrize("name", MORPHOLOGIES)
def test_morphology(loaded, folder, capsys, name):
    text, says = MORPHOLOGIES[name]
    (folder / "bad.swc").write_text(text)
    (folder / "exp.toml").write_text(BASE.replace("cell.swc", "bad.swc"))
    sentence = refused(capsys, folder, ["run", "exp.toml"])
    assert sentence.startswith("bad.swc:") and says in sentence


@pytest.mark.parametrize(
    ("morphology", "says"),
    [
        ("dspn_9", "dspn_9: no such file and no such shipped morphology; nearest are dspn_2, dspn_1, ispn_2"),
        ("none.swc", "none.swc: no such file and no such shipped morphology; nearest are"),
        (".", ".: no such file and no such shipped morphology; nearest are"),
        ("exp.toml", "exp.toml: the name must end in .swc or .asc"),
    ],
)
def test_morphology_that_is_no_file(loaded, folder, capsys, morphology, says):
    (folder / "exp.toml").write_text(BASE.replace("cell.swc", morphology))
    assert says in refused(capsys, folder, ["run", "exp.toml"])


def test_preset_that_needs_an_apical_tree(loaded, folder, capsys):
    (folder / "exp.toml").write_text(BASE.replace("passive", "ca1"))
    sentence = refused(capsys, folder, ["run", "exp.toml"])
    assert "apical" in sentence and "cell" in sentence


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run", "none.toml"], "none.toml: can not be read as an experiment: No such file or directory"),
        (["run", "."], ".: can not be read as an experiment: Is a directory"),
        (["run", "binary"], "binary: can not be read as an experiment: it is no UTF-8 text"),
        (["run", "exp.toml", "--out", "none/run.h5"],
         "none/run.h5: the folder none does not exist; create it first"),
        (["run", "exp.toml", "--out", "cell.swc/run.h5"], "cell.swc/run.h5: the folder cell.swc does not exist"),
        (["run", "exp.toml", "--out", "."], ".: is a folder; give the name of a file"),
        (["run", "exp.toml", "--out", "/proc/run.h5"], "/proc/run.h5: can not be written:"),
        (["run", "exp.toml", "--figures", "cell.swc"], "cell.swc: is no folder; give --figures a folder"),
        (["run", "exp.toml", "--set", "seed"], "--set 'seed': must be KEY=VALUE, such as numerics.dt=0.05"),
        (["run", "exp.toml", "--set", "sed=1"], "exp.toml: sed: unknown key; did you mean 'seed'?"),
        (["run", "exp.toml", "--set", "protocol.3.n=1"], "exp.toml: protocol.3: there is no entry 3"),
        (["run", "exp.toml", "--set", "seed.deep.er=1"], "exp.toml: seed.deep: there is no table seed to hold it"),
        (["run", "exp.toml", "--until", "1 mV"], "exp.toml: until: '1 mV' is a voltage, not a time"),
        (["report", "none.h5"], "none.h5: there is no such file"),
        (["report", "cell.swc"], "cell.swc: can not be read as HDF5:"),
        (["report", "."], ".: there is no such file"),
        (["check", "none.swc"], "none.swc: no such file and no such shipped morphology"),
        (["check", "ca1_9"], "ca1_9: no such file and no such shipped morphology; nearest are ca1_"),
        (["example", "pairring"],
         "example 'pairring' is not known; did you mean 'pairing'? examples are drugs, pairing"),
    ],
)  # fmt: skip
def test_arguments(loaded, folder, capsys, arguments, says):
    (folder / "exp.toml").write_text(configuration('seed = 3\nprotocol = [{kind = "spikes"}]'))
    (folder / "binary").write_bytes(b"\x89HDF\xff\xfe\x00")
    if any("/proc" in a for a in arguments) and not sys.platform.startswith("linux"):
        pytest.skip("no folder here that nobody may write into")
    assert refused(capsys, folder, arguments).startswith(says)


def test_as_a_process_too(folder, repository):
    (folder / "exp.toml").write_text(configuration("numerics = {dt = nan}"))
    done = subprocess.run(
        [sys.executable, "-m", "dendplast.cli", "run", "exp.toml"],
        env=os.environ | {"PYTHONPATH": str(repository)}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    sentence = "dendplast: error: exp.toml: numerics.dt = nan: must be a finite number in ms\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", sentence)


def test_python_gets_the_same_sentence():
    with pytest.raises(ParameterError, match=r"^radius = 'a': must|^radius: 'a' is not a number with a unit"):
        Patch("dopamine", center=(0, 0, 0), radius="a")


def test_a_path_grows_outwards():
    error = under("protocol.0", under("start", ParameterError("'x' is no time")))
    assert str(error) == "protocol.0.start: 'x' is no time"
