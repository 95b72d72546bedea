"""Joint embedding: views of one sample are brought together, and something keeps all samples from becoming one."""
