"""Training of networks with local self-attention: classification, segmentation, detection."""
