"""Dense methods: what a network says of places is compared, and not only what it says of whole samples."""
