"""Units on FPGAs."""
