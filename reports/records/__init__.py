"""Records: kept results, where they come from, and experiments that start from each other's."""
