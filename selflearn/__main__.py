"""``python -m selflearn`` is the command line."""

from selflearn.cli import main

if __name__ == "__main__":
    main()
