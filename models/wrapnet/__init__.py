"""WrapNet: networks whose layers accumulate in a few bits that wrap around (dissertation chapter 2)."""
