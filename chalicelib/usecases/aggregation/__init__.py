"""What the sources say, read every hour and settled into days."""
