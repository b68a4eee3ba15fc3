"""The multiply-accumulate unit: the main job, synthesis, mutants, libraries."""
