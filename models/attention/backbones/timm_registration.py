"""Makes the backbones known to timm, where it is installed."""

from importlib import import_module


def register_in_timm() -> None:
    """Afterwards `timm.create_model("wrapmac_s12")` makes a backbone. Raises ValueError if timm is missing."""
    try:
        import_module("timm")
    except ImportError as error:
        raise ValueError("timm is not installed; pip install 'wrapmac[timm]'") from error
    import_module("models.attention.backbones.timm_models")
