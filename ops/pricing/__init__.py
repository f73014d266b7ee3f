"""What a month costs: AWS's prices, and what there is of everything."""
