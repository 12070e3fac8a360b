"""Each view draws one plain picture from the queries."""
