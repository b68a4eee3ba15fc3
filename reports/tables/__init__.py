"""Tables: published numbers and measured ones, shown alike everywhere."""
