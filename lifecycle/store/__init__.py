"""Tables, the engine and the transaction at the edge."""
