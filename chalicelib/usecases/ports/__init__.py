"""What the use cases need of the world, as protocols; stores, sources and fakes stand behind them."""
