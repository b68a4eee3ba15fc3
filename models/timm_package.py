"""timm, also where torchvision's binary does not fit the installed torch."""

from typing import Any

from models.extras import required
from models.torchvision_package import installed_version, torchvision_package


def timm_package() -> Any:
    """timm, which imports torchvision. Raises ValueError if it is not installed."""
    if installed_version() is not None:
        torchvision_package()
    return required("timm", "timm")
