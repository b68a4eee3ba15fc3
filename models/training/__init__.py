"""What every chapter's training shares: the loop, checkpoints, metrics and files."""
