"""Whether each number of the code stands for one factor of the data, measured from one encoding."""
