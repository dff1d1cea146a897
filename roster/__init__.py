"""Who the informants are and whether we may text them."""
