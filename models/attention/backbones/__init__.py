"""The backbones of chapter 4: MetaFormers and Next-ViTs, each with any token mixer."""
