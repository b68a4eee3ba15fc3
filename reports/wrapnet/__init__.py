"""Chapter 2: tables of trained networks, figures, the training bench."""
