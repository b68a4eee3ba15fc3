"""Chapter 2: trained networks, in tables and figures, and the training bench."""
