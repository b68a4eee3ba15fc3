"""What tests of detection share."""

import pytest

from models.attention.detection.operators import provide_operators
from models.torchvision_package import installed_version


def need_torchvision() -> None:
    """Skips the test without torchvision."""
    if installed_version() is None:
        pytest.skip("torchvision is not installed")
    provide_operators()
