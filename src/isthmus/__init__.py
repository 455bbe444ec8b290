"""Isthmus: every autoencoder, and every job people do with one, behind one interface."""

__version__ = "0.1.0"
