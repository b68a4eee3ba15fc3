"""Makes the backbones known to timm, where it is installed."""

from importlib import import_module

from models.timm_package import timm_package


def register_in_timm() -> None:
    """Afterwards `timm.create_model("wrapmac_s12")` makes a backbone. Raises ValueError if timm is missing."""
    timm_package()
    import_module("models.attention.backbones.timm_models")
