"""What a contract of real files would say: guesses, each with why it was made."""
