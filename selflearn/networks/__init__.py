"""Networks: encoders by kind of data, heads, decoders, token masks, and how an encoder is stored."""

from selflearn.networks.content import ContentNetwork
from selflearn.networks.cross import CrossDecoder
from selflearn.networks.decoders import LinearDecoder, TokenDecoder
from selflearn.networks.depth import layer_depths
from selflearn.networks.encoder import Encoder
from selflearn.networks.features import Answers, Features, TokenContent, TokenMask
from selflearn.networks.heads import PrototypeLayer, mlp
from selflearn.networks.kinds import ENCODERS, build, default_encoder, encoder_names
from selflearn.networks.masks import (
    block_mask,
    borrow,
    coarse_mask,
    complementary_masks,
    random_mask,
    random_mask_of,
    span_mask_of,
)
from selflearn.networks.responsive import ResponsiveLinear, TunedHead
from selflearn.networks.storage import load_encoder, save_encoder
from selflearn.networks.synced import standardised, synced
from selflearn.networks.units import Units, hidden_units

__all__ = [
    "ENCODERS",
    "Answers",
    "ContentNetwork",
    "CrossDecoder",
    "Encoder",
    "Features",
    "LinearDecoder",
    "PrototypeLayer",
    "ResponsiveLinear",
    "TokenContent",
    "TokenDecoder",
    "TokenMask",
    "TunedHead",
    "Units",
    "block_mask",
    "borrow",
    "build",
    "coarse_mask",
    "complementary_masks",
    "default_encoder",
    "encoder_names",
    "hidden_units",
    "layer_depths",
    "load_encoder",
    "mlp",
    "random_mask",
    "random_mask_of",
    "save_encoder",
    "span_mask_of",
    "standardised",
    "synced",
]
