"""Data that lies elsewhere: URLs of any kind fsspec knows, and names on the Hugging Face hub."""
