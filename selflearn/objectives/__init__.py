"""Pure losses, one file an idea: tensors in, scalar out. Usable alone, in anyone's loop."""

from selflearn.objectives.answers import answers_to_classes, answers_to_numbers, answers_to_shares
from selflearn.objectives.assignment import assignment_cross_entropy
from selflearn.objectives.bars import bar_log_density, bar_mean, bar_nll, bar_quantile
from selflearn.objectives.covariance_contrast import covariance_contrast
from selflearn.objectives.ctc import ctc
from selflearn.objectives.discrepancy import median_distance, mmd
from selflearn.objectives.diversity import code_diversity
from selflearn.objectives.entropy import marginal_entropy
from selflearn.objectives.gaussian import random_directions, sigreg
from selflearn.objectives.graph import SimilarityGraph
from selflearn.objectives.imitation import best_imitation, imitation
from selflearn.objectives.info_nce import info_nce
from selflearn.objectives.koleo import koleo
from selflearn.objectives.many_views import mv_dhel, mv_info_nce
from selflearn.objectives.pairwise_sigmoid import pairwise_sigmoid
from selflearn.objectives.reconstruction import (
    altered_reconstruction,
    latent_prediction,
    masked_classification,
    masked_cosine,
    masked_reconstruction,
)
from selflearn.objectives.redundancy import barlow_twins
from selflearn.objectives.regression import cosine_regression, negative_cosine
from selflearn.objectives.relation import relation_cross_entropy
from selflearn.objectives.vicreg import covariance, invariance, variance
from selflearn.objectives.view_prediction import view_prediction
from selflearn.objectives.weighted import weighted_contrast
from selflearn.objectives.whitening import whiten, whitened_mse

__all__ = [
    "SimilarityGraph",
    "altered_reconstruction",
    "answers_to_classes",
    "answers_to_numbers",
    "answers_to_shares",
    "assignment_cross_entropy",
    "bar_log_density",
    "bar_mean",
    "bar_nll",
    "bar_quantile",
    "barlow_twins",
    "best_imitation",
    "code_diversity",
    "cosine_regression",
    "covariance",
    "covariance_contrast",
    "ctc",
    "imitation",
    "info_nce",
    "invariance",
    "koleo",
    "latent_prediction",
    "marginal_entropy",
    "masked_classification",
    "masked_cosine",
    "masked_reconstruction",
    "median_distance",
    "mmd",
    "mv_dhel",
    "mv_info_nce",
    "negative_cosine",
    "pairwise_sigmoid",
    "random_directions",
    "relation_cross_entropy",
    "sigreg",
    "variance",
    "view_prediction",
    "weighted_contrast",
    "whiten",
    "whitened_mse",
]
