"""Tests of wrapmac."""
