"""L1 and L3 on uvicorn, against Daphne."""

from benchmarks.load.bars import judge
from benchmarks.load.dataset import Scene
from benchmarks.load.people import BUSY_SPA, busy_day
from benchmarks.load.screens import FAN_OUT, fanned_out
from benchmarks.report import Result


def on_uvicorn(scene: Scene) -> list[Result]:
    """Measure both loads on uvicorn, against Daphne."""
    results = []
    for bars, load in ((BUSY_SPA, busy_day), (FAN_OUT, fanned_out)):
        daphne, _alone = load(scene)
        uvicorn, _alone = load(scene, "uvicorn")
        results += judge(bars, uvicorn, daphne)
    return results
