"""Moving frames to everyone who is here. Knows neither what is true nor how it looks."""
