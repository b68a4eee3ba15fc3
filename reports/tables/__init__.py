"""Tables: the dissertation's as data, rendered alone or beside measurements, and where each is found."""
