"""Classifiers on the features of a few labelled samples, for many tasks at once, differentiable once.

Every head takes query features (tasks, queries, d), support features (tasks, samples, d), labels of the support,
int64 (tasks, samples) or soft (tasks, samples, ways), and the number of ways. It returns logits (tasks, queries,
ways), of the features' dtype and on their device, without the learnt scale. On a CPU, tasks pass in chunks that fit
into the cache.
"""

from models.fewshot.heads.linear import linear_logits
from models.fewshot.heads.prototype import prototype_logits
from models.fewshot.heads.ridge import ridge_logits
from models.fewshot.heads.svm import svm_logits
from models.fewshot.heads.transduction import refined_logits

__all__ = ["linear_logits", "prototype_logits", "refined_logits", "ridge_logits", "svm_logits"]
