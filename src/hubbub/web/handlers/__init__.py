"""What happens behind each door, one module for each noun, a few lines for each door."""
