"""Messages on their way out: mail, signed webhooks, chats. Only sends; what and to whom is decided before."""
