"""The multiply-accumulate unit: main job, synthesis, mutants, comparison of libraries."""
