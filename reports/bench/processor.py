"""The processor, as Linux describes it; unknown on other systems."""

from functools import cache
from pathlib import Path

_DESCRIPTION = Path("/proc/cpuinfo")
_KIND = ("vendor_id", "cpu family", "model")


def processor_kind() -> str:
    """Vendor, family and model, such as `AuthenticAMD 25.17`; empty if unknown."""
    vendor, *numbers = (_described().get(key, "") for key in _KIND)
    return f"{vendor} {'.'.join(numbers)}" if vendor else ""


def processor_has(flag: str) -> bool:
    """Whether Linux lists a feature, such as `amx_int8`: the processor has it, and programs may use it."""
    return flag in _described().get("flags", "").split()


@cache
def _described() -> dict[str, str]:
    """The description of the first core."""
    try:
        first, _, _ = _DESCRIPTION.read_text(encoding="utf-8").partition("\n\n")
    except OSError:
        return {}
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in first.splitlines())}
