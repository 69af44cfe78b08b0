"""Make a map of 10,000 conditions by replay, open it in xarray and draw it.

    python benchmarks/large_map.py [--out map.h5] [--figure docs/figures/map.png] [--jobs 2]

25 delays x 20 distances x 5 doses of a patch of dopamine around 3 trains of pairings on `dspn`, for 4 seeds. Some five
minutes on two cores; writes `benchmarks/results/large_map.md`.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import xarray

import dendplast as dp
from dendplast.studies.map import plan
from dendplast.style import save
from dendplast.sweep import Axis, run_plan

RESULT = Path(__file__).parent / "results" / "large_map.md"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path(tempfile.gettempdir()) / "map.h5")
    parser.add_argument("--figure", type=Path, default=Path("docs/figures/map.png"))
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    dp.ensure_loaded()
    study = plan("dspn", 1, True)
    pairing, release = (item.replaced(trains=3) for item in study.experiment.protocol)
    delay, distance, _ = study.axis
    axes = (
        delay.replaced(n=25), distance.replaced(n=20), Axis(key="site.dose", start=0.1, stop=3, n=5, scale="log")
    )  # fmt: skip
    experiment = study.experiment.replaced(
        protocol=(pairing, release), spines=study.experiment.spines.replaced(n=4)
    )
    chosen = study.replaced(experiment=experiment, axis=axes, seeds=(1, 2, 3, 4), check=2)
    start = time.monotonic()
    done = run_plan(chosen, options.out, workers=options.jobs, resume=True)
    wall = time.monotonic() - start
    if done is None or done.failed:
        raise SystemExit(f"the sweep failed: {done and done.failed}")
    start = time.monotonic()
    with xarray.open_dataset(options.out, engine="h5netcdf") as data:
        dims = ", ".join(f"{name} {n}" for name, n in data.sizes.items())
        error = 100 * data.attrs["replay_error_max"] / data.attrs["replay_error_range"]
        opened = time.monotonic() - start
    png, pdf = save(done.plot(), options.figure.parent, options.figure.stem)
    pdf.unlink()
    RESULT.write_text(
        "# A map of 10,000 conditions\n\n"
        f"Written by `benchmarks/large_map.py`. {wall:.0f} s with {options.jobs} processes; the file has "
        f"{options.out.stat().st_size / 2**20:.1f} MiB, `xarray.open_dataset` takes {opened:.2f} s and gives {dims}. "
        f"2 points were simulated as well: the largest difference of a weight is {error:.2g} % of the range in the "
        f"map. Figure: `{options.figure}`, {png.stat().st_size / 1024:.0f} kB.\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
