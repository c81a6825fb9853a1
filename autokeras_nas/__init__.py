"""Neural architecture search for Keras."""
