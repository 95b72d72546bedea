"""Labels are found among all samples of the data set by what the network says of them; the network then learns to tell them."""
