"""The pages: what each shows, in its order."""
