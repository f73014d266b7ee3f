"""What a customer asks, parsed once."""
