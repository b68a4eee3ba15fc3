"""Measures of features and parameters: how classes cluster, how alike two networks are, how far parameters moved."""

from models.fewshot.measures.alignment import AlignmentSums, kernel_alignment
from models.fewshot.measures.clustering import (
    clustering_of_pairs,
    feature_clustering,
    feature_clustering_of_batch,
    feature_clustering_of_split,
    hyperplane_variation,
    isotropic_hyperplane_variation,
    variation_of_pairs,
)
from models.fewshot.measures.discriminant import discriminant_plane
from models.fewshot.measures.distance import filter_normalised_distance

__all__ = [
    "AlignmentSums",
    "clustering_of_pairs",
    "discriminant_plane",
    "feature_clustering",
    "feature_clustering_of_batch",
    "feature_clustering_of_split",
    "filter_normalised_distance",
    "hyperplane_variation",
    "isotropic_hyperplane_variation",
    "kernel_alignment",
    "variation_of_pairs",
]
