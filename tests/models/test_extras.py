"""Packages that only some commands need."""

import pytest

from models.extras import required


def test_a_missing_package_is_named_with_its_extra() -> None:
    with pytest.raises(ValueError, match=r"no_such_package is not installed; pip install 'wrapmac\[coreml\]'"):
        required("no_such_package.part", "coreml")
    with pytest.raises(ValueError, match="no_such_package is not installed; pip install no_such_package"):
        required("no_such_package")
