"""What it is answered: plain values, summed by the domain from what is in the store."""
