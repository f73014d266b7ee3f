"""What reports say: the API's own answers, laid out as sections. Nothing is computed here that an answer doesn't hold already."""
