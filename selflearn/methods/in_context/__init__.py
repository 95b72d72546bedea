"""Methods that learn to learn: whole data sets go in, and what is asked is told from the context, with no fitting."""
