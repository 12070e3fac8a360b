"""The server's edge: who may come in (guard), how they sign in (sign_in), and how it is served (server)."""
