"""MCT, ProtoNet with meta-learned confidence (Kye et al., 2020; dissertation section 6.4.1)."""
