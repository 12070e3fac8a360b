"""The server's own routes: guard, sign-in, health."""
