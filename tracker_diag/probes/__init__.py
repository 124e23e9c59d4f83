"""What is measured while a network trains, from inside the training process."""
