"""Views, losses and steps of self-supervised learning at speed, beside other packages."""
