"""The measures of one or two runs' features, as a table and lines."""

from collections.abc import Mapping
from typing import Any

from reports.tables.table import Table

_ROWS = {
    "feature_clustering": "R_FC",
    "hyperplane_variation": "R_HV",
    "isotropic_hyperplane_variation": "4 R_FC / (4 + R_FC)",
    "printed_hyperplane_variation": "R_HV as printed",
    "printed_feature_clustering": "R_FC as printed, all classes at once",
}


def separation_table(record: Mapping[str, Any]) -> Table:
    """How the classes of each run's features separate, with one standard error; of two runs, the paired difference."""
    runs, differences = record["runs"], record.get("difference")
    columns = ["measure", *(run["run"] for run in runs), *(["difference"] if differences else [])]
    rows = []
    for key, name in _ROWS.items():
        if key in runs[0]:
            cells = [name, *(_figure(run[key]) for run in runs)]
            if differences:
                cells.append(_figure(differences[key], "+") if key in differences else "")
            rows.append(tuple(cells))
    return Table(f"Class separation in {record['split']} of {record['data']}", tuple(columns), rows, _note(record))


def likeness_lines(record: Mapping[str, Any]) -> list[str]:
    """How alike two runs are; nothing for one."""
    if "alignment" not in record:
        return []
    alignment, distance = record["alignment"], record["filter_distance"]
    first, second = (run["run"] for run in record["runs"])
    moved = (
        "filter-normalised distance of the encoders: none, as their parameters differ in shape"
        if distance is None
        else f"filter-normalised distance of the encoders: {distance:.4g} filters of {first}"
    )
    return [
        f"CKA of {first} and {second}: {alignment['unbiased']:.4f} (unbiased), {alignment['biased']:.4f} (biased)",
        moved,
    ]


def _note(record: Mapping[str, Any]) -> str:
    shown = (
        f"± is one standard error over {record['pairs']:,} random pairs of {record['classes']} classes, two images of "
        f"each, seed {record['seed']}; the pairs are those of every run."
    )
    return " ".join([shown, *map(_described, record["runs"])])


def _described(run: Mapping[str, Any]) -> str:
    seen = f", trained on {run['seen_classes']} of these classes" if run["seen_classes"] else ""
    return (
        f"{run['run']}: {run['learner']}, {run['encoder']}, {run['dimensions']:,} dimensions{seen}, batch norm: "
        f"{run['batch_norm']}."
    )


def _figure(found: Mapping[str, float] | float, sign: str = "") -> str:
    if isinstance(found, Mapping):
        return f"{found['mean']:{sign}.4f} ± {found['standard_error']:.4f}"
    return f"{found:.4f}"
